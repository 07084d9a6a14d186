// The scheduler's host over the real log, registry and view: what is recorded, what people are told, and that others
// get their turn while thousands of pods wait.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Write, WriteOutcome } from '../../../../actors/kit/write.ts';
import { type ApiStack, startApiStack } from '../../../../infra/boot/api-stack.ts';
import { ensureFirstObjects } from '../../../../infra/boot/first-objects.ts';
import { type RunningScheduler, startScheduler } from '../../../../infra/host/scheduler-host.ts';
import type { Writer } from '../../../../infra/host/writer.ts';
import { revisionZero } from '../../../../streams/base/brand.ts';
import { silentLogger } from '../../../../streams/base/logger.ts';
import { seededRandom } from '../../../../streams/base/random.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import type { RecordedEvent } from '../../../../streams/log/event.ts';
import type { ClusterLog } from '../../../../streams/log/event-log.ts';
import { memoryClusterLog } from '../../../../streams/log/memory-log.ts';
import type { CoreEvent } from '../../../../streams/resources/config.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { Node } from '../../../../streams/resources/node.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { aNode, aPod, type PodTraits } from '../../../kit/scheduling.ts';

const user = { user: 'test', agent: 'test', cause: null } as const;
let clock: VirtualClock;
let log: ClusterLog;
let stack: ApiStack;

beforeEach(async () => {
  clock = new VirtualClock();
  log = memoryClusterLog();
  stack = await startApiStack({ log, clock, random: seededRandom(1), logger: silentLogger });
  await ensureFirstObjects({ world: stack.view, writer: stack.writer, port: 6443 });
  // Pods run as an account, which a controller would make.
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'default', name: 'default' } };
  await stack.writer.write({ kind: 'create', resource: resources.serviceAccounts, object }, user);
});

function start({ writer = stack.writer, seed = 1 }: { writer?: Writer; seed?: number } = {}): RunningScheduler {
  return startScheduler({ world: stack.view, writer, clock, random: seededRandom(seed), logger: silentLogger });
}

async function write(write: Write): Promise<AnyObject> {
  const outcome = await stack.writer.write(write, user);
  if (outcome.kind === 'failed') throw new Error(outcome.message);
  return outcome.object as AnyObject;
}

async function create({
  metadata: { uid: _, generation: __, ...metadata },
  ...object
}: Pod | Node): Promise<AnyObject> {
  const resource = object.kind === 'Pod' ? resources.pods : resources.nodes;
  return write({ kind: 'create', resource, object: { ...object, metadata } });
}

/** A node that has reported what it offers and whose taint for not being ready is taken away. */
async function join(node: Node): Promise<void> {
  const created = await create(node);
  const resource = resources.nodes;
  const object = { ...created, status: node.status } as AnyObject;
  const reported = await write({ kind: 'update', resource, object, subresource: 'status' });
  await write({ kind: 'update', resource, object: { ...reported, spec: node.spec } as AnyObject });
}

const pod = (name: string) => stack.view.get<Pod>(resources.pods, { namespace: 'default', name });
const nodeOf = (name: string) => pod(name)?.spec.nodeName;
const told = (reason: string) =>
  stack.view.list<CoreEvent>(resources.events).filter((event) => event.reason === reason);
const createPods = async (count: number, traits: PodTraits = {}) => {
  for (let i = 0; i < count; i++) await create(aPod(`p${i}`, traits));
};

async function recorded(type: string): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for await (const batch of log.streams.LOG.read({ after: revisionZero })) all.push(...batch);
  return all.filter((event) => event.type === type);
}

/** A writer that plays `outcome` where it gives one. */
function writerWith(outcome: (write: Write) => WriteOutcome | undefined | Promise<WriteOutcome | undefined>): Writer {
  return {
    write: async (write, context) => (await outcome(write)) ?? stack.writer.write(write, context),
    note: (note, context) => stack.writer.note(note, context),
  };
}

describe('a pod', () => {
  test('is bound, by the scheduler, because it was created', async () => {
    const scheduler = start();
    await join(aNode('a'));
    await create(aPod('p'));
    await clock.advance(10);
    expect(nodeOf('p')).toBe('a');
    const [created] = await recorded('pod.created');
    expect(await recorded('pod.scheduled')).toMatchObject([
      { author: { user: 'system:kube-scheduler' }, cause: { stream: 'LOG', revision: created?.revision } },
    ]);
    expect(told('Scheduled')).toMatchObject([
      {
        type: 'Normal',
        message: 'Successfully assigned default/p to a',
        reportingComponent: 'default-scheduler',
        action: 'Binding',
      },
    ]);
    expect(scheduler.status()).toMatchObject({ state: 'running.idle', bound: 1, binding: 0, nodes: 1 });
    expect(scheduler.decision({ namespace: 'default', name: 'p' })).toMatchObject({ node: 'a', nodes: 1, feasible: 1 });
  });

  test('that no node suits is told why, and bound because a node came that does', async () => {
    const scheduler = start();
    await join(aNode('a', { cpu: '1' }));
    await create(aPod('p', { cpu: '2' }));
    await clock.advance(10);
    expect(pod('p')?.status?.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
    ]);
    expect(told('FailedScheduling')).toHaveLength(1);
    expect(scheduler.status()).toMatchObject({ unschedulable: 1 });
    await clock.advance(60_000);
    await join(aNode('b', { cpu: '2' }));
    await clock.advance(10);
    expect(nodeOf('p')).toBe('b');
    const [bound] = await recorded('pod.scheduled');
    const nodes = await recorded('node.created');
    expect(bound?.cause?.revision).toBeGreaterThan(nodes.at(-1)?.revision ?? Number.POSITIVE_INFINITY);
  });

  test('is bound on top of what stood before the scheduler started', async () => {
    await join(aNode('a', { cpu: '1' }));
    await join(aNode('b', { cpu: '1' }));
    await create(aPod('before', { cpu: '1' }));
    const first = start();
    await clock.advance(10);
    await first.stop();
    await create(aPod('between', { cpu: '1' }));
    expect(nodeOf('between')).toBeUndefined();
    start();
    await clock.advance(10);
    expect([nodeOf('before'), nodeOf('between')].sort()).toEqual(['a', 'b']);
  });

  test('is bound once where two schedulers want it', async () => {
    const one = start({ seed: 1 });
    const two = start({ seed: 2 });
    for (const name of ['a', 'b', 'c', 'd']) await join(aNode(name));
    await createPods(40);
    await clock.advance(60_000);
    expect(await recorded('pod.scheduled')).toHaveLength(40);
    expect(one.status().bound + two.status().bound).toBe(40);
    expect(one.status().binding + two.status().binding).toBe(0);
  });
});

describe('a writer', () => {
  test('that throws is asked again, and the room is kept', async () => {
    let throws = 1;
    const writer = writerWith((write) => {
      if (write.kind === 'bind' && throws-- > 0) throw new Error('the connection broke');
      return undefined;
    });
    const scheduler = start({ writer });
    await join(aNode('a', { cpu: '1' }));
    await create(aPod('p', { cpu: '1' }));
    await clock.advance(10);
    expect(scheduler.status()).toMatchObject({ binding: 1, bound: 0 });
    await clock.advance(1_000);
    expect(nodeOf('p')).toBe('a');
  });

  test('that loses its answer does not make a pod be bound twice', async () => {
    let loses = true;
    const writer = writerWith(async (write) => {
      if (write.kind !== 'bind' || !loses) return undefined;
      loses = false;
      await stack.writer.write(write, user);
      return { kind: 'failed', reason: 'Unavailable', message: 'no answer' };
    });
    const scheduler = start({ writer });
    await join(aNode('a'));
    await create(aPod('p'));
    await clock.advance(10_000);
    expect(await recorded('pod.scheduled')).toHaveLength(1);
    expect(told('Scheduled')).toHaveLength(1);
    expect(scheduler.status()).toMatchObject({ binding: 0, bound: 1 });
  });
});

describe('stopping', () => {
  test('waits for the bindings under way, and asks for no more', async () => {
    const answers: (() => void)[] = [];
    const writer = writerWith(async (write) => {
      if (write.kind === 'bind') await new Promise<void>((resolve) => answers.push(resolve));
      return undefined;
    });
    const scheduler = start({ writer });
    await join(aNode('a'));
    await create(aPod('p'));
    await clock.advance(10);
    let stopped = false;
    const stopping = scheduler.stop().then(() => {
      stopped = true;
    });
    await create(aPod('late'));
    await clock.advance(60_000);
    expect({ stopped, state: scheduler.status().state }).toEqual({ stopped: false, state: 'draining' });
    for (const answer of answers) answer();
    await stopping;
    expect(nodeOf('p')).toBe('a');
    expect(nodeOf('late')).toBeUndefined();
    expect(scheduler.status().state).toBe('stopped');
  });

  test('twice is once', async () => {
    const scheduler = start();
    await Promise.all([scheduler.stop(), scheduler.stop()]);
    await scheduler.stop();
    expect(scheduler.status().state).toBe('stopped');
  });
});

describe('time', () => {
  test('is given back to others every few milliseconds', async () => {
    // Every look at the clock costs a millisecond here, so a slice of 8 ms holds a bounded number of pods.
    class SlowClock extends VirtualClock {
      #looks = 0;
      override monotonic(): number {
        return this.#looks++;
      }
    }
    const slow = new SlowClock();
    for (let i = 0; i < 20; i++) await join(aNode(`n${i}`));
    await createPods(200, { cpu: '10m' });
    const asked: Write[] = [];
    const writer = writerWith((write) => {
      asked.push(write);
      return undefined;
    });
    startScheduler({ world: stack.view, writer, clock: slow, random: seededRandom(1), logger: silentLogger });
    // The microtask of the first slice has run when this promise settles.
    await Promise.resolve();
    const first = asked.length;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(200);
    await slow.advance(0);
    expect(asked).toHaveLength(200);
  });

  test('and seed alone decide where pods go', async () => {
    const places = async (seed: number) => {
      const scheduler = start({ seed });
      await clock.advance(1_000);
      const placed = Array.from({ length: 30 }, (_, i) => nodeOf(`p${i}`));
      await scheduler.stop();
      for (let i = 0; i < 30; i++) {
        await stack.writer.write(
          { kind: 'delete', resource: resources.pods, namespace: 'default', name: `p${i}`, gracePeriodSeconds: 0 },
          user,
        );
      }
      return placed;
    };
    for (let i = 0; i < 7; i++) await join(aNode(`n${i}`));
    const runs: unknown[] = [];
    for (const seed of [5, 5, 6]) {
      await createPods(30);
      runs.push(await places(seed));
    }
    expect(runs[0]).toEqual(runs[1]);
    expect(runs[0]).not.toEqual(runs[2]);
    expect(runs[0]).not.toContain(undefined);
  });
});
