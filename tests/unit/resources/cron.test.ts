// Schedules and the times they name, clocks that go forward and back included.

import { describe, expect, test, vi } from 'vitest';
import { parseCron } from '../../../streams/resources/cron.ts';
import { nextTime } from '../../../streams/resources/cron-times.ts';
import { rfc3339 } from '../../../streams/resources/time-zone.ts';

function due(time: string, spec: string, timeZone = 'UTC'): string {
  const parsed = parseCron(spec);
  if (parsed.kind === 'malformed') return parsed.message;
  const ms = nextTime(parsed.schedule, Date.parse(time), parsed.timeZone ?? timeZone);
  return ms === undefined ? 'never' : rfc3339(ms, parsed.timeZone ?? timeZone);
}

describe('the next time after', () => {
  test.each([
    ['2012-07-09T14:45:00Z', '0/15 * * * *', '2012-07-09T15:00:00Z'],
    ['2012-07-09T14:59:59Z', '0/15 * * * *', '2012-07-09T15:00:00Z'],
    ['2012-07-09T15:00:00Z', '0/15 * * * *', '2012-07-09T15:15:00Z'],
    ['2012-07-09T15:45:00Z', '20-35/15 * * * *', '2012-07-09T16:20:00Z'],
    ['2012-07-09T23:45:00Z', '20-35/15 * * * *', '2012-07-10T00:20:00Z'],
    ['2012-07-09T23:35:51Z', '20-35/15 1/2 * * *', '2012-07-10T01:20:00Z'],
    ['2012-07-09T23:35:51Z', '20-35/15 1/2 */2 * *', '2012-07-11T01:20:00Z'],
    ['2012-07-09T23:35:51Z', '20-35/15 10-12 * * *', '2012-07-10T10:20:00Z'],
    ['2012-07-09T23:35:00Z', '0 0 9 Apr-Oct ?', '2012-08-09T00:00:00Z'],
    ['2012-07-09T23:35:00Z', '0 0 */5 Apr,Aug,Oct Mon', '2012-08-01T00:00:00Z'],
    ['2012-07-09T23:35:00Z', '0 0 * Feb Mon', '2013-02-04T00:00:00Z'],
    ['2012-12-31T23:59:45Z', '* * * * *', '2013-01-01T00:00:00Z'],
    ['2012-07-09T23:35:00Z', '0 0 29 Feb ?', '2016-02-29T00:00:00Z'],
    ['2012-07-09T23:35:00Z', '0 0 30 Feb ?', 'never'],
    ['2012-07-09T23:35:00Z', '0 0 31 Apr ?', 'never'],
    // Where day of month and day of week are both restricted, either suffices.
    ['2012-07-09T00:00:00Z', '0 0 1,20 * Fri', '2012-07-13T00:00:00Z'],
    ['2012-07-13T00:00:00Z', '0 0 1,20 * Fri', '2012-07-20T00:00:00Z'],
    ['2012-07-09T00:00:01Z', '0 0 1,15 * *', '2012-07-15T00:00:00Z'],
    ['2012-07-09T15:04:00Z', '@hourly', '2012-07-09T16:00:00Z'],
    ['2012-07-09T15:04:00Z', '@daily', '2012-07-10T00:00:00Z'],
    ['2012-07-09T15:04:00Z', '@midnight', '2012-07-10T00:00:00Z'],
    ['2012-07-09T15:04:00Z', '@weekly', '2012-07-15T00:00:00Z'],
    ['2012-07-09T15:04:00Z', '@monthly', '2012-08-01T00:00:00Z'],
    ['2012-07-09T15:04:00Z', '@yearly', '2013-01-01T00:00:00Z'],
    ['2012-07-09T15:04:00Z', '@every 1h30m', '2012-07-09T16:34:00Z'],
    ['2012-07-09T15:04:00.700Z', '@every 2s', '2012-07-09T15:04:02Z'],
    ['2012-07-09T15:04:00Z', '@every 10ms', '2012-07-09T15:04:01Z'],
  ])('%s, by %s, is %s', (time, spec, next) => {
    expect(due(time, spec)).toBe(next);
  });
});

describe('where clocks change', () => {
  test.each([
    ['America/New_York', '2012-03-11T00:00:00-05:00', '30 2 11 Mar ?', '2013-03-11T02:30:00-04:00'],
    ['America/New_York', '2012-03-11T01:00:00-05:00', '30 2 * * *', '2012-03-12T02:30:00-04:00'],
    ['America/New_York', '2012-03-11T01:30:00-05:00', '@hourly', '2012-03-11T03:00:00-04:00'],
    ['America/New_York', '2012-11-04T00:00:00-04:00', '30 2 04 Nov ?', '2012-11-04T02:30:00-05:00'],
    ['America/New_York', '2012-11-04T00:00:00-04:00', '30 1 * * *', '2012-11-04T01:30:00-04:00'],
    ['America/New_York', '2012-11-04T01:30:00-04:00', '30 1 * * *', '2012-11-04T01:30:00-05:00'],
    ['America/New_York', '2012-11-04T01:30:00-05:00', '30 1 * * *', '2012-11-05T01:30:00-05:00'],
    ['Europe/Berlin', '2026-03-28T12:00:00+01:00', '0 0 * * *', '2026-03-29T00:00:00+01:00'],
    ['Europe/Berlin', '2026-03-29T00:00:00+01:00', '0 0 * * *', '2026-03-30T00:00:00+02:00'],
    ['Asia/Kolkata', '2026-03-29T00:10:00+05:30', '0 * * * *', '2026-03-29T01:00:00+05:30'],
    // Midnight of these days does not exist.
    ['America/Sao_Paulo', '2018-11-03T12:00:00-03:00', '0 1 4 * *', '2018-11-04T01:00:00-02:00'],
    ['Asia/Beirut', '2022-03-26T12:00:00+02:00', '30 1 27 * *', '2022-03-27T01:30:00+03:00'],
    ['Asia/Beirut', '2022-03-26T12:00:00+02:00', '0 0 * * *', '2022-03-28T00:00:00+03:00'],
  ])('in %s after %s, %s is due at %s', (zone, time, spec, next) => {
    expect(due(time, spec, zone)).toBe(next);
  });

  test('a schedule names its own zone', () => {
    expect(due('2026-01-01T00:00:00Z', 'TZ=Asia/Tokyo 0 6 * * *')).toBe('2026-01-02T06:00:00+09:00');
    expect(due('2026-01-01T00:00:00Z', 'CRON_TZ=Nowhere/Land 0 6 * * *')).toBe(
      'provided bad location Nowhere/Land: unknown time zone Nowhere/Land',
    );
  });
});

describe('durations', () => {
  test.each([
    ['@every 1.5h', '2026-01-01T01:30:00Z'],
    ['@every -5m', '2026-01-01T00:00:01Z'],
    ['@every 0', '2026-01-01T00:00:01Z'],
    ['@every 3000000\u00b5s', '2026-01-01T00:00:03Z'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
    ['@every 5', 'failed to parse duration @every 5: time: missing unit in duration "5"'],
    ['@every 1h5', 'failed to parse duration @every 1h5: time: missing unit in duration "1h5"'],
    ['@every 5d', 'failed to parse duration @every 5d: time: unknown unit "d" in duration "5d"'],
  ])('%s', (spec, next) => {
    expect(due('2026-01-01T00:00:00Z', spec)).toBe(next);
  });
});

test('zones are not remembered without end: whoever writes a name in ever new cases fills no memory', () => {
  const made = vi.spyOn(Intl, 'DateTimeFormat');
  const zone = 'america/argentina/buenos_aires';
  const spelled = (n: number) => Array.from(zone, (c, i) => ((n >> i) & 1 ? c.toUpperCase() : c)).join('');
  const ask = (n: number) => rfc3339(0, spelled(n));
  expect(ask(0)).toBe('1969-12-31T21:00:00-03:00');
  ask(0);
  expect(made).toHaveBeenCalledTimes(1);
  for (let n = 1; n < 100; n++) {
    ask(n);
    ask(1);
  }
  expect(made).toHaveBeenCalledTimes(100);
  ask(1);
  expect(made).toHaveBeenCalledTimes(100);
  ask(0);
  expect(made).toHaveBeenCalledTimes(101);
  made.mockRestore();
});
