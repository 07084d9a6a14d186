// What a process has cost so far, as the system tells it.

import { readFileSync } from 'node:fs';

/** Ticks of /proc's clock in a second: the same on every Linux there is. */
const ticksPerSecond = 100;

/** Resident memory; NaN for a process that is gone. */
export function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? Number.NaN) / 1_024;
}

/** Processor time of all threads, user and system. */
export function cpuSeconds(pid: number): number {
  // The second field is the name in brackets, which may hold blanks.
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
