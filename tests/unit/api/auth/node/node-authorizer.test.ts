// What a kubelet may, as a table: a node `n` with one pod that uses things of every kind, and what is somebody else's.

import { describe, expect, test } from 'vitest';
import { nodeAuthorizer } from '../../../../../infra/api/auth/node/node-authorizer.ts';
import type { UserInfo } from '../../../../../infra/api/auth/user.ts';
import type { KubeObject } from '../../../../../streams/resources/meta.ts';
import { worldOf } from '../../../../kit/given-world.ts';
import { about, user } from '../../../../kit/rbac.ts';

type Given = KubeObject & { readonly spec?: object; readonly status?: object };

function object(kind: string, where: string, rest: object = {}): Given {
  const [first = '', second] = where.split('/');
  const metadata = second === undefined ? { name: first } : { namespace: first, name: second };
  const { annotations, ...more } = rest as { annotations?: Record<string, string> };
  return {
    apiVersion: 'v1',
    kind,
    metadata: { uid: where, ...metadata, ...(annotations && { annotations }) },
    ...more,
  };
}

const pod = object('Pod', 'd/web', {
  spec: {
    nodeName: 'n',
    serviceAccountName: 'runner',
    imagePullSecrets: [{ name: 'pull' }],
    initContainers: [{ name: 'i', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'of-env', key: 'a' } } }] }],
    containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'from-env' } }, { configMapRef: { name: 'from-env' } }] }],
    volumes: [
      { name: 'a', secret: { secretName: 'mounted' } },
      { name: 'b', configMap: { name: 'mounted' } },
      { name: 'c', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }] } },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'scratch', ephemeral: {} },
      { name: 'f', csi: { driver: 'x', nodePublishSecretRef: { name: 'of-csi' } } },
    ],
    resourceClaims: [
      { name: 'gpu', resourceClaimName: 'gpu-1' },
      { name: 'nic', resourceClaimTemplateName: 't' },
    ],
  },
  status: { resourceClaimStatuses: [{ name: 'nic', resourceClaimName: 'nic-of-web' }] },
});
const elsewhere = object('Pod', 'd/other', {
  spec: {
    nodeName: 'm',
    serviceAccountName: 'else',
    containers: [],
    volumes: [{ name: 'a', secret: { secretName: 'other' } }],
  },
});
const mirror = object('Pod', 'd/mirror', {
  annotations: { 'kubernetes.io/config.mirror': 'x' },
  spec: { nodeName: 'n', containers: [], volumes: [{ name: 'a', secret: { secretName: 'wanted' } }] },
});
const claim = object('PersistentVolumeClaim', 'd/data', { spec: { volumeName: 'pv-1' } });
const volume = object('PersistentVolume', 'pv-1', {
  spec: {
    claimRef: { namespace: 'd', name: 'data' },
    csi: {
      driver: 'x',
      nodeStageSecretRef: { namespace: 's', name: 'stage' },
      controllerPublishSecretRef: { namespace: 's', name: 'controller' },
    },
  },
});
const others = object('PersistentVolume', 'pv-2', { spec: { claimRef: { namespace: 'd', name: 'other' } } });

const authorizer = nodeAuthorizer(worldOf(pod, elsewhere, mirror, claim, volume, others));
const kubelet: UserInfo = user('system:node:n', 'system:nodes');
const none = "no relationship found between node 'n' and this object";
const d = '/api/v1/namespaces/d';

function told(line: string, who = kubelet): string {
  const { kind, reason } = authorizer.authorize({ user: who, request: about(line) });
  return kind === 'allowed' ? kind : reason;
}

describe('a node may', () => {
  test.each([
    ...['pull', 'from-env', 'mounted', 'projected', 'of-csi'].map((name) => `GET ${d}/secrets/${name}`),
    ...['of-env', 'from-env', 'mounted', 'projected'].map((name) => `GET ${d}/configmaps/${name}`),
    `GET ${d}/secrets?watch=1&fieldSelector=metadata.name=mounted`,
    'GET /api/v1/namespaces/s/secrets/stage',
    `GET ${d}/persistentvolumeclaims/data`,
    `GET ${d}/persistentvolumeclaims/web-scratch`,
    `PATCH ${d}/persistentvolumeclaims/data/status`,
    'GET /api/v1/persistentvolumes/pv-1',
    'GET /apis/resource.k8s.io/v1/namespaces/d/resourceclaims/gpu-1',
    'GET /apis/resource.k8s.io/v1/namespaces/d/resourceclaims/nic-of-web',
    `GET ${d}/serviceaccounts/runner`,
    `POST ${d}/serviceaccounts/runner/token`,
    `GET ${d}/pods/web`,
    'GET /api/v1/pods?watch=1&fieldSelector=spec.nodeName=n',
    `PATCH ${d}/pods/web/status`,
    `POST ${d}/pods/web/eviction`,
    'GET /api/v1/nodes/n',
    'POST /api/v1/nodes',
    'PATCH /api/v1/nodes/n/status',
    'PUT /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n',
    'POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
    'GET /apis/storage.k8s.io/v1/csinodes/n',
    'GET /apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName=n',
    'GET /api/v1/services?watch=1',
    `POST ${d}/events`,
    'POST /apis/authentication.k8s.io/v1/tokenreviews',
  ])('%s', (line) => {
    expect(told(line)).toBe('allowed');
  });
});

describe('a node may not', () => {
  test.each([
    [`GET ${d}/secrets/other`, none],
    [`GET ${d}/secrets/wanted`, none],
    ['GET /api/v1/namespaces/e/secrets/mounted', none],
    ['GET /api/v1/namespaces/s/secrets/controller', none],
    [`GET ${d}/secrets`, 'No Object name found'],
    ['GET /api/v1/secrets', 'can only read namespaced object of this type'],
    [`PUT ${d}/secrets/mounted`, 'can only read resources of this type'],
    [`GET ${d}/persistentvolumeclaims/other`, none],
    [`PUT ${d}/persistentvolumeclaims/data`, 'can only get individual resources of this type'],
    ['GET /api/v1/persistentvolumes/pv-2', none],
    [`POST ${d}/serviceaccounts/else/token`, none],
    [`POST ${d}/serviceaccounts`, 'can only create tokens for individual service accounts'],
    [`GET ${d}/pods/other`, none],
    ['GET /api/v1/pods', 'can only list/watch pods with spec.nodeName field selector'],
    ['GET /api/v1/pods?fieldSelector=spec.nodeName=m', 'can only list/watch pods with spec.nodeName field selector'],
    ['GET /api/v1/nodes', "node 'n' cannot read all nodes, only its own Node object"],
    ['GET /api/v1/nodes/m', "node 'n' cannot read 'm', only its own Node object"],
    ['DELETE /api/v1/nodes/n', ''],
    [
      'PUT /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/m',
      'can only access node lease with the same name as the requesting node',
    ],
    [
      'GET /apis/coordination.k8s.io/v1/namespaces/d/leases/n',
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    ['GET /apis/coordination.k8s.io/v1/leases', 'can only get, create, update, patch, or delete a node lease'],
    ['GET /apis/storage.k8s.io/v1/csinodes/m', 'can only access CSINode with the same name as the requesting node'],
    [
      'GET /apis/resource.k8s.io/v1/resourceslices',
      'can only list/watch/deletecollection resourceslices with nodeName field selector',
    ],
    ['GET /apis/apps/v1/deployments', ''],
  ])('%s', (line, reason) => {
    expect(told(line)).toBe(reason);
  });

  test('without being in the nodes’ group', () => {
    expect(told(`GET ${d}/secrets/mounted`, user('system:node:n'))).toBe('');
  });

  test('without a name', () => {
    expect(told('GET /api/v1/nodes/n', user('system:node:', 'system:nodes'))).toBe(
      'unknown node for user "system:node:"',
    );
  });
});
