import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DataDir, DataDirRefused, openDataDir } from '../../../infra/nats/data-dir.ts';
import { systemClock } from '../../../streams/base/clock.ts';
import { seededRandom } from '../../../streams/base/random.ts';
import { tempDir } from '../../kit/temp-dir.ts';

const open = (path: string, seed = 'a'): DataDir => {
  const dir = openDataDir({ path, clock: systemClock, random: seededRandom(seed) });
  onTestFinished(() => dir.release());
  return dir;
};

function refusal(path: string): DataDirRefused {
  try {
    open(path);
  } catch (error) {
    if (error instanceof DataDirRefused) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('a directory becomes the data directory', () => {
  test('when it does not exist: it is made, closed to others and marked', () => {
    const path = join(tempDir(), 'deep', 'data');
    const dir = open(path);
    expect(dir.created).toBe(true);
    expect(dir.crashed).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(dir.paths.marker, 'utf8'))).toMatchObject({ format: 1, cluster: dir.clusterId });
  });

  test('when it is empty, or holds nothing but what a start cut short leaves', () => {
    const path = tempDir();
    writeFileSync(join(path, 'lock'), '');
    writeFileSync(join(path, 'shiplog.json.4711.new'), '{"for');
    expect(open(path).created).toBe(true);
  });

  test('and keeps its name when it is opened again', () => {
    const path = tempDir();
    const first = open(path, 'a');
    first.release();
    const second = open(path, 'b');
    expect(second.created).toBe(false);
    expect(second.clusterId).toBe(first.clusterId);
  });
});

describe('a directory is refused', () => {
  test('when it holds foreign files, and none of them is touched', () => {
    const path = tempDir();
    writeFileSync(join(path, 'thesis.tex'), 'years of work');
    expect(refusal(path)).toMatchObject({ reason: 'foreign' });
    expect(refusal(path).message).toContain('thesis.tex');
    expect(refusal(path).message).toContain('--data-dir');
    expect(readdirSync(path)).toEqual(['thesis.tex']);
  });

  test.each([
    ['cut short', '{"format": 1, "clus'],
    ['empty', ''],
    ['of another shape', '{"format": "one", "cluster": "x"}'],
    ['no object', 'null'],
  ])('when its marker is damaged: %s', (_, content) => {
    const path = tempDir();
    writeFileSync(join(path, 'shiplog.json'), content);
    expect(refusal(path)).toMatchObject({ reason: 'corrupt' });
    expect(refusal(path).message).toContain('shiplog.json is damaged');
    expect(existsSync(join(path, 'lock'))).toBe(false);
  });

  test('when a newer Shiplog wrote it', () => {
    const path = tempDir();
    writeFileSync(join(path, 'shiplog.json'), '{"format": 2, "cluster": "x"}');
    expect(refusal(path)).toMatchObject({ reason: 'newer' });
    expect(refusal(path).message).toContain('format 2');
  });

  test('when it is a file', () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, '');
    expect(refusal(path)).toMatchObject({ reason: 'unusable' });
  });

  test('while another process uses it, under any name, and that process is told', async () => {
    const path = tempDir();
    const data = join(path, 'data');
    const owner = await startOwner(data);
    symlinkSync(data, join(path, 'alias'));
    expect(refusal(join(path, 'alias'))).toMatchObject({ reason: 'in use' });
    expect(refusal(data).message).toContain(`pid ${owner.pid}`);
  });

  test('while this process uses it already', () => {
    const path = tempDir();
    open(path);
    expect(refusal(path)).toMatchObject({ reason: 'in use' });
  });
});

describe('the lock of an owner that is gone', () => {
  test('is taken over after a kill -9, and the crash is told', async () => {
    const path = tempDir();
    const owner = await startOwner(path);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(open(path)).toMatchObject({ created: false, crashed: true });
  });

  test('is taken over when its pid now belongs to another process', () => {
    const path = tempDir();
    open(path).release();
    writeFileSync(join(path, 'lock'), JSON.stringify({ pid: process.pid, started: 'before the reboot' }));
    expect(open(path).crashed).toBe(true);
  });

  test('is not left behind after a clean release', () => {
    const path = tempDir();
    open(path).release();
    expect(readdirSync(path)).toEqual(['shiplog.json']);
    expect(open(path).crashed).toBe(false);
  });

  test('is taken over when the file is damaged', () => {
    const path = tempDir();
    mkdirSync(path, { recursive: true });
    open(path).release();
    writeFileSync(join(path, 'lock'), '{"pid":');
    expect(open(path).crashed).toBe(true);
  });
});

/** A process of its own that opens the directory and keeps it. */
async function startOwner(path: string): Promise<ChildProcess> {
  const module = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../../${name}`, import.meta.url)));
  const script = `
    import { openDataDir } from ${module('infra/nats/data-dir.ts')};
    import { systemClock } from ${module('streams/base/clock.ts')};
    import { systemRandom } from ${module('streams/base/random.ts')};
    openDataDir({ path: ${JSON.stringify(path)}, clock: systemClock, random: systemRandom() });
    process.stdout.write('open');
    process.stdin.resume();
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void owner.kill('SIGKILL'));
  await once(owner.stdout, 'data');
  return owner;
}
