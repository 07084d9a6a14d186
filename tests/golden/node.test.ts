// The node's lifecycle as a table: given a node, when it is written so, then the log says that.

import { describe, expect, test } from 'vitest';
import { transitionOf } from '../../actors/kit/lifecycle.ts';
import { nodeLifecycle } from '../../actors/node/node-machine.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import { holding } from '../kit/pods.ts';

const bare = aNode();
const ready = aNode({ status: { conditions: [holding('Ready')] } });
const notReady = aNode({ status: { conditions: [holding('Ready', 'False')] } });
const unknown = aNode({ status: { conditions: [holding('Ready', 'Unknown')] } });
const taint: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };
const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

const rows: readonly (readonly [string, Node | undefined, Node | undefined, string, string])[] = [
  ['is created by hand', undefined, bare, 'node.created', 'null → Registered'],
  ['registers itself', undefined, ready, 'node.registered', 'null → Ready'],
  ['registers before it is ready', undefined, notReady, 'node.registeredNotReady', 'null → NotReady'],
  ['becomes ready', bare, ready, 'node.ready', 'Registered → Ready'],
  ['is ready again', notReady, ready, 'node.ready', 'NotReady → Ready'],
  ['comes back', unknown, ready, 'node.ready', 'Unknown → Ready'],
  ['is not ready any more', ready, notReady, 'node.notReady', 'Ready → NotReady'],
  ['is heard of no more', ready, unknown, 'node.lost', 'Ready → Unknown'],
  ['never reported', bare, unknown, 'node.lost', 'Registered → Unknown'],
  ['is cordoned', ready, spec(ready, { unschedulable: true }), 'node.cordoned', 'Ready → Ready'],
  [
    'is cordoned with a taint',
    ready,
    spec(ready, { unschedulable: true, taints: [cordon] }),
    'node.cordoned',
    'Ready → Ready',
  ],
  ['is uncordoned', spec(ready, { unschedulable: true }), ready, 'node.uncordoned', 'Ready → Ready'],
  ['is tainted', unknown, spec(unknown, { taints: [taint] }), 'node.tainted', 'Unknown → Unknown'],
  ['loses a taint', spec(ready, { taints: [taint] }), ready, 'node.untainted', 'Ready → Ready'],
  ['gets its addresses', ready, spec(ready, { podCIDR: '10.244.0.0/24' }), 'node.updated', 'Ready → Ready'],
  [
    'reports',
    ready,
    { ...ready, status: { ...ready.status, capacity: { cpu: '8' } } },
    'node.statusReported',
    'Ready → Ready',
  ],
  ['is to be deleted', ready, going(ready), 'node.deletionRequested', 'Ready → Terminating'],
  ['is deleted', ready, undefined, 'node.deleted', 'Ready → null'],
  ['is gone', going(ready), undefined, 'node.deleted', 'Terminating → null'],
];

describe('a node', () => {
  test.each(rows)('%s', (_, before, after, type, step) => {
    const transition = transitionOf(nodeLifecycle, {
      before,
      after,
      from: before ? nodeLifecycle.stateOf(before) : null,
    });
    expect({ ...transition, step: `${transition.from} → ${transition.to}` }).toMatchObject({ type, step });
    expect(transition.anomaly).toBeUndefined();
  });

  test('has every event of its machine in this table', () => {
    expect(new Set(rows.map(([, , , type]) => type))).toEqual(new Set(nodeLifecycle.machine.events));
  });

  test.each([
    ['forgets that it ever reported', ready, bare],
    ['is no longer to be deleted', going(ready), ready],
  ])('that %s is an anomaly', (_, before, after) => {
    const { anomaly } = transitionOf(nodeLifecycle, { before, after, from: nodeLifecycle.stateOf(before) });
    expect(anomaly).toMatch(/is not allowed in|leads from/);
  });
});

function aNode(more: Partial<Node> = {}): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'n' }, ...more };
}

function spec(node: Node, change: NonNullable<Node['spec']>): Node {
  return { ...node, spec: { ...node.spec, ...change } };
}

function going(node: Node): Node {
  return { ...node, metadata: { ...node.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
}
