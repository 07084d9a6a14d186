// Sizes and costs that are not known yet, as ranges. Numbers are Go's uint64: they stop at the top instead of
// overflowing, and a top value means "without bound".

export type Range = { readonly min: bigint; readonly max: bigint };
export type CostEstimate = Range;

export const UNBOUNDED = 2n ** 64n - 1n;
export const UNKNOWN_SIZE: Range = { min: 0n, max: UNBOUNDED };
export const ZERO: Range = fixed(0n);
export const ONE: Range = fixed(1n);

export function fixed(value: bigint): Range {
  return { min: value, max: value };
}

export function sum(...ranges: readonly Range[]): Range {
  let [min, max] = [0n, 0n];
  for (const range of ranges) [min, max] = [capped(min + range.min), capped(max + range.max)];
  return { min, max };
}

export function product(left: Range, right: Range): Range {
  return { min: capped(left.min * right.min), max: capped(left.max * right.max) };
}

/** Rounded up. */
export function scaled(range: Range, factor: number): Range {
  return { min: scale(range.min, factor), max: scale(range.max, factor) };
}

/** Covers both. */
export function union(left: Range, right: Range): Range {
  return {
    min: left.min < right.min ? left.min : right.min,
    max: left.max > right.max ? left.max : right.max,
  };
}

export function capped(value: bigint): bigint {
  return value > UNBOUNDED ? UNBOUNDED : value;
}

function scale(value: bigint, factor: number): bigint {
  const result = Math.ceil(Number(value) * factor);
  return result >= 2 ** 64 ? UNBOUNDED : BigInt(result);
}
