// What kind of machine a simulated node is, as people write it in YAML: how large, where, how fast, and what goes wrong.
// A profile is validated as a whole before any node is made of it.

import type { Labels } from '../../streams/resources/meta.ts';
import type { Taint } from '../../streams/resources/node.ts';
import type { Quantities } from '../../streams/resources/pod.ts';
import { parseYaml } from '../api/codec/yaml-body.ts';
import { type Distribution, medianMs, readDistribution } from './latency.ts';
import { Check } from './yaml-check.ts';

export type SimulationProfile = {
  readonly name: string;
  readonly capacity: Quantities;
  /** Dealt out in turn to the nodes that are made of the profile. */
  readonly zones: readonly string[];
  readonly region: string | undefined;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  readonly latency: Readonly<Record<Latency, Distribution>>;
  readonly failures: {
    /** Share of pulls that fail, 0 … 1. */
    readonly pull: number;
    /** After how long a container that would run on crashes; undefined: never. */
    readonly crash: Distribution | undefined;
  };
  /** The machine goes down after such a time, and comes up again after `down`; without it never. */
  readonly interruption: { readonly after: Distribution; readonly down: Distribution | undefined } | undefined;
  /** How far heartbeats stray from their 10 seconds, as a share of them. */
  readonly heartbeatJitter: number;
  /** Makes what is drawn depend on this and the node's name alone. */
  readonly seed: string | undefined;
};

export type Latency = 'pull' | 'start' | 'stop';

const uniform = (fromMs: number, toMs: number): Distribution => ({ kind: 'uniform', fromMs, toMs });

/** What a node is that nothing is said about. */
export const defaultProfile: SimulationProfile = {
  name: 'default',
  capacity: { cpu: '8', 'ephemeral-storage': '100Gi', memory: '32Gi', pods: '110' },
  zones: [],
  region: undefined,
  labels: {},
  taints: [],
  latency: { pull: uniform(40, 100), start: uniform(10, 50), stop: uniform(5, 30) },
  failures: { pull: 0, crash: undefined },
  interruption: undefined,
  heartbeatJitter: 0.04,
  seed: undefined,
};

export type ProfileOutcome =
  | { readonly kind: 'profile'; readonly profile: SimulationProfile }
  | { readonly kind: 'malformed'; readonly problems: readonly string[] };

const fields = [
  'name',
  'capacity',
  'zones',
  'region',
  'labels',
  'taints',
  'latency',
  'failures',
  'interruption',
  'heartbeat',
  'seed',
];
const dnsLabel = {
  like: /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/,
  called: 'a short name of lower-case letters, digits and dashes',
};
const labelValue = {
  like: /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
  called: 'a label value: at most 63 letters, digits, dashes, dots and underscores',
};
const effect = {
  like: /^(NoSchedule|PreferNoSchedule|NoExecute)$/,
  called: 'NoSchedule, PreferNoSchedule or NoExecute',
};
const taintKey = { like: /^[A-Za-z0-9][-A-Za-z0-9_./]*$/, called: 'a taint key such as example.com/spot' };

export function parseProfile(text: string): ProfileOutcome {
  const parsed = parseYaml(text);
  if (parsed.type === 'malformed') return { kind: 'malformed', problems: [parsed.message] };
  const problems: string[] = [...parsed.duplicates];
  const profile = read(new Check(parsed.value, problems));
  return problems.length === 0 ? { kind: 'profile', profile } : { kind: 'malformed', problems };
}

function read(check: Check): SimulationProfile {
  check.only(fields);
  const [latency, failures, interruption] = [check.at('latency'), check.at('failures'), check.at('interruption')];
  latency.only(['pull', 'start', 'stop']);
  failures.only(['pull', 'crash']);
  interruption.only(['after', 'down']);
  check.at('heartbeat').only(['jitter']);
  const after = interruption.value === undefined ? undefined : readUptime(interruption.at('after').required());
  const usual = defaultProfile;
  return {
    name: check.at('name').required().text(dnsLabel) ?? usual.name,
    capacity: { ...usual.capacity, ...amounts(check.at('capacity')) },
    zones: check.at('zones').each((zone) => zone.text(labelValue) ?? ''),
    region: check.at('region').text(labelValue),
    labels: texts(check.at('labels')),
    taints: check.at('taints').each(readTaint),
    latency: {
      pull: readDistribution(latency.at('pull')) ?? usual.latency.pull,
      start: readDistribution(latency.at('start')) ?? usual.latency.start,
      stop: readDistribution(latency.at('stop')) ?? usual.latency.stop,
    },
    failures: {
      pull: failures.at('pull').number({ min: 0, max: 1 }) ?? 0,
      crash: readDistribution(failures.at('crash')),
    },
    interruption: after === undefined ? undefined : { after, down: readDistribution(interruption.at('down')) },
    heartbeatJitter: check.at('heartbeat').at('jitter').number({ min: 0, max: 1 }) ?? usual.heartbeatJitter,
    seed: check.at('seed').text(),
  };
}

/** A machine that goes down as soon as it is up costs the cluster a registration each time. */
function readUptime(check: Check): Distribution | undefined {
  const uptime = readDistribution(check);
  if (uptime === undefined || medianMs(uptime) >= 1_000) return uptime;
  return check.wrong('1s or longer as a rule, lest the machine never stay up');
}

function readTaint(check: Check): Taint {
  check.only(['key', 'value', 'effect']);
  const value = check.at('value').text(labelValue);
  return {
    key: check.at('key').required().text(taintKey) ?? '',
    ...(value !== undefined && { value }),
    effect: (check.at('effect').required().text(effect) ?? 'NoSchedule') as Taint['effect'],
  };
}

function texts(check: Check): Labels {
  return Object.fromEntries(check.keys().map((key) => [key, check.at(key).text(labelValue) ?? '']));
}

function amounts(check: Check): Quantities {
  return Object.fromEntries(check.keys().map((key) => [key, check.at(key).quantity() ?? '0']));
}
