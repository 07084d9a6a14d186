// What a kubelet may do: read what the pods of its own node need, and nothing else of that kind. Instead of a graph kept
// beside the objects it walks the pods of the node, which the view has an index of: a node has few.

import type { KubeObject } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { ObjectReader } from '../../../../streams/views/object-reader.ts';
import { parseFieldSelector } from '../../verbs/field-selector.ts';
import type { Attributes, Authorizer, Decision } from '../authorize.ts';
import { clusterRoles } from '../bootstrap/cluster-roles.ts';
import { clusterRolesOf } from '../bootstrap/role-table.ts';
import { ruleAllows } from '../rbac/rule.ts';
import { groups, type UserInfo } from '../user.ts';
import { type NamingPod, type PodReference, podClaims, podNames } from './pod-references.ts';
import { type NamingVolume, volumeNamesSecret } from './volume-references.ts';

type Asked = { readonly node: string; readonly request: Attributes; readonly world: ObjectReader };

export function nodeAuthorizer(world: ObjectReader): Authorizer {
  const rules = clusterRolesOf(clusterRoles).find(({ metadata }) => metadata.name === 'system:node')?.rules ?? [];
  return {
    authorize({ user, request }) {
      const node = nodeNameOf(user);
      if (node === undefined) return noOpinion;
      if (node === '') return refused(`unknown node for user ${JSON.stringify(user.username)}`);
      const decide = request.isResourceRequest ? particular[`${request.resource}.${request.group}`] : undefined;
      if (decide !== undefined) return decide({ node, request, world });
      return rules.some((rule) => ruleAllows(rule, request)) ? allowed : noOpinion;
    },
    rulesFor(user) {
      if (nodeNameOf(user) === undefined) return { rules: [], incomplete: false };
      return { rules: [], incomplete: true, error: 'node authorizer does not support user rule resolution' };
    },
  };
}

/** The node a user is, empty for one without a name; undefined for who is no node. */
export function nodeNameOf({ username, groups: own }: UserInfo): string | undefined {
  if (!username.startsWith(nodePrefix) || !own.includes(groups.nodes)) return undefined;
  return username.slice(nodePrefix.length);
}

const nodePrefix = 'system:node:';
const noOpinion: Decision = { kind: 'denied', reason: '' };
const allowed: Decision = { kind: 'allowed', reason: '' };

function refused(reason: string): Decision {
  return { kind: 'denied', reason };
}

type Rule = (asked: Asked) => Decision;

const storage = 'storage.k8s.io';
const volumes = { group: '', resource: 'persistentvolumes' };
const claims = { group: '', resource: 'persistentvolumeclaims' };
const attachments = { group: storage, resource: 'volumeattachments' };
const slices = { group: 'resource.k8s.io', resource: 'resourceslices' };

/** Resources whose objects are somebody's. */
const particular: Readonly<Record<string, Rule>> = {
  'secrets.': read((asked) => isNamed('secrets', asked) || isSecretOfVolume(asked)),
  'configmaps.': read((asked) => isNamed('configmaps', asked)),
  'persistentvolumeclaims.': (asked) =>
    asked.request.subresource === 'status'
      ? claimStatus(asked)
      : get((found) => isNamed('persistentvolumeclaims', found))(asked),
  'persistentvolumes.': get(({ world, node, request: { name } }) =>
    volumesOn(world, node).some((volume) => volume.metadata.name === name),
  ),
  'resourceclaims.resource.k8s.io': get((asked) => isNamed('resourceclaims', asked)),
  'volumeattachments.storage.k8s.io': get(({ world, node, request: { name } }) => {
    const found = world.get<KubeObject & { spec?: { nodeName?: string } }>(attachments, { name });
    return found?.spec?.nodeName === node;
  }),
  'serviceaccounts.': serviceAccount,
  'leases.coordination.k8s.io': lease,
  'csinodes.storage.k8s.io': csiNode,
  'resourceslices.resource.k8s.io': resourceSlice,
  'nodes.': ownNode,
  'pods.': pod,
  'podcertificaterequests.certificates.k8s.io': () => noOpinion,
};

type Related = (asked: Asked) => boolean;

function related(is: Related, asked: Asked): Decision {
  if (asked.request.name === '') return refused('No Object name found');
  return is(asked) ? allowed : refused(`no relationship found between node '${asked.node}' and this object`);
}

function read(is: Related): Rule {
  return (asked) => {
    const { verb, subresource, namespace } = asked.request;
    if (!isRead(verb)) return refused('can only read resources of this type');
    if (subresource !== '') return refused('cannot read subresource');
    if (namespace === '') return refused('can only read namespaced object of this type');
    return related(is, asked);
  };
}

function get(is: Related): Rule {
  return (asked) => {
    if (asked.request.verb !== 'get') return refused('can only get individual resources of this type');
    if (asked.request.subresource !== '') return refused('cannot get subresource');
    return related(is, asked);
  };
}

function claimStatus(asked: Asked): Decision {
  const { verb } = asked.request;
  if (verb !== 'update' && verb !== 'patch') return refused('can only get/update/patch this type');
  return related((found) => isNamed('persistentvolumeclaims', found), asked);
}

function serviceAccount(asked: Asked): Decision {
  const { verb, subresource, name } = asked.request;
  const own: Related = (found) => isNamed('serviceaccounts', found);
  if (verb === 'get' && subresource === '') return read(own)(asked);
  if (verb !== 'create' || name === '') return refused('can only create tokens for individual service accounts');
  if (subresource !== 'token') return refused('can only create token subresource of serviceaccount');
  return related(own, asked);
}

function lease({ node, request: { verb, namespace, name } }: Asked): Decision {
  if (!isWriteOrGet(verb)) return refused('can only get, create, update, patch, or delete a node lease');
  if (namespace !== 'kube-node-lease')
    return refused('can only access leases in the "kube-node-lease" system namespace');
  if (verb !== 'create' && name !== node)
    return refused('can only access node lease with the same name as the requesting node');
  return allowed;
}

function csiNode({ node, request: { verb, subresource, name } }: Asked): Decision {
  if (!isWriteOrGet(verb)) return refused('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return refused('cannot authorize CSINode subresources');
  if (verb !== 'create' && name !== node)
    return refused('can only access CSINode with the same name as the requesting node');
  return allowed;
}

function resourceSlice(asked: Asked): Decision {
  const { node, request, world } = asked;
  if (request.subresource !== '') return refused('cannot authorize ResourceSlice subresources');
  switch (request.verb) {
    case 'create':
      return allowed;
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return related(({ request: { name } }) => {
        const found = world.get<KubeObject & { spec?: { nodeName?: string } }>(slices, { name });
        return found?.spec?.nodeName === node;
      }, asked);
    case 'watch':
    case 'list':
    case 'deletecollection':
      if (selects(request, 'spec.nodeName', node)) return allowed;
      return refused('can only list/watch/deletecollection resourceslices with nodeName field selector');
    default:
      return refused(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      );
  }
}

function ownNode({ node, request: { verb, subresource, name } }: Asked): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : noOpinion;
  if (subresource !== '') return noOpinion;
  // Whose Node an update is about is the NodeRestriction admission's to say.
  if (verb === 'create' || verb === 'update' || verb === 'patch') return allowed;
  if (!isRead(verb)) return noOpinion;
  if (name === node) return allowed;
  const what = name === '' ? 'all nodes' : `'${name}'`;
  return refused(`node '${node}' cannot read ${what}, only its own Node object`);
}

function pod(asked: Asked): Decision {
  const { node, request, world } = asked;
  const { verb, subresource } = request;
  const own: Related = ({ request: { namespace, name } }) =>
    world.get<KubeObject & { spec?: { nodeName?: string } }>(resources.pods, { namespace, name })?.spec?.nodeName ===
    node;
  switch (subresource) {
    case '':
      if (verb === 'get') return get(own)(asked);
      if (verb === 'create' || verb === 'delete') return allowed;
      if (verb !== 'list' && verb !== 'watch') return noOpinion;
      if (selects(request, 'spec.nodeName', node)) return allowed;
      if (request.name !== '') return related(own, asked);
      return refused('can only list/watch pods with spec.nodeName field selector');
    case 'status':
      return verb === 'update' || verb === 'patch' ? allowed : noOpinion;
    case 'eviction':
      return verb === 'create' ? allowed : noOpinion;
    default:
      return noOpinion;
  }
}

function isRead(verb: string): boolean {
  return verb === 'get' || verb === 'list' || verb === 'watch';
}

function isWriteOrGet(verb: string): boolean {
  return verb === 'get' || verb === 'create' || verb === 'update' || verb === 'patch' || verb === 'delete';
}

function selects({ fieldSelector }: Attributes, field: string, value: string): boolean {
  if (fieldSelector === '') return false;
  try {
    const requirements = parseFieldSelector(fieldSelector);
    return requirements.some((entry) => entry.field === field && entry.operator === '=' && entry.value === value);
  } catch {
    return false; // The list itself answers with what is wrong.
  }
}

function isNamed(kind: PodReference, { node, request: { namespace, name }, world }: Asked): boolean {
  const pods = world.podsOnNode<KubeObject & NamingPod>(node);
  return pods.some((entry) => entry.metadata.namespace === namespace && podNames(entry, kind, name));
}

function isSecretOfVolume({ node, request: { namespace, name }, world }: Asked): boolean {
  return volumesOn(world, node).some((volume) => volumeNamesSecret(volume, { namespace, name }));
}

/** The volumes bound to the claims of the node's pods. */
function volumesOn(world: ObjectReader, node: string): readonly NamingVolume[] {
  return world.podsOnNode<KubeObject & NamingPod>(node).flatMap((entry) => {
    const { namespace = '' } = entry.metadata;
    return [...podClaims(entry)].flatMap((name) => {
      const claim = world.get<KubeObject & { spec?: { volumeName?: string } }>(claims, { namespace, name });
      const volume = world.get<NamingVolume>(volumes, { name: claim?.spec?.volumeName ?? '' });
      const bound = volume?.spec?.claimRef;
      return volume !== undefined && bound?.namespace === namespace && bound?.name === name ? [volume] : [];
    });
  });
}
