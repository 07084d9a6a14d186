// Events written through events.k8s.io/v1 are checked more than those of core/v1, which may be older than that group.

import { expect, test } from 'vitest';
import { kindByGvk } from '../../../../infra/api/kinds/kinds.ts';
import { asStored } from '../../../../infra/api/render/convert.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';

const kind = kindByGvk('events.k8s.io', 'v1', 'Event');
const event = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'a', namespace: 'default' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  type: 'Normal',
  reason: 'Tested',
  action: 'Test',
  note: 'all is well',
  reportingController: 'example.com/test',
  reportingInstance: 'test-1',
} as unknown as AnyObject;

function written(change: object, before?: AnyObject): AnyObject | string {
  if (kind === undefined) throw new Error('no such kind');
  try {
    return asStored({ ...event, ...change } as AnyObject, kind, before);
  } catch (error) {
    return (error as Error).message;
  }
}

const before = written({}) as AnyObject;

test.each([
  [{}, undefined],
  [{ eventTime: null }, 'eventTime: Required value'],
  [{ type: 'Other' }, 'type: Invalid value: "": has invalid value: Other'],
  [{ deprecatedCount: 2 }, 'count: Invalid value: "": needs to be unset'],
  [{ deprecatedSource: { component: 'x' } }, 'source: Invalid value: "": needs to be unset'],
  [
    { series: { count: 1, lastObservedTime: event.eventTime } },
    'series.count: Invalid value: "": should be at least 2',
  ],
])('a new event with %j', (change, problem) => {
  const outcome = written(change);
  if (problem === undefined) expect(outcome).toMatchObject({ apiVersion: 'v1', message: 'all is well' });
  else expect(outcome).toBe(`Event "a" is invalid: ${problem}`);
});

test('goes on as a series and no other way', () => {
  const series = { count: 2, lastObservedTime: event.eventTime };
  expect(written({ series, deprecatedSource: {} }, before)).toMatchObject({ apiVersion: 'v1', series });
  expect(written({ note: 'not so well' }, before)).toBe(
    'Event "a" is invalid: message: Invalid value: "not so well": field is immutable',
  );
});
