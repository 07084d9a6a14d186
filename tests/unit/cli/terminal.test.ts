import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createTerminal, renderTable } from '../../../infra/cli/terminal.ts';
import { VirtualClock } from '../../../streams/base/virtual-clock.ts';

function terminal({ isTTY, env = {} }: { readonly isTTY: boolean; readonly env?: Record<string, string> }) {
  const stream = () => Object.assign(new PassThrough(), { isTTY });
  const [stdout, stderr] = [stream(), stream()];
  const clock = new VirtualClock();
  return { ...createTerminal({ stdout, stderr, env, clock }), clock, shown: () => String(stderr.read() ?? '') };
}

describe('colours', () => {
  test.each([
    ['are used on a terminal', true, {}, '\u001b[32mok\u001b[39m'],
    ['are left out elsewhere', false, {}, 'ok'],
    ['are left out where NO_COLOR is set', true, { NO_COLOR: '1' }, 'ok'],
    ['are used where NO_COLOR is empty', true, { NO_COLOR: '' }, '\u001b[32mok\u001b[39m'],
    ['are left out on a dumb terminal', true, { TERM: 'dumb' }, 'ok'],
  ])('%s', (_, isTTY, env, text) => {
    expect(terminal({ isTTY, env }).paint('green', 'ok')).toBe(text);
  });
});

describe('a table', () => {
  test('lines its columns up and ends no line with blanks', () => {
    const rows = [
      ['web-1', 'Running', ''],
      ['a-long-name', 'Pending', '3d'],
    ];
    expect(renderTable(['NAME', 'STATUS', 'AGE'], rows)).toEqual([
      'NAME          STATUS    AGE',
      'web-1         Running',
      'a-long-name   Pending   3d',
    ]);
  });

  test('gives a column six places at least, as kubectl does', () => {
    expect(renderTable(['A', 'B'], [['1', '2']])).toEqual(['A     B', '1     2']);
  });

  test('lines up coloured cells too', () => {
    const [, first, second] = renderTable(
      ['A', 'B'],
      [
        ['\u001b[32mok\u001b[39m', '1'],
        ['long', '2'],
      ],
    );
    expect(first).toBe('\u001b[32mok\u001b[39m     1');
    expect(second).toBe('long   2');
  });
});

describe('what is waited for', () => {
  test('is not mentioned when it comes within a second', async () => {
    const { waiting, clock, shown } = terminal({ isTTY: false });
    const { promise, resolve } = Promise.withResolvers<number>();
    const result = waiting('Starting', promise);
    await clock.advance(999);
    resolve(7);
    expect(await result).toBe(7);
    await clock.advance(10_000);
    expect(shown()).toBe('');
  });

  test('is said once where there is no terminal', async () => {
    const { waiting, clock, shown } = terminal({ isTTY: false });
    const { promise, resolve } = Promise.withResolvers<void>();
    const result = waiting('Starting', promise);
    await clock.advance(60_000);
    resolve();
    await result;
    expect(shown()).toBe('Starting …\n');
  });

  test('moves on a terminal, and is wiped away at the end, also of a failure', async () => {
    const { waiting, clock, shown } = terminal({ isTTY: true });
    const { promise, reject } = Promise.withResolvers<void>();
    const result = waiting('Starting', promise);
    await clock.advance(3_000);
    reject(new Error('no'));
    await expect(result).rejects.toThrow('no');
    const text = shown();
    expect(text).toContain('Starting (2 s)');
    expect(text.endsWith('\r\u001b[2K')).toBe(true);
  });

  test('tells how far it is where its label does', async () => {
    const { waiting, clock, shown } = terminal({ isTTY: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    let revision = 0;
    const result = waiting(() => `Replaying revision ${revision}`, promise);
    for (; revision < 3; revision++) await clock.advance(1_000);
    resolve();
    await result;
    const text = shown();
    expect(text).toContain('Replaying revision 1 (1 s)');
    expect(text).toContain('Replaying revision 2 (2 s)');
  });
});
