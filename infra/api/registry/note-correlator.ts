// Which notes become Events of their own: what client-go's correlator does for every component that tells of an object.
// The same again only counts; notes that differ in their words alone are told as one from the tenth on; and of one
// object a source tells 25 at a go, then one every five minutes. Time is passed in, so the same notes always give the
// same Events. Source: client-go tools/record (events_cache.go).

import type { Note } from '../../../actors/kit/write.ts';

/** What is told: one Event, once or again. */
export type Told = {
  readonly type: Note['type'];
  readonly reason: string;
  readonly fieldPath: string;
  /** undefined for the one Event that stands for all those that are alike. */
  readonly message: string | undefined;
  /** When it was noted first, milliseconds since the Unix epoch. */
  readonly firstMs: number;
  /** How often it was noted, told or held back. */
  count: number;
  /** The Event, once it is known how it is called. */
  event: { readonly name: string; readonly created: Promise<void> } | undefined;
};

export type Correlated = { readonly told: Told; readonly message: string };

/** Notes of one component about one object. */
type Source = { tokens: number; readonly told: Told[]; readonly alike: Alike[]; refilledMs: number };

/** Notes of one type and reason within one source. */
type Alike = {
  readonly type: string;
  readonly reason: string;
  lastMs: number;
  /** In how many words it was told, as far as it matters. */
  messages: Set<string>;
};

/** So many ways to say it are told apart within this time; a longer silence begins anew. */
const messagesMax = 10;
const silenceMs = 600_000;
const burst = 25;
const refillMs = 300_000;
/** Sources and, within one, Events that are remembered; forgetting one tells it anew. */
const sourcesMax = 2_048;
const toldMax = 64;

export class NoteCorrelator {
  /** The one that was heard of last stands last. */
  readonly #sources = new Map<string, Source>();

  /** undefined: it is not told. */
  take(note: Note, nowMs: number): Correlated | undefined {
    const source = this.#sourceOf(note, nowMs);
    // The scheduler and others that say what they did use the newer recorder, which combines and holds back nothing.
    const combined = note.action === undefined && isOneOfMany(source, note, nowMs);
    const told = toldOf(source, note, { combined, nowMs });
    told.count++;
    if (note.action === undefined && !mayTell(source, nowMs)) return undefined;
    return { told, message: combined ? `(combined from similar events): ${note.message}` : note.message };
  }

  #sourceOf({ component, host = '', regarding }: Note, nowMs: number): Source {
    const key = `${component}\n${host}\n${regarding.metadata.uid}`;
    const known = this.#sources.get(key);
    const source = known ?? { tokens: burst, told: [], alike: [], refilledMs: nowMs };
    if (known !== undefined) this.#sources.delete(key);
    this.#sources.set(key, source);
    if (this.#sources.size > sourcesMax) {
      const [oldest = ''] = this.#sources.keys();
      this.#sources.delete(oldest);
    }
    return source;
  }
}

function isOneOfMany({ alike }: Source, { type, reason, message }: Note, nowMs: number): boolean {
  let group = alike.find((other) => other.reason === reason && other.type === type);
  if (group === undefined) {
    group = { type, reason, lastMs: nowMs, messages: new Set() };
    alike.push(group);
  } else if (nowMs - group.lastMs > silenceMs) group.messages = new Set();
  group.lastMs = nowMs;
  const { messages } = group;
  if (messages.size < messagesMax - 1) messages.add(message);
  else return !messages.has(message);
  return false;
}

function toldOf(
  { told }: Source,
  { type, reason, fieldPath = '', message }: Note,
  { combined, nowMs }: { readonly combined: boolean; readonly nowMs: number },
): Told {
  const words = combined ? undefined : message;
  const isThis = (other: Told) =>
    other.message === words &&
    other.reason === reason &&
    other.type === type &&
    (combined || other.fieldPath === fieldPath);
  const known = told.find(isThis);
  if (known !== undefined) return known;
  const fresh: Told = { type, reason, fieldPath, message: words, firstMs: nowMs, count: 0, event: undefined };
  told.push(fresh);
  if (told.length > toldMax) told.shift();
  return fresh;
}

/** A bucket of tokens that fills up slowly. */
function mayTell(source: Source, nowMs: number): boolean {
  source.tokens = Math.min(burst, source.tokens + Math.max(0, nowMs - source.refilledMs) / refillMs);
  source.refilledMs = nowMs;
  if (source.tokens < 1) return false;
  source.tokens--;
  return true;
}
