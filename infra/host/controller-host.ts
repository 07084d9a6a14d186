// Runs one controller: tells its machine what changed, and carries out what the machine asks for. Changes of one turn
// of the event loop reach the machine as one batch with each key once, so a burst of ten thousand costs one step.

import type {
  Controller,
  FailedWrite,
  Key,
  Plan,
  PlannedNote,
  Watch,
  WatchedChange,
} from '../../actors/kit/controller.ts';
import { type ControllerEvent, controllerMachine } from '../../actors/kit/controller-machine.ts';
import type { Effect } from '../../actors/kit/effect.ts';
import { stateName } from '../../actors/kit/lifecycle.ts';
import { MachineRun } from '../../actors/kit/machine-run.ts';
import type { ReconcileOutcome } from '../../actors/kit/work-queue.ts';
import type { Write, WriteOutcome } from '../../actors/kit/write.ts';
import { assert } from '../../streams/base/assert.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Cause } from '../../streams/log/event.ts';
import { streamOf } from '../../streams/log/subjects.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { StoredObject } from '../../streams/views/stored-object.ts';
import type { WriteContext, Writer } from './writer.ts';

export type ControllerPorts = {
  readonly view: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Who watches a controller at work, by its name; nobody where left out. */
  readonly observer?: (controller: string) => ReconcileObserver | undefined;
};

/** Told of a key when it is about to be reconciled; returns what is told of the outcome: no plan where that threw. */
export type ReconcileObserver = (
  key: Key,
) => ((plan: Plan | undefined, failures: readonly FailedWrite[]) => void) | undefined;

export type ControllerStatus = {
  /** The machine's state, e.g. `running.idle`. */
  readonly state: string;
  /** Keys waiting to be reconciled; delayed ones are not counted. */
  readonly queueDepth: number;
  readonly running: number;
  readonly reconciles: number;
  /** Reconciles that threw, and writes refused for another reason than that somebody else was first. */
  readonly errors: number;
};

/** Field manager of everything controllers write. */
const agent = 'kube-controller-manager';

/** The event loop is given back after so many steps, or after so long, whichever comes first. */
const stepsMax = 256;
const stepsMsMax = 5;

export class ControllerHost {
  readonly controller: Controller;
  readonly #ports: ControllerPorts;
  readonly #random: Random;
  readonly #observer: ReconcileObserver | undefined;
  readonly #run: MachineRun<typeof controllerMachine>;
  readonly #unlisten: (() => void)[] = [];
  /** Keys named in this turn of the event loop, with the newest event that named each. */
  #named = new Map<Key, Cause | null>();
  /** What plans wanted remembered for the next look at their key. */
  readonly #memory = new Map<Key, unknown>();
  #inbox: ControllerEvent[] = [];
  #outbox: Effect[] = [];
  #pumping = false;
  #timer: Timer | undefined;
  #reconciles = 0;
  #errors = 0;
  readonly #stopped = Promise.withResolvers<void>();

  constructor(controller: Controller, ports: ControllerPorts) {
    this.controller = controller;
    this.#ports = ports;
    this.#random = ports.random.stream(controller.name);
    this.#observer = ports.observer?.(controller.name);
    this.#run = new MachineRun(controllerMachine, {
      input: { workersMax: controller.workers },
      emitted: ({ effect }) => this.#outbox.push(effect),
    });
    this.#run.start();
    const { name } = controller;
    this.#stopped.promise.catch((error) => ports.logger.error('controller machine failed', { name, error }));
  }

  get status(): ControllerStatus {
    const { value, context } = this.#run;
    const { waiting, running } = context.queue;
    const { size } = this.#named;
    return {
      state: stateName(value),
      queueDepth: waiting + size,
      running,
      reconciles: this.#reconciles,
      errors: this.#errors,
    };
  }

  /** Begins to work. The view must be complete. */
  start(): void {
    this.#post({ type: 'controller.started' });
    for (const key of this.controller.initialKeys ?? []) this.#name(key, null);
    for (const watch of this.controller.watches) this.#watch(watch);
    this.#tell();
    this.#post({ type: 'world.synced', nowMs: this.#ports.clock.now() });
  }

  /** Starts nothing new; resolves once what was under way has ended. */
  stop(): Promise<void> {
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
    this.#named.clear();
    this.#post({ type: 'stop' });
    return this.#stopped.promise;
  }

  #watch(watch: Watch): void {
    const { view } = this.#ports;
    const listener = (change: Change) => this.#heed(watch, change, change.event);
    const views =
      watch.resource === 'all' ? view.resources().map((name) => view.resource(name)) : [view.resource(watch.resource)];
    for (const resourceView of views) for (const stored of resourceView.select()) this.#heed(watch, added(stored));
    this.#unlisten.push(
      watch.resource === 'all' ? view.listen(listener) : view.resource(watch.resource).listen(listener),
    );
  }

  #heed(watch: Watch, change: WatchedChange, event?: Cause): void {
    const keys = watch.keys(change, this.#ports.view);
    if (keys.length === 0) return;
    const cause: Cause =
      event === undefined
        ? { stream: streamOf(change.ref), revision: change.current.revision }
        : { stream: event.stream, revision: event.revision };
    for (const key of keys) this.#name(key, cause);
  }

  #name(key: Key, cause: Cause | null): void {
    if (this.#named.size === 0) queueMicrotask(() => this.#tell());
    this.#named.set(key, cause);
  }

  /** Tells the machine the keys that were named since it was last told. */
  #tell(): void {
    if (this.#named.size === 0) return;
    const keys = Array.from(this.#named, ([key, cause]) => ({ key, cause }));
    this.#named = new Map();
    this.#post({ type: 'keys.enqueued', keys, nowMs: this.#ports.clock.now() });
  }

  #post(event: ControllerEvent): void {
    this.#inbox.push(event);
    if (!this.#pumping) this.#pump();
  }

  /** Sends what has arrived and carries out what comes of it, until nothing is left or the loop is due to others. */
  #pump(): void {
    const { clock } = this.#ports;
    this.#pumping = true;
    const startMs = clock.monotonic();
    for (let steps = 0; this.#inbox.length > 0 || this.#outbox.length > 0; steps++) {
      if (steps >= stepsMax || clock.monotonic() - startMs > stepsMsMax) {
        clock.after(0, () => this.#pump());
        return;
      }
      const effect = this.#outbox.shift();
      if (effect !== undefined) {
        this.#perform(effect);
        continue;
      }
      const events = this.#inbox;
      this.#inbox = [];
      for (const event of events) this.#send(event);
    }
    this.#pumping = false;
  }

  #send(event: ControllerEvent): void {
    const run = this.#run;
    try {
      run.send(event);
    } catch (error) {
      this.#stopped.reject(error);
    }
    if (run.value === 'faulted') {
      this.#stopped.reject(new Error(`${this.controller.name} was sent an event that its state knows nothing of`));
    } else if (run.status === 'done') this.#stopped.resolve();
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'reconcile':
        this.#reconcile(effect);
        return;
      case 'arm':
        this.#timer?.cancel();
        this.#timer = this.#ports.clock.after(effect.ms, () => {
          const { timer, generation } = effect;
          this.#post({ type: 'timer.fired', timer, generation, nowMs: this.#ports.clock.now() });
        });
        return;
      case 'disarm':
        this.#timer?.cancel();
        return;
      default:
        assert(false, `the controller machine does not emit ${effect.kind}`);
    }
  }

  #reconcile({ key, cause, sinceMs, failures }: Effect & { readonly kind: 'reconcile' }): void {
    const { view: world, clock } = this.#ports;
    this.#reconciles++;
    const observed = this.#observer?.(key);
    let plan: Plan;
    try {
      const memory = this.#memory.get(key);
      const random = this.#random;
      plan = this.controller.reconcile({ world, key, nowMs: clock.now(), sinceMs, failures, memory, random });
    } catch (error) {
      // One odd object must not stop the others from being looked after: it comes again, later and later.
      this.#errors++;
      this.#ports.logger.error('reconcile threw', { controller: this.controller.name, key, error });
      observed?.(undefined, []);
      this.#settle(key, { kind: 'failed', failures: [] });
      return;
    }
    const context = { user: this.controller.user, agent, cause };
    if (plan.writes.length === 0) {
      this.#remember(key, plan, new Set());
      this.#note(plan, new Set(), context);
      observed?.(plan, []);
      this.#settle(key, done(plan));
      return;
    }
    // The outcome of every write is data; a writer that rejects all the same is answered for in #write.
    void Promise.all(plan.writes.map((write) => this.#write(write, context))).then((outcomes) => {
      const failed = failedWrites(plan.writes, outcomes);
      const refused = new Set(failed.map(({ write }) => write));
      this.#remember(key, plan, refused);
      this.#note(plan, refused, context);
      observed?.(plan, failed);
      if (failed.length === 0) return this.#settle(key, done(plan));
      this.#report(key, failed);
      this.#settle(key, { kind: 'failed', failures: failed });
    });
  }

  async #write(write: Write, context: WriteContext): Promise<WriteOutcome> {
    try {
      return await this.#ports.writer.write(write, context);
    } catch (error) {
      return { kind: 'failed', reason: 'Other', message: error instanceof Error ? error.message : String(error) };
    }
  }

  #remember(key: Key, { remember }: Plan, failed: ReadonlySet<Write>): void {
    if (remember === undefined || (remember.after !== undefined && failed.has(remember.after))) return;
    if (remember.memory === undefined) this.#memory.delete(key);
    else this.#memory.set(key, remember.memory);
  }

  #note({ notes = [] }: Plan, failed: ReadonlySet<Write>, context: WriteContext): void {
    for (const { after, ...note } of notes as readonly PlannedNote[]) {
      if (after === undefined || !failed.has(after)) this.#ports.writer.note(note, context);
    }
  }

  #report(key: Key, failed: readonly FailedWrite[]): void {
    const refused = failed.filter(({ reason }) => !lostRaces.has(reason));
    const first = refused[0];
    if (first === undefined) return;
    this.#errors++;
    const { reason, message, write } = first;
    const fields = { controller: this.controller.name, key, write: write.kind, reason, error: message };
    this.#ports.logger.warn('write refused', { ...fields, refused: refused.length });
  }

  #settle(key: Key, outcome: ReconcileOutcome): void {
    this.#post({ type: 'reconcile.settled', key, outcome, nowMs: this.#ports.clock.now() });
  }
}

/** Somebody else was first: the next look at the world shows what they did. */
const lostRaces: ReadonlySet<string> = new Set(['Conflict', 'AlreadyExists', 'NotFound']);

function failedWrites(writes: readonly Write[], outcomes: readonly WriteOutcome[]): FailedWrite[] {
  const failed: FailedWrite[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const write = writes[index];
    if (outcome.kind === 'done' || write === undefined) continue;
    failed.push({ write, reason: outcome.reason, message: outcome.message });
  }
  return failed;
}

function done({ againAfterMs, pauseMs }: Plan): ReconcileOutcome {
  return {
    kind: 'done',
    ...(againAfterMs === undefined ? undefined : { againAfterMs }),
    ...(pauseMs === undefined ? undefined : { pauseMs }),
  };
}

function added(stored: StoredObject): WatchedChange {
  return { type: 'ADDED', ref: stored.ref, current: stored, previous: undefined };
}
