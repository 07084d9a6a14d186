// The attach/detach controller, for volumes of CSI drivers: what pods on a node need is asked to be attached there, by a
// VolumeAttachment the driver answers, and told in the node's status; what no pod needs is taken back once the node has
// let go of it. A volume for one node is never asked for on two. Source: attachdetach/reconciler, csi_attacher.go.

import { resources } from '../../../streams/resources/names.ts';
import type { AttachedVolume, Node } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { claimNamesOf } from '../../../streams/resources/pod-claims.ts';
import type {
  CsiDriver,
  CsiSource,
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeAttachment,
} from '../../../streams/resources/storage.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { toClaim, toNode, toVolume } from '../../../streams/views/references.ts';
import { holds } from '../../kit/conditions.ts';
import type { Controller, Key, Plan, PlannedNote, ReconcileInput, WatchedChange } from '../../kit/controller.ts';
import { sameJson } from '../../kit/same-json.ts';
import { sha256 } from '../../kit/sha256.ts';
import type { CreateWrite, DeleteWrite, Write } from '../../kit/write.ts';
import { isPodTerminal } from '../../pod/pod-conditions.ts';
import { isFullyBound } from '../../volumes/claims.ts';

export type AttachDetachOptions = {
  /** A volume is detached from an unhealthy node that has not let go of it for this long. */
  readonly maxWaitForUnmountMs: number;
};

export const attachDetachDefaults: AttachDetachOptions = { maxWaitForUnmountMs: 360_000 };

const outOfService = 'node.kubernetes.io/out-of-service';

export function attachDetachController(options: AttachDetachOptions = attachDetachDefaults): Controller {
  return {
    name: 'persistentvolume-attach-detach-controller',
    user: 'system:serviceaccount:kube-system:attachdetach-controller',
    workers: 5,
    watches: [
      { resource: resources.pods, keys: keysOfPod },
      { resource: resources.nodes, keys: keysOfNode },
      {
        resource: resources.volumeAttachments,
        keys: ({ current }, world) => nodesAround(world, current.object as VolumeAttachment),
      },
      {
        resource: resources.persistentVolumeClaims,
        keys: ({ type, current }, world) =>
          type === 'DELETED' ? [] : nodesOfClaim(world, current.object as PersistentVolumeClaim),
      },
    ],
    reconcile: (input) => reconcile(input, options),
  };
}

/** A volume of a driver, and the pods of the node that need it. */
type Need = { readonly volume: PersistentVolume; readonly csi: CsiSource; readonly pods: Pod[] };

function reconcile({ world, key, nowMs, sinceMs }: ReconcileInput, options: AttachDetachOptions): Plan {
  const node = world.get<Node>(resources.nodes, { name: key });
  const here = attachmentsOf(world, toNode(key));
  const needs = node === undefined ? new Map<string, Need>() : needsOf(world, key);
  const leftMs = options.maxWaitForUnmountMs - (nowMs - sinceMs);
  const expired = leftMs <= 0 && !holds(node?.status?.conditions, 'Ready');
  const forced = expired || node?.spec?.taints?.some((taint) => taint.key === outOfService) === true;
  const kept: AttachedVolume[] = [];
  const writes: Write[] = [];
  const notes: PlannedNote[] = [];
  let waits = false;
  for (const attachment of here) {
    const { persistentVolumeName = '' } = attachment.spec.source;
    const need = needs.get(persistentVolumeName);
    const name = uniqueName(world, attachment);
    // Not a driver's volume: somebody else's business.
    if (name === undefined) continue;
    const attached = attachment.status?.attached === true;
    const asked = attachment.metadata.deletionTimestamp === undefined;
    if (need !== undefined && asked) {
      if (attached) kept.push({ name, devicePath: '' });
      if (attached && !isReported(node, name))
        notes.push(...need.pods.map((pod) => succeeded(pod, persistentVolumeName)));
      else if (!attached) notes.push(...attachErrors(attachment, need));
      continue;
    }
    const mounted = node?.status?.volumesInUse?.includes(name) === true;
    if (mounted && !forced && asked) {
      waits = true;
      kept.push({ name, devicePath: '' });
    } else if (asked && !isReported(node, name)) writes.push(detach(attachment));
    // The node is told first that the volume goes; the next look takes it back.
  }
  for (const [volumeName, need] of needs) {
    if (here.some(({ spec }) => spec.source.persistentVolumeName === volumeName)) continue;
    const others = attachmentsOf(world, toVolume(volumeName));
    if (others.length === 0 || isShared(need.volume)) writes.push(attach(need, key));
    else notes.push(...need.pods.map((pod) => attachedElsewhere(world, pod, need, others)));
  }
  writes.push(...statusWrites(node, kept));
  return { writes, notes, ...(waits && { againAfterMs: leftMs > 0 ? leftMs : options.maxWaitForUnmountMs }) };
}

/** In the order of their names, so that what is told of them stays the same. */
function attachmentsOf(world: ObjectReader, whose: string): VolumeAttachment[] {
  const found = world.referringTo<VolumeAttachment>(resources.volumeAttachments, whose);
  return found.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** What pods on the node need, by the volume's name. */
function needsOf(world: ObjectReader, node: string): Map<string, Need> {
  const needs = new Map<string, Need>();
  for (const pod of world.podsOnNode<Pod>(node)) {
    if (isPodTerminal(pod)) continue;
    for (const name of claimNamesOf(pod)) {
      const { namespace = '' } = pod.metadata;
      const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, { namespace, name });
      if (claim === undefined || !isFullyBound(claim)) continue;
      const { volumeName = '' } = claim.spec;
      const known = needs.get(volumeName);
      if (known !== undefined) {
        known.pods.push(pod);
        continue;
      }
      const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName });
      const csi = volume?.spec.csi;
      if (volume === undefined || csi === undefined || !wantsAttaching(world, csi)) continue;
      needs.set(volumeName, { volume, csi, pods: [pod] });
    }
  }
  return needs;
}

function wantsAttaching(world: ObjectReader, { driver }: CsiSource): boolean {
  return world.get<CsiDriver>(resources.csiDrivers, { name: driver })?.spec.attachRequired !== false;
}

/** As the node's status and a kubelet name the volume. */
function uniqueName(world: ObjectReader, { spec }: VolumeAttachment): string | undefined {
  const name = spec.source.persistentVolumeName ?? '';
  const csi = world.get<PersistentVolume>(resources.persistentVolumes, { name })?.spec.csi;
  return csi === undefined ? undefined : `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`;
}

function isReported(node: Node | undefined, name: string | undefined): boolean {
  return node?.status?.volumesAttached?.some((volume) => volume.name === name) === true;
}

/** Whether more than one node may have the volume at a time. */
function isShared({ spec: { accessModes = [] } }: PersistentVolume): boolean {
  return accessModes.length === 0 || accessModes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
}

function attach({ volume, csi }: Need, nodeName: string): CreateWrite {
  const object = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: `csi-${sha256(`${csi.volumeHandle}${csi.driver}${nodeName}`)}` },
    spec: { attacher: csi.driver, nodeName, source: { persistentVolumeName: volume.metadata.name } },
  };
  return { kind: 'create', resource: resources.volumeAttachments, object };
}

function detach({ metadata: { name, uid } }: VolumeAttachment): DeleteWrite {
  return { kind: 'delete', resource: resources.volumeAttachments, namespace: '', name, uid };
}

function statusWrites(node: Node | undefined, kept: readonly AttachedVolume[]): Write[] {
  if (node === undefined || sameJson(node.status?.volumesAttached ?? [], kept)) return [];
  const { volumesAttached: _, ...status } = node.status ?? {};
  const object: Node = { ...node, status: kept.length === 0 ? status : { ...status, volumesAttached: kept } };
  return [{ kind: 'update', resource: resources.nodes, subresource: 'status', object }];
}

function succeeded(pod: Pod, volume: string): PlannedNote {
  const message = `AttachVolume.Attach succeeded for volume "${volume}" `;
  return note(pod, { type: 'Normal', reason: 'SuccessfulAttachVolume', message });
}

function attachErrors({ status }: VolumeAttachment, { volume, pods }: Need): PlannedNote[] {
  const error = status?.attachError?.message;
  if (error === undefined) return [];
  const message = `AttachVolume.Attach failed for volume "${volume.metadata.name}" : ${error}`;
  return pods.map((pod) => note(pod, { type: 'Warning', reason: 'FailedAttachVolume', message }));
}

function attachedElsewhere(
  world: ObjectReader,
  pod: Pod,
  { volume }: Need,
  others: readonly VolumeAttachment[],
): PlannedNote {
  const { name } = volume.metadata;
  const users = others.flatMap(({ spec }) => needsOf(world, spec.nodeName).get(name)?.pods ?? []);
  const own = users.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace);
  const names = own.map(({ metadata }) => metadata.name).join(', ');
  const foreign = users.length - own.length;
  const why =
    users.length === 0
      ? "Volume is already exclusively attached to one node and can't be attached to another"
      : own.length === 0
        ? `Volume is already used by ${foreign} pod(s) in different namespaces`
        : `Volume is already used by pod(s) ${names}${foreign > 0 ? ` and ${foreign} pod(s) in different namespaces` : ''}`;
  const message = `Multi-Attach error for volume "${name}" ${why}`;
  return note(pod, { type: 'Warning', reason: 'FailedAttachVolume', message });
}

function note(regarding: Pod, told: Pick<PlannedNote, 'type' | 'reason' | 'message'>): PlannedNote {
  return { regarding, ...told, component: 'attachdetach-controller' };
}

function keysOfPod({ type, current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const pod = current.object as Pod;
  const { nodeName = '' } = pod.spec;
  if (nodeName === '' || claimNamesOf(pod).length === 0) return [];
  const before = previous?.object as Pod | undefined;
  const same =
    type === 'MODIFIED' && before?.spec.nodeName === nodeName && isPodTerminal(before) === isPodTerminal(pod);
  return same || !mayNeedAttaching(world, pod, nodeName) ? [] : [nodeName];
}

/** A claim that gets its volume later brings its pods' nodes with it. */
function mayNeedAttaching(world: ObjectReader, pod: Pod, nodeName: string): boolean {
  if (world.referringTo(resources.volumeAttachments, toNode(nodeName)).length > 0) return true;
  const { namespace = '' } = pod.metadata;
  return claimNamesOf(pod).some((name) => {
    const claim = world.get<PersistentVolumeClaim>(resources.persistentVolumeClaims, { namespace, name });
    const { volumeName = '' } = claim?.spec ?? {};
    return world.get<PersistentVolume>(resources.persistentVolumes, { name: volumeName })?.spec.csi !== undefined;
  });
}

function keysOfNode({ type, current, previous }: WatchedChange): readonly Key[] {
  const [node, before] = [current.object as Node, previous?.object as Node | undefined];
  if (type === 'MODIFIED') {
    const concerns = ({ spec, status }: Node) => [
      status?.volumesInUse,
      status?.volumesAttached,
      spec?.taints,
      holds(status?.conditions, 'Ready'),
    ];
    if (before !== undefined && sameJson(concerns(before), concerns(node))) return [];
  }
  return [node.metadata.name];
}

/** The node of an attachment, and, once it is gone, those where the volume was waited for. */
function nodesAround(world: ObjectReader, { spec }: VolumeAttachment): readonly Key[] {
  const nodes = new Set([spec.nodeName]);
  const { claimRef } =
    world.get<PersistentVolume>(resources.persistentVolumes, { name: spec.source.persistentVolumeName ?? '' })?.spec ??
    {};
  if (claimRef?.name !== undefined) {
    for (const node of podNodes(world, { namespace: claimRef.namespace ?? '', name: claimRef.name })) nodes.add(node);
  }
  return [...nodes];
}

function nodesOfClaim(world: ObjectReader, claim: PersistentVolumeClaim): readonly Key[] {
  if (!isFullyBound(claim)) return [];
  const { name, namespace = '' } = claim.metadata;
  const volume = world.get<PersistentVolume>(resources.persistentVolumes, { name: claim.spec.volumeName ?? '' });
  return volume?.spec.csi === undefined ? [] : podNodes(world, { namespace, name });
}

function podNodes(world: ObjectReader, { namespace, name }: { namespace: string; name: string }): string[] {
  return world
    .referringTo<Pod>(resources.pods, toClaim({ namespace, name }))
    .flatMap(({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName]));
}
