// Whether a custom resource definition gets the names it asks for: within a group no two resources are called the same and
// no two kinds. A definition whose names are accepted is established at once and stays so; later names that collide are
// told and not used. The objects of an established definition are served.

import { type AnyObject, type Condition, type ResourceName, timestamp } from '../../streams/resources/meta.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { findCondition, holds, withCondition } from '../kit/conditions.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';
import { sameJson } from '../kit/same-json.ts';
import { approvalCondition } from './definition-approval.ts';

export type Names = {
  readonly plural?: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly kind?: string;
  readonly listKind?: string;
  readonly categories?: readonly string[];
};

/** What controllers read of a CustomResourceDefinition. */
export type Definition = AnyObject & {
  readonly spec: { readonly group: string; readonly names: Names };
  readonly status?: {
    readonly acceptedNames?: Names;
    readonly conditions?: readonly Condition[] | null;
    readonly storedVersions?: readonly string[];
  };
};

export const definitions: ResourceName = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

export function definitionNamesController(): Controller {
  return {
    name: 'crd-naming-controller',
    user: 'system:apiserver',
    // One at a time: two definitions must not be given the same name side by side.
    workers: 1,
    watches: [{ resource: definitions, keys: keysOf }],
    reconcile,
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput): Plan {
  const definition = world.get<Definition>(definitions, { name: key });
  if (definition === undefined) return nothingToDo;
  const before = definition.status?.conditions ?? [];
  const { names, accepted } = decide(definition, world);
  let conditions: readonly Condition[] = before;
  for (const condition of [accepted, established(before, accepted), approvalCondition(definition)]) {
    if (condition !== undefined) conditions = withChanged(conditions, condition, nowMs);
  }
  const status = { ...definition.status, conditions, acceptedNames: names };
  if (sameJson(status, definition.status)) return nothingToDo;
  const object = { ...definition, status };
  return { writes: [{ kind: 'update', resource: definitions, subresource: 'status', object }] };
}

function withChanged(conditions: readonly Condition[], condition: Condition, nowMs: number): readonly Condition[] {
  const { type, status, reason, message } = condition;
  const now = findCondition(conditions, type);
  if (now?.status === status && now.reason === reason && now.message === message) return conditions;
  return withCondition(conditions, { ...condition, lastTransitionTime: timestamp(nowMs) }, nowMs);
}

/** Established once, established for ever. */
function established(before: readonly Condition[], accepted: Condition): Condition | undefined {
  if (holds(before, 'Established')) return undefined;
  const type = 'Established';
  if (accepted.status === 'True') {
    const message = 'the initial names have been accepted';
    return { type, status: 'True', reason: 'InitialNamesAccepted', message };
  }
  return { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

/** The names the definition has from now on, and whether those are all it asks for. The last conflict is the one told. */
function decide({ spec, status }: Definition, world: ObjectReader): { names: Names; accepted: Condition } {
  const wanted = spec.names;
  const have: Names = status?.acceptedNames ?? {};
  const taken = takenIn(spec.group, world);
  let names: Names = { ...have, categories: wanted.categories ?? [] };
  let conflict: { readonly reason: string; readonly message: string } | undefined;
  const claim = (field: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>) => {
    const name = wanted[field] ?? '';
    if (name !== have[field] && used.has(name))
      conflict = { reason: `${capital(field)}Conflict`, message: inUse(name) };
    else names = { ...names, [field]: name };
  };
  claim('plural', taken.resources);
  claim('singular', taken.resources);
  const colliding = (wanted.shortNames ?? []).filter(
    (name) => !have.shortNames?.includes(name) && taken.resources.has(name),
  );
  if (colliding.length === 0) names = { ...names, shortNames: wanted.shortNames ?? [] };
  else conflict = { reason: 'ShortNamesConflict', message: aggregate(colliding.map(inUse)) };
  claim('kind', taken.kinds);
  claim('listKind', taken.kinds);
  const type = 'NamesAccepted';
  return {
    names: compact(names),
    accepted:
      conflict === undefined
        ? { type, status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
        : { type, status: 'False', ...conflict },
  };
}

/** The names definitions of a group have been given. */
function takenIn(group: string, world: ObjectReader): { resources: ReadonlySet<string>; kinds: ReadonlySet<string> } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { spec, status } of world.list<Definition>(definitions)) {
    if (spec.group !== group) continue;
    const { plural = '', singular = '', shortNames = [], kind = '', listKind = '' } = status?.acceptedNames ?? {};
    for (const name of [plural, singular, ...shortNames]) if (name !== '') resources.add(name);
    for (const name of [kind, listKind]) if (name !== '') kinds.add(name);
  }
  return { resources, kinds };
}

function inUse(name: string): string {
  return `${JSON.stringify(name)} is already in use`;
}

/** Several errors as Go joins them. */
function aggregate(messages: readonly string[]): string {
  const different = [...new Set(messages)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}

/** As the API writes names: empty lists and texts that are not required are left out. */
function compact({ plural = '', kind = '', singular, shortNames, listKind, categories }: Names): Names {
  return {
    plural,
    ...(singular ? { singular } : undefined),
    ...(shortNames?.length ? { shortNames } : undefined),
    kind,
    ...(listKind ? { listKind } : undefined),
    ...(categories?.length ? { categories } : undefined),
  };
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** A definition that gives a name up may make room for others of its group. */
function keysOf({ ref, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  const { group } = (current.object as Definition).spec;
  const waiting = world.list<Definition>(definitions).filter(({ spec, status, metadata }) => {
    return spec.group === group && metadata.name !== ref.name && !holds(status?.conditions ?? [], 'NamesAccepted');
  });
  return [ref.name, ...waiting.map(({ metadata }) => metadata.name)];
}
