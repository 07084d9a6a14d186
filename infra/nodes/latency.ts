// How long something takes that takes differently long: distributions of durations, written in YAML and drawn from a
// seeded generator. A draw is never negative, and the same seed draws the same times.

import { parseDuration } from '../../actors/kit/go-duration.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Check } from './yaml-check.ts';

export type Distribution =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'normal'; readonly meanMs: number; readonly deviationMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  | { readonly kind: 'logNormal'; readonly medianMs: number; readonly sigma: number }
  /** Between the points it rises evenly; nothing takes longer than the last one. */
  | { readonly kind: 'percentiles'; readonly points: readonly { readonly share: number; readonly ms: number }[] };

export function drawMs(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.ms;
    case 'uniform':
      return distribution.fromMs + random.int(distribution.toMs - distribution.fromMs + 1);
    case 'normal':
      return positive(distribution.meanMs + distribution.deviationMs * gauss(random));
    case 'exponential':
      return positive(-Math.log(1 - random.float()) * distribution.meanMs);
    case 'logNormal':
      return positive(distribution.medianMs * Math.exp(distribution.sigma * gauss(random)));
    case 'percentiles':
      return drawnAt(distribution.points, random.float());
  }
}

/** Half of what is drawn is no longer, half no shorter. */
export function medianMs(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.ms;
    case 'uniform':
      return (distribution.fromMs + distribution.toMs) / 2;
    case 'normal':
      return distribution.meanMs;
    case 'exponential':
      return distribution.meanMs * Math.LN2;
    case 'logNormal':
      return distribution.medianMs;
    case 'percentiles':
      return drawnAt(distribution.points, 0.5);
  }
}

const forms =
  'a duration such as 300ms, or one of constant: 300ms, uniform: [10ms, 50ms], normal: {mean: 1s, deviation: 200ms}, ' +
  'exponential: {mean: 1s}, logNormal: {median: 1s, sigma: 0.5}, percentiles: {50: 20ms, 99: 2s}';

/** Reads a distribution; what is wrong is noted, and undefined returned. */
export function readDistribution(check: Check): Distribution | undefined {
  if (check.value === undefined) return undefined;
  if (typeof check.value === 'string' || check.value === 0) {
    const ms = parseDuration(String(check.value));
    return ms === undefined ? check.wrong(forms) : { kind: 'constant', ms };
  }
  const [kind, ...more] = check.keys();
  if (kind === undefined || more.length > 0) return check.wrong(forms);
  const inner = check.at(kind);
  switch (kind) {
    case 'constant': {
      const ms = inner.duration();
      return ms === undefined ? undefined : { kind, ms };
    }
    case 'uniform': {
      const [fromMs, toMs] = inner.each((item) => item.duration());
      if (fromMs === undefined || toMs === undefined || toMs < fromMs)
        return inner.wrong('two durations, the smaller first');
      return { kind, fromMs, toMs };
    }
    case 'normal': {
      inner.only(['mean', 'deviation']);
      const [meanMs, deviationMs] = [
        inner.at('mean').required().duration(),
        inner.at('deviation').required().duration(),
      ];
      return meanMs === undefined || deviationMs === undefined ? undefined : { kind, meanMs, deviationMs };
    }
    case 'exponential': {
      inner.only(['mean']);
      const meanMs = inner.at('mean').required().duration();
      return meanMs === undefined ? undefined : { kind, meanMs };
    }
    case 'logNormal': {
      inner.only(['median', 'sigma']);
      const medianMs = inner.at('median').required().duration();
      const sigma = inner.at('sigma').required().number({ min: 0, max: 5 });
      return medianMs === undefined || sigma === undefined ? undefined : { kind, medianMs, sigma };
    }
    case 'percentiles':
      return readPercentiles(inner);
    default:
      return check.wrong(forms);
  }
}

function readPercentiles(check: Check): Distribution | undefined {
  const points: { share: number; ms: number }[] = [];
  const keys = check.keys().sort((a, b) => Number(a.replace(/^p/, '')) - Number(b.replace(/^p/, '')));
  for (const key of keys) {
    const share = Number(key.replace(/^p/, '')) / 100;
    const ms = check.at(key).duration();
    if (ms === undefined) return undefined;
    if (!(share > 0 && share <= 1) || ms < (points.at(-1)?.ms ?? 0))
      return check.wrong('durations by percentile, from above 0 to 100, none smaller than the one before');
    points.push({ share, ms });
  }
  return points.length === 0
    ? check.wrong('durations by percentile, such as {50: 20ms, 99: 2s}')
    : { kind: 'percentiles', points };
}

function drawnAt(points: readonly { readonly share: number; readonly ms: number }[], share: number): number {
  let below = { share: 0, ms: 0 };
  for (const point of points) {
    if (share <= point.share)
      return positive(below.ms + ((point.ms - below.ms) * (share - below.share)) / (point.share - below.share));
    below = point;
  }
  return below.ms;
}

/** Box and Muller's transform: mean 0, deviation 1. */
function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}

function positive(ms: number): number {
  return Math.max(0, Math.round(ms));
}
