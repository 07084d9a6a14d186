// What a node's user may do with what it has rights to: its own things, and nothing that steers work to itself.

import { describe, expect, test } from 'vitest';
import type { RequestContext } from '../../../../infra/api/registry/context.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body, target } from '../../../kit/api-world.ts';

const asNode: Partial<RequestContext> = { user: { username: 'system:node:n', groups: ['system:nodes'] } };

async function withNodes(): Promise<ApiWorld> {
  const world = await apiWorld();
  for (const name of ['n', 'other']) await world.create('nodes', { metadata: { name } });
  return world;
}

describe('a node', () => {
  test.each<[what: string, labels: Body, text: string | undefined]>([
    ['its own labels', { 'kubernetes.io/hostname': 'n', 'example.com/x': 'y', 'node.kubernetes.io/x': 'y' }, undefined],
    ['labels that are reserved', { 'node-restriction.kubernetes.io/x': 'y' }, 'node-restriction.kubernetes.io/x'],
    [
      'labels of Kubernetes',
      { 'node-role.kubernetes.io/master': '', 'x.k8s.io/a': '' },
      'node-role.kubernetes.io/master, x.k8s.io/a',
    ],
  ])('may register with %s: %#', async (_, labels, text) => {
    const world = await apiWorld();
    const made = world.create('nodes', { metadata: { name: 'n', labels } }, asNode);
    if (text === undefined) await made;
    else {
      const why = `node "n" is not allowed to set the following labels: ${text}`;
      await expect(made).rejects.toMatchObject({ code: 403, message: `nodes "n" is forbidden: ${why}` });
    }
  });

  test('changes itself alone, and not its taints', async () => {
    const world = await withNodes();
    await expect(world.update('nodes', 'other', (node) => ({ ...node, spec: {} }), asNode)).rejects.toMatchObject({
      message: 'nodes "other" is forbidden: node "n" is not allowed to modify node "other"',
    });
    await expect(world.update('nodes', 'n', (node) => ({ ...node, spec: {} }), asNode)).rejects.toMatchObject({
      message: 'nodes "n" is forbidden: node "n" is not allowed to modify taints',
    });
    await world.update('nodes', 'n', (node) => ({ ...node, status: { phase: 'Running' } }), {
      ...asNode,
      subresource: 'status',
    });
  });

  test('deletes and reports on pods bound to it alone', async () => {
    const world = await withNodes();
    await world.create('pods', aPodBody('mine', { nodeName: 'n' }));
    await world.create('pods', aPodBody('theirs', { nodeName: 'other' }));
    const report = (name: string) =>
      world.update('pods', name, (pod) => ({ ...pod, status: { phase: 'Running' } }), {
        ...asNode,
        subresource: 'status',
      });
    await report('mine');
    await expect(report('theirs')).rejects.toMatchObject({
      message:
        'pods "theirs" is forbidden: node "n" can only update pod status for pods with spec.nodeName set to itself',
    });
    await expect(
      world.update(
        'pods',
        'mine',
        (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } }, status: {} }),
        {
          ...asNode,
          subresource: 'status',
        },
      ),
    ).rejects.toMatchObject({ message: 'pods "mine" is forbidden: node "n" cannot update labels through pod status' });
  });

  test.each<[what: string, change: (owner: Body) => Body, text: string | undefined]>([
    [
      'of a mirror',
      (owner) => ({
        metadata: { name: 'p', annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner] },
      }),
      undefined,
    ],
    [
      'that mirror nothing',
      (owner) => ({ metadata: { name: 'p', ownerReferences: [owner] } }),
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n" can only create mirror pods',
    ],
    [
      'that nobody owns',
      () => ({ metadata: { name: 'p', annotations: { 'kubernetes.io/config.mirror': 'x' } } }),
      'node "n" can only create pods with an owner reference set to itself',
    ],
  ])('creates pods %s: %#', async (_, change, text) => {
    const world = await withNodes();
    const uid = world.get('nodes', 'n')?.metadata.uid;
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid, controller: true };
    const made = world.create('pods', { ...aPodBody('p', { nodeName: 'n' }), ...change(owner) }, asNode);
    if (text === undefined) await made;
    else await expect(made).rejects.toMatchObject({ message: `pods "p" is forbidden: ${text}` });
  });

  test('keeps its own lease', async () => {
    const world = await withNodes();
    const lease = (name: string, namespace = 'kube-node-lease') =>
      world.create('leases.coordination.k8s.io', { metadata: { name, namespace }, spec: {} }, asNode);
    await lease('n');
    await expect(lease('other')).rejects.toMatchObject({
      message: expect.stringContaining('can only access node lease with the same name as the requesting node'),
    });
    await expect(lease('n', 'default')).rejects.toMatchObject({
      message: expect.stringContaining('can only access leases in the "kube-node-lease" system namespace'),
    });
  });

  test.each<[what: string, pod: string, change: Body, text: string | undefined]>([
    ['of a pod it runs', 'mine', {}, undefined],
    ['of a pod elsewhere', 'theirs', {}, 'node requested token bound to a pod scheduled on a different node'],
    [
      'of a pod that was',
      'mine',
      { uid: 'x' },
      'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
    ],
    ['of no pod', 'mine', { kind: 'Secret' }, 'node requested token not bound to a pod'],
  ])('gets tokens %s: %#', async (_, pod, change, text) => {
    const world = await withNodes();
    await world.create('pods', aPodBody('mine', { nodeName: 'n' }));
    await world.create('pods', aPodBody('theirs', { nodeName: 'other' }));
    const uid = world.get('pods', pod)?.metadata.uid;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: pod, uid, ...change };
    const object = { spec: { boundObjectRef } } as unknown as AnyObject;
    const asked = {
      target: target('serviceaccounts', 'default'),
      subresource: 'token',
      operation: 'create',
      object,
    } as const;
    const answered = world.stack.registry.admit(asked, world.context(asNode));
    if (text === undefined) await answered;
    else await expect(answered).rejects.toMatchObject({ message: expect.stringContaining(text) });
  });

  test('evicts pods it runs alone', async () => {
    const world = await withNodes();
    await world.create('pods', aPodBody('theirs', { nodeName: 'other' }));
    const object = { metadata: { name: 'theirs' } } as AnyObject;
    const asked = { target: target('pods', 'theirs'), subresource: 'eviction', operation: 'create', object } as const;
    await expect(world.stack.registry.admit(asked, world.context(asNode))).rejects.toMatchObject({
      message: 'pods "theirs" is forbidden: node n can only evict pods with spec.nodeName set to itself',
    });
  });
});
