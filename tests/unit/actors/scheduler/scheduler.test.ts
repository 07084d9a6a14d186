import { describe, expect, test } from 'vitest';
import { resources } from '../../../../streams/resources/names.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { SchedulerWorld, type WorldOptions } from '../../../kit/scheduler-world.ts';
import { aNode, aPod, type PodTraits } from '../../../kit/scheduling.ts';

const conflict = { kind: 'failed', reason: 'Conflict', message: 'pod p is already assigned' } as const;
const unavailable = { kind: 'failed', reason: 'Unavailable', message: 'the log does not answer' } as const;
const oneNode = (options: WorldOptions = {}, cpu = '1') =>
  new SchedulerWorld(options).sync({ nodes: [aNode('a', { cpu })] });
const boundTo = (pod: Pod | undefined, nodeName: string): Pod => {
  if (pod === undefined) throw new Error('there is such a pod');
  return { ...pod, spec: { ...pod.spec, nodeName } };
};
const reasons = (world: SchedulerWorld) => world.notes.map(({ reason }) => reason);

describe('a binding under way', () => {
  test('takes its room at once', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '1' }))
      .pod(aPod('q', { cpu: '1' }))
      .work();
    expect(world.writes.map(({ write }) => write)).toMatchObject([
      { kind: 'bind', name: 'p', uid: 'uid-of-p', node: 'a' },
      { kind: 'update' },
    ]);
    expect(world.scheduler.counts).toMatchObject({ binding: 1, unschedulable: 1 });
  });

  test('goes on beside others, up to a number', () => {
    const world = oneNode({ bindingsMax: 3 }, '10');
    for (let i = 0; i < 5; i++) world.pod(aPod(`p${i}`, { cpu: '1' }));
    expect(world.work().writes).toHaveLength(3);
    world.answer(world.writes[1]);
    expect(world.state).toBe('running.scheduling');
    expect(world.work().writes).toHaveLength(3);
  });

  test('carries the event that made the pod ready as its cause', () => {
    const cause = { stream: 'LOG', revision: 41 } as never;
    const world = oneNode();
    world.pods.set('uid-of-p', aPod('p'));
    world.send({ type: 'pod.added', pod: aPod('p'), nowMs: 0, cause }).work();
    expect(world.writes).toMatchObject([{ cause }]);
  });

  test('that is refused gives its room back to whoever waits for it, and the pod is tried again a second later', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '1' }))
      .work()
      .pod(aPod('q', { cpu: '1' }))
      .work();
    world.answer(world.writes[0], conflict).settle();
    expect(world.nodeOf('q')).toBe('a');
    expect(world.scheduler.counts).toMatchObject({ refused: 1, backoff: 1 });
    world.removePod('uid-of-q').advance(999);
    expect(world.nodeOf('p')).toBeUndefined();
    world.advance(1);
    expect(world.nodeOf('p')).toBe('a');
  });

  test('that is lost to somebody else is told to nobody', () => {
    const world = oneNode().pod(aPod('p')).work().answer(undefined, conflict);
    expect(world.notes).toEqual([]);
    expect(world.writes).toEqual([]);
  });

  test('that is refused for another reason is told', () => {
    const world = oneNode().pod(aPod('p')).work();
    world.answer(undefined, { kind: 'failed', reason: 'Forbidden', message: 'not allowed' }).settle();
    const message = 'binding rejected: running Bind plugin "DefaultBinder": not allowed';
    expect(world.notes).toMatchObject([{ type: 'Warning', reason: 'FailedScheduling', message }]);
    expect(world.byName('p')?.status?.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'SchedulerError', message },
    ]);
  });

  test('is forgotten with its pod, and the room goes to the next', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '1' }))
      .work()
      .pod(aPod('q', { cpu: '1' }))
      .work();
    world.removePod('uid-of-p').work();
    expect(world.writes.map(({ write }) => write.kind === 'bind' && write.name)).toContain('q');
  });

  test('of a pod that turns out to be gone is not tried again', () => {
    const world = oneNode().pod(aPod('p')).work();
    world.answer(undefined, { kind: 'failed', reason: 'NotFound', message: 'pods "p" not found' });
    expect(world.scheduler.counts).toMatchObject({ binding: 0, backoff: 0, active: 0 });
    expect(world.scheduler.cluster.node('a')?.pods.size).toBe(0);
  });
});

describe('when the log does not answer', () => {
  test('the room is kept and the same binding is asked for again', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '1' }))
      .work()
      .answer(undefined, unavailable)
      .pod(aPod('q', { cpu: '1' }))
      .work();
    expect(world.scheduler.counts).toMatchObject({ binding: 1, unschedulable: 1 });
    world.advance(1_000);
    expect(world.nodeOf('p')).toBe('a');
  });

  test('the pod may turn out to be bound: that is told once, and not asked for again', () => {
    const world = oneNode().pod(aPod('p')).work().answer(undefined, unavailable);
    world.pod(boundTo(world.byName('p'), 'a')).advance(60_000);
    expect(world.writes).toEqual([]);
    expect(reasons(world)).toEqual(['Scheduled']);
    expect(world.scheduler.counts).toMatchObject({ binding: 0, bound: 1 });
  });

  test('what people are told waits as well', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '2' }))
      .work()
      .answer(undefined, unavailable);
    expect(world.writes).toEqual([]);
    world.advance(1_000);
    expect(world.byName('p')?.status?.conditions).toMatchObject([{ reason: 'Unschedulable' }]);
  });
});

describe('the assumption becomes fact', () => {
  test('when the binding is read back, whether its answer comes before or after', () => {
    for (const order of ['before', 'after']) {
      const world = oneNode()
        .pod(aPod('p', { cpu: '1' }))
        .work();
      const [write] = world.writes;
      const bound = boundTo(world.byName('p'), 'a');
      if (order === 'before') world.answer(write, { kind: 'done', object: bound }).pod(bound);
      else world.pod(bound).answer(write, { kind: 'done', object: bound });
      expect(reasons(world)).toEqual(['Scheduled']);
      expect(world.scheduler.counts).toMatchObject({ bound: 1, binding: 0 });
      expect(world.scheduler.cluster.node('a')?.milliCpu).toBe(1_000);
      expect(world.state).toBe('running.idle');
    }
  });

  test('or gives way to it: somebody else bound the pod elsewhere', () => {
    const world = new SchedulerWorld()
      .sync({ nodes: [aNode('a'), aNode('b', { unschedulable: true })] })
      .pod(aPod('p', { cpu: '1' }))
      .work();
    const [write] = world.writes;
    world
      .pod(boundTo(world.byName('p'), 'b'))
      .answer(write, conflict)
      .advance(60_000);
    expect(world.scheduler.cluster.node('a')?.milliCpu).toBe(0);
    expect(world.scheduler.cluster.node('b')?.milliCpu).toBe(1_000);
    expect(world.writes).toEqual([]);
    expect(world.notes).toEqual([]);
  });

  test('without a word where somebody else bound the pod to the same node', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '1' }))
      .work();
    const [write] = world.writes;
    world
      .pod(boundTo(world.byName('p'), 'a'))
      .answer(write, conflict)
      .settle();
    expect(world.notes).toEqual([]);
    expect(world.scheduler.counts).toMatchObject({ bound: 0, binding: 0 });
    expect(world.scheduler.cluster.node('a')?.milliCpu).toBe(1_000);
  });

  test('with the labels the pod was given on the way', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '1' }))
      .work();
    const bound = boundTo(world.byName('p'), 'a');
    world.pod({ ...bound, metadata: { ...bound.metadata, labels: { zone: 'x' } } });
    const node = world.scheduler.cluster.node('a');
    expect(node?.milliCpu).toBe(1_000);
    expect([...world.scheduler.cluster.placements.keys()].map(({ labels }) => labels)).toEqual([{ zone: 'x' }]);
  });
});

describe('room', () => {
  const full = (traits: PodTraits = {}) =>
    new SchedulerWorld()
      .sync({ nodes: [aNode('a', { cpu: '1' })], pods: [aPod('q', { cpu: '1', nodeName: 'a', ...traits })] })
      .pod(aPod('p', { cpu: '1' }))
      .settle();

  test.each<[string, (world: SchedulerWorld) => SchedulerWorld]>([
    ['a pod is deleted', (world) => world.removePod('uid-of-q')],
    [
      'a pod has succeeded',
      (world) => world.pod(aPod('q', { cpu: '1', nodeName: 'a', status: { phase: 'Succeeded' } })),
    ],
    ['a pod has failed', (world) => world.pod(aPod('q', { cpu: '1', nodeName: 'a', status: { phase: 'Failed' } }))],
    ['a pod asks for less', (world) => world.pod(aPod('q', { cpu: '0', nodeName: 'a', generation: 2 }))],
    ['a node joins', (world) => world.node(aNode('b'))],
    ['the node has grown', (world) => world.node(aNode('a', { cpu: '2' }))],
  ])('is used as soon as %s', (_, change) => {
    const world = full();
    expect(world.nodeOf('p')).toBeUndefined();
    expect(change(world).settle().nodeOf('p')).toBeDefined();
  });

  test('is still taken by a pod on its way out', () => {
    const world = full();
    world.pod(aPod('q', { cpu: '1', nodeName: 'a', deleting: true })).settle();
    expect(world.nodeOf('p')).toBeUndefined();
  });

  test('is counted for pods told of before their node', () => {
    const world = new SchedulerWorld().sync({ pods: [aPod('q', { cpu: '1', nodeName: 'a' })] });
    world
      .node(aNode('a', { cpu: '1' }))
      .pod(aPod('p', { cpu: '1' }))
      .settle();
    expect(world.nodeOf('p')).toBeUndefined();
  });

  test('stays counted while a node is away and comes back', () => {
    const world = full();
    world
      .removeNode('a')
      .node(aNode('a', { cpu: '1' }))
      .settle();
    expect(world.nodeOf('p')).toBeUndefined();
  });
});

describe('pods', () => {
  test.each([
    ['of another scheduler', aPod('p', { schedulerName: 'mine' })],
    ['on their way out', aPod('p', { deleting: true })],
    ['that are over', aPod('p', { status: { phase: 'Failed' } })],
    ['that have a node', aPod('p', { nodeName: 'elsewhere' })],
  ])('%s are left alone', (_, pod) => {
    const world = oneNode().pod(pod).settle();
    expect(world.bound).toEqual([]);
    expect(world.notes).toEqual([]);
    expect(world.state).toBe('running.idle');
  });

  test('that are gated wait silently, and go once their last gate is gone', () => {
    const world = oneNode()
      .pod(aPod('p', { schedulingGates: [{ name: 'x' }, { name: 'y' }] }))
      .settle();
    world.pod(aPod('p', { schedulingGates: [{ name: 'y' }], generation: 2 })).settle();
    expect(world.notes).toEqual([]);
    expect(world.byName('p')?.status?.conditions).toBeUndefined();
    expect(world.scheduler.counts).toMatchObject({ gated: 1 });
    world.pod(aPod('p', { generation: 3 })).settle();
    expect(world.nodeOf('p')).toBe('a');
  });

  test('that wait are tried again when they ask for less', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '2' }))
      .settle();
    world.pod(aPod('p', { cpu: '1', generation: 2 })).settle();
    expect(world.nodeOf('p')).toBe('a');
  });

  test('that wait are not tried again because they were told why', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '2' }))
      .settle();
    expect(world.scheduler.counts).toMatchObject({ failed: 1, unschedulable: 1 });
    world.pod({ ...(world.byName('p') ?? aPod('p')) }).settle();
    expect(world.scheduler.counts).toMatchObject({ failed: 1, unschedulable: 1 });
  });

  test('are bound the important first', () => {
    const world = oneNode({}, '3');
    world
      .pod(aPod('low', { cpu: '1' }))
      .pod(aPod('high', { cpu: '1', priority: 10 }))
      .pod(aPod('higher', { cpu: '1', priority: 20 }))
      .settle();
    expect(world.bound.map(({ pod }) => pod)).toEqual(['higher', 'high', 'low']);
  });

  test('each have the profile of the scheduler they name', async () => {
    const { defaultProfile } = await import('../../../../actors/scheduler/default-profile.ts');
    const bare = { ...defaultProfile, schedulerName: 'bare', filters: [] };
    const world = new SchedulerWorld({ profiles: [defaultProfile, bare] }).sync({ nodes: [aNode('a', { cpu: '1' })] });
    world
      .pod(aPod('p', { cpu: '2' }))
      .pod(aPod('q', { cpu: '2', schedulerName: 'bare' }))
      .settle();
    expect(world.nodeOf('p')).toBeUndefined();
    expect(world.nodeOf('q')).toBe('a');
    expect(world.notes).toMatchObject([{ reason: 'FailedScheduling' }, { reason: 'Scheduled', component: 'bare' }]);
  });
});

describe('changes', () => {
  const standing = (traits: PodTraits = {}) =>
    aPod('q', { nodeName: 'a', cpu: '1', labels: { app: 'web' }, ...traits });
  const world = () => new SchedulerWorld().sync({ nodes: [aNode('a')], pods: [standing(), aPod('w', { cpu: '9' })] });

  test.each<[string, Pod, boolean]>([
    ['a new status of a pod that has its node', standing({ status: { phase: 'Running', podIP: '10.0.0.1' } }), false],
    ['the end of a pod', standing({ status: { phase: 'Succeeded' } }), true],
    ['a pod on its way out', standing({ deleting: true }), true],
    ['new labels', standing({ labels: { app: 'db' } }), true],
    ['a label more', standing({ labels: { app: 'web', tier: 'x' } }), true],
    ['a label less', standing({ labels: {} }), true],
    ['a new spec', standing({ generation: 2 }), true],
    ['a binding', aPod('w', { nodeName: 'a' }), true],
    ['a new version of a pod that waits', aPod('w', { cpu: '9', status: { phase: 'Pending', message: 'x' } }), true],
    ['a pod never heard of that waits', aPod('new'), true],
    ['one that has a node', aPod('new', { nodeName: 'a' }), true],
    ['one that is over', aPod('new', { status: { phase: 'Failed' } }), false],
    ["another scheduler's", aPod('new', { schedulerName: 'mine' }), false],
  ])('%s: %#', (_, pod, concerned) => expect(world().scheduler.concerns(pod)).toBe(concerned));

  test('a pod whose binding is under way concerns it until the log has told of it', () => {
    const binding = oneNode().pod(aPod('p')).work();
    const bound = boundTo(binding.byName('p'), 'a');
    expect(binding.scheduler.concerns(bound)).toBe(true);
    binding.pod(bound).answer(undefined, { kind: 'done', object: bound });
    expect(binding.scheduler.concerns(bound)).toBe(false);
  });

  test('of a pod that has its node no object is kept', () => {
    const settled = oneNode().pod(aPod('p')).settle();
    expect([...(settled.scheduler.cluster.node('a')?.pods.values() ?? [])]).toEqual([
      { uid: 'uid-of-p', namespace: 'default', name: 'p', generation: 1, shape: expect.anything() },
    ]);
  });
});

describe('the condition', () => {
  test('is written on top of what others changed meanwhile', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '2' }))
      .work();
    const [write] = world.writes;
    expect(write?.write).toMatchObject({ kind: 'update', resource: resources.pods, subresource: 'status' });
    const pod = world.byName('p') ?? aPod('p');
    world.pod({ ...pod, metadata: { ...pod.metadata, annotations: { note: 'x' } } }).settle();
    expect(world.byName('p')).toMatchObject({
      metadata: { annotations: { note: 'x' } },
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled' }] },
    });
  });

  test('is not written again where it says so already', () => {
    const world = oneNode()
      .pod(aPod('p', { cpu: '2' }))
      .settle();
    world.node(aNode('b', { cpu: '1' })).removeNode('b');
    world.nowMs = 600_000;
    world.advance(60_000);
    expect(world.scheduler.counts.failed).toBe(2);
    expect(reasons(world)).toEqual(['FailedScheduling', 'FailedScheduling']);
    expect(world.byName('p')?.status?.conditions).toMatchObject([{ lastTransitionTime: '1970-01-01T00:00:00Z' }]);
  });

  test('keeps the others, and the time since when the pod waits', () => {
    const conditions = [
      { type: 'Ready', status: 'False' as const },
      {
        type: 'PodScheduled',
        status: 'False' as const,
        reason: 'SchedulingGated',
        lastTransitionTime: '2020-01-01T00:00:00Z',
      },
    ];
    const world = oneNode()
      .pod(aPod('p', { cpu: '2', status: { phase: 'Pending', conditions } }))
      .settle();
    expect(world.byName('p')?.status?.conditions).toMatchObject([
      { type: 'Ready' },
      { type: 'PodScheduled', reason: 'Unschedulable', lastTransitionTime: '2020-01-01T00:00:00Z' },
    ]);
  });

  test('of a thousand pods is written a few at a time, each once', () => {
    const world = oneNode();
    for (let i = 0; i < 200; i++) world.pod(aPod(`p${i}`, { cpu: '2' }));
    world.work();
    expect(world.writes).toHaveLength(64);
    world.settle();
    for (const pod of world.pods.values()) expect(pod.status?.conditions).toHaveLength(1);
  });
});
