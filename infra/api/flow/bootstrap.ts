// The levels and schemas every cluster begins with (names and numbers: k8s.io/apiserver, apis/flowcontrol/bootstrap).
// The mandatory ones are as they are; the others are suggestions an administrator may change. Invariant: what is here is
// complete, defaults included, so that a mandatory object can be compared with it.

import type { Draft, KubeObject } from '../../../streams/resources/meta.ts';

type Json = Readonly<Record<string, unknown>>;
type FlowObject = Draft<KubeObject> & { readonly spec: Json };

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';
const autoUpdate = { 'apf.kubernetes.io/autoupdate-spec': 'true' };

// biome-ignore format: a table is read by columns
const levels: readonly FlowObject[] = [
  level('catch-all', { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } }),
  { apiVersion, kind: 'PriorityLevelConfiguration', metadata: { name: 'exempt', annotations: autoUpdate }, spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } },
  level('system',          queued(30, 33, { queues: 64, handSize: 6 })),
  level('node-high',       queued(40, 25, { queues: 64, handSize: 6 })),
  level('leader-election', queued(10, 0, { queues: 16, handSize: 4 })),
  level('workload-high',   queued(40, 50, { queues: 128, handSize: 6 })),
  level('workload-low',    queued(100, 90, { queues: 128, handSize: 6 })),
  level('global-default',  queued(20, 50, { queues: 128, handSize: 6 })),
];

const everybody = groups('system:unauthenticated', 'system:authenticated');
const kubeSystemAccounts = [{ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } }];
const leases = (verbs: readonly string[]) => resource(verbs, ['coordination.k8s.io'], ['leases'], false);
const anything = { resourceRules: [resource(['*'], ['*'], ['*'], true)], nonResourceRules: [paths(['*'], ['*'])] };

// biome-ignore format: a table is read by columns
const schemas: readonly FlowObject[] = [
  schema('exempt', 'exempt', 1, undefined, { subjects: groups('system:masters'), ...anything }),
  schema('catch-all', 'catch-all', 10_000, 'ByUser', { subjects: everybody, ...anything }),
  schema('system-nodes', 'system', 500, 'ByUser', { subjects: groups('system:nodes'), ...anything }),
  schema('system-node-high', 'node-high', 400, 'ByUser', { subjects: groups('system:nodes'), resourceRules: [resource(['*'], [''], ['nodes', 'nodes/status'], true), leases(['*'])] }),
  schema('probes', 'exempt', 2, undefined, { subjects: everybody, nonResourceRules: [paths(['get'], ['/healthz', '/readyz', '/livez'])] }),
  schema('system-leader-election', 'leader-election', 100, 'ByUser', { subjects: [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...kubeSystemAccounts], resourceRules: [leases(['get', 'create', 'update'])] }),
  schema('kube-controller-manager', 'workload-high', 800, 'ByNamespace', { subjects: users('system:kube-controller-manager'), ...anything }),
  schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', { subjects: users('system:kube-scheduler'), ...anything }),
  schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', { subjects: kubeSystemAccounts, ...anything }),
  schema('service-accounts', 'workload-low', 9_000, 'ByUser', { subjects: groups('system:serviceaccounts'), ...anything }),
  schema('global-default', 'global-default', 9_900, 'ByUser', { subjects: everybody, ...anything }),
];

/** Levels first: schemas refer to them. */
export const bootstrapFlowObjects: readonly FlowObject[] = [...levels, ...schemas];

/** What the object of this name must be, where it is mandatory. */
export function mandatorySpec(kind: 'FlowSchema' | 'PriorityLevelConfiguration', name: string): Json | undefined {
  if (name !== 'exempt' && name !== 'catch-all') return undefined;
  return bootstrapFlowObjects.find((object) => object.kind === kind && object.metadata.name === name)?.spec;
}

function level(name: string, limited: Json): FlowObject {
  const spec = { type: 'Limited', limited };
  return { apiVersion, kind: 'PriorityLevelConfiguration', metadata: { name, annotations: autoUpdate }, spec };
}

function queued(shares: number, lendablePercent: number, queuing: Json): Json {
  const limitResponse = { type: 'Queue', queuing: { ...queuing, queueLengthLimit: 50 } };
  return { nominalConcurrencyShares: shares, limitResponse, lendablePercent };
}

function schema(
  name: string,
  levelName: string,
  matchingPrecedence: number,
  distinguisher: string | undefined,
  rule: Json,
): FlowObject {
  const spec = {
    priorityLevelConfiguration: { name: levelName },
    matchingPrecedence,
    ...(distinguisher === undefined ? undefined : { distinguisherMethod: { type: distinguisher } }),
    rules: [rule],
  };
  return { apiVersion, kind: 'FlowSchema', metadata: { name, annotations: autoUpdate }, spec };
}

function groups(...names: readonly string[]): readonly Json[] {
  return names.map((name) => ({ kind: 'Group', group: { name } }));
}

function users(...names: readonly string[]): readonly Json[] {
  return names.map((name) => ({ kind: 'User', user: { name } }));
}

function resource(
  verbs: readonly string[],
  apiGroups: readonly string[],
  resources: readonly string[],
  clusterScope: boolean,
): Json {
  return { verbs, apiGroups, resources, ...(clusterScope && { clusterScope }), namespaces: ['*'] };
}

function paths(verbs: readonly string[], nonResourceURLs: readonly string[]): Json {
  return { verbs, nonResourceURLs };
}
