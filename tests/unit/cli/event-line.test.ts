import { expect, test } from 'vitest';
import { eventJson, eventLine } from '../../../infra/cli/event-line.ts';
import { type Revision, revisionZero, type Subject } from '../../../streams/base/brand.ts';
import type { Author, EventId, RecordedEvent } from '../../../streams/log/event.ts';

const event = (author: Author): RecordedEvent => ({
  id: 'e' as EventId,
  type: 'configmap.created',
  from: null,
  to: 'Present',
  timeMs: Date.parse('2026-06-01T12:00:00.250Z'),
  author,
  cause: null,
  seen: revisionZero,
  stream: 'LOG',
  subject: 'log._.configmaps.team.a' as Subject,
  revision: 7 as Revision,
  object: Buffer.from('{}'),
});
const plain = { paint: (_: string, text: string) => text };

test('a line tells who did it, and as whom', () => {
  expect(eventLine(event({ user: 'jane' }), plain)).toMatch(/ by jane$/);
  expect(eventLine(event({ user: 'jane', impersonatedUser: 'bob' }), plain)).toMatch(/ by jane as bob$/);
});

test('as JSON an event tells all that is known of its author', () => {
  const author: Author = {
    user: 'jane',
    groups: ['devs'],
    impersonatedUser: 'bob',
    agent: 'kubectl-create',
    userAgent: 'kubectl/v1.36.0',
    sourceIP: '10.0.0.7',
  };
  expect(JSON.parse(eventJson(event(author)))).toMatchObject({ author });
});
