// Leader election with several candidates on one log, in virtual time: at most one leads at any moment, whatever crashes,
// and work goes on within the lease's duration.

import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { getStateNodes } from 'xstate/graph';
import { leaderElectionMachine } from '../../actors/election/leader-election-machine.ts';
import { type ApiStack, startApiStack } from '../../infra/boot/api-stack.ts';
import { ensureFirstObjects } from '../../infra/boot/first-objects.ts';
import { ControllerManager, switchboard } from '../../infra/host/controller-manager.ts';
import { type Election, standForElection } from '../../infra/host/leader-elector.ts';
import type { Writer } from '../../infra/host/writer.ts';
import type { Clock } from '../../streams/base/clock.ts';
import { type Logger, silentLogger } from '../../streams/base/logger.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { VirtualClock } from '../../streams/base/virtual-clock.ts';
import { memoryClusterLog } from '../../streams/log/memory-log.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Lease } from '../../streams/resources/node.ts';

const lease = 'kube-controller-manager';

async function world() {
  const clock = new VirtualClock();
  const log = memoryClusterLog();
  const stack = await startApiStack({ log, clock, random: seededRandom(1), logger: silentLogger });
  await ensureFirstObjects({ world: stack.view, writer: stack.writer, port: 6443 });
  onTestFinished(() => log.close());
  return { clock, stack };
}

/** One process: while it is cut off from the log its writes fail, and it hears nothing. */
class Candidate {
  readonly identity: string;
  readonly #clock: VirtualClock;
  readonly #stack: ApiStack;
  election: Election | undefined;
  cutOff = false;
  /** Times it led, from and until. */
  readonly terms: { readonly fromMs: number; untilMs: number }[] = [];

  constructor(identity: string, { clock, stack }: { clock: VirtualClock; stack: ApiStack }) {
    this.identity = identity;
    this.#clock = clock;
    this.#stack = stack;
  }

  get leading(): boolean {
    return this.terms.at(-1)?.untilMs === Number.POSITIVE_INFINITY;
  }

  start(): void {
    const clock = this.#clock;
    const { view, writer: real } = this.#stack;
    const writer: Writer = {
      write: (write, context) =>
        this.cutOff
          ? Promise.resolve({ kind: 'failed', reason: 'Unavailable', message: 'cut off' })
          : real.write(write, context),
      note: (note, context) => real.note(note, context),
    };
    this.election = standForElection(
      { lease, identity: this.identity, onLeadership: (leading) => this.#turned(leading) },
      { view, writer, clock, logger: silentLogger },
    );
  }

  /** kill -9: nothing is given back, and what it would do later is nobody's. */
  crash(): void {
    this.cutOff = true;
    this.#end();
    void this.election?.stop();
    this.election = undefined;
  }

  async stop(): Promise<void> {
    this.#end();
    await this.election?.stop();
    this.election = undefined;
  }

  #turned(leading: boolean): void {
    if (leading) this.terms.push({ fromMs: this.#clock.now(), untilMs: Number.POSITIVE_INFINITY });
    else this.#end();
  }

  #end(): void {
    const term = this.terms.at(-1);
    if (term?.untilMs === Number.POSITIVE_INFINITY) term.untilMs = this.#clock.now();
  }
}

const leaders = (candidates: readonly Candidate[]) => candidates.filter(({ leading }) => leading);

test('the first who comes leads, and its name stands in the lease with client-go’s periods', async () => {
  const { clock, stack } = await world();
  const [first, second] = ['one', 'two'].map((name) => new Candidate(name, { clock, stack }));
  first?.start();
  second?.start();
  await clock.advance(1_000);
  expect([first?.leading, second?.leading]).toEqual([true, false]);
  expect(second?.election?.leader).toBe('one');
  const { spec } = stack.view.get<Lease>(resources.leases, { namespace: 'kube-system', name: lease }) ?? {};
  expect(spec).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
  await clock.advance(60_000);
  const later = stack.view.get<Lease>(resources.leases, { namespace: 'kube-system', name: lease })?.spec;
  expect(later?.acquireTime).toBe(spec?.acquireTime);
  expect(Date.parse(later?.renewTime ?? '')).toBeGreaterThan(clock.now() - 3_000);
});

test('a leader that stops hands over at once; one that crashes is followed when its lease has run out', async () => {
  const { clock, stack } = await world();
  const all = ['one', 'two', 'three'].map((name) => new Candidate(name, { clock, stack }));
  const [one, two, three] = all as [Candidate, Candidate, Candidate];
  one.start();
  await clock.advance(100);
  two.start();
  await clock.advance(5_000);
  const stopping = one.stop();
  await clock.advance(100);
  await stopping;
  expect(leaders(all)).toEqual([two]);
  three.start();
  await clock.advance(5_000);
  two.crash();
  await clock.advance(12_000);
  expect(leaders(all)).toEqual([]);
  await clock.advance(6_000);
  expect(leaders(all)).toEqual([three]);
  const { spec } = stack.view.get<Lease>(resources.leases, { namespace: 'kube-system', name: lease }) ?? {};
  expect(spec?.leaseTransitions).toBe(2);
});

test('a process that is started again under its own name leads again at once', async () => {
  const { clock, stack } = await world();
  const before = new Candidate('one', { clock, stack });
  before.start();
  await clock.advance(3_000);
  before.crash();
  const after = new Candidate('one', { clock, stack });
  after.start();
  await clock.advance(100);
  expect(after.leading).toBe(true);
});

test('a leader that the log does not answer gives up before anybody else may lead', async () => {
  const { clock, stack } = await world();
  const [one, two] = ['one', 'two'].map((name) => new Candidate(name, { clock, stack })) as [Candidate, Candidate];
  one.start();
  await clock.advance(100);
  two.start();
  await clock.advance(4_000);
  one.cutOff = true;
  await clock.advance(11_000);
  expect(leaders([one, two])).toEqual([]);
  await clock.advance(6_000);
  expect(leaders([one, two])).toEqual([two]);
});

test('a leader whose renewal is never answered gives up, also by a clock whose timers are a little early', async () => {
  const { clock, stack } = await world();
  let answers = true;
  const writer: Writer = {
    write: (write, context) => (answers ? stack.writer.write(write, context) : new Promise(() => {})),
    note: (note, context) => stack.writer.note(note, context),
  };
  const early: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, fn) => clock.after(Math.max(0, ms - 0.5), fn),
  };
  const turns: boolean[] = [];
  const candidacy = { lease, identity: 'one', onLeadership: (leading: boolean) => turns.push(leading) };
  standForElection(candidacy, { view: stack.view, writer, clock: early, logger: silentLogger });
  await clock.advance(100);
  answers = false;
  await clock.advance(12_000);
  expect(turns).toEqual([true, false]);
});

const step = fc.record({
  who: fc.integer({ min: 0, max: 2 }),
  what: fc.constantFrom('crash', 'stop', 'cut', 'mend'),
  afterMs: fc.integer({ min: 0, max: 20_000 }),
});

test('whatever crashes and is cut off, no two lead at once, and somebody leads in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const clock = new VirtualClock();
      const log = memoryClusterLog();
      const stack = await startApiStack({ log, clock, random: seededRandom(1), logger: silentLogger });
      await ensureFirstObjects({ world: stack.view, writer: stack.writer, port: 6443 });
      const ever: Candidate[] = [];
      const join = (name: string) => {
        const candidate = new Candidate(name, { clock, stack });
        ever.push(candidate);
        candidate.start();
        return candidate;
      };
      const now = ['a', 'b', 'c'].map(join);
      for (const { who, what, afterMs } of steps) {
        await clock.advance(afterMs);
        const candidate = now[who] as Candidate;
        if (what === 'cut' || what === 'mend') candidate.cutOff = what === 'cut';
        else {
          if (what === 'crash') candidate.crash();
          else void candidate.stop();
          now[who] = join(`${candidate.identity}'`);
        }
      }
      for (const candidate of now) candidate.cutOff = false;
      await clock.advance(40_000);
      expect(leaders(ever)).toHaveLength(1);
      const terms = ever.flatMap((candidate) => candidate.terms).sort((a, b) => a.fromMs - b.fromMs);
      for (const [index, term] of terms.entries()) {
        const next = terms[index + 1];
        if (next !== undefined) expect(term.untilMs).toBeLessThanOrEqual(next.fromMs);
      }
      await log.close();
    }),
    { numRuns: 25 },
  );
});

test('the machine has these arrows and no others', () => {
  const path = (id: string) => id.replace(/^leader-election\.?/, '');
  const arrows = getStateNodes(leaderElectionMachine).flatMap((node) =>
    [...node.transitions.values()]
      .flat()
      .filter(({ target }) => target !== undefined)
      .map(({ eventType, target }) => `${path(node.id)} --${eventType}--> ${path(target?.[0]?.id ?? '')}`),
  );
  expect([...new Set(arrows)].sort()).toEqual([
    'acquiring --stop--> stopped',
    'acquiring --write.settled--> leading',
    'acquiring --write.settled--> waiting',
    'leading --lease.observed--> waiting',
    'leading --stop--> stopped',
    'leading --timer.fired--> waiting',
    'leading.renewing --write.settled--> leading.resting',
    'leading.resting --timer.fired--> leading.renewing',
    'waiting --lease.observed--> acquiring',
    'waiting --stop--> stopped',
    'waiting --timer.fired--> acquiring',
  ]);
});

test('controllers begin when this process leads, and one that is switched off rests until it is switched on', async () => {
  const { clock, stack } = await world();
  const { view, writer } = stack;
  const reconciled: string[] = [];
  const controller = (name: string) => ({
    name,
    user: `system:${name}`,
    workers: 1,
    watches: [{ resource: resources.secrets, keys: ({ ref }: { ref: { name: string } }) => [ref.name] }],
    reconcile: ({ key }: { key: string }) => {
      reconciled.push(`${name} ${key}`);
      return { writes: [] };
    },
  });
  const logger: Logger = silentLogger;
  const ports = { view, writer, clock, random: seededRandom(1), logger };
  const manager = new ControllerManager([controller('one'), controller('two')], ports);
  const states = () => manager.rows.map(({ name, enabled, status: { state } }) => `${name} ${enabled} ${state}`);
  const context = { user: 'test', agent: 'test', cause: null };
  const secret = (name: string) =>
    writer.write(
      {
        kind: 'create',
        resource: resources.secrets,
        object: { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name } },
      },
      context,
    );
  await secret('a');
  await clock.advance(10);
  expect(states()).toEqual(['one true stopped', 'two true stopped']);
  manager.lead();
  await clock.advance(10);
  expect(reconciled).toEqual(['one a', 'two a']);
  const data = { two: 'off' };
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...switchboard }, data };
  await writer.write({ kind: 'create', resource: resources.configMaps, object: map }, context);
  await clock.advance(10);
  expect(states()).toEqual(['one true running.idle', 'two false stopped']);
  await secret('b');
  await clock.advance(10);
  expect(reconciled).toEqual(['one a', 'two a', 'one b']);
  const { namespace, name } = switchboard;
  await writer.write({ kind: 'delete', resource: resources.configMaps, namespace, name }, context);
  await clock.advance(10);
  expect(reconciled.slice(3)).toEqual(['two a', 'two b']);
  await manager.stop();
  expect(states()).toEqual(['one true stopped', 'two true stopped']);
  expect(manager.rows.map(({ status }) => status.reconciles)).toEqual([2, 3]);
});
