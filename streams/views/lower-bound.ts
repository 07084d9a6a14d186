// Where a key stands, or would stand, among objects in the order of their keys.

export function lowerBound(objects: readonly { readonly key: string }[], key: string): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((objects[middle]?.key ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
