// Puts a profile together: which plugins, in which order and with which weights, at which points. A profile begins as
// the default one and is changed as KubeSchedulerConfiguration says: `multiPoint` for a plugin at all its points, the
// name of a point for that point alone.

import type {
  FilterPlugin,
  PermitPlugin,
  Plugin,
  PostFilterPlugin,
  PreBindPlugin,
  PreEnqueuePlugin,
  Profile,
  QueueSortPlugin,
  ReservePlugin,
  ScorePlugin,
} from './framework.ts';
import { guarded } from './guarded-plugin.ts';
import { type PluginArgs, type PluginPorts, pluginTable } from './plugin-table.ts';
import { defaultSchedulerName } from './pod-shape.ts';

export type PluginSet = {
  readonly enabled?: readonly { readonly name: string; readonly weight?: number }[];
  /** `*` means all. */
  readonly disabled?: readonly { readonly name: string }[];
};

/** Points by the names Kubernetes gives them, and those a plugin has here. */
const points = {
  preEnqueue: 'preEnqueue',
  queueSort: 'queueSort',
  preFilter: 'filter',
  filter: 'filter',
  postFilter: 'postFilter',
  preScore: 'score',
  score: 'score',
  reserve: 'reserve',
  permit: 'permit',
  preBind: 'preBind',
} as const satisfies Record<string, Exclude<keyof Plugin, 'name'>>;

type Point = (typeof points)[keyof typeof points];

type Named = {
  readonly preEnqueue: PreEnqueuePlugin;
  readonly queueSort: QueueSortPlugin;
  readonly filter: FilterPlugin;
  readonly postFilter: PostFilterPlugin;
  readonly score: ScorePlugin;
  readonly reserve: ReservePlugin;
  readonly permit: PermitPlugin;
  readonly preBind: PreBindPlugin;
};

export type ProfileSpec = {
  readonly schedulerName?: string;
  readonly percentageOfNodesToScore?: number;
  readonly plugins?: Readonly<Partial<Record<keyof typeof points | 'multiPoint', PluginSet>>>;
  readonly pluginConfig?: readonly { readonly name: string; readonly args?: PluginArgs }[];
};

type Chosen = { readonly plugin: Plugin; readonly weight: number };

/** What a profile asks for does not exist; the message says what and what there is. */
export class ProfileRefused extends Error {
  override readonly name = 'ProfileRefused';
}

/** `extra` are plugins of the user's own: known by name, and enabled at the end of every profile unless disabled. */
export function profileOf(
  spec: ProfileSpec = {},
  extra: readonly Plugin[] = [],
  ports: PluginPorts = noPorts,
): Profile {
  const { plugins = {}, pluginConfig = [], schedulerName = defaultSchedulerName } = spec;
  const args = new Map(pluginConfig.map(({ name, args: given = {} }) => [name, given]));
  const made = new Map<string, Chosen>();
  for (const { name, weight, make } of pluginTable)
    made.set(name, { plugin: make(args.get(name) ?? {}, ports), weight });
  for (const plugin of extra) made.set(plugin.name, { plugin: guarded(plugin), weight: plugin.weight ?? 1 });
  for (const name of args.keys()) known(made, name);
  const everywhere = changed([...made.values()], plugins.multiPoint, made);
  const at = <P extends Point>(point: P): readonly { readonly at: Named[P]; readonly weight: number }[] => {
    let chosen = everywhere;
    for (const [name, where] of Object.entries(points)) {
      if (where === point) chosen = changed(chosen, plugins[name as keyof typeof points], made);
    }
    return chosen.flatMap((entry) => {
      const work = entry.plugin[point];
      return work === undefined ? [] : [{ weight: entry.weight, at: named(work, entry.plugin.name) as Named[P] }];
    });
  };
  const [queueSort] = at('queueSort');
  if (queueSort === undefined)
    throw new ProfileRefused(`The profile ${schedulerName} has no queueSort plugin; it needs one.`);
  return {
    schedulerName,
    preEnqueue: at('preEnqueue').map(({ at }) => at),
    queueSort: queueSort.at,
    filters: at('filter').map(({ at }) => at),
    postFilters: at('postFilter').map(({ at }) => at),
    reserves: at('reserve').map(({ at }) => at),
    permits: at('permit').map(({ at }) => at),
    preBinds: at('preBind').map(({ at }) => at),
    scores: at('score').map(({ at, weight }) => ({ plugin: at, weight })),
    percentageOfNodesToScore: spec.percentageOfNodesToScore ?? 0,
  };
}

/** Without an engine for expressions no device is selected by one. */
const noPorts: PluginPorts = { selectsDevice: () => undefined };

function changed(
  before: readonly Chosen[],
  { enabled = [], disabled = [] }: PluginSet = {},
  made: ReadonlyMap<string, Chosen>,
): readonly Chosen[] {
  const off = new Set(disabled.map(({ name }) => name));
  for (const name of off) if (name !== '*') known(made, name);
  const chosen = before.filter(({ plugin }) => !off.has('*') && !off.has(plugin.name));
  for (const { name, weight } of enabled) {
    const { plugin, weight: usual } = known(made, name);
    const place = chosen.findIndex((entry) => entry.plugin.name === name);
    const entry = { plugin, weight: weight === undefined || weight === 0 ? usual : weight };
    if (place < 0) chosen.push(entry);
    else chosen[place] = entry;
  }
  return chosen;
}

function known(made: ReadonlyMap<string, Chosen>, name: string): Chosen {
  const chosen = made.get(name);
  if (chosen !== undefined) return chosen;
  throw new ProfileRefused(`There is no scheduler plugin ${name}; there are: ${[...made.keys()].join(', ')}.`);
}

/** The scheduler knows plugins by the name at their points. */
function named<T extends object>(work: T, name: string): T {
  if ('name' in work && work.name === name) return work;
  // The object itself stays behind it: it may be of a class, and may keep something in itself.
  return Object.create(work, { name: { value: name, enumerable: true } });
}
