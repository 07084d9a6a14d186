// The kinds that are served, one line each: what the generated facts cannot tell (plural, short names, categories, scope,
// verbs, subresources). Routes, discovery, OpenAPI and printing follow from this table; adding a kind is adding a line.
// Types that are only bodies (Eviction, TokenRequest, Scale) need no line: subresources name them.

import { typeSchema } from './facts.ts';
import type { Kind, Subresource, Verb } from './kind.ts';
import type { ObjectSchema } from './schema.ts';
import { typeName } from './type-names.ts';

type Extras = {
  /** Space-separated, as in the other options. */
  readonly short?: string;
  readonly categories?: string;
  /** `create` for kinds that are questions, or verbs taken away with a leading minus. */
  readonly verbs?: string;
  /** Names of entries in SUBRESOURCES. */
  readonly sub?: string;
  /** `apiVersion Kind` of the stored form, where it is not this one. */
  readonly storedAs?: string;
  readonly warning?: string;
};

type Scope = 'namespaced' | 'cluster';

const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Name → verbs, and `apiVersion Kind` of the body; without it the body is the parent's kind. */
const SUBRESOURCES: Readonly<Record<string, readonly [verbs: string, body?: string]>> = {
  approval: ['get patch update'],
  binding: ['create', 'v1 Binding'],
  ephemeralcontainers: ['get patch update'],
  eviction: ['create', 'policy/v1 Eviction'],
  finalize: ['update'],
  log: ['get'],
  resize: ['get patch update'],
  scale: ['get patch update', 'autoscaling/v1 Scale'],
  status: ['get patch update'],
  token: ['create', 'authentication.k8s.io/v1 TokenRequest'],
};

// Groups stand in the order of upstream's priorities, which decides what a bare resource name means to kubectl.
// biome-ignore format: a table is read by columns
const KINDS: readonly Kind[] = [
  kind('v1', 'Binding', 'bindings', 'namespaced', { verbs: 'create' }),
  kind('v1', 'ComponentStatus', 'componentstatuses', 'cluster', { short: 'cs', verbs: 'get list', warning: 'v1 ComponentStatus is deprecated in v1.19+' }),
  kind('v1', 'ConfigMap', 'configmaps', 'namespaced', { short: 'cm' }),
  kind('v1', 'Endpoints', 'endpoints', 'namespaced', { short: 'ep', warning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice' }),
  kind('v1', 'Event', 'events', 'namespaced', { short: 'ev' }),
  kind('v1', 'LimitRange', 'limitranges', 'namespaced', { short: 'limits' }),
  kind('v1', 'Namespace', 'namespaces', 'cluster', { short: 'ns', verbs: '-deletecollection', sub: 'finalize status' }),
  kind('v1', 'Node', 'nodes', 'cluster', { short: 'no', sub: 'status' }),
  kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', 'namespaced', { short: 'pvc', sub: 'status' }),
  kind('v1', 'PersistentVolume', 'persistentvolumes', 'cluster', { short: 'pv', sub: 'status' }),
  kind('v1', 'Pod', 'pods', 'namespaced', { short: 'po', categories: 'all', sub: 'binding ephemeralcontainers eviction log resize status' }),
  kind('v1', 'PodTemplate', 'podtemplates', 'namespaced', {}),
  kind('v1', 'ReplicationController', 'replicationcontrollers', 'namespaced', { short: 'rc', categories: 'all', sub: 'scale status' }),
  kind('v1', 'ResourceQuota', 'resourcequotas', 'namespaced', { short: 'quota', sub: 'status' }),
  kind('v1', 'Secret', 'secrets', 'namespaced', {}),
  kind('v1', 'ServiceAccount', 'serviceaccounts', 'namespaced', { short: 'sa', sub: 'token' }),
  kind('v1', 'Service', 'services', 'namespaced', { short: 'svc', categories: 'all', sub: 'status' }),
  kind('apiregistration.k8s.io/v1', 'APIService', 'apiservices', 'cluster', { categories: 'api-extensions', sub: 'status' }),
  kind('apps/v1', 'ControllerRevision', 'controllerrevisions', 'namespaced', {}),
  kind('apps/v1', 'DaemonSet', 'daemonsets', 'namespaced', { short: 'ds', categories: 'all', sub: 'status' }),
  kind('apps/v1', 'Deployment', 'deployments', 'namespaced', { short: 'deploy', categories: 'all', sub: 'scale status' }),
  kind('apps/v1', 'ReplicaSet', 'replicasets', 'namespaced', { short: 'rs', categories: 'all', sub: 'scale status' }),
  kind('apps/v1', 'StatefulSet', 'statefulsets', 'namespaced', { short: 'sts', categories: 'all', sub: 'scale status' }),
  kind('events.k8s.io/v1', 'Event', 'events', 'namespaced', { short: 'ev', storedAs: 'v1 Event' }),
  kind('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews', 'cluster', { verbs: 'create' }),
  kind('authentication.k8s.io/v1', 'TokenReview', 'tokenreviews', 'cluster', { verbs: 'create' }),
  kind('authorization.k8s.io/v1', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', 'namespaced', { verbs: 'create' }),
  kind('authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', 'cluster', { verbs: 'create' }),
  kind('authorization.k8s.io/v1', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', 'cluster', { verbs: 'create' }),
  kind('authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews', 'cluster', { verbs: 'create' }),
  kind('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'namespaced', { short: 'hpa', categories: 'all', sub: 'status' }),
  kind('autoscaling/v1', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'namespaced', { short: 'hpa', categories: 'all', sub: 'status', storedAs: 'autoscaling/v2 HorizontalPodAutoscaler' }),
  kind('batch/v1', 'CronJob', 'cronjobs', 'namespaced', { short: 'cj', categories: 'all', sub: 'status' }),
  kind('batch/v1', 'Job', 'jobs', 'namespaced', { categories: 'all', sub: 'status' }),
  kind('certificates.k8s.io/v1', 'CertificateSigningRequest', 'certificatesigningrequests', 'cluster', { short: 'csr', sub: 'approval status' }),
  kind('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', 'cluster', {}),
  kind('networking.k8s.io/v1', 'Ingress', 'ingresses', 'namespaced', { short: 'ing', sub: 'status' }),
  kind('networking.k8s.io/v1', 'IPAddress', 'ipaddresses', 'cluster', { short: 'ip' }),
  kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', 'namespaced', { short: 'netpol' }),
  kind('networking.k8s.io/v1', 'ServiceCIDR', 'servicecidrs', 'cluster', { sub: 'status' }),
  kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'namespaced', { short: 'pdb', sub: 'status' }),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', 'cluster', {}),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', 'cluster', {}),
  kind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', 'namespaced', {}),
  kind('rbac.authorization.k8s.io/v1', 'Role', 'roles', 'namespaced', {}),
  kind('storage.k8s.io/v1', 'CSIDriver', 'csidrivers', 'cluster', {}),
  kind('storage.k8s.io/v1', 'CSINode', 'csinodes', 'cluster', {}),
  kind('storage.k8s.io/v1', 'CSIStorageCapacity', 'csistoragecapacities', 'namespaced', {}),
  kind('storage.k8s.io/v1', 'StorageClass', 'storageclasses', 'cluster', { short: 'sc' }),
  kind('storage.k8s.io/v1', 'VolumeAttachment', 'volumeattachments', 'cluster', { sub: 'status' }),
  kind('storage.k8s.io/v1', 'VolumeAttributesClass', 'volumeattributesclasses', 'cluster', { short: 'vac' }),
  kind('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicy', 'mutatingadmissionpolicies', 'cluster', { categories: 'api-extensions' }),
  kind('admissionregistration.k8s.io/v1', 'MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings', 'cluster', { categories: 'api-extensions' }),
  kind('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', 'cluster', { categories: 'api-extensions' }),
  kind('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies', 'cluster', { categories: 'api-extensions', sub: 'status' }),
  kind('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', 'cluster', { categories: 'api-extensions' }),
  kind('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', 'cluster', { categories: 'api-extensions' }),
  kind('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', 'cluster', { short: 'crd crds', categories: 'api-extensions', sub: 'status' }),
  kind('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', 'cluster', { short: 'pc' }),
  kind('coordination.k8s.io/v1', 'Lease', 'leases', 'namespaced', {}),
  kind('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses', 'cluster', {}),
  kind('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', 'namespaced', {}),
  kind('resource.k8s.io/v1', 'DeviceClass', 'deviceclasses', 'cluster', {}),
  kind('resource.k8s.io/v1', 'ResourceClaim', 'resourceclaims', 'namespaced', { sub: 'status' }),
  kind('resource.k8s.io/v1', 'ResourceClaimTemplate', 'resourceclaimtemplates', 'namespaced', {}),
  kind('resource.k8s.io/v1', 'ResourceSlice', 'resourceslices', 'cluster', {}),
  kind('flowcontrol.apiserver.k8s.io/v1', 'FlowSchema', 'flowschemas', 'cluster', { sub: 'status' }),
  kind('flowcontrol.apiserver.k8s.io/v1', 'PriorityLevelConfiguration', 'prioritylevelconfigurations', 'cluster', { sub: 'status' }),
  kind('metrics.k8s.io/v1beta1', 'NodeMetrics', 'nodes', 'cluster', { verbs: 'get list' }),
  kind('metrics.k8s.io/v1beta1', 'PodMetrics', 'pods', 'namespaced', { verbs: 'get list' }),
];

const byResource = new Map(KINDS.map((kind) => [`${kind.group}/${kind.version}/${kind.resource}`, kind]));
const byGvk = new Map(KINDS.map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, kind]));
// The first line of a group and resource wins: list the preferred version first.
const byGroupResource = new Map(KINDS.toReversed().map((kind) => [`${kind.group}/${kind.resource}`, kind]));

/** All served built-in kinds, in the order discovery lists them. */
export function allKinds(): readonly Kind[] {
  return KINDS;
}

export function kindByResource(group: string, version: string, resource: string): Kind | undefined {
  return byResource.get(`${group}/${version}/${resource}`);
}

export function kindByGvk(group: string, version: string, kindName: string): Kind | undefined {
  return byGvk.get(`${group}/${version}/${kindName}`);
}

/** The preferred version's kind of a group's resource. */
export function kindOf(group: string, resource: string): Kind | undefined {
  return byGroupResource.get(`${group}/${resource}`);
}

function kind(apiVersion: string, name: string, resource: string, scope: Scope, extras: Extras): Kind {
  const { group, version } = splitApiVersion(apiVersion);
  const storedAs = extras.storedAs === undefined ? undefined : splitBody(extras.storedAs);
  return {
    group,
    version,
    kind: name,
    listKind: `${name}List`,
    resource,
    singular: name.toLowerCase(),
    namespaced: scope === 'namespaced',
    shortNames: words(extras.short),
    categories: words(extras.categories),
    verbs: verbsOf(extras.verbs),
    subresources: words(extras.sub).map((sub) => subresource(sub, { group, version, kind: name })),
    get schema(): ObjectSchema {
      const schema = typeSchema(typeName(group, version, name));
      if (schema === undefined) throw new Error(`the facts table has no type for ${apiVersion} ${name}`);
      return schema;
    },
    protobuf: true,
    ...(storedAs !== undefined && { storedAs }),
    ...(extras.warning !== undefined && { warning: extras.warning }),
  };
}

type Gvk = { readonly group: string; readonly version: string; readonly kind: string };

function subresource(name: string, parent: Gvk): Subresource {
  const entry = SUBRESOURCES[name];
  if (entry === undefined) throw new Error(`unknown subresource ${name} of ${parent.kind}`);
  const [verbs, body] = entry;
  return { name, verbs: words(verbs) as readonly Verb[], ...(body === undefined ? parent : splitBody(body)) };
}

function verbsOf(text: string | undefined): readonly Verb[] {
  if (text === undefined) return ALL_VERBS;
  if (!text.startsWith('-')) return words(text) as readonly Verb[];
  const without = new Set(words(text).map((word) => word.slice(1)));
  return ALL_VERBS.filter((verb) => !without.has(verb));
}

function splitBody(text: string): Gvk {
  const [apiVersion = '', name = ''] = text.split(' ');
  return { ...splitApiVersion(apiVersion), kind: name };
}

function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

function words(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(' ');
}
