// Who has been promised what of a quota. A charge is a write of the quota's status that expects the version it was
// decided on, so of several API servers on one log only one can take what is left (as upstream does). Charges that wait
// for the same namespace are decided together and cost one write for each quota.
//
// Invariant: status.used never counts less than what is recorded plus what is on its way to be:
//   1. a charge is in status.used before the object is appended;
//   2. while it is on its way it is also held here, and a count of what is recorded, which may not see it yet, adds what
//      is held (resource-quota.ts does so at the moment the count is decided, on the version it was made from). It is
//      held from the version of the quota on that has it, which a count may see before the charge is answered;
//   3. once the object is recorded, the view of this process has it, and the hold ends;
//   4. a write that was refused gives its charge back; one whose outcome nobody knows is held for a minute longer, in
//      which it turns up or does not, and the next count tells.
// A count made by another process can miss what is on its way here for as long as one append takes: the next one is
// right again.

import { addTo, calculate } from '../../../actors/controllers/quota/calculate.ts';
import type { Usage } from '../../../actors/controllers/quota/usage.ts';
import { sameJson } from '../../../actors/kit/same-json.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Quantities } from '../../../streams/resources/pod.ts';
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  type Quantity,
  quantityOf,
  subQuantity,
} from '../../../streams/resources/quantity.ts';
import type { ResourceQuota } from '../../../streams/resources/quota.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import type { Writer } from '../../host/writer.ts';
import { type ApiError, conflict, forbidden, logUnavailable } from '../errors.ts';
import type { AdmissionRequest } from './admission.ts';

export type QuotaPorts = {
  readonly writer: Writer;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
};

export type Charge = {
  readonly request: AdmissionRequest;
  /** By the quota's name: what is used more. */
  readonly deltas: ReadonlyMap<string, Usage>;
};

type Waiting = {
  readonly charge: Charge;
  /** Quotas that have been charged already. */
  readonly charged: Set<string>;
  readonly resolve: () => void;
  readonly reject: (error: ApiError) => void;
};

/** A charge that stands in the status of these quotas. */
type Held = { readonly charged: ReadonlySet<string>; readonly untilMs: number };

/** A status that is being written: the version it was decided on, and the charges it takes in. */
type Writing = {
  readonly before: ResourceQuota;
  readonly used: Quantities;
  readonly charges: readonly Charge[];
};

const attemptsMax = 20;
const doubtMs = 60_000;
const nothing: Usage = new Map();
const context = { user: 'system:apiserver', agent: 'kube-apiserver', cause: null } as const;

export class QuotaLedger {
  readonly #ports: QuotaPorts;
  /** By namespace: who waits while charges of the namespace are being written. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #held = new Map<Charge, Held>();
  readonly #writing = new Set<Writing>();

  constructor(ports: QuotaPorts) {
    this.#ports = ports;
  }

  /** Resolves once the charge is in the status of every quota; rejects with Forbidden where one has not enough left. */
  async reserve(charge: Charge): Promise<void> {
    const { request } = charge;
    if (request.context.dryRun) return this.#check(charge);
    await new Promise<void>((resolve, reject) => {
      this.#enqueue({ charge, charged: new Set(), resolve, reject });
    });
    request.holds.onEnd((outcome) => {
      const held = this.#held.get(charge);
      this.#held.delete(charge);
      if (outcome === 'unknown' && held !== undefined)
        this.#held.set(charge, { ...held, untilMs: this.#ports.now() + doubtMs });
      if (outcome === 'refused') this.#giveBack(charge, charge.deltas.keys());
    });
  }

  /** Adds what is on its way and not yet to be seen in the world. */
  addHeld(
    { metadata: { name, namespace = '' } }: ResourceQuota,
    { world, used }: { readonly world: ObjectReader; readonly used: Map<string, Quantity> },
  ): void {
    const nowMs = this.#ports.now();
    for (const [charge, { charged, untilMs }] of this.#held) {
      const { request, deltas } = charge;
      if (untilMs < nowMs) this.#held.delete(charge);
      const delta = deltas.get(name);
      if (untilMs < nowMs || delta === undefined || !charged.has(name) || request.namespace !== namespace) continue;
      if (isRecorded(request, world)) continue;
      addTo(used, delta);
    }
    const current = world.get<ResourceQuota>(resources.resourceQuotas, { namespace, name });
    for (const { before, used: written, charges } of this.#writing) {
      if (current === undefined || before.metadata.uid !== current.metadata.uid) continue;
      const ours = sameJson(current.status?.used, written);
      if (ours) for (const { deltas } of charges) addTo(used, deltas.get(name) ?? nothing);
    }
  }

  #check({ request, deltas }: Charge): void {
    for (const [name, delta] of deltas) {
      const quota = this.#quota(request, name);
      const problem = quota && exceeded(name, { delta, hard: hardOf(quota), used: this.#usedOf(quota, request.world) });
      if (problem !== undefined) throw forbidden(request.kind, request.name, problem);
    }
  }

  #enqueue(waiting: Waiting): void {
    const { namespace } = waiting.charge.request;
    const others = this.#waiting.get(namespace);
    if (others !== undefined) {
      others.push(waiting);
      return;
    }
    this.#waiting.set(namespace, [waiting]);
    void this.#work(namespace);
  }

  async #work(namespace: string): Promise<void> {
    // The rest of this turn joins the first round.
    await Promise.resolve();
    for (let round = this.#take(namespace); round !== undefined; round = this.#take(namespace))
      await this.#decide(round);
  }

  #take(namespace: string): readonly Waiting[] | undefined {
    const round = this.#waiting.get(namespace);
    if (round === undefined || round.length === 0) {
      this.#waiting.delete(namespace);
      return undefined;
    }
    this.#waiting.set(namespace, []);
    return round;
  }

  async #decide(round: readonly Waiting[]): Promise<void> {
    let open = round;
    for (let attempt = 1; open.length > 0; attempt++) {
      const outcome = await this.#try(open);
      open = outcome.open;
      if (attempt < attemptsMax && outcome.error === undefined) continue;
      for (const waiting of open) {
        const { kind, name } = waiting.charge.request;
        this.#refuse(waiting, outcome.error ?? conflict(kind, name));
      }
      return;
    }
  }

  /** Decides on the newest quotas, writes them, and answers who waits; those that lost a race are left open. */
  async #try(round: readonly Waiting[]): Promise<{ readonly open: readonly Waiting[]; readonly error?: ApiError }> {
    const sums = new Map<string, { readonly quota: ResourceQuota; readonly used: Map<string, Quantity> }>();
    const accepted: Waiting[] = [];
    for (const waiting of round) {
      const problem = this.#accept(waiting, sums);
      if (problem === undefined) accepted.push(waiting);
      else this.#refuse(waiting, problem);
    }
    const writings = Array.from(sums.values(), ({ quota, used }): Writing => {
      const { name } = quota.metadata;
      const charging = accepted.filter(({ charge, charged }) => charge.deltas.has(name) && !charged.has(name));
      return { before: quota, used: texts(used), charges: charging.map(({ charge }) => charge) };
    });
    for (const writing of writings) this.#writing.add(writing);
    const written = await Promise.all(writings.map(({ before, used }) => this.#write(before, used)));
    for (const writing of writings) this.#writing.delete(writing);
    const done = new Set(written.flatMap(({ kind, name }) => (kind === 'done' ? [name] : [])));
    const error = written.find(({ kind }) => kind === 'failed')?.error;
    for (const { charge, charged } of accepted) {
      for (const name of charge.deltas.keys()) if (done.has(name)) charged.add(name);
      this.#held.set(charge, { charged, untilMs: Number.POSITIVE_INFINITY });
    }
    const open = accepted.filter(({ charge, charged }) =>
      [...charge.deltas.keys()].some((name) => sums.has(name) && !charged.has(name)),
    );
    for (const waiting of accepted) {
      if (open.includes(waiting)) continue;
      waiting.resolve();
    }
    return error === undefined ? { open } : { open, error };
  }

  /** Adds the charge to the sums; says why where a quota has not enough left, and then adds nothing. */
  #accept(
    { charge: { request, deltas }, charged }: Waiting,
    sums: Map<string, { readonly quota: ResourceQuota; readonly used: Map<string, Quantity> }>,
  ): ApiError | undefined {
    const additions: (readonly [Map<string, Quantity>, Usage])[] = [];
    for (const [name, delta] of deltas) {
      if (charged.has(name)) continue;
      const quota = this.#quota(request, name);
      // Deleted meanwhile: it limits nothing any more.
      if (quota === undefined) continue;
      const sum = sums.get(name) ?? { quota, used: this.#usedOf(quota, request.world) };
      sums.set(name, sum);
      const problem = exceeded(name, { delta, hard: hardOf(quota), used: sum.used });
      if (problem !== undefined) return forbidden(request.kind, request.name, problem);
      additions.push([sum.used, delta]);
    }
    for (const [used, delta] of additions) add(used, delta);
    return undefined;
  }

  #refuse(waiting: Waiting, error: ApiError): void {
    this.#held.delete(waiting.charge);
    this.#giveBack(waiting.charge, waiting.charged);
    waiting.reject(error);
  }

  async #write(
    quota: ResourceQuota,
    used: Quantities,
  ): Promise<{ readonly kind: 'done' | 'lost' | 'failed'; readonly name: string; readonly error?: ApiError }> {
    const { name } = quota.metadata;
    const object: ResourceQuota = { ...quota, status: { hard: hardOf(quota), used } };
    const write = { kind: 'update', resource: resources.resourceQuotas, subresource: 'status', object } as const;
    const outcome = await this.#ports.writer.write(write, context);
    if (outcome.kind === 'done') return { kind: 'done', name };
    if (outcome.reason === 'Conflict' || outcome.reason === 'NotFound') return { kind: 'lost', name };
    return { kind: 'failed', name, error: logUnavailable(new Error(outcome.message)) };
  }

  /** Behind the scenes: whoever waits for the refusal need not wait for this, and the next count would do it as well. */
  #giveBack({ request, deltas }: Charge, names: Iterable<string>): void {
    for (const name of names) {
      const delta = deltas.get(name);
      if (delta !== undefined) void this.#subtract({ request, name, delta });
    }
  }

  async #subtract({ request, name, delta }: { request: AdmissionRequest; name: string; delta: Usage }): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const quota = this.#quota(request, name);
      if (quota?.status?.used === undefined) return;
      const used = this.#usedOf(quota, request.world);
      for (const [resource, amount] of delta) {
        const before = used.get(resource);
        if (before !== undefined) used.set(resource, notNegative(subQuantity(before, amount)));
      }
      if ((await this.#write(quota, texts(used))).kind !== 'lost') return;
    }
  }

  #quota({ world, namespace }: AdmissionRequest, name: string): ResourceQuota | undefined {
    return world.get<ResourceQuota>(resources.resourceQuotas, { namespace, name });
  }

  /** What a quota counts; counted here where nobody has done so since it was made or limited something more. */
  #usedOf(quota: ResourceQuota, world: ObjectReader): Map<string, Quantity> {
    const { hard, used = {} } = quota.status ?? {};
    if (hard !== undefined && Object.keys(hard).every((name) => used[name] !== undefined)) {
      return new Map(Object.entries(used).map(([name, text]) => [name, quantityOf(text)]));
    }
    const limiting = { ...quota, spec: { ...quota.spec, hard: hardOf(quota) } };
    const counted = calculate(world, limiting, this.#ports.now());
    this.addHeld(quota, { world, used: counted });
    return counted;
  }
}

function hardOf({ spec, status }: ResourceQuota): Quantities {
  return status?.hard ?? spec?.hard ?? {};
}

function isRecorded({ kind, namespace, object, before }: AdmissionRequest, world: ObjectReader): boolean {
  const now = world.get(kind, { namespace, name: object.metadata.name });
  if (before !== undefined) return now?.metadata.resourceVersion !== before.metadata.resourceVersion;
  return now !== undefined && now.metadata.uid === object.metadata.uid;
}

/** Undefined where the quota has room for it. */
function exceeded(
  name: string,
  {
    delta,
    hard,
    used,
  }: { readonly delta: Usage; readonly hard: Quantities; readonly used: ReadonlyMap<string, Quantity> },
): string | undefined {
  const over: string[] = [];
  for (const [resource, amount] of delta) {
    const limit = hard[resource];
    const before = used.get(resource);
    if (limit === undefined) continue;
    const sum = before === undefined ? amount : addQuantity(before, amount);
    if (compareQuantity(sum, quantityOf(limit)) > 0) over.push(resource);
  }
  if (over.length === 0) return undefined;
  over.sort();
  const shown = (of: (resource: string) => Quantity | undefined) =>
    over.map((resource) => `${resource}=${formatQuantity(of(resource) ?? quantityOf('0'))}`).join(',');
  const limits = shown((resource) => quantityOf(hard[resource] ?? '0'));
  return `exceeded quota: ${name}, requested: ${shown((r) => delta.get(r))}, used: ${shown((r) => used.get(r))}, limited: ${limits}`;
}

function add(used: Map<string, Quantity>, delta: Usage): void {
  for (const [name, amount] of delta) {
    const before = used.get(name);
    used.set(name, before === undefined ? amount : addQuantity(before, amount));
  }
}

function notNegative(quantity: Quantity): Quantity {
  return quantity.nano < 0n ? { ...quantity, nano: 0n } : quantity;
}

function texts(used: ReadonlyMap<string, Quantity>): Quantities {
  return Object.fromEntries(Array.from(used, ([name, amount]) => [name, formatQuantity(amount)]));
}
