// Whether a container that ended runs again, and how long its kubelet waits before it tries (facts §4.2): the first
// restart is immediate, then 10 s doubling up to 5 minutes; a container that ran for 10 minutes is forgiven.

import type { Container, Pod, RestartPolicyRule } from '../../streams/resources/pod.ts';

export const backOffFirstMs = 10_000;
export const backOffMaxMs = 300_000;
/** A run at least this long starts the back-off anew. */
export const cleanRunMs = 2 * backOffMaxMs;
/** Between attempts at what should not have failed: a sandbox, a start. */
export const syncErrorMs = 10_000;
/** Between attempts to mount volumes: half a second, doubling up to 2 minutes and 2 seconds. */
const mountFirstMs = 500;
const mountMaxMs = 122_000;

/** 0 → 10 s → 20 s … → 300 s. */
export function nextBackOff(ms: number): number {
  return ms === 0 ? backOffFirstMs : Math.min(ms * 2, backOffMaxMs);
}

export function nextMountBackOff(ms: number): number {
  return ms === 0 ? mountFirstMs : Math.min(ms * 2, mountMaxMs);
}

export type ContainerRole = 'init' | 'sidecar' | 'main' | 'ephemeral';

export const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const;
export type ContainerList = (typeof containerLists)[number];

export function roleOf(container: Container, list: ContainerList): ContainerRole {
  if (list === 'containers') return 'main';
  if (list === 'ephemeralContainers') return 'ephemeral';
  return container.restartPolicy === 'Always' ? 'sidecar' : 'init';
}

export function listOf(role: ContainerRole): ContainerList {
  if (role === 'main') return 'containers';
  return role === 'ephemeral' ? 'ephemeralContainers' : 'initContainers';
}

type Named = { readonly name: string; readonly role: ContainerRole };

export function specOf(pod: Pod, { name, role }: Named): Container | undefined {
  return pod.spec[listOf(role)]?.find((container) => container.name === name);
}

/**
 * Whether a container that ended with this code is to run again while its pod goes on. A container's own rules come
 * before its policy, and its policy before the pod's (KEP-5307).
 */
export function runsAgain(pod: Pod, named: Named, exitCode: number): boolean {
  const { role } = named;
  if (role === 'ephemeral') return false;
  if (role === 'sidecar') return true;
  const container = specOf(pod, named);
  if (container?.restartPolicyRules?.some((rule) => restarts(rule, exitCode)) === true) return true;
  const policy = policyOf(pod, named);
  // An init container that completed has done its work, whatever the policy says.
  return exitCode === 0 ? policy === 'Always' && role === 'main' : policy !== 'Never';
}

/** Whether the kubelet starts a container anew that it stopped itself because a probe failed. */
export function runsAfterFailedProbe(pod: Pod, named: Named): boolean {
  return policyOf(pod, named) !== 'Never';
}

function policyOf(pod: Pod, named: Named): string {
  if (named.role === 'sidecar') return 'Always';
  return specOf(pod, named)?.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
}

function restarts({ action, exitCodes }: RestartPolicyRule, exitCode: number): boolean {
  if (action !== 'Restart' || exitCodes === undefined) return false;
  const listed = exitCodes.values?.includes(exitCode) === true;
  return exitCodes.operator === 'In' ? listed : !listed;
}
