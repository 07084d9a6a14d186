// What must be true of the log after a fault, whoever was told what: checked against the log itself, which is read
// from its first event on. Each function returns what is wrong, in sentences; nothing where all is well.

import { isTombstone, type RecordedEvent } from '../../streams/log/event.ts';
import type { EventLog } from '../../streams/log/event-log.ts';
import { parseSubject } from '../../streams/log/subjects.ts';
import type { Seen } from './resuming-watch.ts';
import { type Attempt, writersNamespace } from './writers.ts';

/** A recorded change of one of the writers' objects. */
type Change = {
  readonly key: string;
  readonly revision: number;
  /** Of the attempt that made it; undefined for a deletion. */
  readonly number: number | undefined;
  readonly event: RecordedEvent;
};

/** As far as the audit looks at it. */
export type ConfigMap = {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
};

export async function readAll(log: Pick<EventLog, 'read'>): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of log.read({ after: 0 as never })) events.push(...batch);
  return events;
}

/** Revisions begin at 1 and leave none out; no append was recorded twice. */
export function wrongWithRevisions(events: readonly RecordedEvent[]): string[] {
  const gaps = events.flatMap(({ revision }, index) =>
    revision === index + 1 ? [] : [`event ${index + 1} of the log has revision ${revision}`],
  );
  const ids = new Set<string>();
  const repeated = events.flatMap(({ id, revision }) => {
    if (!ids.has(id)) return ids.add(id) && [];
    return [`revision ${revision} records the append ${id} a second time`];
  });
  return [...gaps.slice(0, 5), ...repeated];
}

/** What the machines of the cluster's own parts took for impossible when it happened. */
export function lawless(events: readonly RecordedEvent[]): string[] {
  return events.flatMap(({ revision, subject, type, anomaly }) =>
    anomaly === undefined ? [] : [`${subject} ${type} at ${revision}: ${anomaly}`],
  );
}

/** Every attempt's outcome is true of the log, and the log holds nothing that was not attempted. */
export function wrongWithAttempts(attempts: readonly Attempt[], events: readonly RecordedEvent[]): string[] {
  const changes = Map.groupBy(writtenChanges(events), ({ key }) => key);
  const keys = Map.groupBy(attempts, ({ key }) => key);
  const unheardOf = [...changes.keys()].filter((key) => !keys.has(key));
  return [
    ...unheardOf.map((key) => `${key} is in the log and was never written`),
    ...[...keys].flatMap(([key, own]) => [
      ...wrongWithWrites(own, changes.get(key) ?? []),
      ...wrongWithDeletions(own, changes.get(key) ?? []),
      ...wrongWithConflicts(own),
    ]),
  ];
}

/** What the API server shows now is what the log says last. */
export function wrongWithPresent(shown: readonly ConfigMap[], events: readonly RecordedEvent[]): string[] {
  const last = new Map(writtenChanges(events).map((change) => [change.key, change]));
  const expected = [...last.values()].filter(({ event }) => !isTombstone(event));
  const found = new Map(
    shown.filter(({ metadata }) => isKey(metadata.name)).map((object) => [object.metadata.name, object]),
  );
  const wrong = expected.flatMap(({ key, revision, number }) => {
    const object = found.get(key);
    const same = object?.metadata.resourceVersion === String(revision) && object.data?.number === String(number);
    found.delete(key);
    if (same) return [];
    return [`${key} is ${describe(object)} for clients, attempt ${number} at ${revision} in the log`];
  });
  return [...wrong, ...[...found.values()].map((object) => `${describe(object)} is shown and is not in the log`)];
}

/** A watch told every change of its range once, in order. */
export function wrongWithWatch(
  seen: readonly Seen[],
  { after, to, events }: { after: number; to: number; events: readonly RecordedEvent[] },
): string[] {
  const line = ({ type, name, revision }: Seen) => `${revision} ${type} ${name}`;
  const told = seen.filter(({ revision }) => revision <= to).map(line);
  const recorded = events.flatMap((event) => {
    const name = configMapName(event);
    if (name === undefined || event.revision <= after || event.revision > to) return [];
    const type = isTombstone(event) ? 'DELETED' : event.from === null ? 'ADDED' : 'MODIFIED';
    return [line({ type, name, revision: event.revision })];
  });
  const differing = recorded.findIndex((text, index) => told[index] !== text);
  if (differing >= 0) return [`the log says "${recorded[differing]}", the watch "${told[differing]}"`];
  return told.length > recorded.length ? [`the watch says "${told[recorded.length]}", the log nothing more`] : [];
}

/** Values appear in the order they were attempted; each acknowledged one is there, at its revision; no refused one is. */
function wrongWithWrites(own: readonly Attempt[], changes: readonly Change[]): string[] {
  const wrong: string[] = [];
  const byNumber = new Map(own.map((attempt) => [attempt.number, attempt]));
  let before = 0;
  for (const { key, revision, number } of changes) {
    if (number === undefined) continue;
    const outcome = byNumber.get(number)?.outcome;
    if (outcome === undefined || outcome.kind === 'refused') {
      wrong.push(`${key}: attempt ${number} is in the log at ${revision} and was ${outcome?.kind ?? 'never made'}`);
    }
    if (number <= before) wrong.push(`${key}: attempt ${number} is in the log after attempt ${before}`);
    before = number;
  }
  const revisions = new Map(changes.map(({ number, revision }) => [number, revision]));
  for (const { key, number, verb, outcome } of own) {
    if (verb === 'delete' || outcome.kind !== 'acknowledged' || revisions.get(number) === outcome.revision) continue;
    wrong.push(`${key}: attempt ${number} was acknowledged at ${outcome.revision} and is at ${revisions.get(number)}`);
  }
  return wrong;
}

/** A deletion names no attempt, but between two values there is at most one, and some attempt must account for it. */
function wrongWithDeletions(own: readonly Attempt[], changes: readonly Change[]): string[] {
  const wrong: string[] = [];
  const deletions = own.filter(({ verb }) => verb === 'delete');
  let from = 0;
  let deleted = false;
  for (const { key, revision, number } of [...changes, undefined].map((change) => change ?? end)) {
    if (number === undefined) {
      deleted = true;
      continue;
    }
    const between = deletions.filter((attempt) => attempt.number > from && attempt.number < number);
    const acknowledged = between.find(({ outcome }) => outcome.kind === 'acknowledged');
    if (acknowledged !== undefined && !deleted) {
      wrong.push(`${acknowledged.key}: deletion ${acknowledged.number} was acknowledged and is not in the log`);
    }
    if (deleted && between.every(({ outcome }) => outcome.kind === 'refused')) {
      wrong.push(`${key}: the log says before ${revision} that it was deleted, and nobody did`);
    }
    from = number;
    deleted = false;
  }
  return wrong;
}

const end = { key: 'the last one', revision: Number.POSITIVE_INFINITY, number: Number.POSITIVE_INFINITY };

/** The only one who writes an object can lose a race against one's own attempts alone: those of unknown outcome. */
function wrongWithConflicts(own: readonly Attempt[]): string[] {
  let explained = false;
  return own.flatMap(({ key, number, outcome }) => {
    if (outcome.kind === 'unknown') explained = true;
    if (outcome.kind === 'acknowledged') explained = false;
    const conflict = outcome.kind === 'refused' && /^4\d\d/.test(outcome.why);
    return conflict && !explained ? [`${key}: attempt ${number} was refused without a reason: ${outcome.why}`] : [];
  });
}

function writtenChanges(events: readonly RecordedEvent[]): Change[] {
  return events.flatMap((event) => {
    const key = configMapName(event);
    if (key === undefined || !isKey(key)) return [];
    const { data } = JSON.parse(Buffer.from(event.object).toString('utf8')) as ConfigMap;
    const number = isTombstone(event) ? undefined : Number(data?.number);
    return [{ key, revision: event.revision, number, event }];
  });
}

function configMapName({ subject }: RecordedEvent): string | undefined {
  const ref = parseSubject(subject);
  return ref?.resource === 'configmaps' && ref.namespace === writersNamespace ? ref.name : undefined;
}

function isKey(name: string): boolean {
  return name.startsWith('writer-');
}

function describe(object: ConfigMap | undefined): string {
  if (object === undefined) return 'absent';
  return `${object.metadata.name} (attempt ${object.data?.number} at ${object.metadata.resourceVersion})`;
}
