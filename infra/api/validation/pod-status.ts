// What makes a pod's status invalid: what has ended does not start again where the restart policy says so, a class
// never changes, addresses are addresses.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ContainerStatus, PodSpec, PodStatus } from '../../../streams/resources/pod.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { dnsSubdomain, ipAddress, qualifiedName } from './formats.ts';
import { sameValue } from './rules.ts';

const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized']);
const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
type Status = PodStatus & { readonly ephemeralContainerStatuses?: readonly ContainerStatus[] };

export const podStatusUpdate: Rule<AnyObject> = (next, check, before) => {
  const [is, was] = [(next.status ?? {}) as Status, (before?.status ?? {}) as Status];
  const spec = next.spec as PodSpec;
  check.enter('status');
  for (const [i, condition] of (is.conditions ?? []).entries()) {
    if ((condition.observedGeneration ?? 0) < 0)
      check.invalid(
        condition.observedGeneration,
        'must be a non-negative integer',
        `.conditions[${i}].observedGeneration`,
      );
    if (systemConditions.has(condition.type)) continue;
    check.enter('conditions');
    check.enter(i);
    check.enter('Type');
    qualifiedName(condition.type ?? '', check);
    check.leave();
    check.leave();
    check.leave();
  }
  nominated(is, { was, spec }, check);
  if ((is.observedGeneration ?? 0) < 0)
    check.invalid(is.observedGeneration, 'must be a non-negative integer', '.observedGeneration');
  if (!isAbsent(was.qosClass) && !sameValue(is.qosClass, was.qosClass))
    check.invalid(is.qosClass ?? '', 'field is immutable', '.qosClass');
  for (const list of lists) restarts(list, { is, was, spec }, check);
  addresses('podIPs', is.podIPs, check);
  addresses('hostIPs', is.hostIPs, check);
  const hostIp = is.hostIPs?.[0]?.ip;
  if (hostIp !== undefined && (is.hostIP ?? '') !== hostIp)
    check.invalid(hostIp, 'must be equal to `hostIP`', '.hostIPs[0].ip');
  check.leave();
};

function nominated(is: Status, { was, spec }: { was: Status; spec: PodSpec }, check: Check): void {
  const node = is.nominatedNodeName;
  if (!node || node === was.nominatedNodeName) return;
  check.enter('nominatedNodeName');
  dnsSubdomain(node, check);
  if (spec.nodeName) check.forbidden('may not be set on pods that are already bound to a node');
  check.leave();
}

function restarts(
  list: (typeof lists)[number],
  { is, was, spec }: { is: Status; was: Status; spec: PodSpec },
  check: Check,
): void {
  const now = is[list];
  if (isAbsent(now)) return;
  for (const [i, { name, state }] of (was[list] ?? []).entries()) {
    const ended = state?.terminated;
    if (isAbsent(ended)) continue;
    const next = now.find((one) => one.name === name);
    if (next === undefined || !isAbsent(next.state?.terminated)) continue;
    if (mayRestart(name, { list, spec, exitCode: ended.exitCode })) continue;
    check.forbidden('may not be transitioned to non-terminated state', `.${list}[${i}].state`);
  }
}

type RestartRule = {
  readonly action?: string;
  readonly exitCodes?: { readonly operator?: string; readonly values?: readonly number[] };
};
type Restarted = { readonly restartPolicy?: string; readonly restartPolicyRules?: readonly RestartRule[] };

function mayRestart(
  name: string,
  { list, spec, exitCode }: { list: (typeof lists)[number]; spec: PodSpec; exitCode: number },
): boolean {
  if (list === 'ephemeralContainerStatuses') return false;
  if (wholePodRestarts(spec)) return true;
  const containers = (list === 'containerStatuses' ? spec.containers : spec.initContainers) ?? [];
  const container = containers.find((one) => one.name === name) as Restarted | undefined;
  if (container === undefined) return false;
  for (const { exitCodes } of container.restartPolicyRules ?? []) {
    const named = exitCodes?.values?.includes(exitCode) === true;
    if (exitCodes?.operator === (named ? 'In' : 'NotIn')) return true;
  }
  const policy = container.restartPolicy ?? spec.restartPolicy;
  return policy === 'Always' || policy === undefined || (policy === 'OnFailure' && exitCode !== 0);
}

function wholePodRestarts(spec: PodSpec): boolean {
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])] as readonly Restarted[];
  return all.some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  );
}

function addresses(field: string, list: readonly { readonly ip: string }[] | undefined, check: Check): void {
  if (isAbsent(list)) return;
  check.enter(field);
  for (const [i, { ip }] of list.entries()) {
    check.enter(i);
    ipAddress(ip ?? '', check);
    check.leave();
  }
  const sixes = list.filter(({ ip }) => ip?.includes(':')).length;
  if (list.length > 2 || sixes > 1 || list.length - sixes > 1)
    check.invalid(list, 'may specify no more than one IP for each IP family');
  check.leave();
}
