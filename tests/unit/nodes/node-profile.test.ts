// Profiles of simulated nodes: what they may say, what is told about mistakes, and that draws follow their distributions.

import { describe, expect, test } from 'vitest';
import { drawMs } from '../../../infra/nodes/latency.ts';
import { defaultProfile, parseProfile, type SimulationProfile } from '../../../infra/nodes/node-profile.ts';
import { readyProfile, readyProfiles } from '../../../infra/nodes/profile-shelf.ts';
import { seededRandom } from '../../../streams/base/random.ts';

describe('a profile', () => {
  test('needs a name and nothing else', () => {
    expect(profileOf('name: plain')).toEqual({ ...defaultProfile, name: 'plain' });
  });

  test('says how large, where and how fast', () => {
    expect(
      profileOf(`
        name: far
        capacity: { cpu: 2, example.com/gpu: 1 }
        region: moon
        zones: [near-side, far-side]
        labels: { tier: test }
        taints: [{ key: example.com/far, effect: NoSchedule }]
        latency: { pull: 3s, stop: { normal: { mean: 1s, deviation: 100ms } } }
        failures: { pull: 0.5, crash: { exponential: { mean: 1h } } }
        interruption: { after: 2h, down: { uniform: [1m, 2m] } }
        heartbeat: { jitter: 0.5 }
        seed: 7
      `),
    ).toMatchObject({
      capacity: { cpu: '2', memory: '32Gi', pods: '110', 'example.com/gpu': '1' },
      zones: ['near-side', 'far-side'],
      taints: [{ key: 'example.com/far', effect: 'NoSchedule' }],
      latency: {
        pull: { kind: 'constant', ms: 3_000 },
        start: defaultProfile.latency.start,
        stop: { kind: 'normal', meanMs: 1_000, deviationMs: 100 },
      },
      failures: { pull: 0.5, crash: { kind: 'exponential', meanMs: 3_600_000 } },
      interruption: {
        after: { kind: 'constant', ms: 7_200_000 },
        down: { kind: 'uniform', fromMs: 60_000, toMs: 120_000 },
      },
      heartbeatJitter: 0.5,
      seed: '7',
    });
  });

  test.each(readyProfiles())('"%s" that comes with Shiplog is one', (name) => {
    expect(profileOf(readyProfile(name) ?? '').name).toBe(name);
  });

  const mistakes: readonly (readonly [string, string])[] = [
    ['capacity: {}', 'name: is missing'],
    [
      'name: x\nzone: a',
      'zone: there is no such field; there are name, capacity, zones, region, labels, taints, latency, failures, interruption, heartbeat, seed',
    ],
    ['name: x\ncapacity: { cpu: lots }', 'capacity.cpu: must be a quantity such as 4, 500m or 16Gi, and is "lots"'],
    ['name: x\nzones: a', 'zones: must be a list, and is "a"'],
    ['name: x\nfailures: { pull: 2 }', 'failures.pull: must be a number from 0 to 1, and is 2'],
    ['name: x\ntaints: [{ key: a }]', 'taints[0].effect: is missing'],
    [
      'name: x\nlatency: { start: { uniform: [2s, 1s] } }',
      'latency.start.uniform: must be two durations, the smaller first, and is ["2s","1s"]',
    ],
    ['name: x\nlatency: { pull: { logNormal: { median: 1s } } }', 'latency.pull.logNormal.sigma: is missing'],
    [
      'name: x\nlatency: { pull: { percentiles: { 50: 2s, 99: 1s } } }',
      'latency.pull.percentiles: must be durations by percentile, from above 0 to 100, none smaller than the one before, and is {"50":"2s","99":"1s"}',
    ],
    ['name: x\ninterruption: { down: 1m }', 'interruption.after: is missing'],
    [
      'name: x\ninterruption: { after: 0s }',
      'interruption.after: must be 1s or longer as a rule, lest the machine never stay up, and is "0s"',
    ],
    [
      'name: x\ninterruption: { after: { uniform: [0s, 1s] } }',
      'interruption.after: must be 1s or longer as a rule, lest the machine never stay up, and is {"uniform":["0s","1s"]}',
    ],
  ];
  test.each(mistakes)('%j is refused: %s', (text, problem) => {
    const outcome = parseProfile(text);
    expect(outcome.kind === 'malformed' && outcome.problems).toContain(problem);
  });

  test('that is no YAML is refused', () => {
    expect(parseProfile('name: [').kind).toBe('malformed');
  });
});

describe('a distribution', () => {
  const draws = (text: string): number[] => {
    const { latency } = profileOf(`name: x\nlatency: { pull: ${text} }`);
    const random = seededRandom('latency');
    return Array.from({ length: 4_000 }, () => drawMs(latency.pull, random)).sort((a, b) => a - b);
  };
  const at = (sorted: readonly number[], share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;

  test.each([
    ['250ms', 250, 250],
    ['{ uniform: [100ms, 300ms] }', 200, 280],
    ['{ normal: { mean: 1s, deviation: 100ms } }', 1_000, 1_128],
    ['{ exponential: { mean: 1s } }', 693, 2_303],
    ['{ logNormal: { median: 1s, sigma: 0.5 } }', 1_000, 1_898],
    ['{ percentiles: { 50: 1s, 90: 2s, 100: 3s } }', 1_000, 2_000],
  ])('%s has its median and its ninth decile', (text, median, decile) => {
    const sorted = draws(text);
    expect(Math.abs(at(sorted, 0.5) / median - 1)).toBeLessThan(0.06);
    expect(Math.abs(at(sorted, 0.9) / decile - 1)).toBeLessThan(0.06);
    expect(sorted[0]).toBeGreaterThanOrEqual(0);
  });
});

function profileOf(text: string): SimulationProfile {
  const outcome = parseProfile(text);
  if (outcome.kind === 'malformed') throw new Error(outcome.problems.join('\n'));
  return outcome.profile;
}
