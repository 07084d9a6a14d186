// What a call may cost at most and how large its result may be: Kubernetes' estimates for its libraries, cel-go's for
// strings, comparisons and lists. Undefined means: 1 and what the arguments cost.

import type { Expression } from './ast.ts';
import {
  type CostEstimate,
  capped,
  fixed,
  ONE,
  product,
  type Range,
  scaled,
  sum,
  UNBOUNDED,
  UNKNOWN_SIZE,
  union,
} from './estimates.ts';
import type { CelType } from './types.ts';

export type SizedNode = {
  readonly path: readonly string[];
  readonly type: CelType;
  readonly expression: Expression | undefined;
  readonly size: Range | undefined;
};

export type CallEstimate = { readonly cost: CostEstimate; readonly size?: Range | undefined };

type Oracle = (path: readonly string[]) => Range | undefined;
type Context = {
  readonly overload: string;
  readonly target: SizedNode | undefined;
  readonly given: readonly SizedNode[];
  size(node: SizedNode | undefined): Range;
};
type Estimate = (context: Context) => CallEstimate | undefined;

const PER_CHARACTER = 0.1;
const PER_PATTERN_CHARACTER = 0.25;
const NAMED_PATTERN_SIZE = 128;
const ADDRESS_SIZE: Range = { min: 4n, max: 16n };
const FIXED_COST_FUNCTIONS =
  'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery'.split(
    ' ',
  );

export function estimateCall(
  name: string,
  overload: string,
  target: SizedNode | undefined,
  given: readonly SizedNode[],
  oracle: Oracle,
): CallEstimate | undefined {
  const size = (node: SizedNode | undefined): Range => {
    if (node === undefined) return UNKNOWN_SIZE;
    return node.size ?? (node.path.length === 0 ? undefined : oracle(node.path)) ?? UNKNOWN_SIZE;
  };
  const context: Context = { overload, target, given, size };
  return (
    BY_EXTENSION.get(overload)?.(context) ?? BY_FUNCTION.get(name)?.(context) ?? BY_OVERLOAD.get(overload)?.(context)
  );
}

const characters = (size: Range): Range => scaled(size, PER_CHARACTER);

function matching(text: Range, pattern: Range): Range {
  return product(characters(sum(text, ONE)), scaled(pattern, PER_PATTERN_CHARACTER));
}

const onArgument: Estimate = ({ given, size }) => ({ cost: characters(size(given[0])) });
const onArgumentKept: Estimate = ({ given, size }) => ({ cost: characters(size(given[0])), size: size(given[0]) });
const onTargetKept: Estimate = ({ target, size }) => ({ cost: characters(size(target)), size: size(target) });
const found: Estimate = ({ target, given, size }) => ({
  cost: matching(size(target), size(given[0])),
  size: { min: 0n, max: size(target).max },
});
const single: Estimate = () => ({ cost: ONE });

const BY_FUNCTION: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  ['check', () => ({ cost: fixed(350_000n) })],
  ...each(FIXED_COST_FUNCTIONS, single),
  ...each(['fieldSelector', 'labelSelector'], ({ given, size }) => ({ cost: selector(size(given[0])) })),
  ...each(['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'], overElements),
  ...each(['url', 'jsonpatch.escapeKey'], onArgumentKept),
  ...each(['lowerAscii', 'upperAscii', 'substring', 'trim'], onTargetKept),
  ['replace', replaced],
  ['split', splitted],
  ['join', joined],
  ...each(['find', 'findAll'], found),
  ...each(['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver'], onArgument),
  ['ip', (context) => (context.overload === 'cidr_ip' ? single(context) : onArgument(context))],
  ['ip.isCanonical', ({ given, size }) => ({ cost: scaled(size(given[0]), 2 * PER_CHARACTER) })],
  ['containsIP', (context) => inside(context, false)],
  ['containsCIDR', (context) => inside(context, true)],
  [
    'validate',
    ({ given, size }) => ({
      cost: scaled(characters(size(given[0])), NAMED_PATTERN_SIZE * PER_PATTERN_CHARACTER),
    }),
  ],
  ['_==_', libraryEquality],
]);

const COMPARED = ['less', 'greater', 'less_equals', 'greater_equals'].flatMap((name) => [
  `${name}_string`,
  `${name}_bytes`,
]);

const BY_OVERLOAD: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  ['string_format', ({ target, size }) => ({ cost: characters(size(target)) })],
  [
    'string_to_bytes',
    ({ given, size }) => {
      const { min, max } = size(given[0]);
      return { cost: characters({ min, max }), size: { min, max: BigInt.asUintN(64, max * 4n) } };
    },
  ],
  [
    'bytes_to_string',
    ({ given, size }) => {
      const { min, max } = size(given[0]);
      return { cost: characters({ min, max }), size: { min: min / 4n, max } };
    },
  ],
  [
    'strings_quote',
    ({ given, size }) => {
      const { min, max } = size(given[0]);
      return { cost: characters({ min, max }), size: { min: min + 2n, max: BigInt.asUintN(64, max * 2n + 2n) } };
    },
  ],
  ...each(['starts_with_string', 'ends_with_string'], onArgument),
  ['in_list', ({ given, size }) => ({ cost: size(given[1]) })],
  ['matches_string', ({ target, given, size }) => ({ cost: matching(size(target), size(given[0])) })],
  [
    'contains_string',
    ({ target, given, size }) => ({ cost: product(characters(size(target)), characters(size(given[0]))) }),
  ],
  ...each([...COMPARED, 'equals', 'not_equals'], compared),
]);

function compared({ given, size }: Context): CallEstimate {
  const [left, right] = [size(given[0]).max, size(given[1]).max];
  const max = left < right ? left : right;
  return { cost: characters({ min: max > 0n ? 1n : 0n, max }) };
}

function overElements({ target, size }: Context): CallEstimate | undefined {
  if (target === undefined) return undefined;
  const element = target.type.kind === 'list' ? target.type.parameters[0] : undefined;
  if (element === undefined) return { cost: characters(size(target)) };
  const items = { path: [...target.path, '@items'], type: element, expression: undefined, size: undefined };
  const isText = element.kind === 'string' || element.kind === 'bytes';
  const per = isText ? sum(ONE, characters(target.path.length === 0 ? UNKNOWN_SIZE : size(items))) : ONE;
  return { cost: product(size(target), per) };
}

function replaced({ target, given, size }: Context): CallEstimate {
  const [text, old, by] = [size(target), size(given[0]), size(given[1])];
  const max = replacements(text.max, old.min, by.max <= old.min);
  const min = replacements(text.min, old.max, old.max <= by.min);
  const retained = {
    min: old.max === 0n || old.max <= by.min ? text.min : 0n,
    max: old.min === 0n || by.max <= old.min ? text.max : 0n,
  };
  return { cost: scaled(text, 2 * PER_CHARACTER), size: sum(product({ min, max }, by), retained) };
}

function replacements(text: bigint, old: bigint, none: boolean): bigint {
  if (old === 0n) return capped(text + 1n);
  return none ? 0n : BigInt(Math.ceil(Number(text) / Number(old)));
}

function splitted({ target, given, size }: Context): CallEstimate {
  const limit = given[1]?.expression;
  const literal = limit?.kind === 'literal' && typeof limit.value === 'bigint' ? limit.value : undefined;
  const max = literal === undefined ? size(target).max : BigInt.asUintN(64, literal);
  return { cost: scaled(size(target), 2 * PER_CHARACTER), size: { min: 0n, max } };
}

function joined({ target, given, size }: Context): CallEstimate | undefined {
  if (target === undefined) return undefined;
  const list = size(target);
  const items = { path: [...target.path, '@items'], type: target.type, expression: undefined, size: undefined };
  let total = product(list, target.path.length === 0 ? UNKNOWN_SIZE : size(items));
  if (given[0] !== undefined) {
    const between = { min: list.min > 0n ? list.min - 1n : 0n, max: list.max > 0n ? list.max - 1n : 0n };
    total = sum(total, product(size(given[0]), between));
  }
  return { cost: characters(total), size: total };
}

function selector(text: Range): Range {
  return sum(fixed(10n), characters(text), scaled(scaled(text, 0.5), 50));
}

function inside({ given, overload, size }: Context, subnet: boolean): CallEstimate {
  let cost = characters(sum(ADDRESS_SIZE, ADDRESS_SIZE));
  if (subnet) cost = sum(cost, characters(ADDRESS_SIZE), ONE);
  if (overload.endsWith('_string')) cost = sum(cost, characters(size(given[0])));
  return { cost };
}

/** Values of library types are compared in one step. */
function libraryEquality({ given }: Context): CallEstimate | undefined {
  const [left, right] = given;
  if (left === undefined || left.type.name !== right?.type.name) return undefined;
  const { kind, name } = left.type;
  if (kind === 'opaque') return name.startsWith('net.') ? { cost: ONE } : undefined;
  if (kind !== 'object' || !name.startsWith('kubernetes.')) return undefined;
  if (name === 'kubernetes.NamedFormat') return { cost: characters({ min: 1n, max: 64n }) };
  if (name !== 'kubernetes.URL') return { cost: ONE };
  const size = right.size === undefined ? ONE : union(right.size, right.size);
  return { cost: characters({ min: 1n, max: size.max }) };
}

function allocating(factor: number, size: Range): CallEstimate {
  return { cost: sum(scaled(size, factor), ONE, fixed(10n)), size };
}

function literalOf(node: SizedNode | undefined, otherwise: bigint): bigint {
  const expression = node?.expression;
  if (expression?.kind !== 'literal' || typeof expression.value !== 'bigint') return otherwise;
  return expression.value < 0n ? 0n : expression.value;
}

function sorting(extra: number, ofArgument: boolean): Estimate {
  return ({ target, given, size }) => {
    const list = size(ofArgument ? given[0] : target);
    return allocating(2 + extra, product(list, list));
  };
}

const ELEMENT_TYPES = 'int uint double bool google.protobuf.Duration google.protobuf.Timestamp string bytes'.split(' ');

const BY_EXTENSION: ReadonlyMap<string, Estimate> = new Map<string, Estimate>([
  [
    'list_slice',
    ({ target, given, size }) => {
      const length = literalOf(given[1], size(target).max) - literalOf(given[0], 0n);
      return allocating(1, fixed(BigInt.asUintN(64, length)));
    },
  ],
  ['lists_range', ({ given }) => allocating(1, fixed(literalOf(given[0], UNBOUNDED)))],
  ['list_reverse', ({ target, size }) => allocating(1, size(target))],
  ['list_flatten', ({ target, size }) => allocating(1, size(target))],
  ['list_flatten_int', ({ target, given, size }) => allocating(Number(literalOf(given[0], UNBOUNDED)), size(target))],
  ['list_distinct', ({ target, size }) => allocating(2, product(size(target), size(target)))],
  ...ELEMENT_TYPES.flatMap((type): readonly (readonly [string, Estimate])[] => {
    const extra = type === 'string' || type === 'bytes' ? PER_CHARACTER : 0;
    return [
      [`list_${type}_sort`, sorting(extra, false)],
      [`list_${type}_sortByAssociatedKeys`, sorting(extra, true)],
    ];
  }),
  ['list_sets_contains_list', ({ given, size }) => pairwise(size(given[0]), size(given[1]), 1)],
  ['list_sets_intersects_list', ({ given, size }) => pairwise(size(given[0]), size(given[1]), 1)],
  ['list_sets_equivalent_list', ({ given, size }) => pairwise(size(given[0]), size(given[1]), 2)],
]);

function pairwise(left: Range, right: Range, factor: number): CallEstimate {
  return { cost: sum(scaled(product(left, right), factor), ONE) };
}

function each(names: readonly string[], estimate: Estimate): readonly (readonly [string, Estimate])[] {
  return names.map((name) => [name, estimate]);
}
