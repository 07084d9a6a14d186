// NodeRestriction: a node's user may touch its own node, lease and CSI node, and the pods bound to it, and nothing
// that would steer work or rights to itself. The text of each refusal is what kubelets log.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { NodeSpec } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { forbidden, notFound } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

const userPrefix = 'system:node:';
const nodesGroup = 'system:nodes';
const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** Why the node may not; undefined where it may. */
type Rule = (node: string, request: AdmissionRequest) => string | undefined;

const rules: Readonly<Record<string, Rule>> = {
  'pods.': (node, request) => {
    const { subresource } = request;
    if (subresource === undefined) return podProblem(node, request);
    if (subresource === 'status') return podStatusProblem(node, request);
    if (subresource === 'eviction') return evictionProblem(node, request);
    return `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`;
  },
  'nodes.': nodeProblem,
  'persistentvolumeclaims.': (node, request) => {
    if (request.subresource !== 'status') return 'may only update PVC status';
    return claimStatusProblem(node, request);
  },
  'serviceaccounts.': tokenProblem,
  'leases.coordination.k8s.io': (node, { namespace, name }) => {
    if (namespace !== 'kube-node-lease') {
      return `can only access leases in the "kube-node-lease" system namespace`;
    }
    return name === node ? undefined : `can only access node lease with the same name as the requesting node`;
  },
  'csinodes.storage.k8s.io': (node, { name }) =>
    name === node ? undefined : `can only access CSINode with the same name as the requesting node`,
  'resourceslices.resource.k8s.io': (node, { object, operation }) => {
    const owner = (object.spec as { readonly nodeName?: string } | undefined)?.nodeName ?? '';
    if (owner === node) return undefined;
    return operation === 'delete'
      ? 'can only delete ResourceSlice with the same NodeName as the requesting node'
      : 'can only create ResourceSlice with the same NodeName as the requesting node';
  },
};

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  admit(request) {
    const { user } = request.context;
    if (!user.username.startsWith(userPrefix) || !user.groups.includes(nodesGroup)) return request.object;
    const { kind, name, object } = request;
    const node = user.username.slice(userPrefix.length);
    if (node === '') throw forbidden(kind, name, `could not determine node from user ${JSON.stringify(user.username)}`);
    const problem = rules[`${kind.resource}.${kind.group}`]?.(node, request);
    if (problem !== undefined) throw forbidden(kind, name, problem);
    return object;
  },
};

function podProblem(node: string, { operation, object }: AdmissionRequest): string | undefined {
  const who = `node ${JSON.stringify(node)}`;
  const { nodeName } = object.spec as Pod['spec'];
  if (operation === 'delete') {
    return nodeName === node ? undefined : `${who} can only delete pods with spec.nodeName set to itself`;
  }
  if (operation !== 'create') {
    const said = JSON.stringify(operation.toUpperCase());
    return `unexpected operation ${said}, ${who} can only create and delete mirror pods`;
  }
  if (object.metadata.annotations?.[mirrorAnnotation] === undefined) {
    return `pod does not have ${JSON.stringify(mirrorAnnotation)} annotation, ${who} can only create mirror pods`;
  }
  if (nodeName !== node) return `${who} can only create pods with spec.nodeName set to itself`;
  return mirrorOwnerProblem(node, object) ?? mirrorReferenceProblem(who, object);
}

function mirrorOwnerProblem(node: string, { metadata }: AnyObject): string | undefined {
  const who = `node ${JSON.stringify(node)}`;
  const owners = metadata.ownerReferences ?? [];
  const [owner] = owners;
  if (owners.length > 1) return `${who} can only create pods with a single owner reference set to itself`;
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    return `${who} can only create pods with an owner reference set to itself`;
  }
  if (owner.controller !== true) return `${who} can only create pods with a controller owner reference set to itself`;
  return owner.blockOwnerDeletion === true ? `${who} must not set blockOwnerDeletion on an owner reference` : undefined;
}

/** A static pod must run without the API server, so its mirror names nothing that lives there. */
function mirrorReferenceProblem(who: string, { spec }: AnyObject): string | undefined {
  const { serviceAccountName, volumes = [] } = spec as Pod['spec'];
  const kinds = new Set(volumes.flatMap((volume) => Object.keys(volume as object)));
  const named =
    (serviceAccountName ?? '') !== ''
      ? 'serviceaccounts'
      : kinds.has('secret')
        ? 'secrets'
        : kinds.has('configMap')
          ? 'configmaps'
          : kinds.has('persistentVolumeClaim')
            ? 'persistentvolumeclaims'
            : undefined;
  return named === undefined ? undefined : `${who} can not create pods that reference ${named}`;
}

function podStatusProblem(node: string, { before, object }: AdmissionRequest): string | undefined {
  const who = `node ${JSON.stringify(node)}`;
  if ((before?.spec as Pod['spec'] | undefined)?.nodeName !== node) {
    return `${who} can only update pod status for pods with spec.nodeName set to itself`;
  }
  if (!equal(object.metadata.labels ?? {}, before?.metadata.labels ?? {})) {
    return `${who} cannot update labels through pod status`;
  }
  const claims = (pod: AnyObject | undefined) =>
    (pod?.status as { readonly resourceClaimStatuses?: unknown } | undefined)?.resourceClaimStatuses;
  return equal(claims(object), claims(before)) ? undefined : `${who} cannot update resource claim statues`;
}

function evictionProblem(node: string, { world, namespace, name }: AdmissionRequest): string | undefined {
  const pod = world.get<Pod>(resources.pods, { namespace, name });
  if (pod === undefined) throw notFound({ group: '', resource: 'pods', kind: 'Pod' }, name);
  return pod.spec.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`;
}

function nodeProblem(node: string, { name, operation, object, before }: AdmissionRequest): string | undefined {
  const who = `node ${JSON.stringify(node)}`;
  if (name !== node) return `${who} is not allowed to modify node ${JSON.stringify(name)}`;
  if (operation === 'create') {
    const labels = forbiddenLabels(object, undefined);
    return labels === '' ? undefined : `${who} is not allowed to set the following labels: ${labels}`;
  }
  if (operation !== 'update' || before === undefined) return undefined;
  const taints = (of: AnyObject) => (of.spec as NodeSpec | undefined)?.taints ?? [];
  if (!equal(taints(object), taints(before))) return `${who} is not allowed to modify taints`;
  if (!equal(object.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) {
    return `${who} is not allowed to modify ownerReferences`;
  }
  const labels = forbiddenLabels(object, before);
  return labels === '' ? undefined : `is not allowed to modify labels: ${labels}`;
}

function claimStatusProblem(node: string, { object, before }: AdmissionRequest): string | undefined {
  const rest = (claim: AnyObject | undefined) => {
    const { resourceVersion: _r, managedFields: _m, ...metadata } = claim?.metadata ?? ({} as AnyObject['metadata']);
    const status = { ...(claim?.status as object | undefined) } as Record<string, unknown>;
    for (const field of ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'])
      delete status[field];
    return { ...claim, metadata, status };
  };
  if (equal(rest(object), rest(before))) return undefined;
  return `node ${JSON.stringify(node)} is not allowed to update fields other than status.quantity and status.conditions`;
}

type TokenRequest = {
  readonly spec?: {
    readonly boundObjectRef?: {
      readonly apiVersion?: string;
      readonly kind?: string;
      readonly name?: string;
      readonly uid?: string;
    };
  };
};

function tokenProblem(node: string, { operation, subresource, object, world, namespace }: AdmissionRequest) {
  if (operation !== 'create' || subresource !== 'token') return undefined;
  const ref = (object as unknown as TokenRequest).spec?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) return 'node requested token not bound to a pod';
  if (!ref.uid) return 'node requested token with a pod binding without a uid';
  const pod = world.get<Pod>(resources.pods, { namespace, name: ref.name });
  if (pod === undefined) throw notFound({ group: '', resource: 'pods', kind: 'Pod' }, ref.name);
  if (pod.metadata.uid !== ref.uid) {
    return `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  }
  return pod.spec.nodeName === node ? undefined : 'node requested token bound to a pod scheduled on a different node';
}

/** Labels a kubelet may give its node although their prefix is Kubernetes' own. */
const kubeletLabels: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'node.kubernetes.io/windows-build',
]);
const kubeletPrefixes = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

function forbiddenLabels({ metadata }: AnyObject, before: AnyObject | undefined): string {
  const [now, was] = [metadata.labels ?? {}, before?.metadata.labels ?? {}];
  const changed = new Set([...Object.keys(now), ...Object.keys(was)].filter((key) => now[key] !== was[key]));
  return [...changed].filter(isForbiddenLabel).sort().join(', ');
}

function isForbiddenLabel(label: string): boolean {
  const prefix = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  const within = (domain: string) => prefix === domain || prefix.endsWith(`.${domain}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (!within('kubernetes.io') && !within('k8s.io')) return false;
  return !kubeletLabels.has(label) && !kubeletPrefixes.some(within);
}
