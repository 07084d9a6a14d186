// Server-side apply of every kind: applying again records nothing, managers of different fields do not see each other,
// what a manager alone owned goes when it drops it, and force takes a field away from whoever had it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kind } from '../../../../infra/api/kinds/kind.ts';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import type { ListSchema } from '../../../../infra/api/kinds/schema.ts';
import type { Json, JsonObject } from '../../../../infra/api/patch/json-value.ts';
import { managedFieldsOf, withManagedFields } from '../../../../infra/api/patch/managed-fields.ts';
import { applyConfiguration } from '../../../../infra/api/patch/server-side-apply.ts';
import { keyedObjects } from './keyed-objects.ts';
import { essence, frozen } from './support.ts';

const mapKeys = ({ listType, keys }: ListSchema): readonly string[] => (listType === 'map' ? keys : []);

type By = { readonly manager?: string; readonly force?: boolean; readonly second?: number };

const kinds = allKinds().filter(({ custom, verbs }) => custom === undefined && verbs.includes('patch'));

function versionOf({ group, version }: Kind): string {
  return group === '' ? version : `${group}/${version}`;
}

function attempt(kind: Kind, before: JsonObject | undefined, configuration: JsonObject, by: By = {}) {
  const { manager = 'one', force = false, second = 0 } = by;
  return applyConfiguration({
    schema: kind.schema,
    before: frozen(before),
    configuration: frozen({ ...configuration, apiVersion: versionOf(kind), kind: kind.kind }),
    manager,
    force,
    apiVersion: versionOf(kind),
    kind: kind.kind,
    time: `2026-01-02T03:04:0${second}Z`,
  });
}

function apply(kind: Kind, before: JsonObject | undefined, configuration: JsonObject, by: By = {}): JsonObject {
  const outcome = attempt(kind, before, configuration, by);
  if (outcome.kind !== 'applied') throw new Error(outcome.message);
  return outcome.object;
}

/** What is there, without who owns it. */
function content(object: JsonObject): Json | undefined {
  return essence(withManagedFields(object, undefined));
}

function managers(object: JsonObject): readonly Json[] {
  return ((managedFieldsOf(object) ?? []) as readonly JsonObject[]).map(({ manager }) => manager as Json);
}

const name = { name: 'a' };

/** The configuration in two parts: every other field of what is not metadata, and of its spec. */
function halves(configuration: JsonObject): readonly [JsonObject, JsonObject] {
  const { metadata: _, spec, ...rest } = configuration;
  const part = (object: JsonObject, odd: number) =>
    Object.fromEntries(Object.entries(object).filter((__, index) => index % 2 === odd));
  const half = (odd: number): JsonObject => ({
    ...part(rest, odd),
    ...(spec === undefined ? undefined : { spec: part(spec as JsonObject, odd) }),
    metadata: name,
  });
  return [half(0), half(1)];
}

describe.each(kinds.map((kind) => [`${kind.resource}.${kind.group}/${kind.version}`, kind] as const))(
  '%s',
  (_, kind) => {
    const configurations = keyedObjects(kind.schema, mapKeys);
    const runs = { numRuns: 15 };

    test('applied again are the very object', () => {
      fc.assert(
        fc.property(configurations, (configuration) => {
          const once = apply(kind, undefined, configuration);
          expect(apply(kind, once, configuration, { second: 5 })).toBe(once);
        }),
        runs,
      );
    });

    test('lose what their only manager drops', () => {
      fc.assert(
        fc.property(configurations, (configuration) => {
          const empty = { metadata: name };
          const dropped = apply(kind, apply(kind, undefined, configuration), empty, { second: 5 });
          expect(content(dropped)).toEqual(content(apply(kind, undefined, empty)));
        }),
        runs,
      );
    });

    test('keep what another manager applied, too', () => {
      fc.assert(
        fc.property(configurations, (configuration) => {
          const shared = apply(kind, apply(kind, undefined, configuration), configuration, { manager: 'two' });
          const left = apply(kind, shared, { metadata: name }, { second: 5 });
          expect(content(left)).toEqual(content(shared));
        }),
        runs,
      );
    });

    test('are the same whichever of two managers of different fields comes first', () => {
      fc.assert(
        fc.property(configurations, (configuration) => {
          const [first, second] = halves(configuration);
          const both = (order: readonly (readonly [JsonObject, string])[]) =>
            order.reduce<JsonObject | undefined>(
              (live, [part, manager]) => apply(kind, live, part, { manager }),
              undefined,
            );
          const left = both([
            [first, 'one'],
            [second, 'two'],
          ]) as JsonObject;
          const right = both([
            [second, 'two'],
            [first, 'one'],
          ]) as JsonObject;
          expect(content(left)).toEqual(content(right));
        }),
        runs,
      );
    });

    test('belong to whoever forces them', () => {
      fc.assert(
        fc.property(configurations, configurations, (theirs, ours) => {
          const forced = apply(kind, apply(kind, undefined, theirs, { manager: 'two' }), ours, { force: true });
          expect(attempt(kind, forced, ours).kind).toBe('applied');
          const says = content({ ...ours, metadata: {} }) !== undefined;
          expect(managers(forced).includes('one') || !says).toBe(true);
          const conflict = attempt(kind, forced, theirs, { manager: 'two' });
          const again = apply(kind, forced, theirs, { manager: 'two', force: true });
          if (conflict.kind === 'applied') expect(content(again)).toEqual(content(conflict.object));
        }),
        runs,
      );
    });
  },
);
