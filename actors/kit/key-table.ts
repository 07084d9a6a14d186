// A table from keys to values that is never changed in place: each change makes a new table that shares nearly all of
// the old one, so a machine's context can hold tens of thousands of keys and still be plain data.

type Row<V> = { readonly key: string; readonly value: V };
type Bucket<V> = readonly Row<V>[];

/** Two levels of 32: a change copies two short arrays and one bucket. */
export type KeyTable<V> = readonly (readonly Bucket<V>[])[];

const width = 32;
const emptyBucket: Bucket<never> = [];
const emptyShelf: readonly Bucket<never>[] = new Array<Bucket<never>>(width).fill(emptyBucket);
const emptyTable: KeyTable<never> = new Array<readonly Bucket<never>[]>(width).fill(emptyShelf);

export function newTable<V>(): KeyTable<V> {
  return emptyTable;
}

export function find<V>(table: KeyTable<V>, key: string): V | undefined {
  const hash = hashOf(key);
  const bucket = table[hash >>> 5]?.[hash & 31] ?? emptyBucket;
  for (const row of bucket) if (row.key === key) return row.value;
  return undefined;
}

export function put<V>(table: KeyTable<V>, key: string, value: V): KeyTable<V> {
  return replace(table, key, (bucket) => {
    const row = { key, value };
    const at = bucket.findIndex((candidate) => candidate.key === key);
    if (at < 0) return [...bucket, row];
    const rows = bucket.slice();
    rows[at] = row;
    return rows;
  });
}

export function drop<V>(table: KeyTable<V>, key: string): KeyTable<V> {
  return replace(table, key, (bucket) => bucket.filter((row) => row.key !== key));
}

function replace<V>(table: KeyTable<V>, key: string, change: (bucket: Bucket<V>) => Bucket<V>): KeyTable<V> {
  const hash = hashOf(key);
  const shelves = table.slice();
  const shelf = (shelves[hash >>> 5] ?? emptyShelf).slice();
  shelf[hash & 31] = change(shelf[hash & 31] ?? emptyBucket);
  shelves[hash >>> 5] = shelf;
  return shelves;
}

/** FNV-1a over UTF-16 code units, folded to ten bits. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (width * width - 1);
}
