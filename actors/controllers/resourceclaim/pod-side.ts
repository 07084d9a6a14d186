// What a pod still needs of its claims: those that templates are to make, a note in its status of which they are, and its
// place among those a claim is reserved for. A claim that was made before a crash is found by its owner and annotation, so
// none is made twice.

import { nameSuffix, type Random } from '../../../streams/base/random.ts';
import type { OwnerReference } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod, PodResourceClaim, PodStatus } from '../../../streams/resources/pod.ts';
import {
  claimNameOf,
  consumersMax,
  isClaimOfPod,
  isReservedFor,
  podClaimAnnotation,
  type ResourceClaim,
  type ResourceClaimTemplate,
} from '../../../streams/resources/resource-claim.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import {
  type FailedWrite,
  nothingToDo,
  type Plan,
  type PlannedNote,
  type ReconcileInput,
} from '../../kit/controller.ts';
import { sameJson } from '../../kit/same-json.ts';
import type { CreateWrite, UpdateWrite } from '../../kit/write.ts';

type Name = { readonly namespace: string; readonly name: string };

export function podPlan(name: Name, { world, random, failures }: ReconcileInput): Plan {
  const pod = world.get<Pod>(resources.pods, name);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isDone(pod)) return nothingToDo;
  const creates: CreateWrite[] = [];
  const notes: PlannedNote[] = failures.flatMap((failure) => refused(pod, failure));
  const noted = new Map<string, string>();
  for (const entry of pod.spec.resourceClaims ?? []) {
    const step = stepFor(world, pod, entry);
    if (step.kind === 'noted') noted.set(entry.name, step.claim);
    if (step.kind === 'create') creates.push(newClaim(pod, { entry, template: step.template, world, random }));
    if (step.kind === 'helpless') notes.push(warning(pod, entry.name, step.why));
  }
  return { writes: [...creates, ...statusWrites(pod, noted), ...reservations(world, pod)], notes };
}

/** Whether it is certain that none of its containers runs or ever will. */
export function isDone({ metadata, spec, status }: Pod): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true;
  return metadata.deletionTimestamp !== undefined && (spec.nodeName ?? '') === '';
}

type Step =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'noted'; readonly claim: string }
  | { readonly kind: 'create'; readonly template: ResourceClaimTemplate }
  | { readonly kind: 'helpless'; readonly why: string };

function stepFor(world: ObjectReader, pod: Pod, entry: PodResourceClaim): Step {
  const { resourceClaimTemplateName: templateName } = entry;
  const { namespace = '', uid } = pod.metadata;
  const known = claimNameOf(pod, entry);
  if (templateName === undefined || known.kind === 'needless') return { kind: 'nothing' };
  if (known.kind === 'named') {
    const claim = world.get<ResourceClaim>(resources.resourceClaims, { namespace, name: known.name });
    if (claim !== undefined && isClaimOfPod(claim, pod)) return { kind: 'nothing' };
  }
  const made = world
    .ownedBy<ResourceClaim>(resources.resourceClaims, uid)
    .find((claim) => isClaimOfPod(claim, pod) && claim.metadata.annotations?.[podClaimAnnotation] === entry.name);
  if (made !== undefined) return { kind: 'noted', claim: made.metadata.name };
  const template = world.get<ResourceClaimTemplate>(resources.resourceClaimTemplates, {
    namespace,
    name: templateName,
  });
  if (template !== undefined) return { kind: 'create', template };
  const missing = `resourceclaimtemplate.resource.k8s.io ${JSON.stringify(templateName)} not found`;
  return { kind: 'helpless', why: `resource claim template ${JSON.stringify(templateName)}: ${missing}` };
}

type Making = {
  readonly entry: PodResourceClaim;
  readonly template: ResourceClaimTemplate;
  readonly world: ObjectReader;
  readonly random: Random;
};

function newClaim(pod: Pod, { entry, template, world, random }: Making): CreateWrite {
  const { labels, annotations } = template.spec.metadata ?? {};
  const { namespace = '' } = pod.metadata;
  const generateName = nameBase(pod.metadata.name, entry.name);
  const object = {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: {
      name: freeName(world, { namespace, generateName, random }),
      generateName,
      namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, [podClaimAnnotation]: entry.name },
      ownerReferences: [reference(pod)],
    },
    spec: template.spec.spec,
  };
  return { kind: 'create', resource: resources.resourceClaims, object };
}

/** Unlike most owners, a pod does not wait for its claims when it is deleted in the foreground. */
function reference({ metadata: { name, uid } }: Pod): OwnerReference {
  return { apiVersion: 'v1', kind: 'Pod', name, uid, controller: true };
}

/** Leaves room for a hyphen and five characters in a DNS label. */
const baseMax = 57;

/** Where pod and entry together are too long, both lose in proportion, so that something of each is seen. */
function nameBase(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`;
  if (whole.length <= baseMax) return whole;
  const cut = (text: string) => text.slice(0, Math.floor((text.length * baseMax) / whole.length));
  return `${cut(pod)}-${cut(entry)}`;
}

function freeName(
  world: ObjectReader,
  { namespace, generateName, random }: { namespace: string; generateName: string; random: Random },
): string {
  for (;;) {
    const name = `${generateName}${nameSuffix(random)}`;
    if (world.stored(resources.resourceClaims, { namespace, name }) === undefined) return name;
  }
}

function statusWrites(pod: Pod, noted: ReadonlyMap<string, string>): UpdateWrite[] {
  if (noted.size === 0) return [];
  const before = pod.status?.resourceClaimStatuses ?? [];
  const kept = before.filter(({ name }) => !noted.has(name));
  const added = [...noted].map(([name, resourceClaimName]) => ({ name, resourceClaimName }));
  const resourceClaimStatuses = [...kept, ...added];
  if (sameJson(resourceClaimStatuses, before)) return [];
  const status: PodStatus = { ...pod.status, resourceClaimStatuses };
  const object: Pod = { ...pod, status };
  return [{ kind: 'update', resource: resources.pods, subresource: 'status', object }];
}

/** For pods that came to their node without the scheduler, which reserves claims otherwise. */
function reservations(world: ObjectReader, pod: Pod): UpdateWrite[] {
  const { namespace = '', name, uid } = pod.metadata;
  if ((pod.spec.nodeName ?? '') === '') return [];
  const claims = new Map<string, ResourceClaim>();
  for (const entry of pod.spec.resourceClaims ?? []) {
    const known = claimNameOf(pod, entry);
    if (known.kind !== 'named') continue;
    const claim = world.get<ResourceClaim>(resources.resourceClaims, { namespace, name: known.name });
    if (claim === undefined || (known.generated && !isClaimOfPod(claim, pod))) continue;
    const { allocation, reservedFor = [] } = claim.status ?? {};
    if (allocation === undefined || isReservedFor(claim, pod) || reservedFor.length >= consumersMax) continue;
    const status = { ...claim.status, reservedFor: [...reservedFor, { resource: 'pods', name, uid }] };
    claims.set(known.name, { ...claim, status });
  }
  return [...claims.values()].map((object) => ({
    kind: 'update',
    resource: resources.resourceClaims,
    subresource: 'status',
    object,
  }));
}

function refused(pod: Pod, { write, reason, message }: FailedWrite): PlannedNote[] {
  if (write.kind !== 'create' || reason === 'AlreadyExists') return [];
  const entry = write.object.metadata.annotations?.[podClaimAnnotation] ?? '';
  return [warning(pod, entry, `create ResourceClaim : ${message}`)];
}

function warning(regarding: Pod, entry: string, why: string): PlannedNote {
  return {
    regarding,
    type: 'Warning',
    reason: 'FailedResourceClaimCreation',
    message: `PodResourceClaim ${entry}: ${why}`,
    component: 'resource_claim',
  };
}
