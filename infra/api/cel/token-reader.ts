// Reads tokens one by one and says what was expected where something else stands, in ANTLR's words and with its two
// repairs: a token too many is passed over when the one behind it fits, a missing closing token is taken as there when
// what stands in its place may follow it.

import type { Token } from './lexer.ts';
import type { Issue } from './source.ts';

/** The tokens an expression can begin with, in the order of the grammar's tokens. */
export const BEGINS_EXPRESSION: readonly string[] = [
  "'['",
  "'{'",
  "'('",
  "'.'",
  "'-'",
  "'!'",
  "'true'",
  "'false'",
  "'null'",
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
];

/** All tokens in the grammar's order: sets of expected tokens are printed in it. */
const TOKEN_ORDER: readonly string[] = [
  "'['",
  "']'",
  "'{'",
  "'}'",
  "'('",
  "')'",
  "'.'",
  "','",
  "'-'",
  "'!'",
  "'?'",
  "':'",
  "'true'",
  "'false'",
  "'null'",
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
  'ESC_IDENTIFIER',
];

const NAMES: Readonly<Record<Token['kind'], string>> = {
  end: '<EOF>',
  punctuation: '',
  identifier: 'IDENTIFIER',
  'escaped-identifier': 'ESC_IDENTIFIER',
  int: 'NUM_INT',
  uint: 'NUM_UINT',
  float: 'NUM_FLOAT',
  string: 'STRING',
  bytes: 'BYTES',
};

/** Closing tokens can be followed by anything an expression can be followed by. */
const MAY_FOLLOW_CLOSING = /^(?:<EOF>|[)\]},:?.[<>+\-*/%]|<=|>=|==|!=|in|&&|\|\|)$/;

export class TokenReader {
  static readonly GAVE_UP = Symbol('gave up');
  readonly #tokens: readonly Token[];
  readonly #issues: Issue[];
  #at = 0;

  constructor(tokens: readonly Token[], issues: Issue[]) {
    this.#tokens = tokens;
    this.#issues = issues;
  }

  get current(): Token {
    return this.peek(0);
  }

  peek(ahead = 1): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as Token;
  }

  isPunctuation(): boolean {
    return this.current.kind === 'punctuation';
  }

  advance(): Token {
    const token = this.current;
    this.#at++;
    return token;
  }

  advanceBy(count: number): readonly string[] {
    return Array.from({ length: count }, () => this.advance().text);
  }

  /** The token when it is this punctuation; otherwise nothing is read. */
  take(text: string): Token | undefined {
    return this.current.kind === 'punctuation' && this.current.text === text ? this.advance() : undefined;
  }

  expect(text: string): Token {
    const found = this.take(text);
    if (found !== undefined) return found;
    const token = this.current;
    const next = this.peek();
    if (next.kind === 'punctuation' && next.text === text) {
      this.#report(token, `extraneous input '${token.text}' expecting '${text}'`);
      this.advance();
      return this.advance();
    }
    const insert = text === ':' ? isStart(token) : MAY_FOLLOW_CLOSING.test(token.text);
    if (!insert) return this.#mismatch(token, `'${text}'`);
    this.#report(token, `missing '${text}' at '${token.text}'`);
    return token;
  }

  expectEnd(): void {
    const token = this.current;
    if (token.kind === 'end') return;
    if (this.peek().kind === 'end') this.#report(token, `extraneous input '${token.text}' expecting <EOF>`);
    else this.#report(token, `mismatched input '${token.text}' expecting <EOF>`);
  }

  /** Makes sure that what comes can begin an expression, or is one of the other texts. */
  expectStart(expected: readonly string[], others: readonly string[] = []): void {
    const token = this.current;
    if (isStart(token) || (token.kind === 'punctuation' && others.includes(token.text))) return;
    const names = inOrder([...expected, ...others.map((text) => `'${text}'`)]);
    if (!isStart(this.peek())) this.#mismatch(token, names);
    this.#report(token, `extraneous input '${token.text}' expecting ${names}`);
    this.advance();
  }

  fail(token: Token): never {
    return this.#mismatch(token, inOrder(BEGINS_EXPRESSION));
  }

  expectIdentifier(): Token {
    if (this.current.kind === 'identifier') return this.current;
    return this.#mismatch(this.current, 'IDENTIFIER');
  }

  /** The name behind a dot. */
  fieldName(dot: Token, optional: boolean): Token {
    if (optional) return this.expectFieldName();
    const token = this.current;
    if (token.kind === 'identifier') return this.advance();
    if (token.kind === 'escaped-identifier') return this.expectFieldName();
    const shown = token.kind === 'end' ? '.' : `.${token.text}`;
    const reserved = /^\.(true|false|null)$/.exec(shown)?.[1];
    const message =
      reserved === undefined
        ? `no viable alternative at input '${shown}'`
        : `mismatched input '${reserved}' expecting IDENTIFIER`;
    this.#report(reserved === undefined ? token : { ...token, offset: Math.max(token.offset, dot.offset) }, message);
    throw TokenReader.GAVE_UP;
  }

  expectFieldName(): Token {
    const token = this.current;
    if (token.kind === 'identifier') return this.advance();
    if (token.kind !== 'escaped-identifier') return this.#mismatch(token, '{IDENTIFIER, ESC_IDENTIFIER}');
    this.#issues.push({ offset: token.offset, message: "unsupported syntax: '`'" });
    return this.advance();
  }

  /** `item, item, …` up to the closing token; a comma may stand before it. */
  sequence(close: string, first: readonly string[], item: () => void): void {
    if (this.take(close) !== undefined) return;
    if (this.take(',') === undefined) {
      if (first === BEGINS_EXPRESSION) this.expectStart(first, [close, ',', '?']);
      else if (this.current.kind === 'end')
        this.#mismatch(this.current, inOrder([...first, `'${close}'`, "','", "'?'"]));
      item();
      while (this.take(',') !== undefined) {
        if (this.take(close) !== undefined) return;
        if (this.current.kind === 'end') break;
        item();
      }
      const token = this.current;
      const ended = this.peek(-1);
      if (token.text !== close && ended.text !== ',') {
        const next = this.peek();
        const names = inOrder([`'${close}'`, "','"]);
        if (next.text !== close && next.text !== ',') this.#mismatch(token, names);
        this.#report(token, `extraneous input '${token.text}' expecting ${names}`);
        this.advance();
      }
    }
    this.expect(close);
  }

  /** How many tokens `a.b.c` takes when a brace follows it, which makes it the name of a type; otherwise 0. */
  dottedNameBeforeBrace(): number {
    let count = 1;
    while (this.peek(count).text === '.' && this.peek(count + 1).kind === 'identifier') count += 2;
    const next = this.peek(count);
    return next.kind === 'punctuation' && next.text === '{' ? count : 0;
  }

  #mismatch(token: Token, expected: string): never {
    this.#report(token, `mismatched input '${token.text}' expecting ${expected}`);
    throw TokenReader.GAVE_UP;
  }

  #report(token: Token, message: string): void {
    this.#issues.push({ offset: token.offset, message: `Syntax error: ${message}` });
  }
}

function isStart(token: Token): boolean {
  if (token.kind === 'end' || token.kind === 'escaped-identifier') return false;
  return BEGINS_EXPRESSION.includes(token.kind === 'punctuation' ? `'${token.text}'` : NAMES[token.kind]);
}

function inOrder(names: readonly string[]): string {
  const sorted = TOKEN_ORDER.filter((name) => names.includes(name));
  return `{${sorted.join(', ')}}`;
}
