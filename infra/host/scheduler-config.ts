// A scheduler's configuration as people write it for kube-scheduler (kubescheduler.config.k8s.io/v1): profiles, plugins,
// weights, arguments, back-off. What is not known here is refused with its place, because a misspelt field would
// otherwise leave the scheduler as it was without a word.

import { parse } from 'yaml';
import type { Plugin, Profile } from '../../actors/scheduler/framework.ts';
import { ProfileRefused, type ProfileSpec, profileOf } from '../../actors/scheduler/profile.ts';
import type { Backoff } from '../../actors/scheduler/queued-pod.ts';
import { deviceSelectors } from './device-selectors.ts';

export type SchedulerSettings = {
  readonly profiles?: readonly Profile[];
  readonly backoff?: Backoff;
};

/** The configuration cannot be used; the message says what is wrong where. */
export class SchedulerConfigRefused extends Error {
  override readonly name = 'SchedulerConfigRefused';
}

const apiVersion = 'kubescheduler.config.k8s.io/v1';
const kind = 'KubeSchedulerConfiguration';
const backoffSeconds = { podInitialBackoffSeconds: 1, podMaxBackoffSeconds: 10 };

/** Fields kube-scheduler has and that change nothing here, as there is no client and no second thread to configure. */
const ofNoConsequence = [
  'parallelism',
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
];
const topFields = new Set([
  'apiVersion',
  'kind',
  'profiles',
  'percentageOfNodesToScore',
  ...Object.keys(backoffSeconds),
  ...ofNoConsequence,
]);
const profileFields = new Set(['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig']);
const pointFields = new Set([
  ...['multiPoint', 'preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score'],
  ...['reserve', 'permit', 'preBind', 'bind', 'postBind'],
]);

type Fields = Readonly<Record<string, unknown>>;

/** `text` undefined: the default profile with the user's own plugins. */
export function readSchedulerConfig(text: string | undefined, plugins: readonly Plugin[] = []): SchedulerSettings {
  if (text === undefined) return { profiles: profilesOf([{}], plugins) };
  const config = fieldsOf(parsed(text), 'the file');
  if (config.apiVersion !== apiVersion || config.kind !== kind) {
    throw new SchedulerConfigRefused(`It must be of apiVersion ${apiVersion} and kind ${kind}.`);
  }
  if (config.extenders !== undefined) {
    throw new SchedulerConfigRefused('extenders are not called: write what they do as a plugin (--scheduler-plugin).');
  }
  onlyKnown(config, topFields, '');
  const specs = listOf(config.profiles ?? [{}], 'profiles').map((profile, index) =>
    specOf(profile, `profiles[${index}]`),
  );
  const percentage = config.percentageOfNodesToScore;
  const common = typeof percentage === 'number' ? { percentageOfNodesToScore: percentage } : {};
  return {
    profiles: profilesOf(
      specs.map((spec) => ({ ...common, ...spec })),
      plugins,
    ),
    backoff: backoffOf(config),
  };
}

function profilesOf(specs: readonly ProfileSpec[], plugins: readonly Plugin[]): readonly Profile[] {
  try {
    const ports = { selectsDevice: deviceSelectors() };
    const profiles = specs.map((spec) => profileOf(spec, plugins, ports));
    const names = profiles.map(({ schedulerName }) => schedulerName);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new SchedulerConfigRefused(`Two profiles are named ${twice}.`);
    if (new Set(profiles.map(({ queueSort }) => queueSort.name)).size > 1) {
      throw new SchedulerConfigRefused('All profiles must have the same queueSort plugin: they share one queue.');
    }
    return profiles;
  } catch (error) {
    if (error instanceof ProfileRefused) throw new SchedulerConfigRefused(error.message, { cause: error });
    throw error;
  }
}

function specOf(profile: unknown, path: string): ProfileSpec {
  const fields = fieldsOf(profile, path);
  onlyKnown(fields, profileFields, `${path}.`);
  const plugins = fieldsOf(fields.plugins ?? {}, `${path}.plugins`);
  onlyKnown(plugins, pointFields, `${path}.plugins.`);
  listOf(fields.pluginConfig ?? [], `${path}.pluginConfig`);
  return fields as ProfileSpec;
}

function backoffOf(config: Fields): Backoff {
  const seconds = (field: keyof typeof backoffSeconds) => {
    const value = config[field] ?? backoffSeconds[field];
    if (typeof value === 'number' && value > 0) return value * 1_000;
    throw new SchedulerConfigRefused(`${field} must be a number greater than 0.`);
  };
  const backoff = { minMs: seconds('podInitialBackoffSeconds'), maxMs: seconds('podMaxBackoffSeconds') };
  if (backoff.maxMs >= backoff.minMs) return backoff;
  throw new SchedulerConfigRefused('podMaxBackoffSeconds must not be less than podInitialBackoffSeconds.');
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new SchedulerConfigRefused(`It is not YAML: ${(error as Error).message}`, { cause: error });
  }
}

function onlyKnown(fields: Fields, known: ReadonlySet<string>, path: string): void {
  const unknown = Object.keys(fields).find((field) => !known.has(field));
  if (unknown !== undefined) throw new SchedulerConfigRefused(`There is no field ${path}${unknown}.`);
}

function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new SchedulerConfigRefused(`${path} must be an object.`);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new SchedulerConfigRefused(`${path} must be a list.`);
}
