import { describe, expect, test } from 'vitest';
import { getStateNodes } from 'xstate/graph';
import { type SchedulerEvent, schedulerMachine } from '../../../../actors/scheduler/scheduler-machine.ts';
import { resources } from '../../../../streams/resources/names.ts';
import { SchedulerWorld } from '../../../kit/scheduler-world.ts';
import { aNode, aPod } from '../../../kit/scheduling.ts';

type Edge = { readonly source: string; readonly event: string; readonly target: string };

const path = (id: string) => id.replace(/^scheduler\.?/, '');

/** Every arrow of the chart; one without an event is taken by itself. */
const edges: readonly Edge[] = getStateNodes(schedulerMachine).flatMap((node) => {
  const own = [...node.transitions.values()].flat();
  return [...own, ...(node.always ?? [])].map(({ eventType, target }) => ({
    source: path(node.id),
    event: eventType,
    target: path(target?.[0]?.id ?? node.id),
  }));
});

const walked = new Set<string>();
const show = ({ source, event, target }: Edge) => `${source} --${event}--> ${target}`;

/** Sends an event and notes the arrows that were passed: its own, and the one that led on from where it led. */
function walk(world: SchedulerWorld, event: SchedulerEvent, expected: string): void {
  const before = world.state;
  world.send(event);
  expect(`${before} --${event.type}--> ${world.state}`).toBe(`${before} --${event.type}--> ${expected}`);
  const taken = edges
    .filter(({ source }) => before === source || before.startsWith(`${source}.`))
    .filter(({ event: descriptor }) => names(descriptor, event.type))
    .filter(({ event: descriptor }) => (descriptor === '*') === (expected === 'faulted'))
    // The innermost state that knows the event answers it.
    .sort((a, b) => b.source.length - a.source.length)[0];
  expect(taken).toBeDefined();
  if (taken === undefined) return;
  walked.add(show(taken));
  const entered = taken.target === 'running' && before === 'starting' ? 'running.idle' : taken.target;
  const at = entered === 'running' ? before : entered;
  if (at === expected) return;
  const led = edges.find((edge) => edge.event === '' && edge.source === at && edge.target === expected);
  expect(led).toBeDefined();
  if (led !== undefined) walked.add(show(led));
}

function names(descriptor: string, type: string): boolean {
  return descriptor === type || (descriptor.endsWith('*') && type.startsWith(descriptor.slice(0, -1)));
}

const now = { nowMs: 0, cause: null };
const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', uid: 'uid-of-data' } };
const claimChanged: SchedulerEvent = {
  type: 'object.changed',
  change: { change: 'MODIFIED', resource: resources.persistentVolumeClaims, object: claim, previous: claim },
  ...now,
};
const synced = (over: object = {}): SchedulerEvent => ({
  type: 'world.synced',
  nodes: [],
  pods: [],
  namespaces: [],
  nowMs: 0,
  ...over,
});
const added = (name: string, cpu = '1'): SchedulerEvent => ({ type: 'pod.added', pod: aPod(name, { cpu }), ...now });
const work: SchedulerEvent = { type: 'work', podsMax: 10, nowMs: 0 };
const nodeA: SchedulerEvent = { type: 'node.changed', node: aNode('a', { cpu: '2' }), ...now };
const stop: SchedulerEvent = { type: 'stop' };
const refused = { kind: 'failed', reason: 'Conflict', message: 'taken' } as const;
const settled = (name: string, outcome: object = refused): SchedulerEvent =>
  ({ type: 'write.settled', ticket: `bind/uid-of-${name}`, outcome, nowMs: 0 }) as SchedulerEvent;
const unknown = { type: 'coffee' } as unknown as SchedulerEvent;
const started = () => {
  const world = new SchedulerWorld({ bindingsMax: 1 });
  walk(world, synced({ nodes: [aNode('a', { cpu: '2' })] }), 'running.idle');
  return world;
};
const binding = () => {
  const world = started();
  walk(world, added('p'), 'running.scheduling');
  walk(world, work, 'running.binding');
  return world;
};

describe('the scheduler', () => {
  test('starts with the whole world', () => {
    walk(new SchedulerWorld(), synced(), 'running.idle');
    walk(new SchedulerWorld(), synced({ pods: [aPod('p')] }), 'running.scheduling');
  });

  test('is told nothing before that', () => {
    walk(new SchedulerWorld(), added('p'), 'faulted');
    walk(new SchedulerWorld(), stop, 'stopped');
  });

  test('idles until a pod is ready, binds, and idles again', () => {
    const world = binding();
    walk(world, settled('p', { kind: 'done', object: aPod('p') }), 'running.idle');
  });

  test('goes on seeking nodes while bindings are under way, as far as their number allows', () => {
    const world = binding();
    walk(world, added('q'), 'running.binding');
    walk(world, settled('p', { kind: 'done', object: aPod('p') }), 'running.scheduling');
    walk(world, work, 'running.binding');
  });

  test('comes to rest where no node suits', () => {
    const world = started();
    walk(world, added('p', '3'), 'running.scheduling');
    walk(world, work, 'running.idle');
  });

  test('forgets a pod that is deleted while it is being bound', () => {
    const world = binding();
    walk(world, { type: 'pod.gone', uid: 'uid-of-p', ...now }, 'running.idle');
    walk(world, settled('p'), 'running.idle');
  });

  test('takes in nodes, namespaces and firings in any state', () => {
    const others: SchedulerEvent[] = [
      nodeA,
      { type: 'node.gone', name: 'b', ...now },
      { type: 'namespace.changed', name: 'default', labels: {} },
      { type: 'namespace.gone', name: 'other' },
      claimChanged,
      { type: 'timer.fired', timer: 'flush', generation: 99, nowMs: 0 },
    ];
    for (const world of [started(), binding()]) {
      for (const event of others) walk(world, event, world.state);
    }
    const idle = started();
    walk(idle, work, 'running.idle');
  });

  test('drains: seeks no more, but waits for what is under way', () => {
    const world = binding();
    walk(world, stop, 'draining');
    walk(world, added('q'), 'draining');
    walk(world, nodeA, 'draining');
    walk(world, { type: 'namespace.gone', name: 'other' }, 'draining');
    walk(world, claimChanged, 'draining');
    walk(world, { type: 'timer.fired', timer: 'flush', generation: 1, nowMs: 0 }, 'draining');
    walk(world, work, 'draining');
    walk(world, stop, 'draining');
    walk(world, settled('p'), 'stopped');
    expect(world.timers.size).toBe(0);
  });

  test('stops at once where nothing is under way', () => walk(started(), stop, 'stopped'));

  test('does not wait for a log that does not answer', () => {
    const unavailable = { kind: 'failed', reason: 'Unavailable', message: 'no log' };
    const world = binding();
    walk(world, settled('p', unavailable), 'running.binding');
    walk(world, stop, 'stopped');
    const other = binding();
    walk(other, stop, 'draining');
    walk(other, settled('p', unavailable), 'stopped');
  });

  test('shows that it was told something it does not know', () => {
    walk(started(), unknown, 'faulted');
    const world = binding();
    walk(world, stop, 'draining');
    walk(world, unknown, 'faulted');
  });
});

test('every arrow of the chart has been walked', () => {
  expect(edges.length).toBeGreaterThan(20);
  expect(edges.map(show).filter((edge) => !walked.has(edge))).toEqual([]);
});
