// Verification: every recorded event is run through its kind's machine, and the state the log alone rebuilds is held
// against the live one. It trusts nothing but the machines: not the view, not the server, not the log's own order.

import type { lifecycleOf } from '../../actors/lifecycles.ts';
import type { Revision } from '../../streams/base/brand.ts';
import { assertRetained, endOf, type Instant, type PastLog, pastEvents } from '../../streams/history/past-events.ts';
import { beginningOf } from '../../streams/history/replay.ts';
import type { ReplayedState } from '../../streams/history/replayed-state.ts';
import type { RecordedEvent, StreamName } from '../../streams/log/event.ts';
import { ApiServerDown } from '../client/api-client.ts';
import { type Comparison, compareWithLive, compareWithLog } from './compare-state.ts';
import { EventCheck } from './event-check.ts';
import { type Anomaly, type Finding, Tally } from './finding.ts';
import type { LiveCluster } from './live-cluster.ts';

export type VerifyOptions = {
  readonly streams: Readonly<Record<StreamName, PastLog>>;
  /** Events are verified up to this instant. The state is compared with the live one only where it is left out. */
  readonly until?: Instant | undefined;
  /** The API server; where it does not run the log's last event of every subject stands for the present. */
  readonly live?: LiveCluster | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** How many findings, anomalies and differences are kept for the report. */
  readonly keepMax?: number;
  readonly lifecycleOf?: typeof lifecycleOf;
};

export type VerifyProgress =
  | { readonly phase: 'events'; readonly revision: Revision; readonly to: Revision }
  | { readonly phase: 'comparing'; readonly resource: string };

export type Verification = {
  /** Position of the first event verified; above 1 where the beginning of history is no longer retained. */
  readonly first: Revision;
  readonly state: ReplayedState;
  /** Leases and core Events: only the last event of each is retained, and each is verified by itself. */
  readonly lastEvents: number;
  readonly findings: Tally<Finding>;
  /** Unlawful and recorded as such when they happened: the API demands to accept what clients write. */
  readonly anomalies: Tally<Anomaly>;
  readonly comparison: Comparison;
};

const keepMaxDefault = 20;

/** True where everything recorded is lawful or marked, and the replayed state is the live one. */
export function isClean({ findings, comparison }: Verification): boolean {
  return findings.count === 0 && (comparison.with === 'nothing' || comparison.differences.count === 0);
}

/** Rejects with RevisionNotReached, HistoryTrimmed, the signal's reason, and what the log or the API server reject with. */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { streams, until, signal, onProgress, keepMax = keepMaxDefault } = options;
  const log = streams.LOG;
  await endOf(log, until);
  const state = await beginningOf(log);
  assertRetained(until, state);
  const first = (state.revision + 1) as Revision;
  const findings = new Tally<Finding>(keepMax);
  const anomalies = new Tally<Anomaly>(keepMax);
  const lifecycles = options.lifecycleOf === undefined ? {} : { lifecycleOf: options.lifecycleOf };
  const check = new EventCheck({ after: state.revision, ...lifecycles });
  const judge = (by: EventCheck, event: RecordedEvent, before: RecordedEvent | undefined) => {
    const { revision, anomaly } = event;
    for (const problem of by.problems(event, before)) findings.add({ ...problem, revision, object: by.nameOf(event) });
    if (anomaly !== undefined) anomalies.add({ revision, object: by.nameOf(event), text: anomaly });
  };
  const advance = async (end: Instant | undefined): Promise<void> => {
    const to = await endOf(log, end);
    for await (const batch of pastEvents(log, { after: state.revision, until: end, ...signalled(signal) })) {
      for (const event of batch) {
        judge(check, event, state.last(event.subject));
        state.apply(event);
      }
      onProgress?.({ phase: 'events', revision: state.revision, to });
    }
    signal?.throwIfAborted();
    if (end?.kind === 'time') return;
    const missing = check.missingUpTo(to);
    if (missing !== undefined) findings.add({ ...missing, revision: to, object: 'the end of the log' });
    if (state.revision < to) state.moveTo(to);
  };
  await advance(until);
  const lastEvents = await checkLastEvents(streams, (stream) => {
    const single = new EventCheck({ after: 0 as Revision, lastOnly: true, ...lifecycles });
    return (event) => {
      signal?.throwIfAborted();
      onProgress?.({ phase: 'comparing', resource: stream });
      judge(single, event, undefined);
    };
  });
  const comparison = await compare({ ...options, state, advance, keepMax });
  return { first, state, lastEvents, findings, anomalies, comparison };
}

async function checkLastEvents(
  streams: VerifyOptions['streams'],
  judgeOf: (stream: StreamName) => (event: RecordedEvent) => void,
): Promise<number> {
  let count = 0;
  for (const stream of ['LEASE', 'EVENT'] as const) {
    const judge = judgeOf(stream);
    for await (const batch of streams[stream].latest()) {
      for (const event of batch) judge(event);
      count += batch.length;
    }
  }
  return count;
}

type CompareRequest = VerifyOptions & {
  readonly state: ReplayedState;
  readonly advance: (end: Instant) => Promise<void>;
  readonly keepMax: number;
};

async function compare(request: CompareRequest): Promise<Comparison> {
  const { streams, until, live, state, advance, keepMax, signal, onProgress } = request;
  if (until !== undefined) return { with: 'nothing' };
  const onResource = (resource: string) => {
    signal?.throwIfAborted();
    onProgress?.({ phase: 'comparing', resource });
  };
  if (live !== undefined) {
    const advanceTo = (revision: Revision) => advance({ kind: 'revision', revision });
    try {
      return await compareWithLive({ live, state, advanceTo, keepMax, onResource });
    } catch (error) {
      if (!(error instanceof ApiServerDown)) throw error;
    }
  }
  onResource('LOG');
  return compareWithLog({ log: streams.LOG, state, keepMax });
}

function signalled(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
