// The start of an attempt: every plugin that looks beyond one node is asked about the pod, and what they say together is
// the plan of the search: which nodes come into question, and what is asked of each.

import type { ClusterSnapshot } from './cluster-snapshot.ts';
import type { CycleState } from './cycle-state.ts';
import { noneInCommon } from './fit-error.ts';
import type { Adjust, NodeFilter, Profile, Rejection } from './framework.ts';
import type { WaitingPod } from './pod-shape.ts';
import { intersection, type RankTable, type Restriction } from './rank-table.ts';

export type Plan = {
  /** Nothing beyond shape and nodes has a say, so the same pod in the same cluster fares the same. */
  readonly pure: boolean;
  readonly filters: readonly NodeFilter[];
  readonly adjusts: readonly Adjust[];
  /** The only nodes that come into question, and the plugins that said so. */
  readonly allowed: ReadonlySet<string> | undefined;
  readonly restrictors: readonly string[];
  /** No node suits. */
  readonly rejection: Rejection | undefined;
};

export type PreFilterInput = {
  readonly pod: WaitingPod;
  readonly table: RankTable;
  readonly profile: Profile;
  readonly cluster: ClusterSnapshot;
  readonly state: CycleState;
};

export function preFilter({ pod, table, profile, cluster, state }: PreFilterInput): Plan {
  const filters: NodeFilter[] = [];
  const adjusts: Adjust[] = [];
  const restrictions: Restriction[] = [];
  let pure = true;
  const rejected = (rejection: Rejection): Plan => {
    return { pure, filters, adjusts, allowed: undefined, restrictors: [], rejection };
  };
  if (table.rejection !== undefined) return rejected(table.rejection);
  for (const plugin of profile.filters) {
    if (plugin.scope !== 'cluster') continue;
    const result = plugin.preFilter(pod, cluster, state);
    if (result.kind === 'skip') continue;
    pure = false;
    if (result.kind === 'reject') return rejected(result.rejection);
    filters.push(result.filter);
    if (result.adjust !== undefined) adjusts.push(result.adjust);
    if (result.nodes !== undefined) restrictions.push({ plugin: plugin.name, nodes: result.nodes });
  }
  if (table.allowed !== undefined) restrictions.unshift({ plugin: '', nodes: table.allowed });
  const allowed = intersection(restrictions);
  const own = restrictions.map(({ plugin }) => plugin).filter((plugin) => plugin !== '');
  const restrictors = own.length === 0 ? table.restrictors : [...table.restrictors, ...own];
  const [plugin = ''] = restrictors;
  const rejection =
    allowed?.size === 0 ? { plugin, reasons: [noneInCommon(restrictors)], resolvable: false } : undefined;
  return { pure, filters, adjusts, allowed, restrictors, rejection };
}
