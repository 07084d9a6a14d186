// The node lifecycle and taint eviction controllers as tables: given these nodes and pods, when they are looked at, then
// these writes.

import { describe, expect, test } from 'vitest';
import { nodeLifecycleController } from '../../actors/controllers/node-lifecycle.ts';
import { taintEvictionController } from '../../actors/controllers/taint-eviction.ts';
import type { Condition } from '../../streams/resources/meta.ts';
import type { Taint } from '../../streams/resources/node.ts';
import type { Toleration } from '../../streams/resources/pod.ts';
import { type Given, planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import { aLease, aNode, aPod, at, atMs, type NodeTraits } from '../kit/workloads.ts';

const nodes = nodeLifecycleController();
const evictions = taintEvictionController();

/** The node is known to the controller already. */
const known = { uid: aNode('node-1').metadata.uid };

function when(objects: readonly Given[], change: Partial<When> = {}): string[] {
  return reconciled(nodes, worldOf(...objects), { key: 'node-1', memory: known, ...change });
}

function renewed(seconds: number): Given {
  return { object: aLease('node-1'), recordedMs: atMs(seconds) };
}

const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
const unreachable: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule', timeAdded: at(0) };
const evicting: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: at(0) };

describe('a node', () => {
  test('is told of once when it comes, and when it is gone', () => {
    const joined = [aNode('node-1'), renewed(100)];
    const told = (objects: readonly Given[], memory: unknown) => {
      const { notes = [], remember } = planOf(nodes, worldOf(...objects), { key: 'node-1', nowMs: atMs(110), memory });
      return {
        lines: notes.map(({ regarding, reason, message }) => `${regarding.metadata.uid} ${reason}: ${message}`),
        remember,
      };
    };
    const first = told(joined, undefined);
    expect(first.lines).toEqual([
      'uid-of-node-1 RegisteredNode: Node node-1 event: Registered Node node-1 in Controller',
    ]);
    const memory = first.remember?.memory;
    expect(told(joined, memory).lines).toEqual([]);
    const gone = told([], memory);
    expect(gone.lines).toEqual(['uid-of-node-1 RemovingNode: Node node-1 event: Removing Node node-1 from Controller']);
    expect(gone.remember).toEqual({ memory: undefined });
    expect(told([], undefined).lines).toEqual([]);
    const anew = { ...aNode('node-1'), metadata: { ...aNode('node-1').metadata, uid: 'another' } };
    expect(told([anew, renewed(100)], memory).lines).toEqual([
      'another RegisteredNode: Node node-1 event: Registered Node node-1 in Controller',
    ]);
  });

  test('that renews its lease is looked at again when it may have fallen silent', () => {
    expect(when([aNode('node-1'), renewed(100)], { nowMs: atMs(110) })).toEqual(['again after 40001 ms']);
  });

  test('whose lease is 50 s old is Unknown', () => {
    const world = [aNode('node-1'), renewed(0)];
    expect(when(world, { nowMs: atMs(50) })).toEqual(['again after 1 ms']);
    expect(when(world, { nowMs: atMs(50) + 1 })).toEqual([
      'update nodes/status node-1: Ready=Unknown(NodeStatusUnknown); MemoryPressure=Unknown(NodeStatusNeverUpdated); DiskPressure=Unknown(NodeStatusNeverUpdated); PIDPressure=Unknown(NodeStatusNeverUpdated)',
      'note Normal NodeNotReady: Node node-1 status is now: NodeNotReady',
      'again after 1000 ms',
    ]);
  });

  test('is not blamed for the time in which nobody looked', () => {
    expect(when([aNode('node-1'), renewed(0)], { nowMs: atMs(3_600), sinceMs: atMs(3_590) })).toEqual([
      'again after 40001 ms',
    ]);
  });

  test('that is heard through its status only is Unknown once that falls silent', () => {
    const posted = { object: aNode('node-1', { heardAt: 100 }), recordedMs: atMs(100) };
    expect(when([posted], { nowMs: atMs(149) })).toEqual(['again after 1001 ms']);
    expect(when([posted], { nowMs: atMs(151) })[0]).toContain('Ready=Unknown');
  });

  test('whose clock is ahead does not outlive its silence', () => {
    const posted = { object: aNode('node-1', { heardAt: 7_200 }), recordedMs: atMs(100) };
    expect(when([posted], { nowMs: atMs(151) })[0]).toContain('Ready=Unknown');
  });

  test('that has just joined may take 60 s to say something', () => {
    const joined = aNode('node-1', { ready: 'none', taints: [notReady] });
    expect(when([joined], { nowMs: atMs(59) })).toEqual(['again after 1001 ms']);
    expect(when([joined], { nowMs: atMs(61) })[0]).toContain('Ready=Unknown(NodeStatusNeverUpdated)');
  });

  test.each<[string, NodeTraits, string[]]>([
    ['that is ready loses the taint it joined with', { taints: [notReady] }, ['none']],
    ['that is not ready gets both taints', { ready: 'False' }, ['not-ready:NoSchedule', 'not-ready:NoExecute']],
    ['that is Unknown gets both taints', { ready: 'Unknown' }, ['unreachable:NoSchedule', 'unreachable:NoExecute']],
    ['that is back loses them', { taints: [unreachable, evicting] }, ['none']],
    [
      'that turns from silent to not ready changes them',
      { ready: 'False', taints: [unreachable, evicting] },
      ['not-ready:NoSchedule', 'not-ready:NoExecute'],
    ],
    ['that is cordoned takes no pods', { unschedulable: true }, ['unschedulable:NoSchedule']],
    ['short of memory takes no pods', { conditions: [pressure('MemoryPressure')] }, ['memory-pressure:NoSchedule']],
    ['short of disk takes no pods', { conditions: [pressure('DiskPressure')] }, ['disk-pressure:NoSchedule']],
    ['short of process ids takes no pods', { conditions: [pressure('PIDPressure')] }, ['pid-pressure:NoSchedule']],
    [
      'without a network takes no pods',
      { conditions: [pressure('NetworkUnavailable')] },
      ['network-unavailable:NoSchedule'],
    ],
  ])('%s', (_, traits, wanted) => {
    const world = worldOf(aNode('node-1', traits), aNode('node-2'), renewed(0));
    const [write] = planOf(nodes, world, { key: 'node-1', nowMs: atMs(20) }).writes;
    if (write?.kind !== 'update') throw new Error('no update was planned');
    const { taints = [] } = (write.object as ReturnType<typeof aNode>).spec ?? {};
    const told = taints.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`);
    expect(told.length === 0 ? ['none'] : told).toEqual(wanted);
    expect(taints.every(({ timeAdded }) => timeAdded !== undefined)).toBe(true);
  });

  test("keeps others' taints, and says since when one that drives pods away is there", () => {
    const taints: Taint[] = [
      { key: 'mine', effect: 'NoSchedule' },
      { key: 'drive', effect: 'NoExecute' },
    ];
    expect(when([aNode('node-1', { taints }), renewed(0)], { nowMs: atMs(7) })).toEqual([
      `update nodes node-1: spec.taints [{"key":"mine","effect":"NoSchedule"},{"key":"drive","effect":"NoExecute"}] → [{"key":"mine","effect":"NoSchedule"},{"key":"drive","effect":"NoExecute","timeAdded":"${at(7)}"}]`,
      'again after 43001 ms',
    ]);
  });

  test('that is Unknown has no ready pods', () => {
    const lost = aNode('node-1', { ready: 'Unknown', taints: [unreachable, evicting] });
    const lines = when([lost, aNode('node-2'), aPod('a'), aPod('b', { unready: true }), aPod('c', { node: 'node-2' })]);
    expect(lines.slice(0, 2)).toEqual([
      'update pods/status a: Ready=False',
      'note Warning NodeNotReady: Node is not ready',
    ]);
  });

  test('waits its turn where another one of its zone was given up less than ten seconds ago', () => {
    const given = aNode('node-2', { ready: 'Unknown', taints: [unreachable, { ...evicting, timeAdded: at(100) }] });
    const world = [aNode('node-1', { ready: 'Unknown', taints: [unreachable] }), given, aNode('node-3')];
    expect(when(world, { nowMs: atMs(104), sinceMs: atMs(90) })).toEqual(['again after 5000 ms']);
    expect(when(world, { nowMs: atMs(107), sinceMs: atMs(90) })).toEqual(['again after 3000 ms']);
    expect(when(world, { nowMs: atMs(110), sinceMs: atMs(90) })[0]).toContain('NoExecute');
    const elsewhere = { ...given, metadata: { ...given.metadata, labels: { 'topology.kubernetes.io/zone': 'b' } } };
    const [first, , third] = world;
    if (first === undefined || third === undefined) throw new Error('no nodes');
    expect(when([first, elsewhere, third], { nowMs: atMs(104), sinceMs: atMs(90) })[0]).toContain('NoExecute');
  });

  test('keeps its pods where no node at all is ready, and takes back what was begun', () => {
    const lost = aNode('node-1', { ready: 'Unknown', taints: [unreachable, evicting] });
    const [line] = when([lost, aNode('node-2', { ready: 'Unknown' })]);
    expect(line).toMatch(
      /NoExecute.* → \[\{"key":"node.kubernetes.io\/unreachable","effect":"NoSchedule","timeAdded":"[^"]*"\}\]$/,
    );
  });
});

describe('a pod on a node that drives pods away', () => {
  const tolerating = (tolerationSeconds?: number, key = evicting.key): Toleration => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
  });
  const lines = (
    tolerations: readonly Toleration[],
    { taints = [evicting], ...change }: Partial<When> & { taints?: readonly Taint[] } = {},
  ) =>
    reconciled(evictions, worldOf(aNode('node-1', { taints }), aPod('a', { tolerations })), {
      key: 'default/a',
      ...change,
    });

  test('that does not tolerate it first says why it goes', () => {
    expect(lines([])).toEqual([
      'update pods/status a: DisruptionTarget=True(DeletionByTaintManager)',
      'again after 0 ms',
    ]);
  });

  test('then goes', () => {
    const told: Condition = { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' };
    const world = worldOf(aNode('node-1', { taints: [evicting] }), aPod('a', { conditions: [told] }));
    expect(reconciled(evictions, world, { key: 'default/a' })).toEqual([
      'delete pods a',
      'note Normal TaintManagerEviction: Marking for deletion Pod default/a',
    ]);
  });

  test('that tolerates it for ever stays', () => {
    expect(lines([tolerating()])).toEqual([]);
    expect(lines([{ operator: 'Exists' }])).toEqual([]);
  });

  test('that tolerates it for a while stays as long, counted from the taint', () => {
    expect(lines([tolerating(300)], { nowMs: atMs(100) })).toEqual(['again after 200000 ms']);
    expect(lines([tolerating(300)], { nowMs: atMs(300) })[0]).toContain('DisruptionTarget');
    expect(lines([tolerating(0)])[0]).toContain('DisruptionTarget');
  });

  test('leaves for the taint it tolerates the shortest', () => {
    const other: Taint = { key: 'other', effect: 'NoExecute', timeAdded: at(50) };
    const tolerations = [tolerating(300), tolerating(60, 'other')];
    expect(lines(tolerations, { taints: [evicting, other], nowMs: atMs(100) })).toEqual(['again after 10000 ms']);
    expect(lines([tolerating(300)], { taints: [evicting, other], nowMs: atMs(100) })[0]).toContain('DisruptionTarget');
  });

  test('that came after the taint stays from then on', () => {
    const scheduled: Condition = { type: 'PodScheduled', status: 'True', lastTransitionTime: at(1_000) };
    const pod = aPod('a', { tolerations: [tolerating(300)], conditions: [scheduled] });
    const world = worldOf(aNode('node-1', { taints: [evicting] }), pod);
    expect(reconciled(evictions, world, { key: 'default/a', nowMs: atMs(1_100) })).toEqual(['again after 200000 ms']);
  });

  test('under a taint that does not say since when, stays from when it was seen', () => {
    const bare: Taint = { key: evicting.key, effect: 'NoExecute' };
    expect(lines([tolerating(300)], { taints: [bare], sinceMs: atMs(40), nowMs: atMs(100) })).toEqual([
      'again after 240000 ms',
    ]);
  });

  test('that is on its way out, or on a node without such taints, is left alone', () => {
    const leaving = worldOf(aNode('node-1', { taints: [evicting] }), aPod('a', { meta: { deletionTimestamp: at(1) } }));
    expect(reconciled(evictions, leaving, { key: 'default/a' })).toEqual([]);
    expect(lines([], { taints: [unreachable] })).toEqual([]);
  });

  test('is only looked at where there is such a taint', () => {
    const [ofNodes, ofPods] = evictions.watches;
    const tainted = worldOf(aNode('node-1', { taints: [evicting] }), aPod('a'), aPod('b', { node: 'node-2' }));
    const stored = (name: string, resource: 'pods' | 'nodes') => {
      const found = tainted.stored(
        { group: '', resource },
        { name, ...(resource === 'pods' && { namespace: 'default' }) },
      );
      if (found === undefined) throw new Error(`no ${name}`);
      return { type: 'ADDED', ref: found.ref, current: found, previous: undefined } as const;
    };
    expect(ofNodes?.keys(stored('node-1', 'nodes'), tainted)).toEqual(['default/a']);
    expect(ofPods?.keys(stored('a', 'pods'), tainted)).toEqual(['default/a']);
    expect(ofPods?.keys(stored('b', 'pods'), tainted)).toEqual([]);
  });
});

function pressure(type: string): Condition {
  return { type, status: 'True', lastTransitionTime: at(0) };
}
