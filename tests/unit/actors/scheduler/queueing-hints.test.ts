// Which events a plugin finds helpful for a pod it turned away. A hint that says no too often leaves pods waiting.

import { describe, expect, test } from 'vitest';
import { defaultProfile } from '../../../../actors/scheduler/default-profile.ts';
import type { ClusterEvent } from '../../../../actors/scheduler/framework.ts';
import { defined } from '../../../../streams/base/assert.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { aNode, aPod, aScene, type NodeTraits, type PodTraits } from '../../../kit/scheduling.ts';

const { shapes, cluster } = aScene({ nodes: [] });
const nodeInfo = (traits: NodeTraits = {}, placed: readonly Pod[] = []) =>
  defined(aScene({ nodes: [aNode('n', traits)], placed }).cluster.node('n'), 'the node is there');
const added = (traits: NodeTraits = {}): ClusterEvent => ({ kind: 'nodeAdded', node: nodeInfo(traits) });
const changed = (aspect: string, traits: NodeTraits = {}): ClusterEvent => {
  const aspects = { allocatable: false, labels: false, taints: false, images: false, state: false };
  return { kind: 'nodeChanged', node: nodeInfo(traits), aspects: { ...aspects, [aspect]: true } };
};
const left = (pod: PodTraits = {}, placed: readonly Pod[] = [], traits: NodeTraits = {}): ClusterEvent => ({
  kind: 'podLeft',
  node: nodeInfo(traits, placed),
  pod: shapes.acquire(aPod('left', pod)).shape,
});
const arrived = (pod: PodTraits = {}): ClusterEvent => ({
  kind: 'podPlaced',
  node: nodeInfo(),
  pod: shapes.acquire(aPod('new', pod)).shape,
});
const removed: ClusterEvent = { kind: 'nodeRemoved' };

const web = { labels: { app: 'web' } };
const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: web.labels } };
const wanting: PodTraits = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
const avoiding: PodTraits = {
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
};
const spread: PodTraits = {
  ...web,
  topologySpreadConstraints: [{ ...term, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
};

const rows: [plugin: string, pod: PodTraits, event: string, ClusterEvent, helps: boolean][] = [
  ['NodeUnschedulable', {}, 'a node joins', added(), true],
  ['NodeUnschedulable', {}, 'a cordoned node joins', added({ unschedulable: true }), false],
  ['NodeUnschedulable', {}, 'a cordon is lifted', changed('taints'), true],
  ['NodeUnschedulable', {}, 'a label changes', changed('labels'), false],
  ['NodeUnschedulable', {}, 'a pod leaves', left(), false],
  ['TaintToleration', {}, 'a taint is taken away', changed('taints'), true],
  ['TaintToleration', {}, 'a tainted node joins', added({ taints: [{ key: 'k', effect: 'NoSchedule' }] }), false],
  ['TaintToleration', {}, 'a pod leaves', left(), false],
  [
    'NodeAffinity',
    { nodeSelector: { disk: 'ssd' } },
    'a node gets the label',
    changed('labels', { labels: { disk: 'ssd' } }),
    true,
  ],
  ['NodeAffinity', { nodeSelector: { disk: 'ssd' } }, 'a node with it joins', added({ labels: { disk: 'ssd' } }), true],
  ['NodeAffinity', { nodeSelector: { disk: 'ssd' } }, 'another joins', added(), false],
  [
    'NodeAffinity',
    { nodeSelector: { disk: 'ssd' } },
    'a node grows',
    changed('allocatable', { labels: { disk: 'ssd' } }),
    false,
  ],
  ['NodePorts', { hostPort: 80 }, 'a pod with the port leaves', left({ hostPort: 80 }), true],
  ['NodePorts', { hostPort: 80 }, 'one with another leaves', left({ hostPort: 81 }), false],
  ['NodePorts', { hostPort: 80 }, 'a node joins', added(), true],
  ['NodeResourcesFit', { cpu: '2' }, 'a large node joins', added({ cpu: '2' }), true],
  ['NodeResourcesFit', { cpu: '2' }, 'a small one joins', added({ cpu: '1' }), false],
  ['NodeResourcesFit', { cpu: '2' }, 'a node grows enough', changed('allocatable', { cpu: '2' }), true],
  ['NodeResourcesFit', { cpu: '2' }, 'a label changes', changed('labels', { cpu: '2' }), false],
  [
    'NodeResourcesFit',
    { cpu: '2' },
    'a pod leaves enough room',
    left({}, [aPod('q', { cpu: '2', nodeName: 'n' })]),
    true,
  ],
  [
    'NodeResourcesFit',
    { cpu: '2' },
    'a pod leaves too little',
    left({}, [aPod('q', { cpu: '3', nodeName: 'n' })]),
    false,
  ],
  ['NodeResourcesFit', { cpu: '2' }, 'a pod comes', arrived(), false],
  ['PodTopologySpread', spread, 'a pod it spreads from comes', arrived(web), true],
  ['PodTopologySpread', spread, 'one goes', left(web), true],
  ['PodTopologySpread', spread, 'one is on its way out', arrived({ ...web, deleting: true }), true],
  ['PodTopologySpread', spread, 'another comes', arrived({ labels: { app: 'db' } }), false],
  ['PodTopologySpread', spread, 'a domain is gone', removed, true],
  ['PodTopologySpread', spread, 'a node grows', changed('allocatable'), false],
  ['InterPodAffinity', wanting, 'a pod comes', arrived(web), true],
  ['InterPodAffinity', wanting, 'a pod goes', left(web), false],
  ['InterPodAffinity', avoiding, 'a pod goes', left(web), true],
  ['InterPodAffinity', avoiding, 'a pod comes', arrived(web), false],
  ['InterPodAffinity', web, 'a pod that avoided it goes', left(avoiding), true],
  ['InterPodAffinity', avoiding, 'a node joins', added(), true],
  ['InterPodAffinity', avoiding, 'a label changes', changed('labels'), true],
];

describe('what helps a pod turned away by', () => {
  test.each(rows)('%s (%j): %s', (name, pod, _, event, helps) => {
    const plugin = defined(
      defaultProfile.filters.find((candidate) => candidate.name === name),
      'the plugin is in the profile',
    );
    const waiting = shapes.acquire(aPod('p', pod));
    expect(plugin.wakesOn(event, waiting.shape, { pod: waiting, cluster })).toBe(helps);
  });
});
