// How long a kubelet waits before it tries again (facts §4.2): the first restart is immediate, then 10 s doubling up to
// 5 minutes; a container that ran for 10 minutes is forgiven.

import type { Container, Pod } from '../../streams/resources/pod.ts';

export const backOffFirstMs = 10_000;
export const backOffMaxMs = 300_000;
/** A run at least this long starts the back-off anew. */
export const cleanRunMs = 2 * backOffMaxMs;
/** Between attempts at what should not have failed: a sandbox, a start. */
export const syncErrorMs = 10_000;

/** 0 → 10 s → 20 s … → 300 s. */
export function nextBackOff(ms: number): number {
  return ms === 0 ? backOffFirstMs : Math.min(ms * 2, backOffMaxMs);
}

export type ContainerRole = 'init' | 'sidecar' | 'main';

export function roleOf(container: Container, list: 'initContainers' | 'containers'): ContainerRole {
  if (list === 'containers') return 'main';
  return container.restartPolicy === 'Always' ? 'sidecar' : 'init';
}

/** Whether a container that ended with this code is to run again while its pod goes on. */
export function runsAgain(pod: Pod, { name, role }: { name: string; role: ContainerRole }, exitCode: number): boolean {
  const policy = pod.spec.restartPolicy ?? 'Always';
  switch (role) {
    case 'sidecar':
      return true;
    case 'init':
      return exitCode !== 0 && policy !== 'Never';
    case 'main': {
      const own = pod.spec.containers.find((container) => container.name === name)?.restartPolicy ?? policy;
      return own === 'Always' || (own === 'OnFailure' && exitCode !== 0);
    }
  }
}
