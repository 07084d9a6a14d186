// Pods made from a workload's template, and the names they are given: the workload's name and five characters that
// nobody has taken.

import { nameSuffix, type Random } from '../../../streams/base/random.ts';
import type { Draft, KubeObject, Labels } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod, PodSpec } from '../../../streams/resources/pod.ts';
import type { PodTemplate } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { controllerReference } from '../../kit/owners.ts';

/** Generated names are cut so that the suffix still fits into a DNS label. */
const nameBaseMax = 58;

export type PodDraft = Draft<KubeObject> & Pick<Pod, 'spec'>;

export type PodChange = {
  readonly name: string;
  /** Beside the template's. */
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly finalizers?: readonly string[];
  readonly spec?: Partial<PodSpec>;
};

/** The pod the template describes, managed by the owner. */
export function podFromTemplate(owner: KubeObject, template: PodTemplate | undefined, change: PodChange): PodDraft {
  const { labels, annotations, finalizers = [] } = template?.metadata ?? {};
  const allFinalizers = change.finalizers === undefined ? finalizers : [...finalizers, ...change.finalizers];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: change.name,
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace ?? '',
      ...given('labels', joined(labels, change.labels)),
      ...given('annotations', joined(annotations, change.annotations)),
      ...(allFinalizers.length === 0 ? undefined : { finalizers: allFinalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: { ...(template?.spec ?? { containers: [] }), ...change.spec },
  };
}

/** `prefix` and five characters each; none of the names is taken. */
export function freePodNames(
  world: ObjectReader,
  { prefix, namespace, count, random }: { prefix: string; namespace: string; count: number; random: Random },
): string[] {
  const base = prefix.slice(0, nameBaseMax);
  const names = new Set<string>();
  while (names.size < count) {
    const name = `${base}${nameSuffix(random)}`;
    if (world.stored(resources.pods, { namespace, name }) === undefined) names.add(name);
  }
  return [...names];
}

function joined(a: Labels | undefined, b: Labels | undefined): Labels | undefined {
  return b === undefined ? a : { ...a, ...b };
}

function given<K extends string>(name: K, value: Labels | undefined): Partial<Record<K, Labels>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, Labels>);
}
