// The audit itself, which runs everywhere: histories in which exactly one thing is wrong, and what it says of them.

import { describe, expect, test } from 'vitest';
import type { Revision } from '../../streams/base/brand.ts';
import type { EventId, RecordedEvent } from '../../streams/log/event.ts';
import { subjectOf } from '../../streams/log/subjects.ts';
import { anEvent, bytesOf } from '../kit/events.ts';
import { wrongWithAttempts, wrongWithPresent, wrongWithRevisions, wrongWithWatch } from './audit.ts';
import { type Attempt, writersNamespace } from './writers.ts';

const key = 'writer-1.key-0';
const subject = subjectOf({ group: '', resource: 'configmaps', namespace: writersNamespace, name: key });

/** `number` undefined: a deletion. */
function recorded(revision: number, number: number | undefined, from: string | null = 'Present'): RecordedEvent {
  const object = bytesOf({ metadata: { name: key }, data: { number: String(number) } });
  const to = number === undefined ? null : 'Present';
  return { ...anEvent({ from, to, object }), stream: 'LOG', subject, revision: revision as Revision };
}

function attempt(number: number, verb: Attempt['verb'], outcome: number | 'deleted' | 'unknown' | 'conflict'): Attempt {
  if (outcome === 'deleted') return { key, number, verb, outcome: { kind: 'acknowledged' } };
  if (outcome === 'unknown') return { key, number, verb, outcome: { kind: 'unknown', why: '503' } };
  if (outcome === 'conflict') return { key, number, verb, outcome: { kind: 'refused', why: '409 Conflict' } };
  return { key, number, verb, outcome: { kind: 'acknowledged', revision: outcome } };
}

describe('revisions', () => {
  test('that begin at 1 and leave none out are right', () => {
    expect(wrongWithRevisions([recorded(1, 1), recorded(2, 2)])).toEqual([]);
  });

  test('that leave one out are told', () => {
    expect(wrongWithRevisions([recorded(1, 1), recorded(3, 2)])).toEqual(['event 2 of the log has revision 3']);
  });

  test('that record one append twice are told', () => {
    const first = { ...recorded(1, 1), id: 'a' as EventId };
    expect(wrongWithRevisions([first, { ...first, revision: 2 as Revision }])).toEqual([
      'revision 2 records the append a a second time',
    ]);
  });
});

describe('attempts', () => {
  test('may be missing where their outcome is unknown, and may be there', () => {
    const attempts = [attempt(1, 'create', 1), attempt(2, 'update', 'unknown'), attempt(3, 'update', 2)];
    expect(wrongWithAttempts(attempts, [recorded(1, 1), recorded(2, 3)])).toEqual([]);
    const late = [attempt(1, 'create', 1), attempt(2, 'update', 'unknown'), attempt(3, 'update', 'conflict')];
    expect(wrongWithAttempts(late, [recorded(1, 1), recorded(2, 2)])).toEqual([]);
  });

  test.each<[string, Attempt[], RecordedEvent[], RegExp]>([
    [
      'an acknowledged write is lost',
      [attempt(1, 'create', 1), attempt(2, 'update', 2)],
      [recorded(1, 1)],
      /at undefined/,
    ],
    ['an acknowledged write is elsewhere', [attempt(1, 'create', 1)], [recorded(2, 1)], /at 1 and is at 2/],
    [
      'a refused write is recorded',
      [attempt(1, 'create', 1), attempt(2, 'update', 'unknown'), attempt(3, 'update', 'conflict')],
      [recorded(1, 1), recorded(2, 3)],
      /attempt 3 is in the log at 2 and was refused/,
    ],
    [
      'an old write lands after a newer one',
      [attempt(1, 'create', 1), attempt(2, 'update', 'unknown'), attempt(3, 'update', 2)],
      [recorded(1, 1), recorded(2, 3), recorded(3, 2)],
      /attempt 2 is in the log after attempt 3/,
    ],
    [
      'an acknowledged deletion is lost',
      [attempt(1, 'create', 1), attempt(2, 'delete', 'deleted')],
      [recorded(1, 1)],
      /deletion 2 was acknowledged and is not in the log/,
    ],
    ['somebody else deletes', [attempt(1, 'create', 1)], [recorded(1, 1), recorded(2, undefined)], /nobody did/],
    [
      'a conflict has no reason',
      [attempt(1, 'create', 1), attempt(2, 'update', 'conflict')],
      [recorded(1, 1)],
      /refused without a reason/,
    ],
    ['an object was never written', [], [recorded(1, 1)], /was never written/],
  ])('%s', (_, attempts, events, says) => {
    const wrong = wrongWithAttempts(attempts, events);
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(says);
  });
});

describe('the present', () => {
  const object = (number: number, revision: number) => ({
    metadata: { name: key, resourceVersion: String(revision) },
    data: { number: String(number) },
  });

  test('is what was recorded last', () => {
    expect(wrongWithPresent([object(2, 2)], [recorded(1, 1), recorded(2, 2)])).toEqual([]);
    expect(wrongWithPresent([object(1, 1)], [recorded(1, 1), recorded(2, 2)])).toHaveLength(1);
    expect(wrongWithPresent([], [recorded(1, 1)])).toHaveLength(1);
    expect(wrongWithPresent([], [recorded(1, 1), recorded(2, undefined)])).toEqual([]);
    expect(wrongWithPresent([object(1, 1)], [recorded(1, 1), recorded(2, undefined)])).toHaveLength(1);
  });
});

describe('a watch', () => {
  const events = [recorded(1, 1, null), recorded(2, 2), recorded(3, undefined)];
  const range = { after: 0, to: 3, events };
  const seen = [
    { type: 'ADDED', name: key, revision: 1 },
    { type: 'MODIFIED', name: key, revision: 2 },
    { type: 'DELETED', name: key, revision: 3 },
  ];

  test('tells every change once, in order', () => {
    expect(wrongWithWatch(seen, range)).toEqual([]);
    expect(wrongWithWatch(seen.slice(1), { ...range, after: 1 })).toEqual([]);
  });

  test('must not leave one out, tell one twice, or another type', () => {
    const [first, second, third] = seen as [(typeof seen)[0], (typeof seen)[0], (typeof seen)[0]];
    for (const wrong of [
      [first, third],
      [first, second],
      [first, second, second, third],
      [first, second, third, third],
      [first, { ...second, type: 'ADDED' }, third],
    ]) {
      expect(wrongWithWatch(wrong, range)).toHaveLength(1);
    }
  });
});
