// What the two-variable comprehensions need beside the operators: maps that grow.

import { EntryMap } from '../collections.ts';
import { CelError, type MapValue, type Result, type Value } from '../values.ts';
import type { Library } from './signature.ts';

export const COMPREHENSIONS: Library = {
  'cel.@mapInsert': {
    '@mapInsert_map_key_value(map(K, V), K, V) map(K, V)': (map: MapValue, key: Value, value: Value) =>
      insert(copy(map), key, value),
    '@mapInsert_map_map(map(K, V), map(K, V)) map(K, V)': (map: MapValue, more: MapValue) => {
      let grown: Result = copy(map);
      for (const key of more.keys()) {
        if (!(grown instanceof EntryMap)) break;
        grown = insert(grown, key, more.find(key) ?? null);
      }
      return grown;
    },
  },
};

/** The accumulator of a comprehension is its own: it may grow in place. */
function copy(map: MapValue): EntryMap {
  if (map instanceof GrowingMap) return map;
  const grown = new GrowingMap();
  for (const key of map.keys()) grown.insert(key, map.find(key) ?? null);
  return grown;
}

class GrowingMap extends EntryMap {}

function insert(map: EntryMap, key: Value, value: Value): Result {
  if (map.insert(key, value)) return map;
  return new CelError(`insert failed: key ${typeof key === 'string' ? key : String(key)} already exists`);
}
