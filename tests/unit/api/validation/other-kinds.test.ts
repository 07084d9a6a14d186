// Golden table: each kind's golden object made wrong in one way (a merge patch), and the texts it is refused with.

import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { goldenOf } from '../../../kit/golden-kinds.ts';
import { created, updated } from '../../../kit/written.ts';

type Case = readonly [change: object, ...problems: string[]];

const subdomain = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;
const immutable = 'field is immutable';
const backend = { service: { name: 'a', port: { number: 80 } } };
const path = (more: object) => ({
  spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...more }] } }] },
});
const subject = (more: object) => ({
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u', ...more }],
});
const webhook = (more: object) => ({
  webhooks: [
    {
      name: 'a.b.c',
      clientConfig: { url: 'https://a/' },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      ...more,
    },
  ],
});
const rule = (more: object) =>
  webhook({ rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], ...more }] });
const flowRule = (more: object) => ({
  spec: {
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'u' } }],
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/'] }],
        ...more,
      },
    ],
  },
});
const request = (more: object) => ({
  spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'golden' }, ...more }] } },
});
const device = (more: object) => ({ spec: { devices: [{ name: 'gpu-0', ...more }] } });
const queuing = (more: object) => ({ spec: { limited: { limitResponse: { type: 'Queue', queuing: more } } } });

// biome-ignore format: a table is read by columns
const creations: Readonly<Record<string, readonly Case[]>> = {
  PersistentVolume: [
    [{ spec: { accessModes: null } }, 'spec.accessModes: Required value'],
    [{ spec: { accessModes: ['Often'] } }, 'spec.accessModes: Unsupported value: "Often": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'],
    [{ spec: { accessModes: ['ReadWriteOncePod', 'ReadOnlyMany'] } }, 'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes'],
    [{ spec: { capacity: { storage: '0' } } }, 'spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    [{ spec: { hostPath: null } }, 'spec: Required value: must specify a volume type'],
    [{ spec: { nfs: { server: 's', path: '/p' } } }, 'spec.nfs: Forbidden: may not specify more than 1 volume type'],
    [{ spec: { hostPath: { path: '/a/../b' } } }, `spec.hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
    [{ spec: { hostPath: null, nfs: { server: 's', path: 'p' } } }, 'spec.nfs.path: Invalid value: "p": must be an absolute path'],
    [{ spec: { hostPath: null, local: { path: '/a' } } }, 'spec.nodeAffinity: Required value: Local volume requires node affinity'],
    [{ spec: { hostPath: null, csi: { driver: 'd' } } }, 'spec.csi.volumeHandle: Required value'],
    [{ spec: { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' } }, "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    [{ spec: { persistentVolumeReclaimPolicy: 'Keep' } }, 'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"'],
    [{ spec: { volumeMode: 'Tape' } }, 'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
    [{ spec: { nodeAffinity: {} } }, 'spec.nodeAffinity.required: Required value: must specify required node constraints'],
  ],
  PersistentVolumeClaim: [
    [{ spec: { accessModes: null } }, 'spec.accessModes: Required value: at least 1 access mode is required'],
    [{ spec: { resources: { requests: null } } }, 'spec.resources[storage]: Required value'],
    [{ spec: { volumeMode: 'Tape' } }, 'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
  ],
  StorageClass: [
    [{ provisioner: '' }, 'provisioner: Required value'],
    [{ reclaimPolicy: 'Recycle' }, 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
    [{ volumeBindingMode: 'Later' }, 'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"'],
    [{ parameters: { '': 'x' } }, 'parameters: Invalid value: "": field can not be empty.'],
    [{ allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [] }] }] }, 'allowedTopologies[0].matchLabelExpressions[0].values: Required value'],
  ],
  VolumeAttributesClass: [[{ parameters: null }, 'parameters: Required value: must contain at least one key/value pair'], [{ driverName: '' }, 'driverName: Required value']],
  CSIDriver: [
    [{ spec: { fsGroupPolicy: 'Maybe' } }, 'spec.fsGroupPolicy: Unsupported value: "Maybe": supported values: "File", "None", "ReadWriteOnceWithFSType"'],
    [{ spec: { tokenRequests: [{ audience: 'a', expirationSeconds: 5 }, { audience: 'a' }] } }, 'spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes', 'spec.tokenRequests[1].audience: Duplicate value: "a"'],
    [{ spec: { volumeLifecycleModes: ['Sometimes'] } }, 'spec.volumeLifecycleModes: Unsupported value: "Sometimes": supported values: "Persistent", "Ephemeral"'],
    [{ spec: { serviceAccountTokenInSecrets: true } }, 'spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified'],
  ],
  CSINode: [
    [{ spec: { drivers: [{ name: 'd', nodeID: '' }] } }, 'spec.drivers[0].nodeID: Required value'],
    [{ spec: { drivers: [{ name: 'd', nodeID: 'n' }, { name: 'd', nodeID: 'n' }] } }, 'spec.drivers[1].name: Duplicate value: "d"'],
    [{ spec: { drivers: [{ name: 'd', nodeID: 'n', allocatable: { count: -1 } }] } }, 'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0'],
  ],
  CSIStorageCapacity: [[{ capacity: '-1' }, 'capacity: Invalid value: "-1": must be greater than or equal to 0']],
  VolumeAttachment: [
    [{ spec: { attacher: '' } }, 'spec.attacher: Required value'],
    [{ spec: { source: { persistentVolumeName: null } } }, 'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  ],
  Ingress: [
    [{ spec: { rules: null } }, 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'],
    [{ spec: { rules: [{ host: '1.2.3.4' }] } }, 'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address'],
    [{ spec: { rules: [{ host: 'a.*.b' }] } }, `spec.rules[0].host: Invalid value: "a.*.b": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`],
    [{ spec: { rules: [{ http: { paths: [] } }] } }, 'spec.rules[0].http.paths: Required value'],
    [path({ pathType: null }), 'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified'],
    [path({ pathType: 'Regex' }), 'spec.rules[0].http.paths[0].pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"'],
    [path({ path: 'a' }), 'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
    [path({ path: '/a//b' }), "spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'"],
    [path({ backend: {} }), 'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required'],
    [path({ backend: { service: { name: 'a' } } }), 'spec.rules[0].http.paths[0].backend: Required value: port name or number is required'],
    [path({ backend: { service: { name: 'a', port: { name: 'x', number: 1 } } } }), 'spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both port name & port number'],
    [path({ backend: { service: { name: 'a', port: { number: 70_000 } } } }), 'spec.rules[0].http.paths[0].backend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    [{ metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { ingressClassName: 'b' } }, 'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified'],
  ],
  IngressClass: [
    [{ spec: { controller: '' } }, 'spec.controller: Required value'],
    [{ spec: { controller: 'x' } }, 'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")'],
    [{ spec: { parameters: { kind: 'K', name: 'n', scope: 'Namespace' } } }, "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    [{ spec: { parameters: { kind: 'K', name: 'n', namespace: 'x' } } }, "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    [{ spec: { parameters: { kind: 'K', name: 'n', scope: 'Universe' } } }, 'spec.parameters.scope: Unsupported value: "Universe": supported values: "Cluster", "Namespace"'],
  ],
  NetworkPolicy: [
    [{ spec: { ingress: [{ from: [{}] }] } }, 'spec.ingress[0].from[0]: Required value: must specify a peer'],
    [{ spec: { ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] } }, 'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    [{ spec: { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.1' } }] }] } }, 'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "10.0.0.1": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    [{ spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.1.0.0/16', except: ['10.2.0.0/24'] } }] }] } }, 'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.2.0.0/24": must be a strict subset of `cidr`'],
    [{ spec: { ingress: [{ from: [{ ipBlock: { cidr: '10.1.0.1/16' } }] }] } }, 'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.1.0.1/16": must not have bits set beyond the prefix length'],
    [{ spec: { ingress: [{ ports: [{ port: 80, endPort: 70 }] }] } }, 'spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`'],
    [{ spec: { ingress: [{ ports: [{ port: 'web', endPort: 70 }] }] } }, 'spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is non-numeric'],
    [{ spec: { ingress: [{ ports: [{ protocol: 'ICMP' }] }] } }, 'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"'],
    [{ spec: { policyTypes: ['Sideways'] } }, 'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
  ],
  IPAddress: [
    [{ metadata: { name: '10.0.0.01' } }, 'metadata.name: Invalid value: "10.0.0.01": must not have leading 0s'],
    [{ metadata: { name: '2001:DB8::1' } }, 'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")'],
    [{ metadata: { name: 'x' } }, 'metadata.name: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    [{ spec: { parentRef: null } }, 'spec.parentRef: Required value'],
    [{ spec: { parentRef: { resource: 'a/b' } } }, "spec.parentRef.resource: Invalid value: \"a/b\": may not contain '/'"],
  ],
  ServiceCIDR: [
    [{ spec: { cidrs: [] } }, 'spec.cidrs: Required value: at least one CIDR required'],
    [{ spec: { cidrs: ['10.0.0.0/8', '11.0.0.0/8'] } }, 'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'],
    [{ spec: { cidrs: ['fd00:0::/64'] } }, 'spec.cidrs[0]: Invalid value: "fd00:0::/64": must be in canonical form ("fd00::/64")'],
  ],
  Role: [
    [{ rules: [{ verbs: [], apiGroups: [''], resources: ['pods'] }] }, 'rules[0].verbs: Required value: verbs must contain at least one value'],
    [{ rules: [{ verbs: ['get'], nonResourceURLs: ['/'] }] }, 'rules[0].nonResourceURLs: Invalid value: ["/"]: namespaced rules cannot apply to non-resource URLs'],
    [{ rules: [{ verbs: ['get'], resources: ['pods'] }] }, 'rules[0].apiGroups: Required value: resource rules must supply at least one api group'],
    [{ metadata: { name: 'a/b' } }, "metadata.name: Invalid value: \"a/b\": may not contain '/'"],
  ],
  ClusterRole: [
    [{ rules: [{ verbs: ['get'], nonResourceURLs: ['/'], resources: ['pods'] }] }, 'rules[0].nonResourceURLs: Invalid value: ["/"]: rules cannot apply to both regular resources and non-resource URLs'],
    [{ aggregationRule: { clusterRoleSelectors: [] } }, 'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil'],
  ],
  RoleBinding: [
    [{ roleRef: { kind: 'User' } }, 'roleRef.kind: Unsupported value: "User": supported values: "Role", "ClusterRole"'],
    [{ roleRef: { name: '' } }, 'roleRef.name: Required value'],
    [subject({ kind: 'Robot' }), 'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    [subject({ apiGroup: 'x' }), 'subjects[0].apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"'],
  ],
  ClusterRoleBinding: [
    [{ roleRef: { kind: 'Role' } }, 'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
    [subject({ kind: 'ServiceAccount', apiGroup: '' }), 'subjects[0].namespace: Required value'],
  ],
  PriorityClass: [
    [{ value: 1_000_000_001 }, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    [{ metadata: { name: 'system-mine' } }, "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"],
    [{ preemptionPolicy: 'Ask' }, 'preemptionPolicy: Unsupported value: "Ask": supported values: "PreemptLowerPriority", "Never"'],
  ],
  RuntimeClass: [[{ handler: '' }, 'handler: Required value']],
  CertificateSigningRequest: [
    [{ spec: { request: 'aGVsbG8=' } }, 'spec.request: Invalid value: "aGVsbG8=": PEM block type must be CERTIFICATE REQUEST'],
    [{ spec: { usages: [] } }, 'spec.usages: Required value'],
    [{ spec: { usages: ['client auth', 'client auth'] } }, 'spec.usages[1]: Duplicate value: "client auth"'],
    [{ spec: { signerName: 'x' } }, "spec.signerName: Invalid value: \"x\": must be a fully qualified domain and path of the form 'example.com/signer-name'"],
    [{ spec: { signerName: 'kubernetes.io/legacy-unknown' } }, 'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version'],
    [{ spec: { expirationSeconds: 599 } }, 'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)'],
  ],
  FlowSchema: [
    [{ spec: { matchingPrecedence: 1 } }, "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
    [{ spec: { matchingPrecedence: 10_001 } }, 'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000'],
    [{ spec: { priorityLevelConfiguration: { name: '' } } }, 'spec.priorityLevelConfiguration.name: Required value: must reference a priority level'],
    [flowRule({ subjects: [] }), 'spec.rules[0].subjects: Required value: subjects must contain at least one value'],
    [flowRule({ subjects: [{ kind: 'Group', user: { name: 'u' } }] }), "spec.rules[0].subjects[0].group: Required value: group is required when subject kind is 'Group'", "spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'"],
    [flowRule({ nonResourceRules: [] }), 'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty'],
    [flowRule({ nonResourceRules: [{ verbs: ['*', 'get'], nonResourceURLs: ['a'] }] }), "spec.rules[0].nonResourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify other verbs", 'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash'],
  ],
  PriorityLevelConfiguration: [
    [{ spec: { type: 'Exempt' } }, "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'", 'spec.limited: Forbidden: must be nil if the type is not Limited'],
    [{ spec: { limited: null } }, 'spec.limited: Required value: must not be empty when type is Limited'],
    [{ spec: { limited: { lendablePercent: 101 } } }, 'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive'],
    [queuing({ queues: 4, handSize: 5 }), 'spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)'],
    [queuing({ queues: 1_000_000, handSize: 8 }), 'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 1000000 and handSize 8 should not be greater than 60'],
  ],
  ValidatingWebhookConfiguration: [
    [webhook({ name: 'a.b' }), 'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots'],
    [webhook({ sideEffects: null }), 'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun'],
    [webhook({ sideEffects: 'Some' }), 'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'],
    [webhook({ timeoutSeconds: 31 }), 'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds'],
    [webhook({ clientConfig: {} }), 'webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    [webhook({ clientConfig: { url: 'http://a/' } }), "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]"],
    [webhook({ admissionReviewVersions: ['v2'] }), 'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1'],
    [rule({ operations: ['*', 'CREATE'] }), "webhooks[0].rules[0].operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify other operations"],
    [rule({ resources: ['*', 'pods'] }), "webhooks[0].rules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources without subresources"],
    [rule({ resources: ['pods/*', 'pods/log'] }), "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/log\": if 'pods/*' is present, must not specify pods/log"],
    [rule({ scope: 'Galaxy' }), 'webhooks[0].rules[0].scope: Unsupported value: "Galaxy": supported values: "*", "Cluster", "Namespaced"'],
    [webhook({ failurePolicy: 'Shrug' }), 'webhooks[0].failurePolicy: Unsupported value: "Shrug": supported values: "Fail", "Ignore"'],
  ],
  ValidatingAdmissionPolicy: [
    [{ spec: { validations: null } }, 'spec.validations: Required value: validations or auditAnnotations must contain at least one item', 'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item'],
    [{ spec: { matchConstraints: null } }, 'spec.matchConstraints: Required value'],
    [{ spec: { validations: [{ expression: ' ' }] } }, 'spec.validations[0].expression: Required value: expression is not specified'],
    [{ spec: { validations: [{ expression: 'true', reason: 'Bored' }] } }, 'spec.validations[0].reason: Unsupported value: "Bored": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"'],
    [{ spec: { variables: [{ name: 'if', expression: 'true' }] } }, 'spec.variables[0].name: Invalid value: "if": must be a valid CEL identifier'],
    [{ spec: { paramKind: { apiVersion: 'a/b/c', kind: 'K' } } }, 'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'],
  ],
  ValidatingAdmissionPolicyBinding: [
    [{ spec: { validationActions: [] } }, 'spec.validationActions: Required value: at least one validation action is required'],
    [{ spec: { validationActions: ['Deny', 'Deny'] } }, 'spec.validationActions[1]: Duplicate value: "Deny"'],
    [{ spec: { paramRef: {} } }, 'spec.paramRef: Required value: one of name or selector must be specified', 'spec.paramRef.parameterNotFoundAction: Required value'],
    [{ spec: { policyName: 'A' } }, `spec.policyName: Invalid value: "A": ${subdomain}`],
  ],
  MutatingAdmissionPolicy: [
    [{ spec: { mutations: [] } }, 'spec.mutations: Required value: mutations must contain at least one item'],
    [{ spec: { mutations: [{ patchType: 'JSONPatch' }] } }, 'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch'],
    [{ spec: { matchConstraints: { resourceRules: [{ operations: ['DELETE'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] } } }, 'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'],
  ],
  DeviceClass: [
    [{ spec: { selectors: [{}] } }, 'spec.selectors[0].cel: Required value'],
    [{ spec: { extendedResourceName: 'gpu' } }, 'spec.extendedResourceName: Invalid value: "gpu": must be a valid extended resource name'],
    [{ spec: { config: [{}] } }, 'spec.config[0].opaque: Required value'],
  ],
  ResourceClaim: [
    [request({ exactly: null }), 'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required'],
    [request({ exactly: { deviceClassName: '' } }), 'spec.devices.requests[0].exactly.deviceClassName: Required value'],
    [request({ exactly: { deviceClassName: 'a', allocationMode: 'All', count: 2 } }), "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"],
    [request({ exactly: { deviceClassName: 'a', allocationMode: 'Some' } }), 'spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"'],
    [{ spec: { devices: { config: [{ requests: ['none'], opaque: { driver: 'd', parameters: {} } }] } } }, "spec.devices.config[0].requests[0]: Invalid value: \"none\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"],
    [{ spec: { devices: { constraints: [{ matchAttribute: 'model' }] } } }, 'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash'],
  ],
  ResourceSlice: [
    [{ spec: { nodeName: null } }, 'spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'],
    [{ spec: { allNodes: true } }, 'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set'],
    [{ spec: { pool: { resourceSliceCount: 0 } } }, 'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero'],
    [device({ attributes: { model: {} } }), 'spec.devices[0].attributes[model]: Invalid value: "": exactly one value must be specified'],
    [device({ attributes: { model: { version: '1' } } }), 'spec.devices[0].attributes[model].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0'],
    [device({ taints: [{ key: 'a', effect: 'Maybe' }] }), 'spec.devices[0].taints[0].effect: Unsupported value: "Maybe": supported values: "NoExecute", "NoSchedule", "None"'],
    [device({ capacity: { memory: { value: '1Gi', requestPolicy: { default: '1' } } } }), 'spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true'],
    [{ spec: { devices: [{ name: 'a' }, { name: 'a' }] } }, 'spec.devices[1]: Duplicate value: "a"'],
  ],
  APIService: [
    [{ metadata: { name: 'other' } }, 'metadata.name: Invalid value: "other": must be `spec.version+"."+spec.group`: "v1.golden.example.com"'],
    [{ spec: { groupPriorityMinimum: 0 } }, 'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000'],
    [{ spec: { versionPriority: 1_001 } }, 'spec.versionPriority: Invalid value: 1001: must be positive and less than 1000'],
    [{ spec: { service: null } }, 'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify'],
  ],
};

// biome-ignore format: a table is read by columns
const updates: Readonly<Record<string, readonly Case[]>> = {
  PersistentVolume: [[{ spec: { volumeMode: 'Block' } }, `volumeMode: Invalid value: "Block": ${immutable}`]],
  StorageClass: [[{ provisioner: 'example.com/other', reclaimPolicy: 'Retain' }, `provisioner: Invalid value: "example.com/other": ${immutable}`, `reclaimPolicy: Invalid value: "Retain": ${immutable}`]],
  VolumeAttributesClass: [[{ driverName: 'x' }, 'driverName: Forbidden: updates to driverName are forbidden.']],
  CSIDriver: [[{ spec: { attachRequired: false } }, `spec.attachRequired: Invalid value: false: ${immutable}`]],
  CSIStorageCapacity: [[{ storageClassName: 'b' }, `storageClassName: Invalid value: "b": ${immutable}`]],
  VolumeAttachment: [[{ spec: { nodeName: 'b' } }, `spec: Invalid value: {"attacher":"golden.example.com","nodeName":"b","source":{"persistentVolumeName":"golden"}}: ${immutable}`]],
  IngressClass: [[{ spec: { controller: 'example.com/b' } }, `spec.controller: Invalid value: "example.com/b": ${immutable}`]],
  IPAddress: [[{ spec: { parentRef: { name: 'b' } } }, `spec.parentRef: Invalid value: {"resource":"services","namespace":"default","name":"b"}: ${immutable}`]],
  ServiceCIDR: [
    [{ spec: { cidrs: ['10.0.0.0/8'] } }, `spec.cidrs[0]: Invalid value: "10.0.0.0/8": ${immutable}`],
    [{ spec: { cidrs: ['198.51.100.0/24', 'fd00::/64'] } }],
  ],
  RoleBinding: [[{ roleRef: { name: 'edit' } }, 'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"}: cannot change roleRef']],
  PriorityClass: [[{ value: 5 }, 'value: Forbidden: may not be changed in an update.'], [{ preemptionPolicy: 'Never' }, `preemptionPolicy: Invalid value: "Never": ${immutable}`]],
  ResourceSlice: [[{ spec: { driver: 'other.example.com' } }, `spec.driver: Invalid value: "other.example.com": ${immutable}`]],
  RuntimeClass: [[{ handler: 'b' }, `handler: Invalid value: "b": ${immutable}`]],
};

/** RFC 7396: null takes away, the rest is laid over. */
function mergePatch(target: object, change: object): object {
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(change)) {
    const old = merged[key];
    if (value === null) delete merged[key];
    else if (typeof value !== 'object' || Array.isArray(value)) merged[key] = value;
    else merged[key] = mergePatch(typeof old === 'object' && !Array.isArray(old) && old !== null ? old : {}, value);
  }
  return merged;
}

function changed(kind: string, change: object): object {
  return mergePatch(goldenOf(kind), change);
}

describe.each(Object.entries(creations))('a new %s', (kind, cases) => {
  test.each(cases.map(([change, ...problems]) => [problems[0], change, problems] as const))(
    '%s',
    (_, change, problems) => {
      expect(created(changed(kind, change)).problems).toEqual(problems);
    },
  );
});

describe.each(Object.entries(updates))('an update of %s', (kind, cases) => {
  test.each(cases.map(([change, ...problems]) => [problems[0] ?? 'is fine', change, problems] as const))(
    '%s',
    (_, change, problems) => {
      const before = created(goldenOf(kind)).object;
      const next = mergePatch(before, change);
      expect(updated(before, next).problems).toEqual(problems);
    },
  );
});

describe('a claim', () => {
  const bound = (more: object = {}): AnyObject =>
    ({
      ...created(goldenOf('PersistentVolumeClaim')).object,
      status: { phase: 'Bound', capacity: { storage: '1Gi' }, ...more },
    }) as AnyObject;
  const resized = (before: AnyObject, storage: string) =>
    updated(
      before,
      mergePatch(
        structuredClone(before) as never,
        { spec: { resources: { requests: { storage } } } } as never,
      ) as object,
    );
  const fixed =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

  test('that is bound may grow, and shrink back no further than what it has', () => {
    expect(resized(bound(), '2Gi').problems).toEqual([]);
    expect(resized(bound(), '512Mi').problems).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
  });

  test('that is pending stays as it is, but for its volume', () => {
    const pending = bound({ phase: 'Pending' });
    expect(resized(pending, '2Gi').problems.map((problem) => problem.split('\n')[0])).toEqual([fixed]);
    const given = mergePatch(pending, { spec: { volumeName: 'v' } });
    expect(updated(pending, given).problems).toEqual([]);
  });
});
