// Object ↔ subject, in one place: `<prefix>.<group>.<resource>.<namespace>.<name>`, where an empty group or namespace
// is `_`. Bytes that NATS gives a meaning to (dots, wildcards, blanks) are percent-encoded, so every legal name
// round-trips; `%` itself cannot occur in a Kubernetes name but is encoded all the same.

import type { Subject } from '../base/brand.ts';
import type { StreamName } from './event.ts';

/** Identity of an object without its version: what a subject names. */
export type ObjectRef = {
  readonly group: string;
  readonly resource: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
};

export const subjectPrefixes: Readonly<Record<StreamName, string>> = { LOG: 'log', LEASE: 'lease', EVENT: 'event' };

/** The stream a resource lives in: heartbeats and core Events never crowd the history. */
export function streamOf(ref: Pick<ObjectRef, 'group' | 'resource'>): StreamName {
  if (ref.resource === 'leases' && ref.group === 'coordination.k8s.io') return 'LEASE';
  if (ref.resource === 'events' && ref.group === '') return 'EVENT';
  return 'LOG';
}

export function subjectOf(ref: ObjectRef): Subject {
  const prefix = subjectPrefixes[streamOf(ref)];
  return `${prefix}.${encode(ref.group)}.${encode(ref.resource)}.${encode(ref.namespace)}.${encode(ref.name)}` as Subject;
}

/** Undefined where the text is not one of our subjects. */
export function parseSubject(subject: string): ObjectRef | undefined {
  const end = subject.lastIndexOf('.') + 1;
  // Neighbours in the log are mostly of one resource and namespace.
  if (end === lately.head.length && subject.startsWith(lately.head)) {
    const { group, resource, namespace } = lately.ref;
    return { group, resource, namespace, name: decode(subject.slice(end)) };
  }
  const ref = parse(subject);
  if (ref !== undefined) lately = { head: subject.slice(0, end), ref };
  return ref;
}

/** The subject up to the name, as of the subject that was read last. */
let lately: { readonly head: string; readonly ref: Omit<ObjectRef, 'name'> } = {
  head: '-',
  ref: { group: '', resource: '', namespace: '' },
};

function parse(subject: string): ObjectRef | undefined {
  const tokens = subject.split('.');
  if (tokens.length !== 5) return undefined;
  const [prefix, group, resource, namespace, name] = tokens as [string, string, string, string, string];
  const ref = { group: decode(group), resource: decode(resource), namespace: decode(namespace), name: decode(name) };
  return subjectPrefixes[streamOf(ref)] === prefix ? ref : undefined;
}

/** Subject filter for a whole resource, or one namespace of it. */
export function subjectFilter(ref: { group: string; resource: string; namespace?: string }): string {
  const head = `${subjectPrefixes[streamOf(ref)]}.${encode(ref.group)}.${encode(ref.resource)}`;
  return ref.namespace === undefined ? `${head}.>` : `${head}.${encode(ref.namespace)}.*`;
}

const plain = /^[A-Za-z0-9:-][A-Za-z0-9:_-]*$/;
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

function encode(token: string): string {
  if (token === '') return '_';
  if (plain.test(token)) return token;
  return token.replace(special, escaped);
}

/** Every character but those above, and a leading underscore: `_` alone means empty. */
const special = /^_|[^A-Za-z0-9:_-]/gu;

function escaped(character: string): string {
  // The names of core Events have a dot each, and nearly no other name has anything else.
  if (character === '.') return dot;
  let text = '';
  for (const byte of utf8.encode(character)) text += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return text;
}

const dot = '%2E';

function decode(token: string): string {
  if (token === '_') return '';
  if (!token.includes('%')) return token;
  const dotted = token.replaceAll(dot, '.');
  if (!dotted.includes('%')) return dotted;
  const bytes: number[] = [];
  for (let i = 0; i < token.length; i++) {
    if (token[i] === '%') {
      bytes.push(Number.parseInt(token.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(token.charCodeAt(i));
  }
  return fromUtf8.decode(Uint8Array.from(bytes));
}
