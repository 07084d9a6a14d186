// A machine that is run takes the course an actor of xstate's takes: statecharts are made at random and both are walked
// side by side. The machines of pods' workers and kubelets are walked so by `tests/kit/driven-worker.ts`.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createActor, enqueueActions, setup } from 'xstate';
import { MachineRun } from '../../../../actors/kit/machine-run.ts';
import '../../../kit/properties.ts';

type Context = { readonly n: number; readonly trace: readonly string[] };
type Event = { readonly type: string; readonly by: number };
type Emitted = { readonly type: 'said'; readonly text: string };

/** Every third action emits, every fifth assigns nothing. */
const names = Array.from({ length: 15 }, (_, index) => `act${index}`);

function base() {
  const actions = Object.fromEntries(
    names.map((name, index) => [
      name,
      enqueueActions<Context, Event, undefined, Event, never, never, never, never, Emitted>(
        ({ context, event, enqueue }) => {
          const by = 'by' in event ? event.by : 0;
          if (index % 3 === 0) enqueue.emit({ type: 'said', text: `${name} at ${context.n}` });
          if (index % 5 === 0) return;
          enqueue.assign({ n: ({ context: now }) => now.n + 1 });
          enqueue.assign(({ context: now }) => ({ trace: [...now.trace, `${name} ${now.n} ${by}`] }));
        },
      ),
    ]),
  );
  return setup({
    types: { context: {} as Context, events: {} as Event, emitted: {} as Emitted, input: {} as { readonly n: number } },
    actions,
    guards: {
      even: ({ context }) => context.n % 2 === 0,
      large: ({ event }) => event.by > 2,
      // What follows of itself does so only a few times.
      early: ({ context }) => context.n < 12,
      'early and odd': ({ context }) => context.n < 12 && context.n % 2 === 1,
    },
  });
}

const eventTypes = ['pod.changed', 'pod.gone', 'pod', 'node.changed', 'stop', 'unheard'];
const descriptors = ['pod.changed', 'pod.gone', 'pod.*', 'node.changed', 'node.*', 'stop', '*'];

type Chart = { readonly config: object; readonly ids: readonly string[] };

/** A chart of up to three levels; ids are its places from the top. */
const chart: fc.Arbitrary<Chart> = fc
  .array(fc.array(fc.nat(2), { maxLength: 3 }), { minLength: 1, maxLength: 4 })
  .chain((shape) => {
    const ids = shape.flatMap((inner, i) => [
      `s${i}`,
      ...inner.flatMap((deep, j) => [`s${i}-${j}`, ...Array.from({ length: deep }, (_, k) => `s${i}-${j}-${k}`)]),
    ]);
    const action = fc.subarray(names, { maxLength: 3 });
    const target = fc.option(
      fc.constantFrom(...ids, 'end').map((id) => `#${id}`),
      { nil: undefined },
    );
    const transition = fc.record(
      { target, actions: action, guard: fc.constantFrom('even', 'large') },
      { requiredKeys: ['actions'] },
    );
    // It changes something, so that its guard fails in the end.
    const always = fc.record({
      target,
      actions: fc.constant(['act1']),
      guard: fc.constantFrom('early', 'early and odd'),
    });
    const state = fc.record({
      entry: action,
      exit: action,
      on: fc.dictionary(
        fc.constantFrom(...descriptors),
        fc.array(transition.map(tidy), { minLength: 1, maxLength: 2 }),
        {
          maxKeys: 4,
        },
      ),
      always: fc.option(fc.array(always.map(tidy), { maxLength: 2 }), { nil: [], freq: 1 }),
    });
    return fc.array(state, { minLength: ids.length + 1, maxLength: ids.length + 1 }).map((states) => {
      const at = new Map(ids.map((id, index) => [id, { id, ...states[index] }]));
      const nested = (id: string): object => {
        const depth = id.split('-').length;
        const inner = ids.filter((other) => other.startsWith(`${id}-`) && other.split('-').length === depth + 1);
        return { ...at.get(id), ...statesOf(inner.map((other) => [other.replace(/.*-/, 'c'), nested(other)])) };
      };
      const top = ids.filter((id) => !id.includes('-')).map((id): [string, object] => [id, nested(id)]);
      const end: [string, object] = ['end', { id: 'end', type: 'final', entry: ['act1', 'act3'], exit: ['act6'] }];
      return { config: { ...states.at(-1), ...statesOf([...top, end]) }, ids };
    });
  });

/** A machine's own words for what is not there. */
function tidy<T extends { readonly target?: string | undefined }>({ target, ...rest }: T): object {
  return target === undefined ? rest : { target, ...rest };
}

function statesOf(states: readonly (readonly [string, object])[]): object {
  const [first] = states;
  return first === undefined ? {} : { initial: first[0], states: Object.fromEntries(states) };
}

/** What both have come to after each event. */
function walked(machine: AnyStateMachine, events: readonly Event[]) {
  const said = { actor: [] as unknown[], run: [] as unknown[] };
  const actor = createActor(machine, { input: { n: 0 } });
  actor.on('*', (emitted) => said.actor.push(emitted));
  const run = new MachineRun(machine, { input: { n: 0 }, emitted: (emitted) => said.run.push(emitted) });
  const moments = () => {
    const { value, context, status } = actor.getSnapshot();
    return [
      { value, context, status, said: [...said.actor] },
      { value: run.value, context: run.context, status: run.status, said: [...said.run] },
    ];
  };
  const course = [moments()];
  actor.start();
  run.start();
  course.push(moments());
  for (const event of events) {
    if (run.status !== 'active') break;
    actor.send(event);
    run.send(event);
    course.push(moments());
  }
  return course;
}

test('a run takes the course that an actor of the same machine takes', () => {
  const events = fc.array(fc.record({ type: fc.constantFrom(...eventTypes), by: fc.nat(4) }), { maxLength: 12 });
  fc.assert(
    fc.property(chart, events, ({ config }, told) => {
      const context = ({ input }: { input: { n: number } }) => ({ n: input.n, trace: [] });
      const machine = base().createMachine({ id: 'chart', context, ...config } as never) as unknown as AnyStateMachine;
      for (const [actor, run] of walked(machine, told)) expect(run).toEqual(actor);
    }),
    { numRuns: 400 },
  );
});

describe('a run', () => {
  const closed = base();
  const counting = closed.createMachine({
    context: ({ input: { n } }) => ({ n, trace: [] }),
    initial: 'on',
    states: { on: { entry: 'act3', on: { 'pod.*': { actions: 'act3' }, stop: 'off' } }, off: { type: 'final' } },
  });
  const heard: Emitted[] = [];
  const begun = () => {
    heard.length = 0;
    return new MachineRun(counting, { input: { n: 5 }, emitted: (emitted) => heard.push(emitted) });
  };

  test('emits nothing before it is started', () => {
    const run = begun();
    expect(heard).toEqual([]);
    run.start();
    expect(heard).toEqual([{ type: 'said', text: 'act3 at 5' }]);
  });

  test('passes over what comes after its end', () => {
    const run = begun();
    run.start();
    run.send({ type: 'stop', by: 0 });
    run.send({ type: 'pod.changed', by: 0 });
    expect(run.status).toBe('done');
    expect(heard).toHaveLength(1);
    const stopped = begun();
    stopped.start();
    stopped.stop();
    stopped.send({ type: 'pod.changed', by: 0 });
    expect(stopped.status).toBe('stopped');
    expect(heard).toHaveLength(1);
  });

  test('hears what a listener sends only after what it was telling', () => {
    const texts: string[] = [];
    const run = new MachineRun(counting, {
      input: { n: 0 },
      emitted: ({ text }) => {
        texts.push(text);
        if (texts.length === 1) run.send({ type: 'pod.changed', by: 0 });
        texts.push('told');
      },
    });
    run.start();
    expect(texts).toEqual(['act3 at 0', 'told', 'act3 at 1', 'told']);
  });

  test('has failed once an action threw, and nobody hears what the turn had emitted', () => {
    const machine = setup({ types: { events: {} as Event, emitted: {} as Emitted } }).createMachine({
      on: {
        '*': {
          actions: enqueueActions(({ enqueue }) => {
            enqueue.emit({ type: 'said', text: 'half' });
            throw new Error('broken');
          }),
        },
      },
    });
    const texts: string[] = [];
    const run = new MachineRun(machine, { input: undefined, emitted: ({ text }) => texts.push(text) });
    run.start();
    expect(() => run.send({ type: 'stop', by: 0 })).toThrow('broken');
    expect(run.status).toBe('error');
    expect(texts).toEqual([]);
    expect(() => run.send({ type: 'stop', by: 0 })).not.toThrow();
  });
});

test('machines that are not closed are refused, and told why', () => {
  const open = [
    [{ type: 'parallel', states: { a: {}, b: {} } }, 'is parallel, which no closed machine is'],
    [{ initial: 'a', states: { a: { after: { 10: 'b' } }, b: {} } }, 'waits for what others do'],
    [{ on: { stop: { actions: () => {} } } }, 'an action is made by enqueueActions'],
    [
      { initial: 'a', states: { a: { on: { stop: { target: 'a', reenter: true } } } } },
      'entered anew by no transition',
    ],
    [
      { initial: 'a', states: { a: { initial: 'b', states: { b: { type: 'final' } } } } },
      'ends the machine from within',
    ],
  ] as const;
  for (const [config, why] of open) {
    const machine = setup({}).createMachine({ id: 'open', ...config } as never) as unknown as AnyStateMachine;
    const run = () => {
      const begun = new MachineRun(machine, { input: undefined, emitted: () => {} });
      begun.start();
      begun.send({ type: 'stop' });
    };
    expect(run).toThrow(why);
  }
});
