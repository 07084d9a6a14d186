// The API server in memory: memory log, virtual clock, one seed, and clients that speak HTTP to it without a socket. A
// world can be restarted on the same log, as a server process would be.

import { generateKeyPairSync } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { ensureBootstrapPolicy } from '../../infra/api/auth/bootstrap/ensure-policy.ts';
import type { Peer, ResponseHead } from '../../infra/api/http/exchange.ts';
import { kindOf } from '../../infra/api/kinds/kinds.ts';
import type { RequestContext } from '../../infra/api/registry/context.ts';
import type { Target } from '../../infra/api/registry/registry.ts';
import { type ApiStack, startApiStack } from '../../infra/boot/api-stack.ts';
import { ensureFirstObjects } from '../../infra/boot/first-objects.ts';
import { apiHandler } from '../../infra/boot/serve.ts';
import { revisionZero } from '../../streams/base/brand.ts';
import type { LogFields, Logger } from '../../streams/base/logger.ts';
import { type Random, seededRandom } from '../../streams/base/random.ts';
import { VirtualClock } from '../../streams/base/virtual-clock.ts';
import type { RecordedEvent, StreamName } from '../../streams/log/event.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { type MemoryFaults, memoryClusterLog } from '../../streams/log/memory-log.ts';
import type { AnyObject, ObjectMeta } from '../../streams/resources/meta.ts';
import { type MemoryExchange, MemoryHost } from './memory-exchange.ts';

export type WorldOptions = {
  readonly seed?: string;
  readonly faults?: MemoryFaults;
  /** With the roles and bindings every cluster begins with. */
  readonly roles?: boolean;
};

/** A JSON object as a client writes it: anything may be wrong with it. */
export type Body = Readonly<Record<string, unknown>>;

export type AskOptions = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: Body | readonly unknown[] | string | Buffer | undefined;
  /** Undefined sends no certificate; the administrator unless said otherwise. */
  readonly user?: Peer['certificate'] | undefined;
};

export type Answer = {
  readonly status: number;
  readonly headers: ResponseHead['headers'];
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; fails where it is none. */
  readonly json: Body;
};

export type Status = {
  readonly kind: 'Status';
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly metadata: { readonly continue?: string };
  readonly details?: { readonly causes?: readonly { reason?: string; message?: string; field?: string }[] } & Body;
};

export const admin = { commonName: 'kubernetes-admin', organizations: ['system:masters'] } as const;

let signingKey: string | undefined;

export class ApiWorld {
  readonly clock = new VirtualClock();
  readonly log: ClusterLog;
  readonly reported: { readonly message: string; readonly fields: LogFields }[] = [];
  readonly #seed: string;
  #random: Random;
  #stack: ApiStack | undefined;
  #host: MemoryHost;
  #handler: ReturnType<typeof apiHandler> | undefined;
  #starts = 0;

  private constructor({ seed = 'api', faults }: WorldOptions) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.log = memoryClusterLog(faults === undefined ? {} : { faults });
    this.#host = new MemoryHost(this.clock);
  }

  static async start(options: WorldOptions = {}): Promise<ApiWorld> {
    const world = new ApiWorld(options);
    await world.#boot();
    await ensureFirstObjects({ world: world.stack.view, writer: world.stack.writer, port: 6443 });
    if (options.roles === true) await ensureBootstrapPolicy({ world: world.stack.view, writer: world.stack.writer });
    await world.create('serviceaccounts', { metadata: { name: 'default' } });
    return world;
  }

  get stack(): ApiStack {
    if (this.#stack === undefined) throw new Error('the world has not started');
    return this.#stack;
  }

  /** Ends this server and starts another one on the same log: memory is empty, the log is not. */
  async restart(): Promise<void> {
    for (const exchange of this.#host.open) (exchange as MemoryExchange).leave();
    await this.stack.feed.stop();
    this.#host = new MemoryHost(this.clock);
    await this.#boot();
  }

  /** The server begins to shut down: streams are asked to end. */
  drain(): void {
    this.#host.drain();
  }

  context(more: Partial<RequestContext> = {}): RequestContext {
    const user = { username: 'tester', groups: ['system:masters'] };
    return { user, agent: 'test', cause: null, dryRun: false, tracksOwnership: true, warn: () => {}, ...more };
  }

  async create(resource: string, body: Body, context?: Partial<RequestContext>): Promise<AnyObject> {
    const { kind, namespace } = target(resource, '');
    const whole = withType(resource, body);
    const given = (body.metadata as Partial<ObjectMeta> | undefined)?.namespace ?? namespace;
    const created = this.stack.registry.create({ kind, namespace: given, body: whole }, this.context(context));
    return (await created).object;
  }

  /** Replaces an object by what `change` makes of it, at the version it was read at. */
  async update(
    resource: string,
    name: string,
    change: (object: AnyObject) => object,
    { subresource, ...context }: Partial<RequestContext> & { subresource?: string } = {},
  ): Promise<AnyObject> {
    const where = target(resource, name);
    const next = change(this.stack.registry.get(where).object) as AnyObject;
    const update = { change: () => next, ...(subresource === undefined ? undefined : { subresource }) };
    return (await this.stack.registry.update(where, update, this.context(context))).object;
  }

  get(resource: string, name: string, namespace?: string): AnyObject | undefined {
    return this.stack.registry.find(target(resource, name, namespace))?.object;
  }

  /** Everything retained on a stream. */
  async events(stream: StreamName = 'LOG'): Promise<RecordedEvent[]> {
    const all: RecordedEvent[] = [];
    for await (const batch of this.log.streams[stream].read({ after: revisionZero })) all.push(...batch);
    return all;
  }

  /** Sends a request; the answer may be a stream. */
  open(path: string, options: AskOptions = {}): MemoryExchange {
    const { method = 'GET', headers = {}, body } = options;
    const user = 'user' in options ? options.user : admin;
    const bytes = body === undefined ? undefined : bytesOf(body);
    const typed = bytes === undefined || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
    const length = bytes === undefined ? {} : { 'content-length': String(bytes.length) };
    const peer = { address: '127.0.0.1', ...(user === undefined ? undefined : { certificate: user }) };
    const all = { 'user-agent': 'tester/1.0', ...typed, ...length, ...headers };
    if (this.#handler === undefined) throw new Error('the world has not started');
    return this.#host.run(this.#handler, { method, target: path, headers: all, body: bytes, peer }, this.#logger);
  }

  /** Sends a request and waits for the whole answer. */
  async ask(path: string, options: AskOptions = {}): Promise<Answer> {
    const exchange = this.open(path, options);
    const head = await exchange.opened;
    await exchange.ended;
    const bytes = exchange.received;
    const text = bytes.toString('utf8');
    return {
      status: head.status,
      headers: head.headers,
      bytes,
      text,
      get json() {
        return JSON.parse(text) as Body;
      },
    };
  }

  /** Opens a watch; what it has told so far is read with `told`. */
  async watch(path: string, options: AskOptions = {}): Promise<Watching> {
    const exchange = this.open(path, options);
    const head = await exchange.opened;
    await settled();
    if (head.status !== 200) throw new Error(`no watch: ${head.status} ${exchange.received.toString('utf8')}`);
    return new Watching(exchange, head);
  }

  /** A request that must be refused: its Status. */
  async refused(path: string, options: AskOptions = {}): Promise<Status> {
    const answer = await this.ask(path, options);
    const status = answer.json as unknown as Status;
    if (status.kind !== 'Status' || answer.status !== status.code || answer.status < 400) {
      throw new Error(`not refused: ${answer.status} ${answer.text.slice(0, 500)}`);
    }
    return status;
  }

  /** A request that must succeed: its body. */
  async ok<T = AnyObject>(path: string, options: AskOptions = {}): Promise<T> {
    const answer = await this.ask(path, options);
    if (answer.status >= 300) throw new Error(`refused: ${answer.text}`);
    return answer.json as T;
  }

  async stop(): Promise<void> {
    await this.#stack?.feed.stop();
    await this.log.close();
  }

  async #boot(): Promise<void> {
    const { clock, log } = this;
    const random = this.#random.stream(`start ${this.#starts++} of ${this.#seed}`);
    const stack = await startApiStack({ log, clock, random, logger: this.#logger });
    signingKey ??= newSigningKey();
    this.#stack = stack;
    this.#handler = apiHandler({
      stack,
      log,
      clock,
      random,
      signingKey,
      logs: () => ({ kind: 'lines', chunks: lines('first\n', 'second\n') }),
      checks: [],
      address: () => '127.0.0.1:6443',
    });
  }

  get #logger(): Logger {
    const report = (message: string, fields: LogFields = {}) => {
      this.reported.push({ message, fields });
    };
    return { debug() {}, info() {}, warn: report, error: report };
  }
}

export type WatchEvent = { readonly type: string; readonly object: AnyObject };

/** A client's watch, as JSON lines. */
export class Watching {
  readonly exchange: MemoryExchange;
  readonly head: ResponseHead;
  #read = 0;

  constructor(exchange: MemoryExchange, head: ResponseHead) {
    this.exchange = exchange;
    this.head = head;
  }

  /** Every event told since the last call. */
  async told(): Promise<WatchEvent[]> {
    await settled();
    const text = this.exchange.received.subarray(this.#read).toString('utf8');
    const end = text.lastIndexOf('\n') + 1;
    this.#read += Buffer.byteLength(text.slice(0, end));
    return text
      .slice(0, end)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as WatchEvent);
  }

  /** The same, as `ADDED a`. */
  async names(): Promise<string[]> {
    return (await this.told()).map(({ type, object }) => `${type} ${object.metadata?.name ?? ''}`.trim());
  }

  leave(): void {
    this.exchange.leave();
  }
}

/** A world that ends with the test. */
export async function apiWorld(options: WorldOptions = {}): Promise<ApiWorld> {
  const world = await ApiWorld.start(options);
  onTestFinished(() => world.stop());
  return world;
}

/** Everything that waits on promises or on the next turn of the event loop has happened. */
export async function settled(turns = 4): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** `pods`, `deployments.apps`; objects of namespaced kinds are in `default` unless said otherwise. */
export function target(resource: string, name: string, namespace = 'default'): Target {
  const [plural = '', ...group] = resource.split('.');
  const kind = kindOf(group.join('.'), plural);
  if (kind === undefined) throw new Error(`no kind is served as ${resource}`);
  return { kind, namespace: kind.namespaced ? namespace : '', name };
}

export function withType(resource: string, body: Body): AnyObject {
  const { kind } = target(resource, '');
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return { apiVersion, kind: kind.kind, ...body } as unknown as AnyObject;
}

function bytesOf(body: NonNullable<AskOptions['body']>): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

async function* lines(...texts: readonly string[]): AsyncIterable<string> {
  yield* texts;
}

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
