// Whether the server's memory is flat. A process's size says little: there is garbage in it, a log in memory keeps every
// event by definition, and caches fill up to bounds of their own. So the heap is looked at after a full collection, and
// what is kept by the log and by those caches is told apart: the rest must not grow.

import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { HeapSnapshot } from './heap-snapshot.ts';

export type MemorySeen = {
  /** What the process had from the system before it was looked at; a look takes some itself. */
  readonly resident: number;
  /** Of what is alive: kept only by the events recorded and by the windows of recent ones, kept only by caches, the rest. */
  readonly log: number;
  readonly caches: number;
  readonly rest: number;
};

/** Names the socket the probe answers on. */
export const probeVariable = 'SHIPLOG_FUZZ_PROBE';
export const probeModule = new URL('./memory-probe.ts', import.meta.url).href;
export const snapshotOf = (socketPath: string): string => `${socketPath}.heapsnapshot`;

/** Each of the caches has a bound where it is written: in bytes, in pieces, or by the groups there are. */
const keepers = {
  log: ['MemoryLog', 'ChangeWindow'],
  caches: ['HotObjects', 'ColdStorage', 'Fields', 'SharedSet', 'NoteCorrelator', 'Documents'],
} as const;

const megabyte = 1024 * 1024;

export async function lookAtMemory(socketPath: string): Promise<MemorySeen> {
  const resident = await new Promise<number>((resolve, reject) => {
    let text = '';
    const socket = connect(socketPath);
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
    });
    socket.on('error', reject);
    socket.on('end', () => resolve(Number(text)));
  });
  const heap = new HeapSnapshot(readFileSync(snapshotOf(socketPath), 'utf8'));
  rmSync(snapshotOf(socketPath));
  const all = heap.aliveWithout([]);
  const withoutLog = heap.aliveWithout(keepers.log);
  const rest = heap.aliveWithout([...keepers.log, ...keepers.caches]);
  return { resident, log: all - withoutLog, caches: withoutLog - rest, rest };
}

export function grownMb(before: MemorySeen, after: MemorySeen): number {
  return (after.rest - before.rest) / megabyte;
}

export function described({ resident, log, caches, rest }: MemorySeen): string {
  const mb = (bytes: number) => `${(bytes / megabyte).toFixed(1)} MB`;
  return `${mb(rest)} alive + ${mb(log)} log + ${mb(caches)} caches, of ${mb(resident)} resident`;
}
