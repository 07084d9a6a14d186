// The type an expression sees for a part of an object, with all that estimates of its cost and the reading of its values
// need: how large it can be, where its parts are. Made from schemas of custom resources and of built-in kinds.

import type { SizeOracle } from './cost-estimate.ts';
import type { StructureFields } from './environment.ts';
import type { Range } from './estimates.ts';
import type { CelType } from './types.ts';

/** How JSON becomes a value of the type. */
export type Reading =
  | 'bool'
  | 'int'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'date'
  | 'duration'
  | 'int-or-string'
  | 'any'
  | 'list'
  | 'map'
  | 'object';

export type DeclaredField = {
  /** In JSON; expressions use the escaped name. */
  readonly name: string;
  readonly declared: Declared;
};

export type Declared = {
  readonly type: CelType;
  readonly reading: Reading;
  /** The fewest bytes of JSON a value has. */
  readonly minSize: number;
  /** The most elements, entries or characters; 0 where size means nothing. */
  readonly maxElements: number;
  /** Of an object, by escaped name. */
  readonly fields?: ReadonlyMap<string, DeclaredField>;
  /** Of a list or map. */
  readonly element?: Declared;
  readonly listType?: 'set' | 'map';
  readonly listKeys?: readonly string[];
};

/** The most bytes a request may have; sizes nothing else bounds are bounded by it. */
export const REQUEST_SIZE_MAX = 3 * 1024 * 1024;

/** The structures in a type, for the checker. */
export function structuresOf(...roots: readonly Declared[]): StructureFields {
  const structures = new Map<string, ReadonlyMap<string, CelType>>();
  const collect = ({ type, fields, element }: Declared): void => {
    if (element !== undefined) collect(element);
    if (fields === undefined || structures.has(type.name)) return;
    structures.set(type.name, new Map([...fields].map(([name, field]) => [name, field.declared.type])));
    for (const { declared } of fields.values()) collect(declared);
  };
  for (const root of roots) collect(root);
  return { fields: (name) => structures.get(name) };
}

/** The sizes of values below a variable; the same type stands behind all variables. */
export function sizesOf(root: Declared): SizeOracle {
  return ([, ...path]) => {
    let at: Declared | undefined = root;
    for (const name of path) {
      if (name === '@keys') return at?.reading === 'map' ? { min: 0n, max: 0n } : undefined;
      at = name === '@items' || name === '@values' ? at?.element : at?.fields?.get(name)?.declared;
      if (at === undefined) return undefined;
    }
    return sizeRange(at);
  };
}

function sizeRange(at: Declared): Range {
  return { min: 0n, max: BigInt(at.maxElements) };
}
