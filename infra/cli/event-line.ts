// One event as people read it: time, revision, namespace, object, transition, author.

import type { Author, EventFacts, RecordedEvent } from '../../streams/log/event.ts';
import { parseSubject } from '../../streams/log/subjects.ts';
import type { Terminal } from './terminal.ts';

const revisionWidth = 7;
const objectWidth = 44;
const verbWidth = 18;

/** The object an event is about, as kubectl names it (`pod/web-1`), and its namespace, empty for cluster-wide kinds. */
export function objectOf(event: Pick<RecordedEvent, 'type' | 'subject'>): {
  readonly name: string;
  readonly namespace: string;
} {
  const ref = parseSubject(event.subject);
  const [kind = ''] = event.type.split('.', 1);
  return { name: `${kind}/${ref?.name ?? event.subject}`, namespace: ref?.namespace ?? '' };
}

export function eventLine(event: EventFacts, { paint }: Pick<Terminal, 'paint'>): string {
  const { name, namespace } = objectOf(event);
  const verb = event.type.slice(event.type.indexOf('.') + 1);
  const parts = [
    paint('dim', new Date(event.timeMs).toISOString().slice(11, 23)),
    paint('dim', String(event.revision).padStart(revisionWidth)),
    (namespace === '' ? name : `${namespace} ${name}`).padEnd(objectWidth),
    paint(event.to === null ? 'yellow' : 'cyan', verb.padEnd(verbWidth)),
    `${event.from ?? '∅'} → ${event.to ?? '∅'}`,
    paint('dim', `by ${authorText(event.author)}`),
  ];
  if (event.anomaly !== undefined) parts.push(paint('red', `anomaly: ${event.anomaly}`));
  return parts.join('  ');
}

function authorText({ user, impersonatedUser }: Author): string {
  return impersonatedUser === undefined ? user : `${user} as ${impersonatedUser}`;
}

/** The event as one line of JSON, its object parsed; null where the log's server wrote the event itself. */
export function eventJson(event: RecordedEvent): string {
  const { object, timeMs, id: _, ...rest } = event;
  const decoded: unknown = object.byteLength === 0 ? null : JSON.parse(Buffer.from(object).toString('utf8'));
  return JSON.stringify({ time: new Date(timeMs).toISOString(), ...rest, object: decoded });
}
