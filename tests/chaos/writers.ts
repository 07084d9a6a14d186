// Clients that write ConfigMaps side by side and remember what became of every write. Each ConfigMap has one writer, so
// whatever is read of it later must be explained by that writer's own attempts: this is what the audit checks.

import { sleep, systemClock } from '../../streams/base/clock.ts';
import type { Random } from '../../streams/base/random.ts';
import { type Answer, type ApiClient, Unanswered } from '../kit/api-client.ts';

export const writersNamespace = 'default';

export type Attempt = {
  readonly key: string;
  /** Counts a writer's attempts; written into the object, so that an object tells which attempt made it. */
  readonly number: number;
  readonly verb: 'create' | 'update' | 'delete';
  readonly outcome:
    | { readonly kind: 'acknowledged' /** Absent for deletions. */; readonly revision?: number }
    /** No answer, or one that says that nobody knows. */
    | { readonly kind: 'unknown'; readonly why: string }
    /** Certainly not recorded. */
    | { readonly kind: 'refused'; readonly why: string };
};

type Known =
  | { readonly kind: 'absent' }
  | { readonly kind: 'at'; readonly revision: number }
  /** An attempt is unexplained: the writer reads before it writes again. */
  | { readonly kind: 'uncertain' };

type ConfigMap = {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data: Readonly<Record<string, string>>;
};

const keysPerWriter = 4;
const collection = `/api/v1/namespaces/${writersNamespace}/configmaps`;
const fillerMax = 1_000;
const pauseMsMax = 10;
/** What a client waits after a failure that names no time. */
const retryMs = 100;

export class Writers {
  readonly attempts: Attempt[] = [];
  /** Answers no client should get, whatever breaks. */
  readonly surprises: string[] = [];
  /** Failures of writes, as the clients saw them, with how often. */
  readonly failures = new Map<string, number>();
  readonly #client: ApiClient;
  readonly #random: Random;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[];
  readonly #underWay = new Map<number, number>();

  constructor({ client, random, count }: { client: ApiClient; random: Random; count: number }) {
    this.#client = client;
    this.#random = random;
    this.#running = Array.from({ length: count }, (_, index) => this.#write(index));
  }

  get acknowledged(): number {
    return this.attempts.filter(({ outcome }) => outcome.kind === 'acknowledged').length;
  }

  get unknown(): number {
    return this.attempts.filter(({ outcome }) => outcome.kind === 'unknown').length;
  }

  /** The newest revision acknowledged. */
  get lastRevision(): number {
    const revisions = this.attempts.map(({ outcome }) =>
      outcome.kind === 'acknowledged' ? (outcome.revision ?? 0) : 0,
    );
    return revisions.reduce((newest, revision) => Math.max(newest, revision), 0);
  }

  /** How long the longest waiting write has been under way. */
  get longestWaitMs(): number {
    const since = Math.min(...this.#underWay.values());
    return Number.isFinite(since) ? systemClock.monotonic() - since : 0;
  }

  /** Lets every write under way have its outcome. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #write(writer: number): Promise<void> {
    const random = this.#random.stream(`writer-${writer}`);
    const known = new Map<string, Known>();
    for (let i = 0; i < keysPerWriter; i++) known.set(`writer-${writer}.key-${i}`, { kind: 'absent' });
    for (let number = 1; !this.#stopping.signal.aborted; number++) {
      const key = `writer-${writer}.key-${random.int(keysPerWriter)}`;
      const state = known.get(key) ?? { kind: 'absent' };
      this.#underWay.set(writer, systemClock.monotonic());
      known.set(
        key,
        state.kind === 'uncertain' ? await this.#read(key) : await this.#attempt(key, { number, state, random }),
      );
      this.#underWay.delete(writer);
      await sleep(systemClock, random.int(pauseMsMax), this.#stopping.signal);
    }
  }

  async #attempt(
    key: string,
    { number, state, random }: { number: number; state: Exclude<Known, { kind: 'uncertain' }>; random: Random },
  ): Promise<Known> {
    const verb = state.kind === 'absent' ? 'create' : random.int(8) === 0 ? 'delete' : 'update';
    const metadata = { name: key, ...(state.kind === 'at' ? { resourceVersion: String(state.revision) } : undefined) };
    const data = { number: String(number), filler: 'x'.repeat(random.int(fillerMax)) };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    const path = verb === 'create' ? collection : `${collection}/${key}`;
    const note = (outcome: Attempt['outcome']) => this.attempts.push({ key, number, verb, outcome });
    try {
      const answer =
        verb === 'delete'
          ? await this.#client.send({
              method: 'DELETE',
              path,
              body: {
                preconditions:
                  metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion },
              },
            })
          : await this.#client.send({ method: verb === 'create' ? 'POST' : 'PUT', path, body });
      if (answer.status === (verb === 'create' ? 201 : 200)) {
        if (verb === 'delete') {
          note({ kind: 'acknowledged' });
          return { kind: 'absent' };
        }
        const revision = Number((answer.body as ConfigMap).metadata.resourceVersion);
        note({ kind: 'acknowledged', revision });
        return { kind: 'at', revision };
      }
      const outcome = this.#refusal(answer, `${verb} ${key}`);
      note(outcome);
      await this.#backOff(answer);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.#failed(error.sent ? 'broken off' : 'not connected');
      note({ kind: error.sent ? 'unknown' : 'refused', why: error.message });
      await sleep(systemClock, retryMs, this.#stopping.signal);
      if (!error.sent) return state;
    }
    return { kind: 'uncertain' };
  }

  /** An object of this writer alone: what it finds are its own attempts. */
  async #read(key: string): Promise<Known> {
    try {
      const { status, body } = await this.#client.send({ method: 'GET', path: `${collection}/${key}` });
      if (status === 404) return { kind: 'absent' };
      if (status === 200) return { kind: 'at', revision: Number((body as ConfigMap).metadata.resourceVersion) };
      this.surprises.push(`get ${key}: ${status} ${JSON.stringify(body)}`);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
    await sleep(systemClock, retryMs, this.#stopping.signal);
    return { kind: 'uncertain' };
  }

  #refusal({ status, headers, body }: Answer, what: string): Attempt['outcome'] {
    const { reason, message } = body as { readonly reason?: string; readonly message?: string };
    const why = `${status} ${reason}: ${message}`;
    if (status === 503 && reason === 'ServiceUnavailable' && headers['retry-after'] !== undefined) {
      this.#failed('503 with Retry-After');
      return { kind: 'unknown', why };
    }
    // After an attempt nobody knows the outcome of, what the view shows may still be older than what the log holds.
    if (status === 409 || status === 404) {
      this.#failed(`${status} after an unknown outcome`);
      return { kind: 'refused', why };
    }
    this.surprises.push(`${what}: ${why}`);
    return { kind: 'unknown', why };
  }

  #failed(kind: string): void {
    this.failures.set(kind, (this.failures.get(kind) ?? 0) + 1);
  }

  #backOff({ headers }: Answer): Promise<void> {
    const seconds = Number(headers['retry-after'] ?? 0);
    return sleep(systemClock, seconds > 0 ? seconds * 1000 : retryMs, this.#stopping.signal);
  }
}
