// What machines that join need of the control plane: a signed cluster-info, tokens that end, a network for their pods.

import { describe, expect, test } from 'vitest';
import { bootstrapSigner, tokenCleaner } from '../../../../actors/controllers/bootstrap/bootstrap-tokens.ts';
import { nodeIpamController, nodeIpamDefaults } from '../../../../actors/controllers/node-ipam.ts';
import { signDetached } from '../../../../infra/pki/detached-signature.ts';
import { defined } from '../../../../streams/base/assert.ts';
import type { ConfigMap, Secret } from '../../../../streams/resources/config.ts';
import { timestamp } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import { planOf, reconciled, worldOf } from '../../../kit/given-world.ts';
import { startMs } from '../../../kit/workloads.ts';

/** Content and signature of upstream's own test (k8s.io/cluster-bootstrap/token/jws). */
const known = {
  content: 'Hello from the other side. I must have called a thousand times.',
  id: 'joshua',
  secret: 'my voice is my passcode',
  signature: 'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8',
};

test('a detached signature is the one kubeadm computes', () => {
  expect(signDetached(known.content, known)).toBe(known.signature);
});

function aToken(id: string, change: Readonly<Record<string, string>> = {}): Secret {
  const texts = {
    'token-id': id,
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-signing': 'true',
    ...change,
  };
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, btoa(text)]));
  const metadata = { name: `bootstrap-token-${id}`, namespace: 'kube-system', uid: `uid-of-${id}` };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'bootstrap.kubernetes.io/token', data };
}

function clusterInfo(data: Readonly<Record<string, string>>): ConfigMap {
  const metadata = { name: 'cluster-info', namespace: 'kube-public', uid: 'uid-of-info' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

describe('the bootstrap signer', () => {
  const signer = bootstrapSigner((content, { id, secret }) => `${content} by ${id}.${secret}`);
  const key = 'kube-public/cluster-info';
  const signature = 'the config by aaaaaa.0123456789abcdef';

  test.each([
    ['nothing without cluster-info', [aToken('aaaaaa')], []],
    ['nothing without a kubeconfig in it', [aToken('aaaaaa'), clusterInfo({})], []],
    [
      'with each token that signs',
      [aToken('aaaaaa'), clusterInfo({ kubeconfig: 'the config' })],
      [`update configmaps cluster-info: data.jws-kubeconfig-aaaaaa none → "${signature}"`],
    ],
    [
      'with none that is not for it, has expired or is malformed',
      [
        aToken('aaaaaa', { 'usage-bootstrap-signing': 'false' }),
        aToken('bbbbbb', { expiration: timestamp(startMs - 1_000) }),
        aToken('cccccc', { 'token-secret': 'short' }),
        clusterInfo({ kubeconfig: 'the config' }),
      ],
      [],
    ],
    [
      'and removes what tokens that are gone have signed',
      [clusterInfo({ kubeconfig: 'the config', 'jws-kubeconfig-aaaaaa': signature })],
      [`update configmaps cluster-info: data.jws-kubeconfig-aaaaaa "${signature}" → none`],
    ],
    [
      'once only',
      [aToken('aaaaaa'), clusterInfo({ kubeconfig: 'the config', 'jws-kubeconfig-aaaaaa': signature })],
      [],
    ],
  ])('signs %s', (_, objects, expected) => {
    expect(reconciled(signer, worldOf(...objects), { key })).toEqual(expected);
  });
});

test.each([
  ['without an end', aToken('aaaaaa'), []],
  [
    'that is good for a minute more',
    aToken('aaaaaa', { expiration: timestamp(startMs + 60_000) }),
    ['again after 60000 ms'],
  ],
  ['that has expired', aToken('aaaaaa', { expiration: timestamp(startMs) }), ['delete secrets bootstrap-token-aaaaaa']],
  ['whose end cannot be read', aToken('aaaaaa', { expiration: 'soon' }), ['delete secrets bootstrap-token-aaaaaa']],
])('the token cleaner sees a token %s', (_, token, expected) => {
  expect(reconciled(tokenCleaner(), worldOf(token), { key: 'bootstrap-token-aaaaaa' })).toEqual(expected);
});

describe('node IPAM', () => {
  const aNode = (name: string, podCIDR?: string): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-of-${name}` },
    spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
  });
  const plan = (clusterCidr: string, ...nodes: readonly Node[]) =>
    reconciled(nodeIpamController({ ...nodeIpamDefaults, clusterCidr }), worldOf(...nodes), { key: 'new' });

  test('gives a node the last network that is free', () => {
    expect(plan('10.240.0.0/12', aNode('new'))).toEqual([
      'update nodes new: spec.podCIDR none → "10.255.255.0/24"; spec.podCIDRs none → ["10.255.255.0/24"]',
    ]);
    expect(plan('10.240.0.0/12', aNode('new'), aNode('a', '10.255.255.0/24'), aNode('b', '10.255.254.128/25'))).toEqual(
      ['update nodes new: spec.podCIDR none → "10.255.253.0/24"; spec.podCIDRs none → ["10.255.253.0/24"]'],
    );
  });

  test('leaves a node with its own alone, and says so where none is left', () => {
    expect(plan('10.240.0.0/12', aNode('new', '10.244.0.0/24'))).toEqual([]);
    expect(plan('10.0.0.0/23', aNode('new'), aNode('wide', '10.0.0.0/23'))).toEqual([
      'note Normal CIDRNotAvailable: Node new status is now: CIDRNotAvailable',
      'again after 30000 ms',
    ]);
  });

  test('looks through all nodes once, however many join, and gives out again what is given back', () => {
    const controller = nodeIpamController({ ...nodeIpamDefaults, clusterCidr: '10.0.0.0/22' });
    const nodes: Node[] = [];
    let walks = 0;
    let world = worldOf();
    const counting = Object.assign(Object.create(world), {
      get: (...asked: Parameters<typeof world.get>) => world.get(...asked),
      list: (...asked: Parameters<typeof world.list>) => {
        walks++;
        return world.list(...asked);
      },
    });
    const given = (name: string): string => {
      world = worldOf(...nodes, aNode(name));
      const [write] = planOf(controller, counting, { key: name }).writes;
      return write?.kind === 'update' ? ((write.object as Node).spec?.podCIDR ?? '') : 'none';
    };
    const heard = (type: 'ADDED' | 'DELETED', node: Node) => {
      const current = defined(worldOf(node).stored(resources.nodes, node.metadata), 'it is there');
      const previous = type === 'DELETED' ? current : undefined;
      for (const watch of controller.watches) watch.keys({ type, ref: current.ref, current, previous }, worldOf());
    };
    const join = (name: string) => {
      const node = aNode(name, given(name));
      nodes.push(node);
      heard('ADDED', node);
      return node.spec?.podCIDR;
    };
    expect([join('a'), join('b'), join('c')]).toEqual(['10.0.3.0/24', '10.0.2.0/24', '10.0.1.0/24']);
    expect(walks).toBe(1);
    const [first] = nodes.splice(0, 1);
    heard('DELETED', defined(first, 'a'));
    expect([join('d'), join('e')]).toEqual(['10.0.3.0/24', '10.0.0.0/24']);
    expect(walks).toBe(1);
    expect(given('f')).toBe('none');
    // Nobody said that it went: it is noticed before somebody is turned away.
    nodes.splice(0, 1);
    expect(given('f')).toBe('10.0.2.0/24');
  });
});
