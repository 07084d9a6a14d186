import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openLog } from '../../../infra/boot/open-log.ts';
import { batchStaging } from '../../../infra/nats/batch-staging.ts';
import { type DataDir, openDataDir } from '../../../infra/nats/data-dir.ts';
import { systemClock } from '../../../streams/base/clock.ts';
import { silentLogger } from '../../../streams/base/logger.ts';
import { systemRandom } from '../../../streams/base/random.ts';
import { absent, change } from '../../kit/events.ts';
import { tempDir } from '../../kit/temp-dir.ts';

const ports = { clock: systemClock, random: systemRandom(), logger: silentLogger };

function aDataDir(path = tempDir()): DataDir {
  return openDataDir({ path, ...ports });
}

async function opened(dataDir: DataDir) {
  const opened = await openLog({ dataDir, memory: false, nats: undefined, durability: 'always' }, ports);
  onTestFinished(() => opened.close());
  return opened;
}

function stagingOf({ paths }: DataDir): string {
  return join(paths.natsStore, 'jetstream', 'SHIPLOG', 'streams', 'LOG', 'batches');
}

/** Enough at once for a batch. */
async function appendMany({ log }: Awaited<ReturnType<typeof opened>>, prefix: string): Promise<void> {
  const requests = Array.from({ length: 60 }, (_, i) => change(`${prefix}-${i}`, absent));
  const outcomes = await Promise.all(requests.map((request) => log.streams.LOG.append(request)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(requests.map(() => 'appended'));
}

const madeAt = (path: string) => statSync(path, { bigint: true }).mtimeNs;

describe.skipIf(process.platform !== 'linux')('batches under way', () => {
  test('are staged in memory, which only their owner can read and which is given back', async () => {
    const dataDir = aDataDir();
    const log = await opened(dataDir);
    const memory = readlinkSync(stagingOf(dataDir));
    expect(statSync(memory).mode & 0o777).toBe(0o700);
    const before = madeAt(memory);
    await appendMany(log, 'staged');
    expect(madeAt(memory)).toBeGreaterThan(before);
    await log.close();
    expect(lstatSync(memory, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('find memory again after a power cut has emptied it', async () => {
    const dataDir = aDataDir();
    const first = await opened(dataDir);
    await appendMany(first, 'before');
    const memory = readlinkSync(stagingOf(dataDir));
    await first.close();
    rmSync(stagingOf(dataDir), { force: true });
    symlinkSync(memory, stagingOf(dataDir));
    const second = await opened(dataDir);
    expect(readlinkSync(stagingOf(dataDir))).toBe(memory);
    await appendMany(second, 'after');
  });

  test('are staged on the disk where somebody else has the name', async () => {
    const dataDir = aDataDir();
    const first = await opened(dataDir);
    const memory = readlinkSync(stagingOf(dataDir));
    await first.close();
    const elsewhere = tempDir();
    writeFileSync(join(elsewhere, 'theirs'), 'kept');
    symlinkSync(elsewhere, memory);
    onTestFinished(() => rmSync(memory, { force: true }));
    const second = await opened(dataDir);
    await appendMany(second, 'on-disk');
    expect(lstatSync(stagingOf(dataDir)).isSymbolicLink()).toBe(false);
    expect(readdirSync(elsewhere)).toEqual(['theirs']);
  });

  test('are recorded all the same when the memory is taken away, and it serves again', async () => {
    const dataDir = aDataDir();
    const log = await opened(dataDir);
    const memory = readlinkSync(stagingOf(dataDir));
    rmSync(memory, { recursive: true });
    await appendMany(log, 'singly');
    expect(lstatSync(memory, { throwIfNoEntry: false })).toBeUndefined();
    const staging = batchStaging(dataDir.paths);
    staging.begin();
    rmSync(memory, { recursive: true });
    staging.tend();
    const before = madeAt(memory);
    await appendMany(log, 'staged');
    expect(madeAt(memory)).toBeGreaterThan(before);
  });

  test('stay where they are while a batch is under way there, or where there is no memory', () => {
    const dataDir = aDataDir();
    mkdirSync(join(stagingOf(dataDir), 'under-way'), { recursive: true });
    const staging = batchStaging(dataDir.paths);
    staging.begin();
    staging.end();
    expect(readdirSync(stagingOf(dataDir))).toEqual(['under-way']);
    rmSync(stagingOf(dataDir), { recursive: true });
    batchStaging(dataDir.paths, tempDir()).begin();
    expect(lstatSync(stagingOf(dataDir), { throwIfNoEntry: false })).toBeUndefined();
  });
});
