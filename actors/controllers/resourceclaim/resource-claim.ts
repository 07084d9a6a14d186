// The resource claim controller: pods whose entry names a template get a claim of their own, and claims forget those that
// use them no more. Two kinds of keys: what a pod still needs (pod-side.ts), and what a claim still holds (claim-side.ts).

import { controllerOf, type KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { claimNameOf, type ResourceClaim } from '../../../streams/resources/resource-claim.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Controller, Key, WatchedChange } from '../../kit/controller.ts';
import { keyOfObject, parseKey } from '../../kit/object-key.ts';
import { claimPlan } from './claim-side.ts';
import { isDone, podPlan } from './pod-side.ts';

/** No namespace has a colon in its name. */
const sides = { pod: 'pod:', claim: 'claim:' } as const;

export function resourceClaimController(): Controller {
  return {
    name: 'resourceclaim-controller',
    user: 'system:serviceaccount:kube-system:resource-claim-controller',
    workers: 10,
    watches: [
      { resource: resources.resourceClaims, keys: keysOfClaim },
      { resource: resources.resourceClaimTemplates, keys: keysOfTemplate },
      { resource: resources.pods, keys: keysOfPod },
    ],
    reconcile(input) {
      const { key } = input;
      return key.startsWith(sides.pod)
        ? podPlan(parseKey(key.slice(sides.pod.length)), input)
        : claimPlan(parseKey(key.slice(sides.claim.length)), input);
    },
  };
}

const podKey = (pod: Pod): Key => `${sides.pod}${keyOfObject(pod)}`;

/** What a pod claims is looked at when it may need it, and let go of when it does not. */
function keysOfPod({ type, current }: WatchedChange): readonly Key[] {
  const pod = current.object as Pod;
  const entries = pod.spec.resourceClaims ?? [];
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  if (entries.length === 0 && extended === undefined) return [];
  if (type !== 'DELETED' && !isDone(pod)) return [podKey(pod)];
  const names = entries.flatMap((entry) => {
    const claim = claimNameOf(pod, entry);
    return claim.kind === 'named' ? [claim.name] : [];
  });
  if (extended !== undefined) names.push(extended);
  return names.map((name) => `${sides.claim}${pod.metadata.namespace}/${name}`);
}

function keysOfClaim({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  const claim = current.object as ResourceClaim;
  const keys = podsUsing(claim, world);
  return type === 'DELETED' ? keys : [`${sides.claim}${keyOfObject(claim)}`, ...keys];
}

/** A claim that was made for a pod concerns that pod alone; any pod may name one that was made by hand. */
function podsUsing(claim: ResourceClaim, world: ObjectReader): readonly Key[] {
  const owner = controllerOf(claim);
  const { name, namespace = '' } = claim.metadata;
  if (owner?.kind === 'Pod') return [`${sides.pod}${namespace}/${owner.name}`];
  return podsIn(claim, world, (entry) => entry.resourceClaimName === name);
}

function keysOfTemplate({ type, current: { object } }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type === 'DELETED') return [];
  return podsIn(object, world, (entry) => entry.resourceClaimTemplateName === object.metadata.name);
}

type Entry = NonNullable<Pod['spec']['resourceClaims']>[number];

function podsIn({ metadata: { namespace = '' } }: KubeObject, world: ObjectReader, uses: (entry: Entry) => boolean) {
  return world
    .list<Pod>(resources.pods, { namespace })
    .filter(({ spec }) => spec.resourceClaims?.some(uses) === true)
    .map(podKey);
}
