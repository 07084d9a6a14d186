// Admission looks at objects before validation does: whatever is missing in them is refused, and breaks nothing.

import { expect, test } from 'vitest';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

/** A namespace in which every plugin has something to say. */
async function strict(): Promise<ApiWorld> {
  const world = await apiWorld();
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  await world.create('namespaces', { metadata: { name: 'n', labels } });
  await world.create('serviceaccounts', {
    metadata: { name: 'default', namespace: 'n', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
  });
  const limits = [
    { type: 'Container', default: { cpu: '1' }, max: { cpu: '2' } },
    { type: 'Pod', max: { cpu: '2' } },
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
  ];
  await world.create('limitranges', { metadata: { name: 'l', namespace: 'n' }, spec: { limits } });
  const hard = { pods: '9', 'limits.cpu': '9', services: '9', 'services.nodeports': '9', 'requests.storage': '9Gi' };
  await world.create('resourcequotas', { metadata: { name: 'q', namespace: 'n' }, spec: { hard } });
  return world;
}

const odd: readonly unknown[] = [undefined, null, {}, [], 'x', 5];

const podSpecs: readonly unknown[] = [
  ...odd,
  ...odd.map((containers) => ({ containers })),
  ...odd.map((initContainers) => ({ initContainers })),
  ...odd.map((container) => ({ containers: [container] })),
  ...odd.map((resources) => ({ containers: [{ name: 'c', image: 'x', resources }] })),
  ...odd.map((securityContext) => ({ securityContext, containers: [{ name: 'c', image: 'x', securityContext }] })),
  ...odd.map((volumes) => ({ containers: [{ name: 'c', image: 'x' }], volumes })),
  ...odd.map((tolerations) => ({ containers: [{ name: 'c', image: 'x' }], tolerations })),
  ...odd.map((env) => ({ containers: [{ name: 'c', image: 'x', env, envFrom: env, ports: env }] })),
  ...odd.map((value) => ({
    priorityClassName: value,
    runtimeClassName: value,
    serviceAccountName: value,
    overhead: value,
  })),
];

const serviceSpecs: readonly unknown[] = [
  ...odd,
  ...odd.map((ports) => ({ type: 'NodePort', ports })),
  ...odd.map((port) => ({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [port] })),
  ...odd.map((value) => ({ clusterIP: value, clusterIPs: value, ipFamilies: value, ipFamilyPolicy: value })),
  ...odd.map((value) => ({ clusterIPs: [value], ipFamilies: [value], ports: [{ port: 80 }] })),
  { clusterIP: 'x', ports: [{ port: 80 }] },
  { type: 'ExternalName', clusterIPs: ['x', 'y'] },
];

test.each<[kind: string, apiVersion: string, path: string, specs: readonly unknown[]]>([
  ['Pod', 'v1', 'pods', podSpecs],
  ['Service', 'v1', 'services', serviceSpecs],
  ['PersistentVolumeClaim', 'v1', 'persistentvolumeclaims', [...odd, ...odd.map((resources) => ({ resources }))]],
  ['Deployment', 'apps/v1', 'deployments', [...odd, ...podSpecs.map((spec) => ({ template: { spec } }))]],
  ['CronJob', 'batch/v1', 'cronjobs', [...odd, ...odd.map((jobTemplate) => ({ jobTemplate }))]],
  ['Ingress', 'networking.k8s.io/v1', 'ingresses', odd],
  ['PodDisruptionBudget', 'policy/v1', 'poddisruptionbudgets', [...odd, ...odd.map((selector) => ({ selector }))]],
  ['ResourceQuota', 'v1', 'resourcequotas', [...odd, ...odd.map((hard) => ({ hard, scopeSelector: hard }))]],
  ['LimitRange', 'v1', 'limitranges', [...odd, ...odd.map((limits) => ({ limits }))]],
])('a %s of any shape gets an answer, and no server error', async (kind, apiVersion, path, specs) => {
  const world = await strict();
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  for (const [index, spec] of specs.entries()) {
    const body: Body = { apiVersion, kind, metadata: { name: `o${index}` }, ...(spec !== undefined && { spec }) };
    const answer = await world.ask(`${root}/namespaces/n/${path}`, { method: 'POST', body });
    expect([answer.status < 500, JSON.stringify(spec), answer.status < 500 ? '' : answer.text]).toEqual([
      true,
      JSON.stringify(spec),
      '',
    ]);
  }
});
