// The host of a controller: what it hears, what it carries out, and that nothing it is told gets lost. The controllers
// here are as small as they can be; the log, the registry and the view are real.

import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Controller,
  type FailedWrite,
  nothingToDo,
  type Plan,
  type ReconcileInput,
} from '../../../../actors/kit/controller.ts';
import type { Write, WriteOutcome } from '../../../../actors/kit/write.ts';
import { type ApiStack, startApiStack } from '../../../../infra/boot/api-stack.ts';
import { ensureFirstObjects } from '../../../../infra/boot/first-objects.ts';
import { ControllerHost, type ControllerPorts } from '../../../../infra/host/controller-host.ts';
import type { WriteContext, Writer } from '../../../../infra/host/writer.ts';
import { silentLogger } from '../../../../streams/base/logger.ts';
import { seededRandom } from '../../../../streams/base/random.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import { memoryClusterLog } from '../../../../streams/log/memory-log.ts';
import type { ConfigMap } from '../../../../streams/resources/config.ts';
import { resources } from '../../../../streams/resources/names.ts';

const clock = { current: new VirtualClock() };
let stack: ApiStack;

beforeEach(async () => {
  clock.current = new VirtualClock();
  const log = memoryClusterLog();
  stack = await startApiStack({ log, clock: clock.current, random: seededRandom(1), logger: silentLogger });
  await ensureFirstObjects({ world: stack.view, writer: stack.writer, port: 6443 });
});

type Told = { readonly writes: WriteContext[]; readonly notes: string[] };

/** A writer that remembers with what context it was asked. */
function listening(told: Told, outcome?: (write: Write) => WriteOutcome | undefined): Writer {
  return {
    async write(write, context) {
      told.writes.push(context);
      return outcome?.(write) ?? (await stack.writer.write(write, context));
    },
    note: ({ message }) => told.notes.push(message),
  };
}

function hostOf(
  reconcile: (input: ReconcileInput) => Plan,
  {
    writer = stack.writer,
    observer,
    ...change
  }: Partial<Controller> & { writer?: Writer; observer?: ControllerPorts['observer'] } = {},
): ControllerHost {
  const controller: Controller = {
    name: 'test-controller',
    user: 'system:test',
    workers: 2,
    watches: [{ resource: resources.configMaps, keys: ({ ref }) => [`${ref.namespace}/${ref.name}`] }],
    reconcile,
    ...change,
  };
  const ports = { view: stack.view, clock: clock.current, random: seededRandom(1), logger: silentLogger, writer };
  return new ControllerHost(controller, { ...ports, ...(observer && { observer }) });
}

async function make(name: string, data: Record<string, string> = {}): Promise<ConfigMap> {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data };
  const outcome = await stack.writer.write(
    { kind: 'create', resource: resources.configMaps, object },
    { user: 'tester', cause: null },
  );
  if (outcome.kind === 'failed') throw new Error(outcome.message);
  return outcome.object as ConfigMap;
}

function creation(name: string): Write {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } };
  return { kind: 'create', resource: resources.configMaps, object };
}

describe('a controller', () => {
  test('is told of every object there is when it starts, and of every change from then on', async () => {
    await make('before');
    const keys: string[] = [];
    const host = hostOf(({ key }) => {
      keys.push(key);
      return nothingToDo;
    });
    host.start();
    await clock.current.advance(0);
    await make('after');
    await clock.current.advance(0);
    expect(keys).toEqual(['default/before', 'default/after']);
    expect(host.status).toEqual({ state: 'running.idle', queueDepth: 0, running: 0, reconciles: 2, errors: 0 });
  });

  test('that watches everything hears of resources that appear later', async () => {
    const seen = new Set<string>();
    const host = hostOf(() => nothingToDo, {
      watches: [
        {
          resource: 'all',
          keys({ ref }) {
            seen.add(ref.resource);
            return [];
          },
        },
      ],
    });
    host.start();
    await make('first-of-its-kind');
    const first = [
      'endpoints',
      'endpointslices',
      'ipaddresses',
      'namespaces',
      'priorityclasses',
      'servicecidrs',
      'services',
    ];
    expect([...seen].sort()).toEqual([...first, 'configmaps'].sort());
  });

  test('writes as itself, with the event that named the key as the cause', async () => {
    const told: Told = { writes: [], notes: [] };
    const host = hostOf(({ key }) => (key === 'default/a' ? { writes: [creation('of-a')] } : nothingToDo), {
      writer: listening(told),
    });
    host.start();
    const made = await make('a');
    await clock.current.advance(0);
    expect(told.writes).toEqual([
      {
        user: 'system:test',
        agent: 'kube-controller-manager',
        cause: { stream: 'LOG', revision: Number(made.metadata.resourceVersion) },
      },
    ]);
  });

  test('reads what its plan has done before it looks at the key again', async () => {
    const rounds: number[] = [];
    const host = hostOf(({ world, key }) => {
      if (key !== 'default/seed') return nothingToDo;
      const count = world.list(resources.configMaps).length;
      rounds.push(count);
      return count >= 10 ? nothingToDo : { writes: [creation(`c${count}`), creation(`d${count}`)], againAfterMs: 0 };
    });
    await make('seed');
    host.start();
    await clock.current.advance(10);
    expect(rounds).toEqual([1, 3, 5, 7, 9, 11]);
  });

  test('does nothing twice at a time for one key, and two keys at most with two workers', async () => {
    let open = 0;
    let most = 0;
    const inside = new Set<string>();
    const gates: (() => void)[] = [];
    const writer: Writer = {
      async write(write) {
        const name = write.kind === 'create' ? (write.object.metadata.name ?? '') : '';
        expect(inside.has(name)).toBe(false);
        inside.add(name);
        most = Math.max(most, ++open);
        await new Promise<void>((resolve) => gates.push(resolve));
        open--;
        inside.delete(name);
        return { kind: 'failed', reason: 'Conflict', message: 'somebody was first' };
      },
      note() {},
    };
    const host = hostOf(({ key }) => ({ writes: [creation(`${key.slice('default/'.length)}-made`)] }), { writer });
    for (const name of ['a', 'b', 'c', 'd']) await make(name);
    host.start();
    for (let i = 0; i < 20; i++) {
      await clock.current.advance(5);
      gates.shift()?.();
    }
    expect(most).toBe(2);
    expect(host.status.errors).toBe(0);
  });
});

describe('a plan', () => {
  test('that fails in part tells only the notes of what was done, and comes back with what was not', async () => {
    const told: Told = { writes: [], notes: [] };
    const came: (readonly FailedWrite[])[] = [];
    const good = creation('good');
    const bad = creation('bad');
    const note = { type: 'Normal', reason: 'R', component: 'c' } as const;
    const host = hostOf(
      ({ world, key, failures }) => {
        const regarding = world.get(resources.configMaps, { namespace: 'default', name: 'seed' });
        if (key !== 'default/seed' || regarding === undefined) return nothingToDo;
        came.push(failures);
        if (failures.length > 0) return nothingToDo;
        return {
          writes: [good, bad],
          notes: [
            { ...note, regarding, message: 'good is done', after: good },
            { ...note, regarding, message: 'bad is done', after: bad },
            { ...note, regarding, message: 'looked at it' },
          ],
        };
      },
      {
        writer: listening(told, (write) =>
          write === bad ? { kind: 'failed', reason: 'Forbidden', message: 'quota' } : undefined,
        ),
      },
    );
    await make('seed');
    host.start();
    await clock.current.advance(100);
    expect(told.notes).toEqual(['good is done', 'looked at it']);
    expect(came).toEqual([[], [{ write: bad, reason: 'Forbidden', message: 'quota' }]]);
    expect(host.status.errors).toBe(1);
  });

  test('whose writer rejects is a failure like another', async () => {
    const writer: Writer = { write: () => Promise.reject(new Error('out of order')), note() {} };
    const reasons: (string | undefined)[] = [];
    const host = hostOf(
      ({ failures }) => {
        reasons.push(failures[0]?.message);
        return failures.length > 0 ? nothingToDo : { writes: [creation('x')] };
      },
      { writer },
    );
    await make('seed');
    host.start();
    await clock.current.advance(10);
    expect(reasons).toEqual([undefined, 'out of order']);
  });

  test('that cannot be made leaves the other keys alone and is tried again', async () => {
    const seen: string[] = [];
    const host = hostOf(({ key }) => {
      seen.push(key);
      if (key === 'default/odd' && seen.filter((other) => other === key).length < 3) throw new TypeError('odd object');
      return nothingToDo;
    });
    await make('odd');
    await make('plain');
    host.start();
    await clock.current.advance(100);
    expect(seen.filter((key) => key === 'default/odd').length).toBe(3);
    expect(seen).toContain('default/plain');
    expect(host.status.errors).toBe(2);
  });

  test('that asks to be looked at again is, to the millisecond', async () => {
    const times: number[] = [];
    const host = hostOf(
      ({ nowMs, sinceMs }) => {
        times.push(nowMs - sinceMs);
        return { writes: [], againAfterMs: 1_500 };
      },
      { watches: [], initialKeys: ['all'] },
    );
    host.start();
    await clock.current.advance(5_000);
    expect(times).toEqual([0, 1_500, 3_000, 4_500]);
    await host.stop();
    await clock.current.advance(5_000);
    expect(times.length).toBe(4);
  });

  test('is told at its next look what it wanted remembered, unless the write it hangs on failed', async () => {
    const seen: unknown[] = [];
    const refuse: Writer = {
      write: async () => ({ kind: 'failed', reason: 'Other', message: 'no' }),
      note() {},
    };
    const plans: Plan[] = [
      { writes: [], remember: { memory: 'first' }, againAfterMs: 10 },
      { writes: [], againAfterMs: 10 },
    ];
    const refused = creation('x');
    plans.push({ writes: [refused], remember: { memory: 'never', after: refused } });
    plans.push({ writes: [refused], remember: { memory: 'all the same' } });
    plans.push({ writes: [], remember: { memory: undefined }, againAfterMs: 10 });
    const host = hostOf(
      ({ memory }) => {
        seen.push(memory);
        return plans[seen.length - 1] ?? nothingToDo;
      },
      { watches: [], initialKeys: ['all'], writer: refuse },
    );
    host.start();
    await clock.current.advance(1_000);
    expect(seen).toEqual([undefined, 'first', 'first', 'first', 'all the same', undefined]);
    await host.stop();
  });
});

test('thousands of changes in one turn of the event loop name each key once', async () => {
  let looked = 0;
  const host = hostOf(() => {
    looked++;
    return nothingToDo;
  });
  host.start();
  await Promise.all(Array.from({ length: 2_000 }, (_, i) => make(`c${i}`)));
  const before = looked;
  expect(before).toBeLessThanOrEqual(2_000);
  await clock.current.advance(100);
  expect(looked).toBe(2_000);
  expect(host.status.queueDepth).toBe(0);
});

test('stopping waits for what is under way and starts nothing more', async () => {
  let finish = () => {};
  const writer: Writer = {
    async write() {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return { kind: 'failed', reason: 'Other', message: 'late' };
    },
    note() {},
  };
  const host = hostOf(() => ({ writes: [creation('x')] }), { writer, workers: 1 });
  await make('a');
  await make('b');
  host.start();
  await clock.current.advance(0);
  let stopped = false;
  const stopping = host.stop().then(() => {
    stopped = true;
  });
  await clock.current.advance(10);
  expect([stopped, host.status.state]).toEqual([false, 'draining']);
  finish();
  await clock.current.advance(10);
  await stopping;
  expect(host.status).toMatchObject({ state: 'stopped', reconciles: 1 });
  await host.stop();
});

test('a controller that was never started can be stopped', async () => {
  const host = hostOf(() => nothingToDo);
  await host.stop();
  expect(host.status.state).toBe('stopped');
});

test('whoever watches a controller is told of every reconcile and what came of it', async () => {
  const seen: string[] = [];
  const refuses = listening({ writes: [], notes: [] }, () => ({ kind: 'failed', reason: 'Forbidden', message: 'no' }));
  const reconcile = ({ key, failures }: ReconcileInput): Plan => {
    if (key === 'default/odd') throw new Error('odd');
    if (key !== 'default/refused' || failures.length > 0) return nothingToDo;
    return { writes: [{ kind: 'delete', resource: resources.configMaps, namespace: 'default', name: 'refused' }] };
  };
  const host = hostOf(reconcile, {
    writer: refuses,
    observer: (name) => (key) => (plan, failures) =>
      void seen.push(
        `${name} ${key}: ${plan === undefined ? 'threw' : `${plan.writes.length} writes, ${failures.length} failed`}`,
      ),
  });
  for (const name of ['plain', 'refused', 'odd']) await make(name);
  host.start();
  await clock.current.advance(1);
  expect(seen.filter((line) => !line.includes('kube-root-ca')).sort()).toEqual([
    'test-controller default/odd: threw',
    'test-controller default/plain: 0 writes, 0 failed',
    'test-controller default/refused: 1 writes, 1 failed',
  ]);
  await host.stop();
});
