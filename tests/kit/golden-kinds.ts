// One small valid object of every kind that is stored, as a client would write it, with a change its kind allows. Kinds
// that are only questions (reviews, bindings) have none.

import type { Body } from './api-world.ts';

export type Golden = Body & { readonly apiVersion: string; readonly kind: string; readonly metadata: Body };

const labels = { app: 'golden' };
const template = {
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'nginx:1.27' }] },
};
const jobTemplate = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
const selector = { matchLabels: labels };
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }];
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const deviceClaim = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'golden' } }] } };
const webhook = {
  name: 'deny.golden.example.com',
  clientConfig: { service: { namespace: 'default', name: 'golden' } },
  rules: [{ operations: ['CREATE'], apiGroups: ['golden.example.com'], apiVersions: ['v1'], resources: ['widgets'] }],
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
};
const matchConstraints = {
  resourceRules: [
    { operations: ['CREATE'], apiGroups: ['golden.example.com'], apiVersions: ['v1'], resources: ['widgets'] },
  ],
};

/** A PKCS#10 request of `/O=testers/CN=jane`, signed by a key nobody has. */
export const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIY01JR0RBZ0VBTUNFeEVEQU9CZ05WQkFvTUIzUmxjM1JsY25NeERUQUxCZ05WQkFNTUJHcGhibVV3V1RBVApCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFRbmUxUTBLMWlOWjdiQTlsSDhhSW9vN3Z2M2N1SmNuaDM5CkVHcU1RRmFJSnhKeXJ6ZU1nQjM4Ny8yK2drQmVQb1M4L3BNT3Y1eElLQWZzMHhmcnhoZ3JvQUF3Q2dZSUtvWkkKemowRUF3SURTQUF3UlFJaEFKMGl0T2laeTl0eGdsYzh4bXllc1hZL1hWNzRJSU5odExwZXozSHphVlI2QWlBbwpNT2ZQNXN0bzlVTXM3ODRWZStKRkRnVmdWd1RiTlFqMW1HeGNXVTJ3Q2c9PQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';

// biome-ignore format: a table is read by columns
export const goldenKinds: readonly Golden[] = [
  golden('v1', 'ConfigMap', { data: { a: '1' } }),
  golden('v1', 'Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }),
  golden('v1', 'Event', { involvedObject: { kind: 'ConfigMap', namespace: 'default', name: 'golden' }, reason: 'Golden', message: 'm', type: 'Normal' }),
  golden('v1', 'LimitRange', { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } }),
  golden('v1', 'Namespace', {}),
  golden('v1', 'Node', {}),
  golden('v1', 'PersistentVolumeClaim', { spec: claimSpec }),
  golden('v1', 'PersistentVolume', { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } } }),
  golden('v1', 'Pod', { spec: template.spec }),
  golden('v1', 'PodTemplate', { template }),
  golden('v1', 'ReplicationController', { spec: { replicas: 0, selector: labels, template } }),
  golden('v1', 'ResourceQuota', { spec: { hard: { 'count/widgets.golden.example.com': '5' } } }),
  golden('v1', 'Secret', { data: { a: 'MQ==' } }),
  golden('v1', 'ServiceAccount', {}),
  golden('v1', 'Service', { spec: { selector: labels, ports: [{ port: 80 }] } }),
  golden('apiregistration.k8s.io/v1', 'APIService', { metadata: { name: 'v1.golden.example.com' }, spec: { group: 'golden.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, insecureSkipTLSVerify: true, service: { namespace: 'default', name: 'golden' } } }),
  golden('apps/v1', 'ControllerRevision', { revision: 1, data: { a: 1 } }),
  golden('apps/v1', 'DaemonSet', { spec: { selector, template } }),
  golden('apps/v1', 'Deployment', { spec: { replicas: 0, selector, template } }),
  golden('apps/v1', 'ReplicaSet', { spec: { replicas: 0, selector, template } }),
  golden('apps/v1', 'StatefulSet', { spec: { replicas: 0, serviceName: 'golden', selector, template } }),
  golden('autoscaling/v2', 'HorizontalPodAutoscaler', { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'golden' }, maxReplicas: 2 } }),
  golden('batch/v1', 'CronJob', { spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: jobTemplate } } } }),
  golden('batch/v1', 'Job', { spec: { suspend: true, template: jobTemplate } }),
  golden('certificates.k8s.io/v1', 'CertificateSigningRequest', { spec: { request: certificateRequest, signerName: 'example.com/golden', usages: ['client auth'], expirationSeconds: 3600 } }),
  golden('networking.k8s.io/v1', 'IngressClass', { spec: { controller: 'example.com/golden' } }),
  golden('networking.k8s.io/v1', 'Ingress', { spec: { rules: [{ host: 'golden.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'golden', port: { number: 80 } } } }] } }] } }),
  golden('networking.k8s.io/v1', 'IPAddress', { metadata: { name: '192.0.2.1' }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'golden' } } }),
  golden('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.0/25'] } }], ports: [{ port: 80 }] }] } }),
  golden('networking.k8s.io/v1', 'ServiceCIDR', { spec: { cidrs: ['198.51.100.0/24'] } }),
  golden('policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1, selector: { matchLabels: { app: 'nobody' } } } }),
  golden('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', { roleRef, subjects }),
  golden('rbac.authorization.k8s.io/v1', 'ClusterRole', { rules }),
  golden('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef, subjects }),
  golden('rbac.authorization.k8s.io/v1', 'Role', { rules }),
  golden('storage.k8s.io/v1', 'CSIDriver', { spec: {} }),
  golden('storage.k8s.io/v1', 'CSINode', { spec: { drivers: [{ name: 'golden.example.com', nodeID: 'node-1', topologyKeys: ['example.com/zone'] }] } }),
  golden('storage.k8s.io/v1', 'CSIStorageCapacity', { storageClassName: 'golden', capacity: '1Gi' }),
  golden('storage.k8s.io/v1', 'StorageClass', { provisioner: 'example.com/golden' }),
  golden('storage.k8s.io/v1', 'VolumeAttachment', { spec: { attacher: 'golden.example.com', nodeName: 'golden', source: { persistentVolumeName: 'golden' } } }),
  golden('storage.k8s.io/v1', 'VolumeAttributesClass', { driverName: 'golden.example.com', parameters: { iops: '100' } }),
  golden('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', { spec: { matchConstraints, reinvocationPolicy: 'Never', mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{}]' } }] } }),
  golden('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicyBinding', { spec: { policyName: 'absent' } }),
  golden('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', { webhooks: [webhook] }),
  golden('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', { spec: { matchConstraints, validations: [{ expression: 'true' }] } }),
  golden('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', { spec: { policyName: 'absent', validationActions: ['Deny'] } }),
  golden('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', { webhooks: [webhook] }),
  golden('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { metadata: { name: 'goldens.golden.example.com' }, spec: { group: 'golden.example.com', scope: 'Namespaced', names: { plural: 'goldens', kind: 'Golden' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] } }),
  golden('scheduling.k8s.io/v1', 'PriorityClass', { value: 1000 }),
  golden('coordination.k8s.io/v1', 'Lease', { spec: { holderIdentity: 'golden' } }),
  golden('node.k8s.io/v1', 'RuntimeClass', { handler: 'golden' }),
  golden('discovery.k8s.io/v1', 'EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] }),
  golden('resource.k8s.io/v1', 'DeviceClass', { spec: { selectors: [{ cel: { expression: 'device.driver == "golden.example.com"' } }] } }),
  golden('resource.k8s.io/v1', 'ResourceClaim', { spec: deviceClaim }),
  golden('resource.k8s.io/v1', 'ResourceClaimTemplate', { spec: { spec: deviceClaim } }),
  golden('resource.k8s.io/v1', 'ResourceSlice', { spec: { driver: 'golden.example.com', nodeName: 'golden', pool: { name: 'golden', generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'gpu-0', attributes: { model: { string: 'x' } } }] } }),
  golden('flowcontrol.apiserver.k8s.io/v1', 'FlowSchema', { spec: { priorityLevelConfiguration: { name: 'catch-all' }, rules: [{ subjects: [{ kind: 'User', user: { name: 'jane' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] }] } }),
  golden('flowcontrol.apiserver.k8s.io/v1', 'PriorityLevelConfiguration', { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } }),
];

/** The golden object of a kind. */
export function goldenOf(kind: string, apiVersion?: string): Golden {
  const found = goldenKinds.find(
    (object) => object.kind === kind && (apiVersion === undefined || object.apiVersion === apiVersion),
  );
  if (found === undefined) throw new Error(`no golden object of ${kind}`);
  return found;
}

function golden(apiVersion: string, kind: string, more: Body): Golden {
  return { apiVersion, kind, metadata: { name: 'golden' }, ...more };
}
