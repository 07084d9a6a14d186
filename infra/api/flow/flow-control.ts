// Priority and fairness (KEP-1040): each request takes a seat of the priority level its FlowSchema names before it is
// authorized, waits for one, or is told to come back later. The objects are read from the view and take effect with
// the next request; without any of them `system:masters` is exempt and everybody else shares the catch-all level.

import type { Clock } from '../../../streams/base/clock.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import { groups } from '../auth/user.ts';
import { tooManyRequests } from '../errors.ts';
import { byPrecedence, classify, type FlowRequest, type FlowRule, type FlowSchema, flowOf } from './classify.ts';
import type { FlowMetrics } from './flow-metrics.ts';
import { type LevelLimits, PriorityLevel, type Refusal } from './priority-level.ts';

/** Given back once the request has been answered, or has become a stream. */
export type Seat = {
  /** Says which objects decided, in every answer, as upstream does. */
  readonly headers: Readonly<Record<string, string>>;
  release(): void;
};

export type FlowOptions = {
  readonly view: ObjectView;
  readonly clock: Clock;
  readonly metrics: FlowMetrics;
  /** Requests served at once by this server; upstream's 400 reads and 200 writes together unless said otherwise. */
  readonly seats?: number;
};

const seatsDefault = 600;
/** Upstream waits a quarter of the 60 seconds a request may take. */
const waitMsMax = 15_000;

const schemas = { group: 'flowcontrol.apiserver.k8s.io', resource: 'flowschemas' } as const;
const levels = { group: 'flowcontrol.apiserver.k8s.io', resource: 'prioritylevelconfigurations' } as const;

export class FlowControl {
  readonly #options: FlowOptions;
  #schemas: readonly FlowSchema[] = [];
  #levels = new Map<string, PriorityLevel>();
  #stale = true;

  constructor(options: FlowOptions) {
    this.#options = options;
    for (const resource of [schemas, levels]) {
      options.view.resource(resource).listen(() => {
        this.#stale = true;
      });
    }
    options.metrics.watch(() => this.#levels.values());
  }

  /** Throws 429 with Retry-After where the level has neither a seat nor a place to wait. */
  enter(request: FlowRequest): Seat | Promise<Seat> {
    if (this.#stale) this.#configure();
    const schema = classify(this.#schemas, request) ?? catchAllSchema;
    const level = this.#levels.get(schema.level) ?? this.#level(catchAllLevel);
    const outcome = level.enter(flowOf(schema, request), waitMsMax);
    if (outcome === 'seated') return this.#seat(schema, level);
    if (typeof outcome === 'string') throw this.#refuse(schema, level, outcome);
    const startMs = this.#options.clock.monotonic();
    return outcome.then((result) => {
      if (result !== 'seated') throw this.#refuse(schema, level, result);
      const seconds = (this.#options.clock.monotonic() - startMs) / 1_000;
      this.#options.metrics.waited.at(level.limits.name, schema.name, 'true').observe(seconds);
      return this.#seat(schema, level);
    });
  }

  #seat(schema: FlowSchema, level: PriorityLevel): Seat {
    this.#options.metrics.dispatched.at(level.limits.name, schema.name).add();
    let held = true;
    return {
      headers: {
        'x-kubernetes-pf-flowschema-uid': schema.uid,
        'x-kubernetes-pf-prioritylevel-uid': level.limits.uid,
      },
      release: () => {
        if (!held) return;
        held = false;
        level.leave();
        // A seat given back may be one that another level had been waiting to borrow.
        for (const each of this.#levels.values()) if (each.waiting > 0) each.dispatch();
      },
    };
  }

  #refuse(schema: FlowSchema, level: PriorityLevel, reason: Refusal): Error {
    this.#options.metrics.rejected.at(level.limits.name, schema.name, reason).add();
    return tooManyRequests('too many requests, please try again later', 1);
  }

  #configure(): void {
    const { view, seats = seatsDefault } = this.#options;
    this.#stale = false;
    const given = Array.from(view.resource(schemas).select(), ({ object }) => schemaOf(object));
    this.#schemas = [...(given.some(({ name }) => name === 'exempt') ? [] : [exemptSchema]), ...given].sort(
      byPrecedence,
    );
    const specs = Array.from(view.resource(levels).select(), ({ object }) => levelOf(object));
    for (const builtIn of [exemptLevel, catchAllLevel]) {
      if (!specs.some(({ name }) => name === builtIn.name)) specs.push(builtIn);
    }
    let shares = 0;
    for (const spec of specs) shares += spec.shares;
    for (const spec of specs) this.#level(spec, shares === 0 ? 0 : Math.ceil((seats * spec.shares) / shares));
    for (const name of this.#levels.keys()) if (!specs.some((spec) => spec.name === name)) this.#retire(name);
    for (const level of this.#levels.values()) level.dispatch();
  }

  #level(spec: LevelSpec, nominalSeats = 1): PriorityLevel {
    const limits = limitsOf(spec, nominalSeats);
    let level = this.#levels.get(spec.name);
    if (level === undefined) {
      level = new PriorityLevel(limits, { clock: this.#options.clock, lend: () => this.#lends() });
      this.#levels.set(spec.name, level);
    }
    level.limits = limits;
    return level;
  }

  /** A level that is gone takes nobody new; whoever waits there is served to the end. */
  #retire(name: string): void {
    const level = this.#levels.get(name);
    if (level !== undefined && level.waiting === 0 && level.executing === 0) this.#levels.delete(name);
  }

  #lends(): boolean {
    let free = 0;
    for (const level of this.#levels.values()) free += level.lendable - (level.limits.exempt ? 0 : level.borrowed);
    return free > 0;
  }
}

type LevelSpec = Omit<LevelLimits, 'nominalSeats' | 'lendableSeats' | 'borrowableSeats'> & {
  readonly shares: number;
  readonly lendablePercent: number;
  readonly borrowingLimitPercent: number | undefined;
};

const exemptSchema: FlowSchema = {
  name: 'exempt',
  uid: '',
  precedence: 1,
  level: 'exempt',
  distinguisher: undefined,
  rules: [
    {
      subjects: [{ kind: 'Group', group: { name: groups.masters } }],
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    },
  ],
};

const catchAllSchema: FlowSchema = {
  name: 'catch-all',
  uid: '',
  precedence: 10_000,
  level: 'catch-all',
  distinguisher: 'ByUser',
  rules: [],
};

const noShares = { uid: '', shares: 0, lendablePercent: 0, borrowingLimitPercent: undefined, queuing: undefined };
const exemptLevel: LevelSpec = { ...noShares, name: 'exempt', exempt: true };
const catchAllLevel: LevelSpec = { ...noShares, name: 'catch-all', exempt: false, shares: 5 };

function schemaOf({ metadata, spec }: AnyObject & { readonly spec?: unknown }): FlowSchema {
  const given = (spec ?? {}) as {
    readonly matchingPrecedence?: number;
    readonly priorityLevelConfiguration?: { readonly name: string };
    readonly distinguisherMethod?: { readonly type: 'ByUser' | 'ByNamespace' };
    readonly rules?: readonly FlowRule[];
  };
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    precedence: given.matchingPrecedence ?? 1_000,
    level: given.priorityLevelConfiguration?.name ?? '',
    distinguisher: given.distinguisherMethod?.type,
    rules: given.rules ?? [],
  };
}

function levelOf({ metadata, spec }: AnyObject & { readonly spec?: unknown }): LevelSpec {
  const { type, limited, exempt } = (spec ?? {}) as {
    readonly type?: string;
    readonly exempt?: { readonly nominalConcurrencyShares?: number; readonly lendablePercent?: number };
    readonly limited?: {
      readonly nominalConcurrencyShares?: number;
      readonly lendablePercent?: number;
      readonly borrowingLimitPercent?: number;
      readonly limitResponse?: {
        readonly type: string;
        readonly queuing?: { readonly queues: number; readonly handSize: number; readonly queueLengthLimit: number };
      };
    };
  };
  const given = type === 'Exempt' ? exempt : limited;
  const queuing = limited?.limitResponse?.queuing;
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    exempt: type === 'Exempt',
    shares: given?.nominalConcurrencyShares ?? (type === 'Exempt' ? 0 : 30),
    lendablePercent: given?.lendablePercent ?? 0,
    borrowingLimitPercent: limited?.borrowingLimitPercent,
    queuing:
      limited?.limitResponse?.type === 'Queue' && queuing !== undefined
        ? { queues: queuing.queues, handSize: queuing.handSize, queueLength: queuing.queueLengthLimit }
        : undefined,
  };
}

function limitsOf(spec: LevelSpec, nominalSeats: number): LevelLimits {
  const { name, uid, exempt, queuing, lendablePercent, borrowingLimitPercent } = spec;
  return {
    name,
    uid,
    exempt,
    queuing,
    nominalSeats,
    lendableSeats: Math.round((nominalSeats * lendablePercent) / 100),
    borrowableSeats:
      borrowingLimitPercent === undefined ? undefined : Math.round((nominalSeats * borrowingLimitPercent) / 100),
  };
}
