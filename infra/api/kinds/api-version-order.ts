// Which version of a group is offered first: general availability before beta before alpha, then the greater number;
// names that are no versions come last, by the alphabet (the API conventions' "kube-aware" order).

type Versioned = { readonly group: string; readonly version: string; readonly resource: string };

/** Orders kinds of definitions: by group, the preferred version first, then by resource. */
export function byPriority(a: Versioned, b: Versioned): number {
  return (
    compareTexts(a.group, b.group) || compareVersions(a.version, b.version) || compareTexts(a.resource, b.resource)
  );
}

/** Negative where `a` is preferred to `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left === undefined || right === undefined) {
    if (left === right) return compareTexts(a, b);
    return left === undefined ? 1 : -1;
  }
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor;
}

type Parsed = { readonly stability: number; readonly major: number; readonly minor: number };

const stabilities: readonly (string | undefined)[] = ['alpha', 'beta', undefined];

function parse(version: string): Parsed | undefined {
  const match = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/.exec(version);
  if (match === null) return undefined;
  return { stability: stabilities.indexOf(match[2]), major: Number(match[1]), minor: Number(match[3] ?? 0) };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
