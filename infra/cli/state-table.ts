// A replayed state as `kubectl get all -A` prints a live one: a table for each kind of the category `all`, in the order
// discovery lists them, blank lines between. The cells are the API server's own; ages count back from the given instant.

import type { ReplayedState } from '../../streams/history/replayed-state.ts';
import type { StoredObject } from '../../streams/views/stored-object.ts';
import { kindsAmong } from '../api/crd/custom-kinds.ts';
import { definitionsResource } from '../api/crd/definition.ts';
import type { Kind } from '../api/kinds/kind.ts';
import type { KindTable } from '../api/kinds/kind-table.ts';
import { tablePrinterOf } from '../api/tables/printers.ts';
import { renderTable } from './terminal.ts';

export type StateTableOptions = {
  /** The instant ages count back from, milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** The further columns of `-o wide`. */
  readonly wide: boolean;
};

/** Lines; none for a state without objects of these kinds. */
export function* stateTables(state: ReplayedState, options: StateTableOptions): Generator<string> {
  let first = true;
  const definitions = state.list(definitionsResource).map(({ object }) => object);
  for (const kind of listedKinds(kindsAmong(definitions))) {
    if (!kind.categories.includes('all')) continue;
    const objects = state.list(kind);
    if (objects.length === 0) continue;
    if (!first) yield '';
    first = false;
    yield* kindTable(kind, objects, options);
  }
}

/** The lines of `kubectl get -A -o json`, with every object of every kind, at the revision that was replayed. */
export function* stateJson(state: ReplayedState): Generator<string> {
  yield '{';
  yield '    "apiVersion": "v1",';
  yield '    "items": [';
  let item: string | undefined;
  for (const name of state.resources()) {
    for (const { object } of state.list(name)) {
      if (item !== undefined) yield `${item},`;
      item = JSON.stringify(object, null, 4).replaceAll(/^/gm, '        ');
    }
  }
  if (item !== undefined) yield item;
  yield '    ],';
  yield '    "kind": "List",';
  yield '    "metadata": {';
  yield `        "resourceVersion": "${state.revision}"`;
  yield '    }';
  yield '}';
}

/** One kind of every resource: the version that is preferred. */
function listedKinds(kinds: KindTable): readonly Kind[] {
  return kinds.all().filter((kind) => kinds.preferred(kind.group, kind.resource) === kind);
}

function kindTable(
  kind: Kind,
  objects: readonly StoredObject[],
  { nowMs, wide }: StateTableOptions,
): readonly string[] {
  const printer = tablePrinterOf(kind);
  const shown = printer.columns.map(({ priority }) => wide || priority === 0);
  const headers = printer.columns.filter((_, i) => shown[i]).map(({ name }) => name.toUpperCase());
  const prefix = kind.group === '' ? kind.singular : `${kind.singular}.${kind.group}`;
  const named = printer.columns.findIndex(({ format }) => format === 'name');
  const rows = objects.map(({ ref, object }) => {
    const cells = printer.cells(kind.custom?.read(object) ?? object, nowMs).map((cell, i) => {
      const text = cell === null ? '<none>' : String(cell);
      return i === named ? `${prefix}/${text}` : text;
    });
    return [ref.namespace, ...cells.filter((_, i) => shown[i])];
  });
  return renderTable(['NAMESPACE', ...headers], rows);
}
