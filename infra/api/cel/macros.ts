// Macros: calls that are rewritten into loops and presence tests before types are checked. Which form of a macro is
// meant follows from its name, the number of arguments and whether it is called on something.

import { ACCUMULATOR, type Expression } from './ast.ts';
import type { ExpressionBuilder } from './builder.ts';
import { type Issue, NOWHERE } from './source.ts';

export type MacroCall = {
  readonly builder: ExpressionBuilder;
  /** Where the call's parenthesis stands; what the macro makes points there. */
  readonly offset: number;
  readonly target: Expression | undefined;
  readonly arguments: readonly Expression[];
};

export type Expansion =
  | { readonly kind: 'expanded'; readonly expression: Expression }
  | { readonly kind: 'wrong'; readonly issue: Issue };

type Macro = (call: MacroCall) => Expansion;
type Quantifier = 'all' | 'exists' | 'existsOne';

/** The macro a call means, or undefined for a plain call. */
export function findMacro(name: string, onTarget: boolean, arity: number): Macro | undefined {
  // `.sortBy(a, b)` calls a function of the outermost scope, not a method.
  if (name.startsWith('.')) return undefined;
  return MACROS.get(`${onTarget ? '.' : ''}${name}/${arity}`);
}

const MACROS: ReadonlyMap<string, Macro> = new Map<string, Macro>([
  ['has/1', has],
  ['.all/2', quantify('all', 1)],
  ['.exists/2', quantify('exists', 1)],
  ['.exists_one/2', quantify('existsOne', 1)],
  ['.map/2', mapOrFilter('map')],
  ['.map/3', mapOrFilter('map')],
  ['.filter/2', mapOrFilter('filter')],
  ['.all/3', quantify('all', 2)],
  ['.exists/3', quantify('exists', 2)],
  ['.existsOne/3', quantify('existsOne', 2)],
  ['.transformList/3', transform('list')],
  ['.transformList/4', transform('list')],
  ['.transformMap/3', transform('map')],
  ['.transformMap/4', transform('map')],
  ['.transformMapEntry/3', transform('entry')],
  ['.transformMapEntry/4', transform('entry')],
  ['.optMap/2', optionalMap('optMap')],
  ['.optFlatMap/2', optionalMap('optFlatMap')],
  ['.sortBy/2', sortBy],
]);

function expanded(expression: Expression): Expansion {
  return { kind: 'expanded', expression };
}

function wrong(at: Expression | undefined, message: string): Expansion {
  return { kind: 'wrong', issue: { offset: at?.offset ?? NOWHERE, message } };
}

function argument(call: MacroCall, at: number): Expression {
  return call.arguments[at] as Expression;
}

function has(call: MacroCall): Expansion {
  const of = argument(call, 0);
  if (of.kind !== 'select') return wrong(of, 'invalid argument to has() macro');
  return expanded(call.builder.select(call.offset, of.operand, of.field, true));
}

type Names = { readonly first: string; readonly second: string | undefined };

function loopNames(call: MacroCall, count: 1 | 2, notAName: string): Names | Expansion {
  const names: string[] = [];
  for (let at = 0; at < count; at++) {
    const variable = argument(call, at);
    if (variable.kind !== 'identifier') return wrong(variable, notAName);
    names.push(variable.name);
  }
  const [first = '', second] = names;
  if (first === second) return wrong(argument(call, 1), `duplicate variable name: ${first}`);
  const clash = names.findIndex((name) => name === ACCUMULATOR || name === '__result__');
  if (clash >= 0) return wrong(argument(call, clash), 'iteration variable overwrites accumulator variable');
  return { first, second };
}

function quantify(quantifier: Quantifier, variables: 1 | 2): Macro {
  return (call) => {
    const names = loopNames(call, variables, 'argument must be a simple name');
    if ('kind' in names) return names;
    const { builder: make, offset } = call;
    const range = call.target as Expression;
    const predicate = argument(call, variables);
    const so = () => make.accumulator(offset);
    const variable = { range, variable: names.first, secondVariable: names.second };
    if (quantifier === 'existsOne') {
      const initial = make.literal(offset, 0n);
      const condition = make.literal(offset, true);
      const counted = make.call(offset, '_+_', so(), make.literal(offset, 1n));
      const step = make.call(offset, '_?_:_', predicate, counted, so());
      const result = make.call(offset, '_==_', so(), make.literal(offset, 1n));
      return expanded(make.loop(offset, { ...variable, initial, condition, step, result }));
    }
    const all = quantifier === 'all';
    const initial = make.literal(offset, all);
    const going = all ? so() : make.call(offset, '!_', so());
    const condition = make.call(offset, '@not_strictly_false', going);
    const step = make.call(offset, all ? '_&&_' : '_||_', so(), predicate);
    return expanded(make.loop(offset, { ...variable, initial, condition, step, result: so() }));
  };
}

function mapOrFilter(form: 'map' | 'filter'): Macro {
  return (call) => {
    const names = loopNames(call, 1, 'argument is not an identifier');
    if ('kind' in names) return names;
    const predicate = form === 'filter' || call.arguments.length === 3 ? argument(call, 1) : undefined;
    const element = form === 'filter' ? argument(call, 0) : argument(call, call.arguments.length - 1);
    const { builder: make, offset } = call;
    const range = call.target as Expression;
    return expanded(collect(make, offset, { range, variable: names.first }, { element, predicate }));
  };
}

type Range = Pick<Parameters<ExpressionBuilder['loop']>[1], 'range' | 'variable' | 'secondVariable'>;
type Collected = { readonly element: Expression; readonly predicate: Expression | undefined };

/** A loop that appends `element` to a list, where `predicate` holds. */
function collect(make: ExpressionBuilder, offset: number, range: Range, { element, predicate }: Collected): Expression {
  const so = () => make.accumulator(offset);
  const initial = make.list(offset, []);
  const condition = make.literal(offset, true);
  const append = make.call(offset, '_+_', so(), make.list(offset, [element]));
  const step = predicate === undefined ? append : make.call(offset, '_?_:_', predicate, append, so());
  return make.loop(offset, { ...range, initial, condition, step, result: so() });
}

function transform(form: 'list' | 'map' | 'entry'): Macro {
  return (call) => {
    const names = loopNames(call, 2, 'argument must be a simple name');
    if ('kind' in names) return names;
    const { builder: make, offset } = call;
    const element = argument(call, call.arguments.length - 1);
    const predicate = call.arguments.length === 4 ? argument(call, 2) : undefined;
    const range = { range: call.target as Expression, variable: names.first, secondVariable: names.second };
    if (form === 'list') return expanded(collect(make, offset, range, { element, predicate }));
    const so = () => make.accumulator(offset);
    const initial = make.map(offset, []);
    const condition = make.literal(offset, true);
    const inserted = form === 'map' ? [make.identifier(offset, names.first), element] : [element];
    const insert = make.call(offset, 'cel.@mapInsert', so(), ...inserted);
    const step = predicate === undefined ? insert : make.call(offset, '_?_:_', predicate, insert, so());
    return expanded(make.loop(offset, { ...range, initial, condition, step, result: so() }));
  };
}

/** Gives `value` the name `variable` inside `result`. */
function bind(
  make: ExpressionBuilder,
  offset: number,
  named: { readonly variable: string; readonly value: Expression; readonly result: Expression },
): Expression {
  return make.loop(offset, {
    range: make.list(offset, []),
    variable: '#unused',
    accumulator: named.variable,
    initial: named.value,
    condition: make.literal(offset, false),
    step: make.identifier(offset, named.variable),
    result: named.result,
  });
}

function optionalMap(name: 'optMap' | 'optFlatMap'): Macro {
  return (call) => {
    const variable = argument(call, 0);
    if (variable.kind !== 'identifier') return wrong(variable, `${name}() variable name must be a simple identifier`);
    const { builder: make, offset } = call;
    const target = call.target as Expression;
    const present = make.memberCall(offset, 'hasValue', target, []);
    const value = make.memberCall(offset, 'value', make.copy(target), []);
    const mapped = bind(make, offset, { variable: variable.name, value, result: argument(call, 1) });
    const some = name === 'optMap' ? make.call(offset, 'optional.of', mapped) : mapped;
    return expanded(make.call(offset, '_?_:_', present, some, make.call(offset, 'optional.none')));
  };
}

function sortBy(call: MacroCall): Expansion {
  const { builder: make, offset } = call;
  const target = call.target as Expression;
  if (target.kind === 'literal' || target.kind === 'map' || target.kind === 'struct')
    return wrong(target, 'sortBy can only be applied to a list, identifier, comprehension, call or select expression');
  const names = loopNames(call, 1, 'argument is not an identifier');
  if ('kind' in names) return names;
  const variable = '@__sortBy_input__';
  const range = { range: make.identifier(offset, variable), variable: names.first };
  const keys = collect(make, offset, range, { element: argument(call, 1), predicate: undefined });
  const result = make.memberCall(offset, '@sortByAssociatedKeys', make.identifier(offset, variable), [keys]);
  return expanded(bind(make, offset, { variable, value: target, result }));
}
