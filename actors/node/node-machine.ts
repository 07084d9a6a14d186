// The lifecycle of a node, read from its Ready condition: Registered before anyone reported it, then Ready or NotReady
// as its kubelet says, Unknown once the control plane has heard nothing for too long. Cordons and taints are no
// states: they are told as events of a node that stays where it is.

import { setup } from 'xstate';

import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import { absent, gone, type Lifecycle, type Step } from '../kit/lifecycle.ts';
import { sameJson } from '../kit/same-json.ts';

const leaving = { 'node.deletionRequested': 'Terminating', 'node.deleted': gone };

const machine = setup({ types: { events: {} as { type: string } } }).createMachine({
  id: 'node',
  initial: absent,
  states: {
    [absent]: {
      on: { 'node.created': 'Registered', 'node.registered': 'Ready', 'node.registeredNotReady': 'NotReady' },
    },
    Registered: {
      on: {
        ...staying('Registered'),
        ...leaving,
        'node.ready': 'Ready',
        'node.notReady': 'NotReady',
        'node.lost': 'Unknown',
      },
    },
    Ready: { on: { ...staying('Ready'), ...leaving, 'node.notReady': 'NotReady', 'node.lost': 'Unknown' } },
    NotReady: { on: { ...staying('NotReady'), ...leaving, 'node.ready': 'Ready', 'node.lost': 'Unknown' } },
    Unknown: { on: { ...staying('Unknown'), ...leaving, 'node.ready': 'Ready', 'node.notReady': 'NotReady' } },
    Terminating: { on: { ...staying('Terminating'), 'node.deleted': gone } },
    [gone]: { type: 'final' },
  },
});

export const nodeLifecycle: Lifecycle = { machine, stateOf, eventOf };

function stateOf(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const ready = (object as Node).status?.conditions?.find(({ type }) => type === 'Ready');
  switch (ready?.status) {
    case undefined:
      return 'Registered';
    case 'True':
      return 'Ready';
    case 'False':
      return 'NotReady';
    default:
      return 'Unknown';
  }
}

function eventOf({ before, after, from, to }: Step): string {
  if (to === null) return 'node.deleted';
  if (from === null) {
    if (to === 'Ready') return 'node.registered';
    return to === 'NotReady' ? 'node.registeredNotReady' : 'node.created';
  }
  if (from === to) return newsOf(before as Node, after as Node);
  switch (to) {
    case 'Ready':
      return 'node.ready';
    case 'NotReady':
      return 'node.notReady';
    case 'Unknown':
      return 'node.lost';
    case 'Terminating':
      return 'node.deletionRequested';
    default:
      return 'node.statusReported';
  }
}

/** What happened to a node that stays where it is; a cordon counts for more than the taint it comes with. */
function newsOf(before: Node, after: Node): string {
  const cordoned = after.spec?.unschedulable === true;
  if (cordoned !== (before.spec?.unschedulable === true)) return cordoned ? 'node.cordoned' : 'node.uncordoned';
  const was = before.spec?.taints ?? [];
  const now = after.spec?.taints ?? [];
  if (now.some((taint) => !has(was, taint))) return 'node.tainted';
  if (was.some((taint) => !has(now, taint))) return 'node.untainted';
  return sameJson(before.status, after.status) ? 'node.updated' : 'node.statusReported';
}

function has(taints: readonly Taint[], { key, effect, value }: Taint): boolean {
  return taints.some((taint) => taint.key === key && taint.effect === effect && taint.value === value);
}

function staying(state: string): Record<string, string> {
  return {
    'node.updated': state,
    'node.statusReported': state,
    'node.tainted': state,
    'node.untainted': state,
    'node.cordoned': state,
    'node.uncordoned': state,
  };
}
