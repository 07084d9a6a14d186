// The scheduler's configuration as people write it: what it turns on and off, and what is refused.

import { describe, expect, test } from 'vitest';
import type { Plugin } from '../../../../actors/scheduler/framework.ts';
import { readSchedulerConfig } from '../../../../infra/host/scheduler-config.ts';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const read = (text: string, plugins?: readonly Plugin[]) => readSchedulerConfig(head + text, plugins);
const profile = (text: string, plugins?: readonly Plugin[]) => {
  const [first] = read(`profiles:\n- ${text.trim().replaceAll('\n', '\n  ')}\n`, plugins).profiles ?? [];
  if (first === undefined) throw new Error('there is a profile');
  return first;
};
const weights = ({ scores }: ReturnType<typeof profile>) =>
  Object.fromEntries(scores.map(({ plugin, weight }) => [plugin.name, weight]));
const mine: Plugin = { name: 'Mine', weight: 7, score: { scope: 'node', preScore: () => () => 1 } };

describe('a configuration', () => {
  test('without anything is the default profile', () => {
    const [only] = read('').profiles ?? [];
    expect(only?.schedulerName).toBe('default-scheduler');
    expect(weights(only as never)).toEqual({
      TaintToleration: 3,
      NodeAffinity: 2,
      NodeResourcesFit: 1,
      PodTopologySpread: 2,
      InterPodAffinity: 2,
      NodeResourcesBalancedAllocation: 1,
      ImageLocality: 1,
    });
  });

  test('may have several profiles, each with its own name', () => {
    const { profiles = [] } = read(
      'profiles:\n- schedulerName: one\n- schedulerName: two\n  percentageOfNodesToScore: 40\n',
    );
    expect(profiles.map(({ schedulerName, percentageOfNodesToScore: of }) => [schedulerName, of])).toEqual([
      ['one', 0],
      ['two', 40],
    ]);
  });

  test('turns a plugin off at all its points', () => {
    const { filters, scores } = profile('plugins: {multiPoint: {disabled: [{name: InterPodAffinity}]}}');
    expect([...filters, ...scores.map(({ plugin }) => plugin)].map(({ name }) => name)).not.toContain(
      'InterPodAffinity',
    );
  });

  test('turns a plugin off at one point', () => {
    const { filters, scores } = profile('plugins: {score: {disabled: [{name: NodeAffinity}]}}');
    expect(filters.map(({ name }) => name)).toContain('NodeAffinity');
    expect(scores.map(({ plugin }) => plugin.name)).not.toContain('NodeAffinity');
  });

  test('begins anew with a star', () => {
    const chosen = profile("plugins: {score: {disabled: [{name: '*'}], enabled: [{name: ImageLocality, weight: 9}]}}");
    expect(weights(chosen)).toEqual({ ImageLocality: 9 });
  });

  test('changes a weight in its place', () => {
    const chosen = profile('plugins: {multiPoint: {enabled: [{name: TaintToleration, weight: 11}]}}');
    expect(weights(chosen)).toMatchObject({ TaintToleration: 11, NodeAffinity: 2 });
  });

  test("adds the user's own plugins with their weights, unless turned off", () => {
    expect(weights(profile('schedulerName: default-scheduler', [mine]))).toMatchObject({ Mine: 7 });
    expect(weights(profile('plugins: {multiPoint: {disabled: [{name: Mine}]}}', [mine]))).not.toHaveProperty('Mine');
  });

  test('sets the back-off', () => {
    expect(read('podInitialBackoffSeconds: 2\npodMaxBackoffSeconds: 4\n').backoff).toEqual({
      minMs: 2_000,
      maxMs: 4_000,
    });
  });
});

describe('a configuration is refused', () => {
  test.each([
    ['that is none', '- a', /must be an object|not YAML|apiVersion/],
    ['with a field that does not exist', 'profils: []', 'There is no field profils.'],
    [
      'with a point that does not exist',
      'profiles: [{plugins: {fliter: {}}}]',
      'There is no field profiles[0].plugins.fliter.',
    ],
    [
      'with a plugin that does not exist',
      'profiles: [{plugins: {filter: {enabled: [{name: Nope}]}}}]',
      /There is no scheduler plugin Nope; there are: SchedulingGates, /,
    ],
    ['with two profiles of one name', 'profiles: [{}, {}]', 'Two profiles are named default-scheduler.'],
    [
      'without an order of the queue',
      "profiles: [{plugins: {queueSort: {disabled: [{name: '*'}]}}}]",
      /has no queueSort plugin/,
    ],
    ['with extenders', 'extenders: []', /extenders are not called/],
    ['with a back-off that shrinks', 'podInitialBackoffSeconds: 5\npodMaxBackoffSeconds: 1', /must not be less/],
  ])('%s', (_, text, message) => expect(() => read(`${text}\n`)).toThrow(message));

  test('of another kind', () => {
    expect(() => readSchedulerConfig('apiVersion: v1\nkind: Pod\n')).toThrow(
      'It must be of apiVersion kubescheduler.config.k8s.io/v1 and kind KubeSchedulerConfiguration.',
    );
  });
});
