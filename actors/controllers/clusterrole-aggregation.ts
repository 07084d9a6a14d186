// The ClusterRole aggregation controller: a role with an aggregation rule has the rules of every role it selects, so
// that whoever adds a kind of their own adds its rights to `admin`, `edit` and `view` by a label.

import { matchesSelector } from '../../streams/resources/labels.ts';
import type { AnyObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ClusterRole, PolicyRule } from '../../streams/resources/rbac.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { sameJson } from '../kit/same-json.ts';

export function clusterRoleAggregationController(): Controller {
  return {
    name: 'clusterrole-aggregation-controller',
    user: 'system:serviceaccount:kube-system:clusterrole-aggregation-controller',
    workers: 5,
    watches: [{ resource: resources.clusterRoles, keys: rolesConcerned }],
    reconcile,
  };
}

function reconcile({ world, key }: ReconcileInput): Plan {
  const role = world.get<ClusterRole>(resources.clusterRoles, { name: key });
  if (role?.aggregationRule == null || role.metadata.deletionTimestamp !== undefined) return nothingToDo;
  const rules = gathered(world, role);
  if (sameJson(rules, role.rules ?? [])) return nothingToDo;
  return { writes: [{ kind: 'update', resource: resources.clusterRoles, object: { ...role, rules } as ClusterRole }] };
}

/** Each rule once, in the order of the selectors and then of the roles' names. */
function gathered(world: ObjectReader, { metadata, aggregationRule }: ClusterRole): readonly PolicyRule[] {
  const roles = world.list<ClusterRole>(resources.clusterRoles);
  const rules = new Map<string, PolicyRule>();
  for (const selector of aggregationRule?.clusterRoleSelectors ?? []) {
    for (const role of roles) {
      if (role.metadata.name === metadata.name || !matchesSelector(selector, role.metadata.labels)) continue;
      for (const rule of role.rules ?? []) {
        const id = JSON.stringify(rule);
        if (!rules.has(id)) rules.set(id, rule);
      }
    }
  }
  return [...rules.values()];
}

/** The role itself, and the ones that gather it or did before. */
function rolesConcerned({ current, previous }: WatchedChange, world: ObjectReader): readonly Key[] {
  const versions = [current.object, ...(previous === undefined ? [] : [previous.object])];
  const concerned: Key[] = [];
  for (const { metadata, aggregationRule } of world.list<ClusterRole>(resources.clusterRoles)) {
    if (aggregationRule == null) continue;
    const selectors = aggregationRule.clusterRoleSelectors ?? [];
    const gathers = ({ metadata: { labels } }: AnyObject) =>
      selectors.some((selector) => matchesSelector(selector, labels));
    if (metadata.name === current.ref.name || versions.some(gathers)) concerned.push(metadata.name);
  }
  return concerned;
}
