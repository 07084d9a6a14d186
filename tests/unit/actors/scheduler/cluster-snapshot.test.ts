import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClusterSnapshot } from '../../../../actors/scheduler/cluster-snapshot.ts';
import type { NodeInfo } from '../../../../actors/scheduler/node-info.ts';
import { PodShapes } from '../../../../actors/scheduler/pod-shape.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { aNode, aPod } from '../../../kit/scheduling.ts';

const zone = 'topology.kubernetes.io/zone';

const step = fc.oneof(
  fc.record({
    kind: fc.constant('node' as const),
    name: fc.nat(4),
    zone: fc.nat(2),
    image: fc.nat(2),
    cpu: fc.integer({ min: 1, max: 8 }),
  }),
  fc.record({ kind: fc.constant('removeNode' as const), name: fc.nat(4) }),
  fc.record({
    kind: fc.constant('place' as const),
    uid: fc.nat(9),
    node: fc.nat(4),
    app: fc.nat(2),
    cpu: fc.nat(5),
    port: fc.nat(2),
  }),
  fc.record({ kind: fc.constant('displace' as const), uid: fc.nat(9) }),
);

function nodeFrom(action: { name: number; zone: number; image: number; cpu: number }): Node {
  const images = action.image === 0 ? {} : { [`image-${action.image}`]: 100 };
  return aNode(`n${action.name}`, { cpu: `${action.cpu}`, labels: { [zone]: `z${action.zone}` }, images });
}

function podFrom(action: { uid: number; node: number; app: number; cpu: number; port: number }): Pod {
  const { uid, node, app, cpu, port } = action;
  return aPod(`p${uid}`, {
    labels: { app: `a${app}` },
    cpu: `${cpu * 100}m`,
    more: { 'example.com/gpu': `${cpu}` },
    nodeName: `n${node}`,
    ...(port > 0 && { hostPort: port }),
    ...(app === 2 && {
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: zone, labelSelector: {} }] },
      },
    }),
  });
}

/** Everything a plugin can read of the snapshot, in a form that can be compared. */
function facts(cluster: ClusterSnapshot) {
  const nodeFacts = (node: NodeInfo) => ({
    name: node.name,
    labels: node.labels,
    allocatable: node.allocatable,
    used: [node.milliCpu, node.memoryBytes, node.weightedMilliCpu, node.weightedMemoryBytes, node.ephemeralBytes],
    others: [...node.others].filter(([, value]) => value !== 0),
    pods: [...node.pods.keys()].sort(),
    ports: [1, 2].map((port) => node.ports.isTaken({ slot: `TCP/${port}`, ip: '0.0.0.0' })),
  });
  const placements = [...cluster.placements].map(([shape, placed]) => ({
    app: shape.labels.app,
    cpu: shape.requests.milliCpu,
    port: shape.hostPorts,
    nodes: [...placed.nodes].map(([{ name }, count]) => `${name}:${count}`).sort(),
    zones: [...placed.domains(zone)].sort(),
  }));
  return {
    nodes: cluster.nodes.map(nodeFacts).sort((a, b) => (a.name < b.name ? -1 : 1)),
    placements: placements.map((placed) => JSON.stringify(placed)).sort(),
    affinity: cluster.hasPodAffinity,
    images: [1, 2].map((image) => cluster.nodesWithImage(`image-${image}`)),
  };
}

test('a snapshot kept up to date equals one made anew', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const cluster = new ClusterSnapshot();
      const shapes = new PodShapes();
      const nodes = new Map<string, Node>();
      const pods = new Map<string, Pod>();
      for (const action of steps) {
        if (action.kind === 'node') {
          const node = nodeFrom(action);
          nodes.set(node.metadata.name, node);
          cluster.setNode(node);
        } else if (action.kind === 'removeNode') {
          nodes.delete(`n${action.name}`);
          cluster.removeNode(`n${action.name}`);
        } else if (action.kind === 'place') {
          const pod = podFrom(action);
          pods.set(pod.metadata.uid, pod);
          cluster.place(shapes.acquire(pod), pod.spec.nodeName ?? '');
        } else {
          pods.delete(`uid-of-p${action.uid}`);
          cluster.displace(`uid-of-p${action.uid}`);
        }
        // Domains are counted on first asking and kept from then on: ask at every step.
        for (const placed of cluster.placements.values()) placed.domains(zone);
      }
      const anew = new ClusterSnapshot();
      for (const node of nodes.values()) anew.setNode(node);
      for (const pod of pods.values()) anew.place(shapes.acquire(pod), pod.spec.nodeName ?? '');
      expect(facts(cluster)).toEqual(facts(anew));
    }),
  );
});

describe('the generation of a node', () => {
  const setUp = () => {
    const cluster = new ClusterSnapshot();
    const { info } = cluster.setNode(aNode('a'));
    return { cluster, info, before: info.generation };
  };

  test('stays where a heartbeat changes nothing', () => {
    const { cluster, info, before } = setUp();
    cluster.setNode(structuredClone(aNode('a')));
    expect(info.generation).toBe(before);
  });

  test.each([
    ['room', aNode('a', { cpu: '5' })],
    ['labels', aNode('a', { labels: { disk: 'ssd' } })],
    ['taints', aNode('a', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
    ['the cordon', aNode('a', { unschedulable: true })],
    ['images', aNode('a', { images: { app: 1 } })],
    [
      'a condition',
      { ...aNode('a'), status: { ...aNode('a').status, conditions: [{ type: 'Ready', status: 'True' as const }] } },
    ],
  ])('changes with %s', (_, node) => {
    const { cluster, info, before } = setUp();
    cluster.setNode(node);
    expect(info.generation).toBeGreaterThan(before);
  });

  test('is never that of the node that had the slot before', () => {
    const { cluster, info, before } = setUp();
    cluster.removeNode('a');
    const next = cluster.setNode(aNode('b')).info;
    expect(next.slot).toBe(info.slot);
    expect(next.generation).toBeGreaterThan(before);
  });
});

test('nodes come zone by zone in turn', () => {
  const cluster = new ClusterSnapshot();
  for (const [name, z] of Object.entries({ a1: 'a', a2: 'a', a3: 'a', b1: 'b', c1: 'c', c2: 'c' })) {
    cluster.setNode(aNode(name, { labels: { [zone]: z } }));
  }
  expect(cluster.nodes.map(({ name }) => name)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
});

test('pods of one template share a shape, and it leaves with the last of them', () => {
  const shapes = new PodShapes();
  const one = shapes.acquire(aPod('p1', { cpu: '1', labels: { app: 'web' } }));
  const two = shapes.acquire(aPod('p2', { cpu: '1', labels: { app: 'web' } }));
  const other = shapes.acquire(aPod('p3', { cpu: '2', labels: { app: 'web' } }));
  expect(two.shape).toBe(one.shape);
  expect(other.shape).not.toBe(one.shape);
  shapes.release(one);
  expect(shapes.size).toBe(2);
  shapes.release(two);
  shapes.release(other);
  expect(shapes.size).toBe(0);
});

test('an image without names is no reason to fail', () => {
  const snapshot = new ClusterSnapshot();
  const node = aNode('odd', {});
  snapshot.setNode({
    ...node,
    status: { ...node.status, images: [{ sizeBytes: 5 }, { names: ['a'], sizeBytes: 7 }] },
  } as Node);
  expect(snapshot.node('odd')?.images).toEqual(new Map([['a', { sizeBytes: 7 }]]));
});
