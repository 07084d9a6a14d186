// A daemon set's pod: made for one node, which it names in a required node affinity, so that the scheduler brings it
// there and nowhere else.

import type { Affinity, NodeSelectorRequirement, Pod } from '../../../streams/resources/pod.ts';
import type { DaemonSet } from '../../../streams/resources/workload.ts';
import { revisionLabel } from '../history/revisions.ts';
import { type PodDraft, podFromTemplate } from '../workload/pod-template.ts';
import { daemonTolerations } from './node-fit.ts';

const generationLabel = 'pod-template-generation';
const generationAnnotation = 'deprecated.daemonset.template.generation';
const nameField = 'metadata.name';

export function newDaemonPod(
  set: DaemonSet,
  { name, node, hash }: { name: string; node: string; hash: string },
): PodDraft {
  const { template } = set.spec;
  const generation = templateGeneration(set);
  return podFromTemplate(set, template, {
    name,
    labels: {
      ...(generation === undefined ? undefined : { [generationLabel]: generation }),
      [revisionLabel]: hash,
    },
    spec: { tolerations: daemonTolerations(template.spec), affinity: pinnedTo(node, template.spec.affinity) },
  });
}

/** Whether the pod was made from the template with that hash. */
export function isUpdated(set: DaemonSet, { metadata: { labels } }: Pod, hash: string): boolean {
  if (labels?.[revisionLabel] === hash) return true;
  const generation = templateGeneration(set);
  return generation !== undefined && labels?.[generationLabel] === generation;
}

/** The node a pod stands on or is made for; undefined where it names none. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields) ?? [];
  const named = fields.find(({ key, operator }) => key === nameField && operator === 'In');
  return named?.values?.length === 1 ? named.values[0] : undefined;
}

/** Replaces the required terms: whether they match the node has been looked at when it was chosen. */
function pinnedTo(node: string, affinity: Affinity = {}): Affinity {
  const matchFields: readonly NodeSelectorRequirement[] = [{ key: nameField, operator: 'In', values: [node] }];
  const required = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms: [{ matchFields }] },
    },
  };
}

function templateGeneration({ metadata }: DaemonSet): string | undefined {
  const generation = metadata.annotations?.[generationAnnotation];
  return generation !== undefined && /^[+-]?\d+$/.test(generation) ? String(Number(generation)) : undefined;
}
