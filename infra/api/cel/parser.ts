// Tokens to an expression, with macros expanded: recursive descent along CEL's grammar. The texts of syntax errors are
// those ANTLR gives for it. A superfluous or missing token is reported and passed over; after anything worse there is
// nothing sensible to add, and parsing ends.

import type { Expression, MapEntry, StructField } from './ast.ts';
import { ExpressionBuilder } from './builder.ts';
import { type Token, tokenize } from './lexer.ts';
import { bytesLiteral, intLiteral, stringLiteral, uintLiteral } from './literals.ts';
import { findMacro } from './macros.ts';
import { codePoints, type Issue, NOWHERE } from './source.ts';
import { BEGINS_EXPRESSION, TokenReader } from './token-reader.ts';
import { Uint, type Value } from './values.ts';

const SIZE_MAX = 100_000;
/** Bounds nesting and the length of chains, and with them every recursion over an expression. */
const DEPTH_MAX = 250;
const CHAIN_TOO_LONG = 'max recursion depth exceeded';

const RELATIONS: ReadonlySet<string> = new Set(['<', '<=', '>=', '>', '==', '!=', 'in']);
const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

export type Parsed =
  | { readonly kind: 'parsed'; readonly expression: Expression }
  | { readonly kind: 'malformed'; readonly issues: readonly Issue[] };

export function parse(text: string): Parsed {
  const size = codePoints(text);
  if (size > SIZE_MAX) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${SIZE_MAX}`;
    return { kind: 'malformed', issues: [{ offset: NOWHERE, message }] };
  }
  const issues: Issue[] = [];
  const parser = new Parser(new TokenReader(tokenize(text, issues), issues), issues);
  const expression = parser.whole();
  return expression === undefined || issues.length > 0 ? { kind: 'malformed', issues } : { kind: 'parsed', expression };
}

/** Ends parsing after an error nothing sensible can follow; caught in `whole`. */
const GAVE_UP = Symbol('gave up');

class Parser {
  readonly #tokens: TokenReader;
  readonly #issues: Issue[];
  readonly #make = new ExpressionBuilder();
  #depth = 0;

  constructor(tokens: TokenReader, issues: Issue[]) {
    this.#tokens = tokens;
    this.#issues = issues;
  }

  whole(): Expression | undefined {
    try {
      const expression = this.#expression();
      this.#tokens.expectEnd();
      return expression;
    } catch (thrown) {
      if (thrown === GAVE_UP || thrown === TokenReader.GAVE_UP) return undefined;
      throw thrown;
    }
  }

  #expression(): Expression {
    this.#deeper(1);
    const condition = this.#logical('||', () => this.#logical('&&', () => this.#relation()));
    const question = this.#tokens.take('?');
    let result = condition;
    if (question !== undefined) {
      const yes = this.#logical('||', () => this.#logical('&&', () => this.#relation()));
      this.#tokens.expect(':');
      result = this.#call(question.offset, '_?_:_', condition, yes, this.#expression());
    }
    this.#deeper(-1);
    return result;
  }

  #deeper(by: number, message = `expression recursion limit exceeded: ${DEPTH_MAX}`): void {
    this.#depth += by;
    if (this.#depth <= DEPTH_MAX) return;
    this.#issues.push({ offset: NOWHERE, message });
    throw GAVE_UP;
  }

  /** Long chains of `&&` and `||` become balanced trees. */
  #logical(operator: '||' | '&&', operand: () => Expression): Expression {
    const terms = [operand()];
    const operators: number[] = [];
    for (let token = this.#tokens.take(operator); token !== undefined; token = this.#tokens.take(operator)) {
      operators.push(token.offset);
      terms.push(operand());
    }
    const balance = (low: number, high: number): Expression => {
      const middle = (low + high + 1) >> 1;
      const left = middle === low ? (terms[middle] as Expression) : balance(low, middle - 1);
      const right = middle === high ? (terms[middle + 1] as Expression) : balance(middle + 1, high);
      return this.#make.call(operators[middle] ?? 0, `_${operator}_`, left, right);
    };
    return operators.length === 0 ? (terms[0] as Expression) : balance(0, operators.length - 1);
  }

  #chain(operators: ReadonlySet<string>, operand: () => Expression): Expression {
    let left = operand();
    let links = 0;
    while (this.#tokens.isPunctuation() && operators.has(this.#tokens.current.text)) {
      this.#deeper(1, CHAIN_TOO_LONG);
      links++;
      const operator = this.#tokens.advance();
      const name = operator.text === 'in' ? '@in' : `_${operator.text}_`;
      left = this.#call(operator.offset, name, left, operand());
    }
    this.#depth -= links;
    return left;
  }

  #relation(): Expression {
    return this.#chain(RELATIONS, () => this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary())));
  }

  #unary(): Expression {
    this.#tokens.expectStart(BEGINS_EXPRESSION);
    const first = this.#tokens.current;
    if (first.kind === 'punctuation' && (first.text === '!' || first.text === '-')) {
      const next = this.#tokens.peek();
      const isSign = first.text === '-' && (next.kind === 'int' || next.kind === 'float');
      if (!isSign) return this.#negation(first);
    }
    return this.#member();
  }

  #negation(first: Token): Expression {
    let count = 0;
    for (; this.#tokens.take(first.text as '!' | '-') !== undefined; count++);
    const operand = this.#member();
    return count % 2 === 0 ? operand : this.#call(first.offset, `${first.text}_`, operand);
  }

  #member(): Expression {
    let result = this.#primary();
    let links = 0;
    for (;;) {
      const dot = this.#tokens.take('.');
      const bracket = dot === undefined ? this.#tokens.take('[') : undefined;
      if (dot === undefined && bracket === undefined) break;
      this.#deeper(1, CHAIN_TOO_LONG);
      links++;
      result = dot === undefined ? this.#index(result, (bracket as Token).offset) : this.#selection(result, dot);
    }
    this.#depth -= links;
    return result;
  }

  #selection(operand: Expression, dot: Token): Expression {
    const optional = this.#tokens.take('?') !== undefined;
    const name = this.#tokens.fieldName(dot, optional);
    if (!optional && name.kind === 'identifier') {
      const open = this.#tokens.take('(');
      if (open !== undefined) return this.#memberCall(operand, name.text, open.offset);
    }
    if (optional) return this.#make.call(dot.offset, '_?._', operand, this.#make.literal(name.offset, name.text));
    return this.#make.select(dot.offset, operand, name.text);
  }

  #index(operand: Expression, offset: number): Expression {
    const optional = this.#tokens.take('?') !== undefined;
    if (!optional) this.#tokens.expectStart(BEGINS_EXPRESSION, ['?']);
    const index = this.#expression();
    this.#tokens.expect(']');
    return this.#call(offset, optional ? '_[?_]' : '_[_]', operand, index);
  }

  #primary(): Expression {
    this.#tokens.expectStart(BEGINS_EXPRESSION);
    const token = this.#tokens.current;
    switch (token.kind) {
      case 'identifier':
        return this.#named('', token);
      case 'punctuation':
        return this.#punctuated(token);
      case 'end':
      case 'escaped-identifier':
        return this.#tokens.fail(token);
      default:
        return this.#number(this.#tokens.advance(), '', token.offset);
    }
  }

  #punctuated(token: Token): Expression {
    this.#tokens.advance();
    switch (token.text) {
      case 'true':
      case 'false':
        return this.#make.literal(token.offset, token.text === 'true');
      case 'null':
        return this.#make.literal(token.offset, null);
      case '(': {
        const inner = this.#expression();
        this.#tokens.expect(')');
        return inner;
      }
      case '[':
        return this.#list(token.offset);
      case '{':
        return this.#map(token.offset);
      case '.':
        return this.#named('.', this.#tokens.expectIdentifier());
      case '-':
        return this.#number(this.#tokens.advance(), '-', token.offset);
      default:
        return this.#tokens.fail(token);
    }
  }

  #number(token: Token, sign: string, offset: number): Expression {
    switch (token.kind) {
      case 'int':
        return this.#literal(offset, intLiteral(sign + token.text), 'invalid int literal');
      case 'uint': {
        const value = uintLiteral(token.text);
        return this.#literal(offset, value === undefined ? undefined : new Uint(value), 'invalid uint literal');
      }
      case 'float': {
        const value = Number(sign + token.text);
        return this.#literal(offset, Number.isFinite(value) ? value : undefined, 'invalid double literal');
      }
      case 'string':
        return this.#literal(offset, stringLiteral(token.text), 'unable to unescape string');
      case 'bytes':
        return this.#literal(offset, bytesLiteral(token.text), 'unable to unescape string');
      default:
        return this.#tokens.fail(token);
    }
  }

  #literal(offset: number, value: Value | undefined, wrong: string): Expression {
    if (value === undefined) this.#issues.push({ offset, message: wrong });
    return this.#make.literal(offset, value ?? null);
  }

  /** An identifier, a call, or a structure whose type name may have dots. */
  #named(prefix: string, token: Token): Expression {
    const braceAfter = this.#tokens.dottedNameBeforeBrace();
    if (braceAfter > 0) {
      const name = this.#tokens.advanceBy(braceAfter);
      return this.#struct(prefix + name.join(''));
    }
    this.#tokens.advance();
    if (RESERVED.has(token.text))
      this.#issues.push({ offset: token.offset, message: `reserved identifier: ${token.text}` });
    const open = this.#tokens.take('(');
    if (open === undefined) return this.#make.identifier(token.offset, prefix + token.text);
    return this.#call(open.offset, prefix + token.text, ...this.#parameters());
  }

  #parameters(): readonly Expression[] {
    if (this.#tokens.take(')') !== undefined) return [];
    this.#tokens.expectStart(BEGINS_EXPRESSION, [')']);
    const parameters = [this.#expression()];
    while (this.#tokens.take(',') !== undefined) parameters.push(this.#expression());
    this.#tokens.expect(')');
    return parameters;
  }

  #list(offset: number): Expression {
    const elements: Expression[] = [];
    const optional = new Set<number>();
    this.#tokens.sequence(']', BEGINS_EXPRESSION, () => {
      if (this.#tokens.take('?') !== undefined) optional.add(elements.length);
      elements.push(this.#expression());
    });
    return this.#make.list(offset, elements, optional);
  }

  #map(offset: number): Expression {
    const entries: MapEntry[] = [];
    this.#tokens.sequence('}', BEGINS_EXPRESSION, () => {
      const optional = this.#tokens.take('?') !== undefined;
      const key = this.#expression();
      const colon = this.#tokens.expect(':');
      entries.push(this.#make.mapEntry(colon.offset, key, this.#expression(), optional));
    });
    return this.#make.map(offset, entries);
  }

  #struct(type: string): Expression {
    const open = this.#tokens.advance();
    const fields: StructField[] = [];
    this.#tokens.sequence('}', ['IDENTIFIER', 'ESC_IDENTIFIER'], () => {
      const optional = this.#tokens.take('?') !== undefined;
      const name = this.#tokens.expectFieldName();
      const colon = this.#tokens.expect(':');
      fields.push(this.#make.structField(colon.offset, name.text, this.#expression(), optional));
    });
    return this.#make.struct(open.offset, type, fields);
  }

  #memberCall(target: Expression, name: string, offset: number): Expression {
    const parameters = this.#parameters();
    return this.#expand(name, offset, target, parameters) ?? this.#make.memberCall(offset, name, target, parameters);
  }

  #call(offset: number, name: string, ...parameters: readonly Expression[]): Expression {
    return this.#expand(name, offset, undefined, parameters) ?? this.#make.call(offset, name, ...parameters);
  }

  #expand(
    name: string,
    offset: number,
    target: Expression | undefined,
    parameters: readonly Expression[],
  ): Expression | undefined {
    const macro = findMacro(name, target !== undefined, parameters.length);
    if (macro === undefined) return undefined;
    const expansion = macro({ builder: this.#make, offset, target, arguments: parameters });
    if (expansion.kind === 'expanded') return expansion.expression;
    this.#issues.push(expansion.issue);
    return this.#make.literal(offset, null);
  }
}

const SUMS: ReadonlySet<string> = new Set(['+', '-']);
const PRODUCTS: ReadonlySet<string> = new Set(['*', '/', '%']);
