// Tells whether a process that left its pid in a file is still the same one.
//
// A pid alone is not enough: it is given to another process after a reboot, and in a container nearly always to the
// very next one. So a pid is kept together with the moment its process started, as the system tells it.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type Clock, sleep } from '../../streams/base/clock.ts';

export type ProcessIdentity = {
  readonly pid: number;
  /** When the process started, in the system's own words; empty where the system does not say. */
  readonly started: string;
};

const pollMs = 5;
const killMsMax = 5_000;

export type RunningProcess = { readonly pid: number; readonly command: string };

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) };
}

/** Whether the process that had this identity still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  if (!isAlive(identity.pid)) return false;
  return identity.started === '' || identity.started === startOf(identity.pid);
}

/** Whether any process has this pid now. One that ended and is not yet collected by its parent counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return process.platform !== 'linux' || linuxStat(pid)?.state !== 'Z';
}

/**
 * Asks a process of any parent to end and ends it by force after `limitMs`. Tells whether it is gone; it is not when it
 * belongs to somebody else.
 */
export async function endProcess(pid: number, clock: Clock, limitMs: number): Promise<boolean> {
  for (const { signal, patienceMs } of [
    { signal: 'SIGTERM', patienceMs: limitMs },
    { signal: 'SIGKILL', patienceMs: killMsMax },
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
    const deadline = clock.monotonic() + patienceMs;
    while (clock.monotonic() < deadline) {
      if (!isAlive(pid)) return true;
      await sleep(clock, pollMs);
    }
  }
  return false;
}

/** Every process whose command line holds `text`; none on Windows, where they cannot be listed cheaply. */
export function findProcesses(text: string): readonly RunningProcess[] {
  return listProcesses().filter(({ pid, command }) => pid !== process.pid && command.includes(text));
}

function listProcesses(): readonly RunningProcess[] {
  if (process.platform === 'linux') return linuxProcesses();
  if (process.platform === 'win32') return [];
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(.*)$/.exec(line);
    return match === null ? [] : [{ pid: Number(match[1]), command: match[2] ?? '' }];
  });
}

function linuxProcesses(): readonly RunningProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const command = readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    return command === '' ? [] : [{ pid: Number(pid), command }];
  });
}

/** When a process started, in the system's own words; empty where the system does not say. */
export function startOf(pid: number): string {
  if (process.platform === 'linux') {
    const start = linuxStat(pid)?.start;
    return start === undefined ? '' : `${readOrEmpty('/proc/sys/kernel/random/boot_id').trim()}/${start}`;
  }
  if (process.platform === 'win32') return '';
  return (spawnSync('ps', ['-p', String(pid), '-o', 'lstart='], { encoding: 'utf8' }).stdout ?? '').trim();
}

/** Fields 3 and 22 of /proc/PID/stat; the second field is a name in brackets that may hold blanks and brackets itself. */
function linuxStat(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  if (text === '') return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
