// Times and durations in Kubernetes' texts.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalSeconds,
  durationText,
  isCanonicalMicroTime,
  isCanonicalTime,
  microTimeText,
  parseDuration,
  parseMicroTime,
  parseTime,
  timeText,
} from '../../../../infra/api/codec/time-text.ts';

const layout = '2006-01-02T15:04:05Z07:00';

test.each([
  ['', `parsing time "" as "${layout}": cannot parse "" as "2006"`],
  ['2026-01-01', `parsing time "2026-01-01" as "${layout}": cannot parse "" as "T"`],
  ['2026-01-01T00:00:00', `parsing time "2026-01-01T00:00:00" as "${layout}": cannot parse "" as "Z07:00"`],
  ['2026-13-01T00:00:00Z', 'parsing time "2026-13-01T00:00:00Z": month out of range'],
  ['2026-02-29T00:00:00Z', 'parsing time "2026-02-29T00:00:00Z": day out of range'],
  ['2026-01-01T24:00:00Z', 'parsing time "2026-01-01T24:00:00Z": hour out of range'],
  ['2026-01-01T00:00:00Zjunk', 'parsing time "2026-01-01T00:00:00Zjunk": extra text: "junk"'],
])('%j is refused as Go refuses it', (text, message) => {
  expect(parseTime(text)).toEqual({ kind: 'malformed', message });
});

test('a MicroTime needs its six digits', () => {
  expect(parseMicroTime('2026-01-01T00:00:00Z')).toEqual({
    kind: 'malformed',
    message: 'parsing time "2026-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  });
});

test('zones and fractions are understood', () => {
  expect(parseTime('1970-01-01T01:30:00.25+01:30')).toEqual({ kind: 'time', seconds: 0, nanos: 250_000_000 });
  expect(parseTime('1969-12-31T22:00:00-02:00')).toEqual({ kind: 'time', seconds: 0, nanos: 0 });
  expect(parseTime('2024-02-29T00:00:00Z')).toMatchObject({ kind: 'time' });
});

const seconds = fc.integer({ min: -62_135_596_799, max: 253_402_300_799 });

test('every second has one text, which is read back and recognised', () => {
  fc.assert(
    fc.property(seconds, fc.nat(999_999), (at, micros) => {
      const text = timeText(at);
      const micro = microTimeText(at, micros * 1000);
      expect(parseTime(text)).toEqual({ kind: 'time', seconds: at, nanos: 0 });
      expect(parseMicroTime(micro)).toEqual({ kind: 'time', seconds: at, nanos: micros * 1000 });
      if (Number(text.slice(8, 10)) <= 28 && at > -59_000_000_000) {
        expect(isCanonicalTime(text)).toBe(true);
        expect(canonicalSeconds(text)).toBe(at);
        expect(isCanonicalMicroTime(micro)).toBe(true);
      }
    }),
  );
});

test('what is recognised at a glance is what reading and printing gives back', () => {
  const digit = fc.constantFrom('0', '1', '2', '9', '-', 'T', 'x');
  fc.assert(
    fc.property(seconds, fc.nat(26), digit, (at, place, char) => {
      for (const text of [timeText(at), microTimeText(at, 123_456_000)]) {
        const damaged = text.slice(0, place) + char + text.slice(place + 1);
        const isMicro = text.length > 20;
        if (!(isMicro ? isCanonicalMicroTime(damaged) : isCanonicalTime(damaged))) continue;
        const time = isMicro ? parseMicroTime(damaged) : parseTime(damaged);
        expect(
          time.kind === 'time' && (isMicro ? microTimeText(time.seconds, time.nanos) : timeText(time.seconds)),
        ).toBe(damaged);
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  [0, '0s'],
  [7, '7ns'],
  [1500, '1.5µs'],
  [2_000_000, '2ms'],
  [1_500_000_000, '1.5s'],
  [90_000_000_000, '1m30s'],
  [-5_400_000_000_000, '-1h30m0s'],
])('%d ns is %s', (nanos, text) => {
  expect(durationText(nanos)).toBe(text);
  expect(parseDuration(text)).toBe(nanos);
});

test('durations without a unit or with an unknown one are refused', () => {
  expect(parseDuration('5')).toBe('time: invalid duration "5"');
  expect(parseDuration('5d')).toBe('time: unknown unit "d" in duration "5d"');
});
