// The history of a workload's template: every template it has had is a controller revision, which holds the patch that
// brings the template back. Numbers grow; an old template that comes back is the same revision with a new number.

import type { Draft, KubeObject, LabelSelector, Labels } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { ControllerRevision, PodTemplate } from '../../../streams/resources/workload.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { controllerReference } from '../../kit/owners.ts';
import { sameJson } from '../../kit/same-json.ts';
import { canonicalJson } from '../../kit/stable-hash.ts';
import type { CreateWrite, DeleteWrite, UpdateWrite, Write } from '../../kit/write.ts';
import { type Claimed, claimed } from '../workload/claims.ts';

/** On pods: which revision they were made from. */
export const revisionLabel = 'controller-revision-hash';

export type Revised = KubeObject & {
  readonly spec: { readonly selector: LabelSelector; readonly template: PodTemplate };
};

export type RevisionData = NonNullable<ControllerRevision['data']>;

/** How a template stands in its history. */
export type Settling<Settled> = {
  /** Adoptions and releases to be done first. */
  readonly claims: readonly UpdateWrite[];
} & (
  | { readonly kind: 'unsettled'; readonly writes: readonly Write[]; readonly collisionCount: number }
  | ({ readonly kind: 'settled' } & Settled)
);

/** Beyond it the name would have no room for the hash. */
const namePrefixMax = 223;

/** The patch that sets the template as it is now, with sorted fields, so that equal templates have equal bytes. */
export function revisionData({ spec: { template } }: Revised): RevisionData {
  return JSON.parse(canonicalJson({ spec: { template: { $patch: 'replace', ...template } } })) as RevisionData;
}

/** The template a revision brings back. */
export function templateOf({ data }: ControllerRevision): PodTemplate | undefined {
  if (data === undefined) return undefined;
  const { $patch: _, ...template } = data.spec.template;
  return template;
}

/** The parent's revisions, oldest first, and what has to be adopted or released before they are looked at. */
export function claimedRevisions(world: ObjectReader, parent: Revised): Claimed<ControllerRevision> {
  const { selector } = parent.spec;
  const { owned, claims } = claimed<ControllerRevision>(world, parent, {
    resource: resources.controllerRevisions,
    selector,
  });
  return { owned: owned.toSorted(byNumber), claims };
}

export function nextNumber(revisions: readonly ControllerRevision[]): number {
  return revisions.reduce((most, { revision }) => Math.max(most, revision), 0) + 1;
}

export function holdsData(revision: ControllerRevision, data: RevisionData): boolean {
  return sameJson(revision.data, data);
}

export type NewRevision = {
  readonly number: number;
  /** How often names were taken so far. */
  readonly collisionCount: number;
  readonly hashLabel: string;
  hashOf(data: RevisionData, collisionCount: number): string;
};

/** The revision there is of the present template under the name it would get; or the write that makes it. */
export type Snapshot =
  | { readonly kind: 'there'; readonly revision: ControllerRevision }
  | { readonly kind: 'missing'; readonly write: CreateWrite; readonly collisionCount: number };

/** A name that another template has taken is left alone: the next one counts one collision more. */
export function snapshot(world: ObjectReader, parent: Revised, wanted: NewRevision): Snapshot {
  const { namespace = '' } = parent.metadata;
  const data = revisionData(parent);
  for (let collisionCount = wanted.collisionCount; ; collisionCount++) {
    const hash = wanted.hashOf(data, collisionCount);
    const name = `${parent.metadata.name.slice(0, namePrefixMax)}-${hash}`;
    const revision = world.get<ControllerRevision>(resources.controllerRevisions, { namespace, name });
    if (revision !== undefined && !holdsData(revision, data)) continue;
    if (revision !== undefined) return { kind: 'there', revision };
    const object = newRevision(parent, { name, data, number: wanted.number, labels: { [wanted.hashLabel]: hash } });
    return {
      kind: 'missing',
      write: { kind: 'create', resource: resources.controllerRevisions, object },
      collisionCount,
    };
  }
}

export function renumbered(revision: ControllerRevision, number: number): UpdateWrite {
  return revisionUpdate({ ...revision, revision: number });
}

export function revisionUpdate(object: ControllerRevision): UpdateWrite {
  return { kind: 'update', resource: resources.controllerRevisions, object };
}

/** Deletes those that are not going away already: asking once is enough. */
export function revisionDeletions(revisions: readonly ControllerRevision[]): DeleteWrite[] {
  return revisions
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata: { namespace = '', name, uid } }) => {
      return { kind: 'delete', resource: resources.controllerRevisions, namespace, name, uid };
    });
}

function newRevision(
  parent: Revised,
  { name, data, number, labels }: { name: string; data: RevisionData; number: number; labels: Labels },
): Draft<ControllerRevision> {
  const { namespace = '', annotations } = parent.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace,
      labels: { ...parent.spec.template.metadata?.labels, ...labels },
      ...(annotations === undefined ? undefined : { annotations }),
      ownerReferences: [controllerReference(parent)],
    },
    data,
    revision: number,
  };
}

function byNumber(a: ControllerRevision, b: ControllerRevision): number {
  if (a.revision !== b.revision) return a.revision - b.revision;
  const [created, other] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (created !== other) return created < other ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
