// Keys by the time they are due, as a heap that is never changed in place (a leftist heap): adding one or taking the
// earliest makes a new heap that shares the rest. Equal times leave in the order they came.

export type DueHeap = DueNode | null;

type DueNode = {
  readonly key: string;
  readonly dueMs: number;
  readonly order: number;
  /** Length of the right spine: kept short by swapping, so that merging takes logarithmic time. */
  readonly rank: number;
  readonly left: DueHeap;
  readonly right: DueHeap;
};

export function withDue(heap: DueHeap, due: { key: string; dueMs: number; order: number }): DueHeap {
  return merge(heap, { ...due, rank: 1, left: null, right: null });
}

/** The heap without its earliest key. */
export function withoutFirst(heap: DueHeap): DueHeap {
  return heap === null ? null : merge(heap.left, heap.right);
}

function merge(a: DueHeap, b: DueHeap): DueHeap {
  if (a === null) return b;
  if (b === null) return a;
  const [first, second] = a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order) ? [a, b] : [b, a];
  const merged = merge(first.right, second);
  const swap = (first.left?.rank ?? 0) < (merged?.rank ?? 0);
  const left = swap ? merged : first.left;
  const right = swap ? first.left : merged;
  return { ...first, rank: (right?.rank ?? 0) + 1, left, right };
}
