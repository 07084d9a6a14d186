// How churn ends: what keeps a cluster from coming to rest is taken away, and then everything has to be as it was declared.

import { type Door, type Listed, list, namespaces, type Place, pathOf } from './door.ts';
import { taint } from './troubles.ts';

/** Quotas, crashed, cordoned and tainted nodes, pauses, cron jobs, autoscalers, and orphans, for which there may be no room. */
export async function calm(door: Door): Promise<void> {
  for (const node of door.nodes) {
    await door.restart(node);
    await door.ask('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: null } });
    await taint(door, node, undefined);
  }
  for (const namespace of namespaces) {
    await door.ask('DELETE', pathOf('resourcequotas', namespace, 'q'));
    for (const { metadata } of await list(door, pathOf('horizontalpodautoscalers', namespace)))
      await door.ask('DELETE', pathOf('horizontalpodautoscalers', namespace, metadata.name));
    for (const [resource, change] of [
      ['deployments', { spec: { paused: false } }],
      ['jobs', { spec: { suspend: false } }],
      ['cronjobs', { spec: { suspend: true } }],
    ] as const) {
      for (const { metadata } of await list(door, pathOf(resource, namespace)))
        await door.ask('PATCH', pathOf(resource, namespace, metadata.name), change);
    }
    for (const { metadata } of await list(door, pathOf('pods', namespace))) {
      if (metadata.ownerReferences === undefined) await door.ask('DELETE', pathOf('pods', namespace, metadata.name));
    }
  }
}

type Resting = Listed & {
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly phase?: string;
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
};

const observed = ({ metadata, status }: Resting) => status?.observedGeneration === metadata.generation;

const restful: readonly (readonly [resource: Place, rests: (item: Resting) => boolean])[] = [
  [
    'deployments',
    (item) => {
      const { spec, status = {} } = item;
      const wanted = spec.replicas ?? 1;
      const counts = [status.replicas ?? 0, status.updatedReplicas ?? 0, status.availableReplicas ?? 0];
      return observed(item) && counts.every((count) => count === wanted);
    },
  ],
  [
    'statefulsets',
    (item) => {
      const { spec, status = {} } = item;
      const wanted = spec.replicas ?? 1;
      return observed(item) && (status.replicas ?? 0) === wanted && (status.availableReplicas ?? 0) === wanted;
    },
  ],
  [
    'daemonsets',
    (item) => {
      const { desiredNumberScheduled, updatedNumberScheduled = 0, numberAvailable = 0 } = item.status ?? {};
      const counts = [updatedNumberScheduled, numberAvailable];
      return observed(item) && counts.every((count) => count === desiredNumberScheduled);
    },
  ],
  ['jobs', ({ status }) => status?.conditions?.some((one) => isEnd(one)) === true],
  ['pods', ({ status }) => status?.phase !== 'Pending'],
];

/** What has not come to rest yet, in words; empty once everything is as it was declared. */
export async function unrest(door: Door): Promise<readonly string[]> {
  const restless: string[] = [];
  for (const [resource, rests] of restful) {
    for (const namespace of namespaces) {
      for (const item of await list<Resting>(door, pathOf(resource, namespace))) {
        if (!rests(item))
          restless.push(`${resource} ${namespace}/${item.metadata.name}: ${JSON.stringify(item.status)}`);
      }
    }
  }
  for (const { metadata, status } of await list<Resting>(door, '/api/v1/namespaces')) {
    if (status?.phase === 'Terminating') restless.push(`namespace ${metadata.name}: ${JSON.stringify(status)}`);
  }
  return restless;
}

function isEnd({ type, status }: { readonly type: string; readonly status: string }): boolean {
  return status === 'True' && (type === 'Complete' || type === 'Failed');
}
