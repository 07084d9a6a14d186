// Storage under random use, in virtual time, with everything that has a hand in it: binder, provisioner, expander,
// protection, scheduler, kubelets. The laws are checked with every change that is recorded: a volume has one claim and a
// claim one volume for life, what is bound stays bound, pods run where their volumes are, a claim for one pod has one.
// Afterwards everything comes to rest: what can be bound is bound, and volumes that were made for a claim go with it.

import { describe, expect, test } from 'vitest';
import { localProvisionerName } from '../../actors/controllers/volumes/local-provisioner.ts';
import { isPodTerminal } from '../../actors/pod/pod-conditions.ts';
import { isFullyBound } from '../../actors/volumes/claims.ts';
import { suitsNode } from '../../actors/volumes/matching.ts';
import { type Random, seededRandom } from '../../streams/base/random.ts';
import type { KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { claimNamesOf } from '../../streams/resources/pod-claims.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../streams/resources/storage.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { type SimulatedCluster, simulatedCluster } from '../kit/simulated-cluster.ts';
import { aClass, onNode } from '../kit/storage.ts';

const seeds = Array.from({ length: 8 }, (_, index) => index + 1);
const { persistentVolumes, persistentVolumeClaims, pods, storageClasses } = resources;
const context = { user: 'test', agent: 'test', cause: null } as const;

describe.each(seeds)('seed %i', (seed) => {
  test("no volume is shared by claims or out of its pods' reach, and everything comes to rest", async () => {
    const random = seededRandom(`volumes/${seed}`);
    const cluster = await simulatedCluster({ seed, nodes: 3 });
    for (const each of classes) await cluster.create(storageClasses, bare(each));
    const broken: string[] = [];
    const laws = new Laws(cluster.view);
    cluster.view.listen((change) => broken.push(...laws.broken(change)));
    for (let step = 0; step < 100; step++) {
      await act(cluster, random, step);
      await cluster.clock.advance(random.int(8) === 0 ? random.int(20_000) : random.int(300));
    }
    await cluster.clock.advance(900_000);
    expect(broken).toEqual([]);
    expect(unrest(cluster.view)).toEqual([]);
    const odd = (await cluster.events()).filter(({ anomaly, subject }) => anomaly && /persistentvolume/.test(subject));
    expect(odd.map(({ type, anomaly }) => `${type}: ${anomaly}`)).toEqual([]);
    expect(laws.bound).toBeGreaterThan(5);
  });
});

test('many claims that want any of as many equal volumes all have one soon', async () => {
  const cluster = await simulatedCluster({ seed: 'rush', nodes: 1 });
  const random = seededRandom('volumes/rush');
  const names = Array.from({ length: 60 }, (_, index) => `${index}`);
  for (const name of names) {
    const { spec, ...volume } = aNewVolume(random, { name, node: 'node-1', shared: true });
    const { nodeAffinity: _, ...anywhere } = spec;
    await make(cluster, persistentVolumes, { ...volume, spec: { ...anywhere, accessModes: ['ReadWriteOnce'] } });
  }
  await cluster.clock.advance(1_000);
  const claims = names.map((name) => aNewClaim(random, name, ''));
  for (const { spec } of claims) spec.accessModes = ['ReadWriteOnce'];
  await Promise.all(claims.map((claim) => make(cluster, persistentVolumeClaims, claim)));
  await cluster.clock.advance(20_000);
  const all = cluster.view.list<PersistentVolumeClaim>(persistentVolumeClaims);
  expect(all.filter(isFullyBound)).toHaveLength(names.length);
});

const classes = [
  aClass('local', {
    provisioner: localProvisionerName,
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
    isDefault: true,
  }),
  aClass('eager', { provisioner: localProvisionerName, allowVolumeExpansion: true }),
  aClass('manual', { provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' }),
];

/** Without what the server gives. */
function bare({ metadata: { name, annotations }, ...object }: KubeObject) {
  return { ...object, metadata: { name, ...(annotations && { annotations }) } };
}

async function act(cluster: SimulatedCluster, random: Random, step: number): Promise<void> {
  const any = <T>(list: readonly T[]): T | undefined => list[random.int(Math.max(1, list.length))];
  const node = () => any(cluster.plane.nodes?.names ?? []) ?? '';
  const claims = cluster.view.list<PersistentVolumeClaim>(persistentVolumeClaims);
  switch (random.int(13)) {
    case 0:
    case 1:
      return make(cluster, persistentVolumeClaims, aNewClaim(random, `${step}`));
    case 2:
      return rush(cluster, random, step);
    case 3:
    case 4:
      return make(cluster, persistentVolumes, aNewVolume(random, { name: `${step}`, node: node() }));
    case 5:
    case 6:
    case 7:
    case 8: {
      const names = new Set(
        [any(claims), ...(random.int(3) === 0 ? [any(claims)] : [])].map((claim) => claim?.metadata.name),
      );
      return make(
        cluster,
        pods,
        aNewPod(
          [...names].flatMap((name) => name ?? []),
          step,
        ),
      );
    }
    case 9:
      return remove(cluster, persistentVolumeClaims, any(claims));
    case 10:
      return remove(cluster, persistentVolumes, any(cluster.view.list(persistentVolumes)));
    case 11:
      return remove(cluster, pods, any(cluster.view.list(pods)));
    default:
      return grow(cluster, any(claims));
  }
}

/** Several claims reach for a few volumes at the same time. */
async function rush(cluster: SimulatedCluster, random: Random, step: number): Promise<void> {
  const names = ['a', 'b', 'c'].map((each) => `${step}-${each}`);
  await Promise.all([
    ...names.map((name) => make(cluster, persistentVolumeClaims, aNewClaim(random, name, ''))),
    ...names
      .slice(1)
      .map((name) => make(cluster, persistentVolumes, aNewVolume(random, { name, node: 'node-1', shared: true }))),
  ]);
}

function aNewClaim(random: Random, name: string, wanted?: string) {
  const storageClassName = wanted ?? ['local', 'local', 'eager', 'manual', '', undefined][random.int(6)];
  const accessModes = [random.int(4) === 0 ? 'ReadWriteOncePod' : 'ReadWriteOnce'];
  const storage = `${1 + random.int(3)}Gi`;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: `claim-${name}`, namespace: 'default' },
    spec: {
      accessModes,
      resources: { requests: { storage } },
      ...(storageClassName !== undefined && { storageClassName }),
    },
  };
}

function aNewVolume(random: Random, { name, node, shared }: { name: string; node: string; shared?: true }) {
  const spec = {
    capacity: { storage: `${shared === true ? 4 : 1 + random.int(4)}Gi` },
    accessModes: [random.int(4) === 0 ? 'ReadWriteOncePod' : 'ReadWriteOnce'],
    persistentVolumeReclaimPolicy: random.int(2) === 0 ? 'Retain' : 'Delete',
    storageClassName: shared === true ? '' : (['manual', 'manual', ''][random.int(3)] ?? ''),
    hostPath: { path: `/tmp/volume-${name}` },
    ...(random.int(2) === 0 && { nodeAffinity: onNode(node) }),
  };
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `volume-${name}` }, spec };
}

function aNewPod(claims: readonly string[], step: number) {
  const volumes = claims.map((claimName, i) => ({ name: `v${i}`, persistentVolumeClaim: { claimName } }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${step}`, namespace: 'default' },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'app:1' }], volumes },
  };
}

async function make({ writer }: SimulatedCluster, resource: ResourceName, object: ReturnType<typeof aNewPod> | object) {
  const outcome = await writer.write(
    { kind: 'create', resource, object: object as ReturnType<typeof aNewPod> },
    context,
  );
  if (outcome.kind === 'failed') throw new Error(outcome.message);
}

async function remove({ writer }: SimulatedCluster, resource: ResourceName, object: KubeObject | undefined) {
  if (object === undefined) return;
  const { namespace = '', name, uid } = object.metadata;
  await writer.write({ kind: 'delete', resource, namespace, name, uid }, context);
}

async function grow({ writer }: SimulatedCluster, claim: PersistentVolumeClaim | undefined) {
  if (claim === undefined || claim.status?.phase !== 'Bound') return;
  const object = { ...claim, spec: { ...claim.spec, resources: { requests: { storage: '8Gi' } } } };
  await writer.write({ kind: 'update', resource: persistentVolumeClaims, object }, context);
}

class Laws {
  readonly #view: ObjectView;
  /** Claim uid → volume, and volume uid → claim, as the claims' word has it. */
  readonly #volumeOf = new Map<string, string>();
  readonly #claimOf = new Map<string, string>();

  constructor(view: ObjectView) {
    this.#view = view;
  }

  get bound(): number {
    return this.#volumeOf.size;
  }

  broken({ ref, current, type }: Change): string[] {
    if (type === 'DELETED') return [];
    if (ref.resource === 'persistentvolumeclaims') return this.#claim(current.object as PersistentVolumeClaim);
    return ref.resource === 'pods' ? this.#pod(current.object as unknown as Pod) : [];
  }

  #claim(claim: PersistentVolumeClaim): string[] {
    const { name, uid } = claim.metadata;
    const { phase } = claim.status ?? {};
    const known = this.#volumeOf.get(uid);
    if (known !== undefined && claim.spec.volumeName !== known)
      return [`${name} had ${known}, has ${claim.spec.volumeName}`];
    if (known !== undefined && phase === 'Lost') return [`${name} lost ${known}`];
    if (known !== undefined && phase !== 'Bound' && !isFullyBound(claim)) return [`${name} is ${phase} again`];
    if (!isFullyBound(claim) || known !== undefined) return [];
    const { volumeName = '' } = claim.spec;
    const volume = this.#view.get<PersistentVolume>(persistentVolumes, { name: volumeName });
    if (volume?.spec.claimRef?.uid !== uid) return [`${name} has ${volumeName}, which belongs to another`];
    const other = this.#claimOf.get(volume.metadata.uid);
    this.#volumeOf.set(uid, volumeName);
    this.#claimOf.set(volume.metadata.uid, uid);
    return other === undefined || other === uid ? [] : [`${volumeName} went from ${other} to ${uid}`];
  }

  #pod(pod: Pod): string[] {
    const { nodeName = '' } = pod.spec;
    if (nodeName === '' || isPodTerminal(pod)) return [];
    const node = this.#view.get<Node>(resources.nodes, { name: nodeName });
    return claimNamesOf(pod).flatMap((name) => {
      const claim = this.#view.get<PersistentVolumeClaim>(persistentVolumeClaims, { namespace: 'default', name });
      if (claim === undefined || !isFullyBound(claim)) return [`${pod.metadata.name} is placed without ${name}`];
      const volume = this.#view.get<PersistentVolume>(persistentVolumes, { name: claim.spec.volumeName ?? '' });
      const wrong: string[] = [];
      const at = { name: nodeName, labels: node?.metadata.labels ?? {} };
      if (volume === undefined || !suitsNode(volume, at)) wrong.push(`${pod.metadata.name} cannot reach ${name}`);
      if (claim.spec.accessModes?.includes('ReadWriteOncePod') === true && this.#users(name) > 1) {
        wrong.push(`${name} is used by ${this.#users(name)} pods`);
      }
      return wrong;
    });
  }

  #users(claim: string): number {
    return this.#view
      .list<Pod>(pods)
      .filter((pod) => (pod.spec.nodeName ?? '') !== '' && !isPodTerminal(pod) && claimNamesOf(pod).includes(claim))
      .length;
  }
}

/** What should have gone on and did not. */
function unrest(view: ObjectView): string[] {
  const claims = view.list<PersistentVolumeClaim>(persistentVolumeClaims);
  const uids = new Set(claims.map(({ metadata }) => metadata.uid));
  const stale = view.list<PersistentVolume>(persistentVolumes).flatMap(({ metadata, spec, status }) => {
    const { claimRef } = spec;
    const claimed = claimRef?.uid !== undefined && uids.has(claimRef.uid);
    if (claimed && status?.phase !== 'Bound') return [`${metadata.name} of a claim is ${status?.phase}`];
    if (claimRef === undefined && status?.phase !== 'Available') return [`${metadata.name} is ${status?.phase}`];
    if (claimed || claimRef === undefined) return [];
    if (spec.persistentVolumeReclaimPolicy === 'Delete') return [`${metadata.name} was left and not deleted`];
    return status?.phase === 'Released' ? [] : [`${metadata.name} was left and is ${status?.phase}`];
  });
  const users = new Set(view.list<Pod>(pods).flatMap(claimNamesOf));
  const waiting = claims.flatMap(({ metadata, spec, status }) => {
    if (metadata.deletionTimestamp !== undefined)
      return users.has(metadata.name) ? [] : [`${metadata.name} did not go`];
    const makes = spec.storageClassName === 'eager' || spec.storageClassName === 'local';
    const expected = spec.storageClassName === 'eager' || (makes && users.has(metadata.name));
    if (expected && status?.phase !== 'Bound' && !waitsWithOthers(view, metadata.name))
      return [`${metadata.name} is ${status?.phase}`];
    const asked = spec.resources?.requests?.storage;
    if (asked === '8Gi' && status?.phase === 'Bound' && status.capacity?.storage !== '8Gi') {
      return [`${metadata.name} did not grow: ${status.capacity?.storage}`];
    }
    return [];
  });
  return [...stale, ...waiting];
}

/** The pods of a claim may wait for another of theirs, or be kept apart by it. */
function waitsWithOthers(view: ObjectView, claim: string): boolean {
  const theirs = view.list<Pod>(pods).filter((pod) => claimNamesOf(pod).includes(claim));
  return theirs.every(
    (pod) => claimNamesOf(pod).length > 1 || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod),
  );
}
