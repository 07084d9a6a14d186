// Runs the scheduler's machine beside everything else in this process: feeds it what the view learns, carries out what
// it asks for, and grants it work in slices, so that ten thousand waiting pods never hold up a request.

import type { Effect } from '../../actors/kit/effect.ts';
import { stateName } from '../../actors/kit/lifecycle.ts';
import { MachineRun } from '../../actors/kit/machine-run.ts';
import type { Write, WriteOutcome } from '../../actors/kit/write.ts';
import type { Decision } from '../../actors/scheduler/decisions.ts';
import type { Explanation } from '../../actors/scheduler/explanation.ts';
import { type Profile, watchedKinds } from '../../actors/scheduler/framework.ts';
import type { IncomingCounts } from '../../actors/scheduler/incoming-counts.ts';
import type { Scheduler } from '../../actors/scheduler/scheduler.ts';
import { type SchedulerEvent, schedulerMachine } from '../../actors/scheduler/scheduler-machine.ts';
import type { SchedulerCounts } from '../../actors/scheduler/scheduler-ports.ts';
import type { Statistics } from '../../actors/scheduler/statistics.ts';
import { assert } from '../../streams/base/assert.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Cause } from '../../streams/log/event.ts';
import type { AnyObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { readSchedulerConfig, type SchedulerSettings } from './scheduler-config.ts';
import type { Writer } from './writer.ts';

export type SchedulerHostOptions = {
  readonly world: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings?: SchedulerSettings | undefined;
};

export type SchedulerStatus = SchedulerCounts & {
  /** Where the machine is, e.g. `running.scheduling`. */
  readonly state: string;
};

export type RunningScheduler = {
  /** Seeks no more nodes; resolves once the bindings under way are answered. */
  stop(): Promise<void>;
  status(): SchedulerStatus;
  /** The last decision on the pod of this name, as long as it is remembered. */
  decision(pod: { namespace: string; name: string }): Decision | undefined;
  /** Where the pod is and why, or why it waits. */
  explain(pod: { namespace: string; name: string; uid: string }): Explanation;
  /** Counts behind the metrics. */
  readonly statistics: Statistics;
  readonly incoming: IncomingCounts;
};

/** A slice ends after this long; what its bindings still do on the way to the log comes on top. */
const sliceMsMax = 5;
/** Pods between two looks at the clock, and in one slice, however fast they go. */
const podsPerGrant = 4;
const podsPerSliceMax = 2_000;

const author = { user: 'system:kube-scheduler', agent: 'kube-scheduler' } as const;

export function startScheduler(options: SchedulerHostOptions): RunningScheduler {
  const host = new SchedulerHost(options);
  host.start();
  return host;
}

class SchedulerHost implements RunningScheduler {
  readonly #options: SchedulerHostOptions;
  readonly #profiles: readonly Profile[];
  readonly #run: MachineRun<typeof schedulerMachine>;
  readonly #timers = new Map<string, Timer>();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #outbox: Effect[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #carryingOut = false;
  #slice: 'none' | 'due' | 'waiting' = 'none';
  #yielding: Timer | undefined;

  constructor(options: SchedulerHostOptions) {
    this.#options = options;
    const { random } = options;
    const { profiles = [], backoff } = options.settings ?? readSchedulerConfig(undefined);
    this.#profiles = profiles;
    this.#run = new MachineRun(schedulerMachine, {
      emitted: ({ effect }) => this.#outbox.push(effect),
      input: {
        random: random.stream('scheduler'),
        world: options.world,
        profiles,
        backoff,
        stopwatch: () => options.clock.monotonic(),
      },
    });
  }

  start(): void {
    const { world, clock } = this.#options;
    this.#run.start();
    this.#send({
      type: 'world.synced',
      nodes: world.list<Node>(resources.nodes),
      pods: world.list<Pod>(resources.pods),
      namespaces: world.list(resources.namespaces).map(({ metadata: { name, labels = {} } }) => ({ name, labels })),
      nowMs: clock.now(),
    });
    this.#unsubscribe.push(
      world.resource(resources.pods).listen((change) => this.#podChanged(change)),
      world.resource(resources.nodes).listen((change) => this.#nodeChanged(change)),
      world.resource(resources.namespaces).listen((change) => this.#namespaceChanged(change)),
      ...watchedKinds(this.#profiles).map((resource) =>
        world.resource(resource).listen((change) => this.#objectChanged(resource, change)),
      ),
    );
  }

  stop(): Promise<void> {
    this.#send({ type: 'stop' });
    return this.#ended.promise.then(() => {
      for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
      this.#yielding?.cancel();
    });
  }

  status(): SchedulerStatus {
    return { state: stateName(this.#run.value), ...this.#scheduler.counts };
  }

  decision(pod: { namespace: string; name: string }): Decision | undefined {
    return this.#scheduler.decisions.get(pod);
  }

  explain(pod: { namespace: string; name: string; uid: string }): Explanation {
    return this.#scheduler.explain(pod);
  }

  get statistics(): Statistics {
    return this.#scheduler.placing.statistics;
  }

  get incoming(): IncomingCounts {
    return this.#scheduler.queue.incoming;
  }

  get #scheduler(): Scheduler {
    return this.#run.context.scheduler;
  }

  #podChanged(change: Change): void {
    const at = this.#moment(change);
    if (change.type === 'DELETED') {
      this.#send({ type: 'pod.gone', uid: change.current.object.metadata.uid, ...at });
      return;
    }
    const pod = change.current.object as unknown as Pod;
    if (!this.#scheduler.concerns(pod)) return;
    this.#send({ type: change.type === 'ADDED' ? 'pod.added' : 'pod.changed', pod, ...at });
  }

  #nodeChanged(change: Change): void {
    const at = this.#moment(change);
    if (change.type === 'DELETED') this.#send({ type: 'node.gone', name: change.ref.name, ...at });
    else this.#send({ type: 'node.changed', node: change.current.object as unknown as Node, ...at });
  }

  #namespaceChanged({ type, ref: { name }, current }: Change): void {
    if (type === 'DELETED') this.#send({ type: 'namespace.gone', name });
    else this.#send({ type: 'namespace.changed', name, labels: current.object.metadata.labels ?? {} });
  }

  #objectChanged(resource: ResourceName, { type, current, previous, ...rest }: Change): void {
    const change = {
      change: type,
      resource,
      object: current.object as AnyObject,
      previous: previous?.object as AnyObject,
    };
    this.#send({ type: 'object.changed', change, ...this.#moment(rest) });
  }

  #moment({ event: { stream, revision } }: Pick<Change, 'event'>): { readonly nowMs: number; readonly cause: Cause } {
    return { nowMs: this.#options.clock.now(), cause: { stream, revision } };
  }

  #send(event: SchedulerEvent): void {
    const run = this.#run;
    const { logger } = this.#options;
    // Answers may come after the end.
    if (run.status !== 'active') return;
    try {
      run.send(event);
    } catch (error) {
      logger.error('the scheduler has failed', { error });
    }
    this.#carryOut();
    if (run.value === 'faulted') logger.error('the scheduler refused an event', { event });
    if (run.status !== 'active') this.#ended.resolve();
    if (this.#slice === 'none' && this.#isScheduling) {
      // Not at once: the sender may be about to tell of many pods.
      this.#slice = 'due';
      queueMicrotask(() => this.#work());
    }
  }

  get #isScheduling(): boolean {
    const { value } = this.#run;
    return typeof value === 'object' && value.running === 'scheduling';
  }

  /** Begins a slice of work; what is left at its end goes on after others have had their turn. */
  #work(): void {
    const { clock } = this.#options;
    const startMs = clock.monotonic();
    let pods = 0;
    const grant = () => {
      if (!this.#isScheduling) {
        this.#slice = 'none';
        return;
      }
      if (pods >= podsPerSliceMax || clock.monotonic() - startMs >= sliceMsMax) {
        this.#slice = 'waiting';
        this.#yielding = clock.after(0, () => this.#work());
        return;
      }
      this.#send({ type: 'work', podsMax: podsPerGrant, nowMs: clock.now() });
      pods += podsPerGrant;
      // The bindings asked for take their first steps in between, so that their time counts as well.
      queueMicrotask(grant);
    };
    grant();
  }

  /** Effects may lead to events and these to effects: the outermost call carries them all out, in order. */
  #carryOut(): void {
    if (this.#carryingOut) return;
    this.#carryingOut = true;
    try {
      while (this.#outbox.length > 0) for (const effect of this.#outbox.splice(0)) this.#perform(effect);
    } finally {
      this.#carryingOut = false;
    }
  }

  #perform(effect: Effect): void {
    const { writer, clock } = this.#options;
    switch (effect.kind) {
      case 'write':
        void this.#write(effect.ticket, effect.write, effect.cause);
        break;
      case 'note':
        writer.note(effect.note, { ...author, cause: null });
        break;
      case 'arm': {
        const { timer, generation, ms } = effect;
        this.#timers.get(timer)?.cancel();
        const fire = () => {
          this.#timers.delete(timer);
          this.#send({ type: 'timer.fired', timer, generation, nowMs: clock.now() });
        };
        this.#timers.set(timer, clock.after(ms, fire));
        break;
      }
      case 'disarm':
        this.#timers.get(effect.timer)?.cancel();
        this.#timers.delete(effect.timer);
        break;
      default:
        assert(false, `the scheduler's machine does not emit ${effect.kind}`);
    }
  }

  async #write(ticket: string, write: Write, cause: Cause | null): Promise<void> {
    const { writer, clock, logger } = this.#options;
    let outcome: WriteOutcome;
    try {
      outcome = await writer.write(write, { ...author, cause });
    } catch (error) {
      // A writer answers with outcomes; should it throw all the same, nobody knows what happened.
      logger.error('a write of the scheduler failed', { error, ticket });
      outcome = { kind: 'failed', reason: 'Unavailable', message: String(error) };
    }
    if (outcome.kind === 'failed') logger.debug('a write of the scheduler was refused', { ticket, ...outcome });
    this.#send({ type: 'write.settled', ticket, outcome, nowMs: clock.now() });
  }
}
