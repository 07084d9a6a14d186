import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { CliContext } from '../../../infra/cli/command.ts';
import { parseSince } from '../../../infra/cli/commands/events.ts';
import { exitCodes } from '../../../infra/cli/exit-codes.ts';
import { run } from '../../../infra/cli/main.ts';
import { createTerminal } from '../../../infra/cli/terminal.ts';
import { VirtualClock } from '../../../streams/base/virtual-clock.ts';
import { tempDir } from '../../kit/temp-dir.ts';

function shell(env: Record<string, string> = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const clock = new VirtualClock();
  const context: CliContext = { terminal: createTerminal({ stdout, stderr, env, clock }), clock, env };
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return {
    async call(...args: readonly string[]) {
      const code = await run(args, context);
      return { code, out: text(stdout), err: text(stderr) };
    },
  };
}

describe('the command line', () => {
  test.each([[['--help']], [['-h']], [[]]])('%j lists every command with one example each', async (args) => {
    const { code, out } = await shell().call(...args);
    expect(code).toBe(exitCodes.done);
    for (const text of [
      'shiplog up --port 0',
      'shiplog events --follow',
      'shiplog replay --to',
      'Exit codes:',
      '--kubeconfig, $KUBECONFIG',
    ]) {
      expect(out).toContain(text);
    }
  });

  test('tells the options and an example of one command', async () => {
    const { code, out } = await shell().call('up', '--help');
    expect(code).toBe(exitCodes.done);
    for (const option of [
      '--data-dir',
      '--address',
      '--port',
      '--kubeconfig',
      '--nodes',
      '--nats',
      '--memory',
      '--quiet',
      '--durability',
    ]) {
      expect(out).toContain(option);
    }
    expect(out).toContain('Example:\n  shiplog up');
  });

  test('tells its version', async () => {
    expect(await shell().call('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test.each([
    [['up', '--prot', '1'], "unknown option '--prot'\n(Did you mean --port?)"],
    [['upp'], "unknown command 'upp'"],
    [['up', 'now'], 'too many arguments'],
    [['up', '--port', '65536'], 'It must be a whole number from 0 to 65535.'],
    [['up', '--address', 'localhost'], 'It must be an IP address such as 127.0.0.1 or 0.0.0.0.'],
    [['up', '--port', '1e3'], 'It must be a whole number'],
    [['up', '--nodes', '-1'], 'It must be a whole number'],
    [['up', '--memory', '--nats', 'nats://127.0.0.1'], "'--nats <url>' cannot be used with option '--memory'"],
    [['up', '--nats', 'http://127.0.0.1'], 'It must be a URL such as nats://'],
    [['up', '--durability', 'never'], 'Allowed choices are always, relaxed.'],
    [['events', '--for', 'web'], 'It must be kind/name'],
    [['events', '--since', 'yesterday'], 'It must be a duration'],
    [
      ['events', '--for', 'widget/web'],
      'Nothing is called widget. There are apiservices, certificatesigningrequests, clusterrolebindings',
    ],
    [['events', '--stream', 'hist'], 'It must be one of log, lease, event.'],
    [['replay', '--to', 'yesterday'], 'It must be a duration'],
    [['replay', '--speed', '0'], 'It must be a number above zero'],
    [['replay', '--speed', '2', '--verify'], "'--speed <n>' cannot be used with option '--verify'"],
    [['replay', '-o', 'yaml'], 'Allowed choices are text, wide, json.'],
  ])('%j is refused with the way out', async (args, message) => {
    const { code, err, out } = await shell().call(...args);
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain(message);
    expect(err).toContain('--help');
    expect(out).toBe('');
  });

  test('a failure is told in words, without a stack', async () => {
    const { code, err } = await shell().call('events', '--data-dir', tempDir());
    expect(code).toBe(exitCodes.failed);
    expect(err).toMatch(/^error: No cluster was found:/);
    expect(err).not.toContain('    at ');
  });
});

describe('--since', () => {
  const now = Date.parse('2026-06-01T12:00:00Z');

  test.each([
    ['90s', '2026-06-01T11:58:30Z'],
    ['1h30m', '2026-06-01T10:30:00Z'],
    ['2d', '2026-05-30T12:00:00Z'],
    ['2026-05-01T00:00:00Z', '2026-05-01T00:00:00Z'],
  ])('%s is a moment', (text, moment) => {
    expect(parseSince(text, now)).toEqual({ kind: 'time', ms: Date.parse(moment) });
  });

  test('a bare number is a revision', () => {
    expect(parseSince('1042', now)).toEqual({ kind: 'revision', revision: 1042 });
  });

  test.each(['10x', '5m ago', '', 'm'])('%j is nothing', (text) => {
    expect(() => parseSince(text, now)).toThrow(/It must be a duration/);
  });
});
