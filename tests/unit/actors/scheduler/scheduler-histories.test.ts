// The scheduler's laws over random histories: pods and nodes come, change and go, and the API server answers late, with
// conflicts, or not at all, while the laws are checked against the recorded objects by plain counting.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WriteOutcome } from '../../../../actors/kit/write.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { type PendingWrite, SchedulerWorld } from '../../../kit/scheduler-world.ts';
import { aNode, aPod } from '../../../kit/scheduling.ts';

const unavailable: WriteOutcome = { kind: 'failed', reason: 'Unavailable', message: 'the log does not answer' };
const outcomes = {
  ok: undefined,
  conflict: { kind: 'failed', reason: 'Conflict', message: 'somebody was first' },
  busy: { kind: 'failed', reason: 'TooManyRequests', message: 'later' },
  lost: unavailable,
  recordedButLost: unavailable,
} as const satisfies Record<string, WriteOutcome | undefined>;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pod' as const),
      cpu: fc.nat(4),
      port: fc.nat(3),
      gated: fc.boolean(),
      zone: fc.nat(4),
      priority: fc.nat(2),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      at: fc.nat(),
      how: fc.constantFrom(...(Object.keys(outcomes) as (keyof typeof outcomes)[]), 'ok' as const, 'ok' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('work' as const), pods: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      at: fc.nat(),
      how: fc.constantFrom('delete', 'finish', 'terminate'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tail' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ungate' as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('node' as const),
      name: fc.nat(5),
      cordoned: fc.boolean(),
      tainted: fc.boolean(),
      zone: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeNode' as const), name: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(15_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const nodeMilliCpu = 2_000;
const podsMax = 5;

function theNode(name: number, { cordoned = false, tainted = false, zone = name % 2 } = {}): Node {
  return aNode(`n${name}`, {
    cpu: `${nodeMilliCpu}m`,
    pods: `${podsMax}`,
    labels: { zone: `z${zone}` },
    unschedulable: cordoned,
    ...(tainted && { taints: [{ key: 'k', effect: 'NoSchedule' as const }] }),
  });
}

class History {
  readonly world: SchedulerWorld;
  readonly #seen = new Set<PendingWrite>();
  /** Bindings whose outcome the scheduler cannot know: it may only ask for the same again. */
  readonly #open = new Map<string, string>();
  /** Recorded, but the scheduler has not heard of it yet. */
  readonly #untold = new Set<string>();
  #pods = 0;

  /** `graceful`: pods that are deleted go on for a while. */
  constructor(seed: number, graceful = false) {
    this.world = new SchedulerWorld({ seed, graceful, bindingsMax: 4 }).sync({ nodes: [theNode(0), theNode(1)] });
  }

  take(action: Step): void {
    const { world } = this;
    switch (action.kind) {
      case 'pod':
        this.#add(action);
        break;
      case 'answer':
        this.#answer(world.writes[action.at % Math.max(1, world.writes.length)], action.how);
        break;
      case 'work':
        if (world.state === 'running.scheduling')
          world.send({ type: 'work', podsMax: action.pods, nowMs: world.nowMs });
        break;
      case 'end':
        this.#end([...world.pods.values()][action.at % Math.max(1, world.pods.size)], action.how);
        break;
      case 'ungate':
        this.#ungate([...world.pods.values()].filter(isGated).at(action.at % Math.max(1, world.pods.size)));
        break;
      case 'tail':
        for (const uid of this.#untold) this.#tell(uid);
        break;
      case 'node':
        world.node(theNode(action.name, action));
        break;
      case 'removeNode':
        world.removeNode(`n${action.name}`);
        break;
      default:
        this.#wait(action.ms);
    }
    this.check();
  }

  /** The faults end: everything is told and answered, all gates go. Less time passes than brings pods back unasked. */
  settle(): void {
    const { world } = this;
    for (const uid of this.#untold) this.#tell(uid);
    for (const pod of [...world.pods.values()].filter(isGated)) this.#ungate(pod);
    for (let round = 0; round < 10; round++) {
      while (world.writes.length > 0) this.#answer(world.writes[0], 'ok');
      const ending = [...world.pods.values()].filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
      for (const { metadata } of ending) world.removePod(metadata.uid);
      world.work();
      this.check();
      this.#wait(12_000);
    }
    while (world.writes.length > 0) this.#answer(world.writes[0], 'ok');
  }

  check(): void {
    const { pods, writes, bound } = this.world;
    for (const { ticket, write } of writes) {
      if (write.kind !== 'delete') continue;
      // Only less important pods are evicted for a pod.
      const [, preemptor = '', victim = ''] = ticket.split('/');
      const priority = (uid: string) => pods.get(uid)?.spec.priority ?? 0;
      if (pods.has(preemptor) && pods.has(victim)) expect(priority(victim)).toBeLessThan(priority(preemptor));
    }
    for (const asked of writes) {
      if (asked.write.kind !== 'bind' || this.#seen.has(asked)) continue;
      this.#seen.add(asked);
      const { uid, node } = asked.write;
      const pod = pods.get(uid);
      const waits = pod !== undefined && (isWaiting(pod) || this.#untold.has(uid));
      expect({ waits, gated: pod !== undefined && isGated(pod) }).toEqual({ waits: true, gated: false });
      expect(node).toBe(this.#open.get(uid) ?? node);
    }
    for (const taken of Map.groupBy(bound, ({ pod }) => pod).values()) expect(taken).toHaveLength(1);
    for (const [node, standing] of Map.groupBy(placed(pods.values()), ({ spec }) => spec.nodeName ?? '')) {
      const cpu = standing.reduce((sum, pod) => sum + milliCpu(pod), 0);
      const ports = standing.flatMap(hostPorts);
      expect({ node, cpu: cpu <= nodeMilliCpu, pods: standing.length <= podsMax, ports: new Set(ports).size }).toEqual({
        node,
        cpu: true,
        pods: true,
        ports: ports.length,
      });
    }
  }

  /** By plain counting: is there a node for the pod? */
  hasRoom(pod: Pod): string | undefined {
    const { nodes, pods } = this.world;
    for (const { metadata, spec } of nodes.values()) {
      const standing = [...pods.values()].filter((other) => standsOn(other, metadata.name, pod));
      if (spec?.unschedulable === true || (spec?.taints?.length ?? 0) > 0 || standing.length >= podsMax) continue;
      if (standing.reduce((sum, other) => sum + milliCpu(other), milliCpu(pod)) > nodeMilliCpu) continue;
      if (standing.flatMap(hostPorts).some((port) => hostPorts(pod).includes(port))) continue;
      const { zone } = pod.spec.nodeSelector ?? {};
      if (zone === undefined || metadata.labels?.zone === zone) return metadata.name;
    }
    return undefined;
  }

  #add({ cpu, port, gated, zone, priority }: Extract<Step, { kind: 'pod' }>): void {
    this.world.pod(
      aPod(`p${this.#pods++}`, {
        cpu: `${cpu * 250}m`,
        priority,
        ...(port > 0 && { hostPort: port }),
        ...(zone < 2 && { nodeSelector: { zone: `z${zone}` } }),
        ...(gated && { schedulingGates: [{ name: 'wait' }] }),
      }),
    );
  }

  #answer(write: PendingWrite | undefined, how: keyof typeof outcomes): void {
    if (write === undefined) return;
    if (write.write.kind !== 'bind') {
      this.world.answer(write, outcomes[how]);
      return;
    }
    const { uid, name, node } = write.write;
    // Whoever is answered by the API server has been told what it knows.
    if (how !== 'lost') this.#tell(uid);
    const pod = this.world.pods.get(uid);
    if (how === 'lost' || how === 'recordedButLost') this.#open.set(uid, node);
    else this.#open.delete(uid);
    if (how === 'recordedButLost' && pod !== undefined && isWaiting(pod)) {
      this.world.bound.push({ pod: name, node });
      this.world.record({ ...pod, spec: { ...pod.spec, nodeName: node } });
      this.#untold.add(uid);
    }
    this.world.answer(write, outcomes[how]);
  }

  #tell(uid: string): void {
    const pod = this.world.pods.get(uid);
    if (this.#untold.delete(uid) && pod !== undefined) this.world.pod(pod);
  }

  #end(pod: Pod | undefined, how: string): void {
    if (pod === undefined) return;
    this.#untold.delete(pod.metadata.uid);
    if (how === 'delete') this.world.removePod(pod.metadata.uid);
    else if (how === 'finish') this.world.pod({ ...pod, status: { ...pod.status, phase: 'Succeeded' } });
    else {
      this.world.pod({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    }
  }

  #ungate(pod: Pod | undefined): void {
    if (pod === undefined) return;
    this.#untold.delete(pod.metadata.uid);
    const { schedulingGates: _, ...spec } = pod.spec;
    this.world.pod({ ...pod, metadata: { ...pod.metadata, generation: 2 }, spec });
  }

  /** Timers fire in order, and nothing is answered meanwhile. */
  #wait(ms: number): void {
    const { world } = this;
    const end = world.nowMs + ms;
    for (;;) {
      const [next] = [...world.timers].filter(([, { dueMs }]) => dueMs <= end).sort((a, b) => a[1].dueMs - b[1].dueMs);
      if (next === undefined) break;
      const [timer, { generation, dueMs }] = next;
      world.timers.delete(timer);
      world.nowMs = Math.max(world.nowMs, dueMs);
      world.send({ type: 'timer.fired', timer, generation, nowMs: world.nowMs });
      this.check();
    }
    world.nowMs = end;
  }
}

function isGated({ spec }: Pod): boolean {
  return (spec.schedulingGates?.length ?? 0) > 0;
}

function isWaiting({ spec, status, metadata }: Pod): boolean {
  return spec.nodeName === undefined && status?.phase === 'Pending' && metadata.deletionTimestamp === undefined;
}

function placed(pods: Iterable<Pod>): Pod[] {
  return [...pods].filter(({ spec, status }) => spec.nodeName !== undefined && status?.phase !== 'Succeeded');
}

/** Room that a pod as important is promised counts as taken. */
function standsOn({ spec, status, metadata }: Pod, node: string, seeker: Pod): boolean {
  if (spec.nodeName !== undefined) return spec.nodeName === node && status?.phase !== 'Succeeded';
  const important = (spec.priority ?? 0) >= (seeker.spec.priority ?? 0) && metadata.uid !== seeker.metadata.uid;
  return status?.nominatedNodeName === node && important && metadata.deletionTimestamp === undefined;
}

function milliCpu({ spec }: Pod): number {
  return Number.parseInt(spec.containers[0]?.resources?.requests?.cpu ?? '0', 10);
}

function hostPorts({ spec }: Pod): number[] {
  return spec.containers.flatMap(({ ports = [] }) => ports.flatMap(({ hostPort }) => hostPort ?? []));
}

test('no node over its room, no pod bound twice, no ports in conflict, no gated pod bound; and what fits is bound', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.boolean(),
      fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }),
      (seed, graceful, steps) => {
        const history = new History(seed, graceful);
        for (const action of steps) history.take(action);
        history.settle();
        for (const pod of history.world.pods.values()) {
          if (!isWaiting(pod)) continue;
          expect({ pod: pod.metadata.name, couldGoTo: history.hasRoom(pod) }).toEqual({
            pod: pod.metadata.name,
            couldGoTo: undefined,
          });
          // It is told why it waits.
          expect(pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')).toMatchObject({
            status: 'False',
            reason: 'Unschedulable',
          });
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('the same history and seed bind the same pods to the same nodes', () => {
  const run = (seed: number, steps: readonly Step[]) => {
    const history = new History(seed);
    for (const action of steps) history.take(action);
    history.settle();
    return history.world.bound;
  };
  fc.assert(
    fc.property(fc.nat(), fc.array(step, { maxLength: 80, size: 'max' }), (seed, steps) => {
      expect(run(seed, steps)).toEqual(run(seed, steps));
    }),
    { numRuns: 30 },
  );
});
