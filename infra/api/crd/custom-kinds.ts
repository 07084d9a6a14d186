// Keeps a table of kinds in step with the definitions a view shows: a kind is there from the moment its definition is
// established until the definition has gone. Kinds stay the same objects while what they are made of stays the same, so
// that whoever holds one can tell that it has changed.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import { KindTable } from '../kinds/kind-table.ts';
import { equal } from '../registry/equal.ts';
import { kindsOf } from './custom-kind.ts';
import { type CustomResourceDefinition, definitionsResource } from './definition.ts';

/** The view must be complete. Call the result to stop following it. */
export function followDefinitions(view: ObjectView, kinds: KindTable): () => void {
  const definitions = view.resource(definitionsResource);
  const made = new Map<string, unknown>();
  const define = (definition: CustomResourceDefinition) => {
    const { name } = definition.metadata;
    const basis = basisOf(definition);
    if (equal(made.get(name), basis)) return;
    made.set(name, basis);
    kinds.define(name, kindsOf(definition));
  };
  for (const { object } of definitions.select()) define(asDefinition(object));
  return definitions.listen(({ type, ref, current }) => {
    if (type !== 'DELETED') return define(asDefinition(current.object));
    made.delete(ref.name);
    kinds.define(ref.name, []);
  });
}

/** The kinds of a moment: the built-in ones and those of the definitions there were. */
export function kindsAmong(definitions: Iterable<AnyObject>): KindTable {
  const kinds = new KindTable();
  for (const object of definitions) kinds.define(object.metadata.name, kindsOf(asDefinition(object)));
  return kinds;
}

export function asDefinition(object: AnyObject): CustomResourceDefinition {
  return object as unknown as CustomResourceDefinition;
}

/** Everything of a definition its kinds depend on. */
function basisOf({ spec, status, metadata }: CustomResourceDefinition): unknown {
  const conditions = status?.conditions ?? [];
  const holds = (type: string) => conditions.some((entry) => entry.type === type && entry.status === 'True');
  return {
    uid: metadata.uid,
    spec,
    names: status?.acceptedNames,
    established: holds('Established'),
    terminating: holds('Terminating'),
  };
}
