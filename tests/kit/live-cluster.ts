// A cluster in one thread and virtual time: the real log (in memory), the real API registry, the real controllers in
// their host, and, in place of scheduler and kubelets, a few lines that bind pods and let them run and end after seeded
// delays. The same seed gives the same cluster.

import { noMetrics } from '../../actors/controllers/hpa/metrics.ts';
import { allControllers, type ControllersOptions } from '../../actors/controllers/registry.ts';
import type { Controller } from '../../actors/kit/controller.ts';
import type { Write, WriteOutcome } from '../../actors/kit/write.ts';
import { scaleReader } from '../../infra/api/registry/scale-reader.ts';
import { type ApiStack, startApiStack } from '../../infra/boot/api-stack.ts';
import { ensureFirstObjects } from '../../infra/boot/first-objects.ts';
import { ControllerHost } from '../../infra/host/controller-host.ts';
import type { Writer } from '../../infra/host/writer.ts';
import { sleep } from '../../streams/base/clock.ts';
import { type Logger, silentLogger } from '../../streams/base/logger.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { VirtualClock } from '../../streams/base/virtual-clock.ts';
import { memoryClusterLog } from '../../streams/log/memory-log.ts';
import type { KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { resourceByKind } from './given-world.ts';
import { PlayedNodes } from './played-nodes.ts';
import { startMs } from './workloads.ts';

export type LiveClusterOptions = {
  readonly seed: number;
  readonly nodes?: number;
  readonly controllers?: Partial<ControllersOptions>;
  readonly autoscaler?: Partial<NonNullable<ControllersOptions['autoscaler']>>;
  /** Instead of all controllers. */
  readonly only?: readonly Controller[];
  readonly logger?: Logger;
  /** Longest time (ms) the log takes to append an event; 5 unless told otherwise. Each takes its own, so writes overtake. */
  readonly latencyMsMax?: number;
};

const context = { user: 'kubernetes-admin', agent: 'kubectl', cause: null } as const;

export class LiveCluster {
  readonly clock = new VirtualClock(startMs);
  readonly stack: ApiStack;
  readonly hosts: readonly ControllerHost[];
  readonly #newHosts: () => readonly ControllerHost[];
  readonly nodes: PlayedNodes;
  /** Recorded transitions the machines do not allow. */
  readonly anomalies: string[] = [];
  /** Reconciles that threw, and writes that were refused. */
  readonly complaints: string[] = [];

  static async start(options: LiveClusterOptions): Promise<LiveCluster> {
    const clock = new VirtualClock(startMs);
    const random = seededRandom(options.seed);
    const delays = random.stream('log');
    const latencyMsMax = options.latencyMsMax ?? 5;
    const beforeAppend = () => sleep(clock, delays.int(latencyMsMax + 1));
    const log = memoryClusterLog({ faults: { beforeAppend } });
    const stack = await startApiStack({ log, clock, random, logger: silentLogger });
    const cluster = new LiveCluster(stack, clock, options);
    await cluster.settled(ensureFirstObjects({ world: stack.view, writer: stack.writer, port: 6443 }));
    for (const host of cluster.hosts) host.start();
    for (let i = 0; i < (options.nodes ?? 3); i++) await cluster.settled(cluster.nodes.join(`node-${i + 1}`));
    await cluster.pass(1);
    return cluster;
  }

  private constructor(
    stack: ApiStack,
    clock: VirtualClock,
    { seed, controllers, autoscaler, only, logger }: LiveClusterOptions,
  ) {
    this.clock = clock;
    this.stack = stack;
    const random = seededRandom(seed);
    const warned: Logger = {
      ...silentLogger,
      warn: (message, fields) => this.complaints.push(`${message} ${JSON.stringify(fields)}`),
      error: (message, fields) => this.complaints.push(`${message} ${JSON.stringify(fields)} ${fields?.error}`),
    };
    const ports = { view: stack.view, writer: stack.writer, clock, random, logger: logger ?? warned };
    const all =
      only ??
      allControllers({
        ca: 'the CA',
        mintToken: ({ secret }) => `token of ${secret}`,
        resourceOf: (_, kind) => resourceByKind[kind],
        autoscaler: { scales: scaleReader(stack.kinds), metrics: noMetrics, ...autoscaler },
        ...controllers,
      });
    this.#newHosts = () => all.map((controller) => new ControllerHost(controller, ports));
    this.hosts = this.#newHosts();
    this.nodes = new PlayedNodes({ view: stack.view, writer: stack.writer, clock, random: random.stream('nodes') });
    stack.view.listen(({ event }) => {
      if (event.anomaly !== undefined) this.anomalies.push(`${event.subject}: ${event.anomaly}`);
    });
  }

  get view(): ObjectView {
    return this.stack.view;
  }

  get writer(): Writer {
    return this.stack.writer;
  }

  /** Lets seconds of cluster time pass. */
  pass(seconds: number): Promise<void> {
    return this.clock.advance(seconds * 1000);
  }

  /** Lets time pass until the condition holds; fails where it does not within the limit (seconds). */
  async until(what: string, condition: () => boolean, limitSeconds = 600): Promise<void> {
    const reached = await this.clock.advanceUntil(condition, { limitMs: limitSeconds * 1000, stepMs: 50 });
    if (!reached)
      throw new Error(`after ${limitSeconds} s still not: ${what}\n${this.complaints.slice(-5).join('\n')}`);
  }

  /** Waits for something that needs the log and hardly any time. */
  async settled<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    // A failure is the caller's to see, once the loop below has ended.
    ended.catch(() => {});
    while (!over) await this.clock.advance(1);
    return ended;
  }

  async write(write: Write): Promise<KubeObject> {
    const outcome: WriteOutcome = await this.settled(this.writer.write(write, context));
    if (outcome.kind === 'failed') throw new Error(`${write.kind} was refused: ${outcome.message}`);
    return outcome.object;
  }

  /** As a client would write it: the server gives the uid. */
  create({ metadata: { uid: _, creationTimestamp: __, ...metadata }, ...object }: KubeObject): Promise<KubeObject> {
    return this.write({ kind: 'create', resource: this.#resource(object.kind), object: { ...object, metadata } });
  }

  /** Changes the newest version of an object, as a client would that tries again after a conflict; not one that is gone. */
  async change<T extends KubeObject>(kind: string, name: string, change: (object: T) => T, subresource?: 'status') {
    for (;;) {
      const current = this.view.get<T>(this.#resource(kind), this.#key(kind, name));
      if (current === undefined) return;
      const object = change(current);
      const write: Write = {
        kind: 'update',
        resource: this.#resource(kind),
        object,
        ...(subresource && { subresource }),
      };
      const outcome = await this.settled(this.writer.write(write, context));
      if (outcome.kind === 'done' || outcome.reason === 'NotFound') return;
      if (outcome.reason !== 'Conflict') throw new Error(`changing ${kind} ${name} was refused: ${outcome.message}`);
    }
  }

  /** Deletes an object; one that is gone already is fine. */
  async remove(kind: string, name: string, options: Partial<Write & { kind: 'delete' }> = {}): Promise<void> {
    const key = { namespace: '', ...this.#key(kind, name) };
    const write: Write = { kind: 'delete', resource: this.#resource(kind), ...key, ...options };
    const outcome = await this.settled(this.writer.write(write, context));
    if (outcome.kind === 'failed' && outcome.reason !== 'NotFound') throw new Error(`refused: ${outcome.message}`);
  }

  get<T extends KubeObject>(kind: string, name: string): T | undefined {
    return this.view.get<T>(this.#resource(kind), this.#key(kind, name));
  }

  list<T extends KubeObject>(kind: string, namespace?: string): T[] {
    return this.view.list<T>(this.#resource(kind), namespace === undefined ? {} : { namespace });
  }

  /** Core Events as `reason: message`, in the order they were recorded. */
  notes(): string[] {
    return this.view
      .list<KubeObject & { reason: string; message: string }>(resources.events)
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** The same controllers anew, as after a restart; the first ones should have been stopped. */
  restarted(): readonly ControllerHost[] {
    return this.#newHosts();
  }

  async stop(): Promise<void> {
    await this.settled(Promise.all(this.hosts.map((host) => host.stop())));
    await this.settled(this.stack.feed.stop());
  }

  #resource(kind: string): ResourceName & { namespaced: boolean } {
    const resource = resourceByKind[kind];
    if (resource === undefined) throw new Error(`tests know no resource for ${kind}`);
    return resource;
  }

  /** `namespace/name`, or `name` alone in the default namespace. */
  #key(kind: string, name: string): { namespace?: string; name: string } {
    if (!this.#resource(kind).namespaced) return { name };
    const [first = '', second] = name.split('/');
    return second === undefined ? { namespace: 'default', name: first } : { namespace: first, name: second };
  }
}
