// What becomes an Event of its own is what client-go's correlator would tell; a model of it says so too, note by note.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Note } from '../../../../actors/kit/write.ts';
import { NoteCorrelator } from '../../../../infra/api/registry/note-correlator.ts';
import '../../../kit/properties.ts';

const pod = (uid: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: uid, uid } }) as Note['regarding'];

function note(change: Partial<Note> = {}): Note {
  return { regarding: pod('a'), type: 'Normal', reason: 'Pulled', message: '', component: 'kubelet', ...change };
}

const minute = 60_000;

test('after twenty-five, an object is told of again every five minutes', () => {
  const correlator = new NoteCorrelator();
  const isTold = (nowMs: number) => correlator.take(note(), nowMs) !== undefined;
  for (let index = 0; index < 25; index++) expect(isTold(0)).toBe(true);
  expect([1, 4, 5, 6, 9, 10, 20, 20, 20].map((at) => isTold(at * minute))).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
    true,
    true,
    false,
  ]);
});

test('what is held back still counts', () => {
  const correlator = new NoteCorrelator();
  for (let index = 0; index < 30; index++) correlator.take(note(), 0);
  expect(correlator.take(note(), 5 * minute)?.told.count).toBe(31);
});

test('the scheduler tells each of its notes as it is', () => {
  const correlator = new NoteCorrelator();
  for (let index = 0; index < 40; index++) {
    const message = `node ${index}`;
    expect(correlator.take(note({ message, action: 'Scheduling' }), 0)).toMatchObject({ message, told: { count: 1 } });
  }
});

test('of many sources the one that was silent longest is forgotten', () => {
  const correlator = new NoteCorrelator();
  const count = (uid: string) => correlator.take(note({ regarding: pod(uid) }), 0)?.told.count;
  expect([count('first'), count('second')]).toEqual([1, 1]);
  for (let index = 0; index < 2_046; index++) count(`other ${index}`);
  expect(count('first')).toBe(2);
  count('one more');
  expect([count('first'), count('second')]).toEqual([3, 1]);
});

test('notes are told apart, combined, counted and held back by the rules of client-go', () => {
  const told = fc.record({
    component: fc.constantFrom('kubelet', 'replicaset-controller'),
    uid: fc.constantFrom('a', 'b'),
    reason: fc.constantFrom('Pulled', 'Failed'),
    message: fc.nat(13).map(String),
    afterMs: fc.oneof({ weight: 8, arbitrary: fc.nat(2_000) }, { weight: 1, arbitrary: fc.nat(12 * minute) }),
  });
  fc.assert(
    fc.property(fc.array(told, { maxLength: 80 }), (notes) => {
      const correlator = new NoteCorrelator();
      const model = new Model();
      let nowMs = 0;
      for (const { afterMs, uid, ...rest } of notes) {
        nowMs += afterMs;
        const taken = correlator.take(note({ ...rest, regarding: pod(uid) }), nowMs);
        expect(taken && `${taken.message} ${taken.told.count}`).toBe(model.take({ uid, ...rest }, nowMs));
      }
    }),
    { numRuns: 300 },
  );
});

/** The three caches as client-go has them, each by its own key. */
class Model {
  readonly #words = new Map<string, { words: Set<string>; lastMs: number }>();
  readonly #counts = new Map<string, number>();
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  take(
    { component, uid, reason, message }: { component: string; uid: string; reason: string; message: string },
    nowMs: number,
  ): string | undefined {
    const alike = `${component} ${uid} ${reason}`;
    let group = this.#words.get(alike);
    if (group === undefined || nowMs - group.lastMs > 600_000) group = { words: new Set(), lastMs: nowMs };
    group.lastMs = nowMs;
    group.words.add(message);
    const combined = group.words.size >= 10;
    // client-go lets go of any of the ten; here it is always the newest.
    if (combined) group.words.delete(message);
    this.#words.set(alike, group);
    const id = combined ? alike : `${alike} ${message}`;
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    const source = `${component} ${uid}`;
    const bucket = this.#buckets.get(source) ?? { tokens: 25, atMs: nowMs };
    bucket.tokens = Math.min(25, bucket.tokens + (nowMs - bucket.atMs) / 300_000);
    bucket.atMs = nowMs;
    this.#buckets.set(source, bucket);
    if (bucket.tokens < 1) return undefined;
    bucket.tokens--;
    return `${combined ? '(combined from similar events): ' : ''}${message} ${count}`;
  }
}
