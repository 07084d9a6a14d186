// Which replica sets are a deployment's, which of them has its present template, and what a new one looks like.

import { resources } from '../../streams/resources/names.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../../streams/resources/workload.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { controllerReference } from '../kit/owners.ts';
import { sameJson } from '../kit/same-json.ts';
import type { CreateWrite, UpdateWrite } from '../kit/write.ts';
import type { RolloutBounds } from './deployment-bounds.ts';
import { newSetAnnotations, nextRevision, sizeAnnotations } from './deployment-revisions.ts';
import { podTemplateHash, templateHashLabel } from './pod-template-hash.ts';
import { claimed } from './workload/claims.ts';

export type OwnedSets = {
  /** Oldest first. */
  readonly all: readonly ReplicaSet[];
  /** The one with the deployment's present template. */
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  /** Adoptions and releases to be done first. */
  readonly claims: readonly UpdateWrite[];
};

export function ownedSets(world: ObjectReader, deployment: Deployment): OwnedSets {
  const { selector, template } = deployment.spec;
  const { owned, claims } = claimed<ReplicaSet>(world, deployment, { resource: resources.replicaSets, selector });
  const all = owned.toSorted(byAge);
  const newest = all.find((set) => sameTemplate(set.spec.template, template));
  return { all, newest, old: all.filter((set) => set !== newest), claims };
}

export function update(object: ReplicaSet): UpdateWrite {
  return { kind: 'update', resource: resources.replicaSets, object };
}

/** A DNS subdomain's length. */
const nameCharsMax = 253;

/** The name the replica set for the present template has: the deployment's, cut where the hash would not fit. */
export function newSetName({ metadata, spec, status }: Deployment): string {
  const suffix = `-${podTemplateHash(spec.template, status?.collisionCount)}`;
  return `${metadata.name.slice(0, nameCharsMax - suffix.length)}${suffix}`;
}

export function newSet(
  deployment: Deployment,
  { old, replicas, bounds }: { old: readonly ReplicaSet[]; replicas: number; bounds: RolloutBounds },
): CreateWrite {
  const { metadata, spec, status } = deployment;
  const hash = podTemplateHash(spec.template, status?.collisionCount);
  const labels = { ...spec.template.metadata?.labels, [templateHashLabel]: hash };
  const object: Omit<ReplicaSet, 'metadata'> & { metadata: Partial<ReplicaSet['metadata']> } = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: newSetName(deployment),
      namespace: metadata.namespace ?? '',
      labels,
      annotations: {
        ...newSetAnnotations(deployment, { revision: nextRevision(old) }),
        ...sizeAnnotations(bounds),
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds === undefined ? undefined : { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [templateHashLabel]: hash },
      },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
  return { kind: 'create', resource: resources.replicaSets, object };
}

/** The same pods would come of both: only the hash label, which the replica set adds, may differ. */
export function sameTemplate(set: PodTemplate | undefined, wanted: PodTemplate): boolean {
  return set !== undefined && sameJson(set.spec, wanted.spec) && sameJson(metadataOf(set), metadataOf(wanted));
}

function metadataOf({ metadata = {} }: PodTemplate): unknown {
  const { labels, annotations, ...rest } = metadata;
  const { [templateHashLabel]: _, ...own } = labels ?? {};
  return { ...rest, labels: own, annotations: annotations ?? {} };
}

function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const [left, right] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
