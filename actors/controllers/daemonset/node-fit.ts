// Which nodes a daemon set's pods belong on. A pod may stay where none would be started: a taint that keeps new pods
// away drives nobody out unless it is a NoExecute one.

import type { Node, Taint } from '../../../streams/resources/node.ts';
import type { PodSpec, Toleration } from '../../../streams/resources/pod.ts';
import type { DaemonSet } from '../../../streams/resources/workload.ts';
import { matchesAnyTerm } from '../../scheduler/node-selector.ts';
import { tolerates } from '../../scheduler/tolerations.ts';

export type Fit = {
  /** A pod that is missing is to be made. */
  readonly runs: boolean;
  /** A pod that is there may stay. */
  readonly stays: boolean;
};

export type NodeFit = (node: Node) => Fit;

const nowhere: Fit = { runs: false, stays: false };
const noTaints: readonly Taint[] = [];

/** Compiled once for all nodes. */
export function nodeFitOf({ spec: { template } }: DaemonSet): NodeFit {
  const { nodeName = '', nodeSelector = {}, affinity } = template.spec;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const matches = terms === undefined ? undefined : matchesAnyTerm(terms);
  const wanted = Object.entries(nodeSelector);
  const tolerations = daemonTolerations(template.spec);
  return ({ metadata: { name, labels = {} }, spec }) => {
    if (nodeName !== '' && nodeName !== name) return nowhere;
    for (const [key, value] of wanted) if (labels[key] !== value) return nowhere;
    if (matches !== undefined && !matches({ name, labels })) return nowhere;
    const driven = (spec?.taints ?? noTaints).filter((taint) => !tolerates(tolerations, taint));
    const stays = driven.every(({ effect }) => effect !== 'NoExecute');
    return { runs: stays && driven.every(({ effect }) => effect !== 'NoSchedule'), stays };
  };
}

/** Daemons run on nodes in trouble too: they may be what mends them. */
const troubles: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const networkUnavailable: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** The template's own tolerations, then those every daemon has; one of the same kind takes the place of the template's. */
export function daemonTolerations({ tolerations = [], hostNetwork }: PodSpec): readonly Toleration[] {
  const all = [...tolerations];
  for (const added of hostNetwork === true ? [...troubles, networkUnavailable] : troubles) {
    const at = all.findIndex((own) => isSameKind(own, added));
    if (at < 0) all.push(added);
    else all[at] = added;
  }
  return all;
}

function isSameKind(a: Toleration, b: Toleration): boolean {
  const operator = (toleration: Toleration) => toleration.operator ?? 'Equal';
  return a.key === b.key && a.effect === b.effect && operator(a) === operator(b) && (a.value ?? '') === (b.value ?? '');
}
