// The world as a reconcile sees it, made of given objects, and the plan it answers with, told in lines people can read.

import type { Controller, FailedWrite, Plan } from '../../actors/kit/controller.ts';
import type { Write } from '../../actors/kit/write.ts';
import type { Revision } from '../../streams/base/brand.ts';
import { seededRandom } from '../../streams/base/random.ts';
import type { EventId, StreamName } from '../../streams/log/event.ts';
import { streamOf, subjectOf } from '../../streams/log/subjects.ts';
import { encodeObject } from '../../streams/resources/encode.ts';
import type { KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import { ObjectView } from '../../streams/views/object-view.ts';
import { startMs } from './workloads.ts';

/** Kind → resource, for the kinds tests speak of. */
export const resourceByKind: Readonly<Record<string, ResourceName & { readonly namespaced: boolean }>> = {
  Namespace: { ...resources.namespaces, namespaced: false },
  Node: { ...resources.nodes, namespaced: false },
  Pod: { ...resources.pods, namespaced: true },
  Service: { ...resources.services, namespaced: true },
  Endpoints: { ...resources.endpoints, namespaced: true },
  EndpointSlice: { ...resources.endpointSlices, namespaced: true },
  ConfigMap: { ...resources.configMaps, namespaced: true },
  ServiceAccount: { ...resources.serviceAccounts, namespaced: true },
  Deployment: { ...resources.deployments, namespaced: true },
  ReplicaSet: { ...resources.replicaSets, namespaced: true },
  Lease: { ...resources.leases, namespaced: true },
  Secret: { ...resources.secrets, namespaced: true },
  PersistentVolumeClaim: { ...resources.persistentVolumeClaims, namespaced: true },
  PersistentVolume: { ...resources.persistentVolumes, namespaced: false },
  StorageClass: { ...resources.storageClasses, namespaced: false },
  CSIDriver: { ...resources.csiDrivers, namespaced: false },
  CSINode: { ...resources.csiNodes, namespaced: false },
  CSIStorageCapacity: { ...resources.csiStorageCapacities, namespaced: true },
  VolumeAttachment: { ...resources.volumeAttachments, namespaced: false },
  VolumeAttributesClass: { ...resources.volumeAttributesClasses, namespaced: false },
  ReplicationController: { ...resources.replicationControllers, namespaced: true },
  StatefulSet: { ...resources.statefulSets, namespaced: true },
  DaemonSet: { ...resources.daemonSets, namespaced: true },
  ControllerRevision: { ...resources.controllerRevisions, namespaced: true },
  Job: { ...resources.jobs, namespaced: true },
  CronJob: { ...resources.cronJobs, namespaced: true },
  HorizontalPodAutoscaler: { ...resources.horizontalPodAutoscalers, namespaced: true },
  LimitRange: { ...resources.limitRanges, namespaced: true },
  ResourceQuota: { ...resources.resourceQuotas, namespaced: true },
  PodDisruptionBudget: { ...resources.podDisruptionBudgets, namespaced: true },
  ResourceClaim: { ...resources.resourceClaims, namespaced: true },
  ResourceClaimTemplate: { ...resources.resourceClaimTemplates, namespaced: true },
  ServiceCIDR: { ...resources.serviceCidrs, namespaced: false },
  IPAddress: { ...resources.ipAddresses, namespaced: false },
  ClusterRole: { ...resources.clusterRoles, namespaced: false },
  ClusterRoleBinding: { ...resources.clusterRoleBindings, namespaced: false },
  Role: { ...resources.roles, namespaced: true },
  RoleBinding: { ...resources.roleBindings, namespaced: true },
  CertificateSigningRequest: { ...resources.certificateSigningRequests, namespaced: false },
  FlowSchema: { ...resources.flowSchemas, namespaced: false },
  PriorityLevelConfiguration: { ...resources.priorityLevels, namespaced: false },
};

export type Given = KubeObject | { readonly object: KubeObject; readonly recordedMs: number };

/** A view that holds these objects and nothing else. */
export function worldOf(...given: readonly Given[]): ObjectView {
  const view = new ObjectView();
  const revisions: Record<StreamName, number> = { LOG: 0, LEASE: 0, EVENT: 0 };
  for (const entry of given) {
    const { object, recordedMs } = 'object' in entry ? entry : { object: entry, recordedMs: startMs };
    const resource = resourceByKind[object.kind];
    if (resource === undefined) throw new Error(`tests know no resource for ${object.kind}`);
    const stream = streamOf(resource);
    const revision = ++revisions[stream] as Revision;
    const { name, namespace = '' } = object.metadata;
    view.apply({
      id: `given-${stream}-${revision}` as EventId,
      type: 'given',
      from: null,
      to: 'Given',
      timeMs: recordedMs,
      author: { user: 'test' },
      cause: null,
      seen: 0 as Revision,
      object: encodeObject(object),
      stream,
      subject: subjectOf({ group: resource.group, resource: resource.resource, namespace, name }),
      revision,
    });
  }
  return view;
}

export type When = {
  readonly key: string;
  readonly nowMs?: number;
  readonly sinceMs?: number;
  readonly failures?: readonly FailedWrite[];
  readonly memory?: unknown;
};

export function planOf(controller: Controller, world: ObjectView, when: When): Plan {
  const { key, nowMs = startMs, sinceMs = startMs, failures = [], memory } = when;
  return controller.reconcile({ world, key, nowMs, sinceMs, failures, memory, random: seededRandom(1) });
}

/** The plan in lines: writes with what they change, then notes, then when to look again. */
export function told(world: ObjectView, plan: Plan): string[] {
  return [
    ...plan.writes.map((write) => writeLine(world, write)),
    ...(plan.notes ?? []).map(({ type, reason, message }) => `note ${type} ${reason}: ${message}`),
    ...(plan.againAfterMs === undefined ? [] : [`again after ${plan.againAfterMs} ms`]),
  ];
}

export function reconciled(controller: Controller, world: ObjectView, when: When): string[] {
  return told(world, planOf(controller, world, when));
}

function writeLine(world: ObjectView, write: Write): string {
  if (write.kind === 'bind') return `bind ${write.name} to ${write.node}`;
  const { resource } = write.resource;
  if (write.kind === 'create') return `create ${resource} ${write.object.metadata.name}`;
  if (write.kind === 'delete') {
    const grace = write.gracePeriodSeconds === undefined ? '' : ` grace ${write.gracePeriodSeconds}`;
    const policy = write.propagationPolicy === undefined ? '' : ` ${write.propagationPolicy}`;
    return `delete ${resource} ${write.name}${policy}${grace}`;
  }
  const { metadata } = write.object;
  const before = world.get(write.resource, { namespace: metadata.namespace ?? '', name: metadata.name });
  const where = write.subresource === undefined ? resource : `${resource}/${write.subresource}`;
  return `update ${where} ${metadata.name}: ${differences(before, write.object, '').join('; ') || 'nothing'}`;
}

/** `path: before → after`, for each value that differs. */
function differences(before: unknown, after: unknown, path: string): string[] {
  if (isRecord(before) && isRecord(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => differences(before[name], after[name], path === '' ? name : `${path}.${name}`));
  }
  if (path.endsWith('.conditions')) return conditionLines(before, after);
  const [old, now] = [JSON.stringify(before) ?? 'none', JSON.stringify(after) ?? 'none'];
  return old === now ? [] : [`${path} ${old} → ${now}`];
}

type ConditionLike = { readonly type: string; readonly status: string; readonly reason?: string };

/** `Ready=False(reason)` for each condition that changes. */
function conditionLines(before: unknown, after: unknown): string[] {
  const old = new Map(((before ?? []) as ConditionLike[]).map((condition) => [condition.type, condition]));
  const now = new Map(((after ?? []) as ConditionLike[]).map((condition) => [condition.type, condition]));
  const set = [...now.values()].filter(
    (condition) => JSON.stringify(condition) !== JSON.stringify(old.get(condition.type)),
  );
  const gone = [...old.keys()].filter((type) => !now.has(type));
  return [
    ...set.map(({ type, status, reason }) => `${type}=${status}${reason === undefined ? '' : `(${reason})`}`),
    ...gone.map((type) => `no ${type}`),
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
