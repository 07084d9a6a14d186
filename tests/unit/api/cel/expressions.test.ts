import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Compilation, compile } from '../../../../infra/api/cel/cel.ts';
import { UNBOUNDED } from '../../../../infra/api/cel/estimates.ts';
import { dynamicValue } from '../../../../infra/api/cel/json-values.ts';
import { parse } from '../../../../infra/api/cel/parser.ts';
import { MALFORMED, ROWS } from './expression-table.ts';
import { bindings, environment } from './sample.ts';
import { showValue } from './show-value.ts';

function told(compilation: Compilation): { readonly outcome: string; readonly cost: number } {
  if (compilation.kind === 'unusable') return { outcome: `unusable: ${compilation.message}`, cost: 0 };
  if (compilation.kind === 'rejected') {
    const errors = compilation.text.split('\n').filter((line) => line.startsWith('ERROR: <input>:'));
    return { outcome: `rejected: ${errors.map((line) => line.slice('ERROR: <input>:'.length)).join('; ')}`, cost: 0 };
  }
  const evaluation = compilation.program.evaluate(bindings);
  if (evaluation.kind === 'value') return { outcome: showValue(evaluation.value), cost: evaluation.cost };
  return { outcome: evaluation.kind === 'error' ? `error: ${evaluation.message}` : evaluation.kind, cost: 0 };
}

function estimated(compilation: Compilation): string {
  if (compilation.kind !== 'compiled') return '';
  const { min, max } = compilation.program.estimate(() => undefined);
  return `${min}..${max > UNBOUNDED / 1_000_000n ? 'unbounded' : max}`;
}

describe('expressions are what cel-go says they are', () => {
  test.each(ROWS)('%s', (expression, outcome, cost, estimate) => {
    const compilation = compile(expression, environment);
    expect(told(compilation)).toEqual({ outcome, cost });
    if (compilation.kind === 'compiled') expect(estimated(compilation)).toBe(estimate);
  });
});

test.each(MALFORMED)('what is no expression is told where and why: %s', (expression, text) => {
  const compilation = compile(expression, environment);
  expect(compilation.kind === 'rejected' ? compilation.text : compilation.kind).toBe(text);
});

const pieces = fc.constantFrom(
  ...'self . [ ] ( ) { } , : ? ! - + * / % < <= == && || in true null 1 1u 0x1f 1.5e3 "a" \'b\' r"c" b"d" x has all map filter'.split(
    ' ',
  ),
  '\n',
  '`a-b`',
  '$',
  '\\',
  '"',
);

describe('whatever the text', () => {
  test('the parser says what is wrong, or gives an expression', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 40 }).map((all) => all.join(' ')),
        ),
        (text) => {
          const parsed = parse(text);
          if (parsed.kind === 'malformed') expect(parsed.issues.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a compiled expression gives a value or an error within its limit', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), fc.nat(200), (all, limit) => {
        const compilation = compile(all.join(' '), environment);
        if (compilation.kind !== 'compiled') return;
        const evaluation = compilation.program.evaluate(bindings, limit);
        if (evaluation.kind !== 'limitExceeded') expect(evaluation.cost).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 500 },
    );
  });

  test('nesting beyond reason is refused', () => {
    for (const text of ['('.repeat(5000), `${'['.repeat(300)}${']'.repeat(300)}`, `1${'+1'.repeat(5000)}`])
      expect(parse(text).kind).toBe('malformed');
    expect(compile(`1${'+1'.repeat(300)}`, environment)).toMatchObject({
      kind: 'rejected',
      text: 'ERROR: <input>:-1:0: max recursion depth exceeded',
    });
    expect(compile(Array.from({ length: 2000 }, () => 'b').join(' && '), environment).kind).toBe('compiled');
  });
});

const operands = ['true', 'false', '1/0 > 0', 'dyn(1)', 'self.nope'] as const;

describe('logic gives the same answer in either order', () => {
  for (const operator of ['&&', '||'])
    for (const left of operands)
      for (const right of operands)
        test(`${left} ${operator} ${right}`, () => {
          const decided = [`${left} ${operator} ${right}`, `${right} ${operator} ${left}`].map((text) => {
            const compilation = compile(text.replace('dyn(1)', 'dyn(i)'), environment);
            const evaluation = compilation.kind === 'compiled' ? compilation.program.evaluate(bindings) : undefined;
            return evaluation?.kind === 'value' ? evaluation.value : 'error';
          });
          expect(decided[0]).toBe(decided[1]);
        });
});

describe('an evaluation ends within its limit', () => {
  const evaluate = (text: string, limit: number) => {
    const compilation = compile(text, environment);
    return compilation.kind === 'compiled' ? compilation.program.evaluate(bindings, limit) : compilation;
  };

  test('loops inside loops are stopped', () => {
    const nested = 'lists.range(100).all(a, lists.range(100).all(b, lists.range(100).all(c, a + b + c >= 0)))';
    expect(evaluate(nested, 100_000)).toMatchObject({ kind: 'limitExceeded' });
  });

  test('a pattern that would keep a backtracking matcher busy for ages costs what its length says', () => {
    const pattern = "lists.range(40).map(x, 'a').join().matches('^(a+)+$') || true";
    const evaluation = evaluate(pattern, 1_000_000);
    expect(evaluation).toMatchObject({ kind: 'value', value: true });
    const against = evaluate("(lists.range(40).map(x, 'a').join() + '!').matches('^(a+)+$')", 1_000_000);
    expect(against).toMatchObject({ kind: 'value', value: false });
  });

  test('a long range is no longer than a limit would let it become', () => {
    expect(evaluate('lists.range(9223372036854775807).size() > 0', 1_000_000)).toMatchObject({ kind: 'limitExceeded' });
  });
});

describe('work that costs little is bounded as well', () => {
  const large = dynamicValue({
    all: Array.from({ length: 20_000 }, (_, at) => ({ at, name: `n${at}` })),
    text: 'x'.repeat(1_000_000),
    keys: Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, at])),
  });
  const rows: readonly (readonly [string, string])[] = [
    ['self.all.all(x, self == self)', 'limitExceeded'],
    ['self.all.all(x, self.text.size() > 0)', 'limitExceeded'],
    ['self.all.all(x, size(self.keys) > 0)', 'value'],
    ['self.all.distinct().size() > 0', 'limitExceeded'],
    ['self.all.all(x, x in self.all)', 'limitExceeded'],
    ["self.text.matches('[a-x]{999}y')", 'limitExceeded'],
    ["self.all[0].name.matches('^[a-z0-9]{1,253}$')", 'value'],
    ['self.text.replace("", self.text).size() > 0', 'error'],
    ['self.all.map(x, self.text).join().size() > 0', 'error'],
    ['"%s".format([self.all.map(x, self.text)]).size() > 0', 'error'],
  ];

  test.each(rows)('%s: %s', (text, outcome) => {
    const compilation = compile(text, environment);
    const evaluation = compilation.kind === 'compiled' ? compilation.program.evaluate({ self: large }) : compilation;
    expect(evaluation.kind).toBe(outcome);
  });
});
