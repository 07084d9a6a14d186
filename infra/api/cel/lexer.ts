// Characters to tokens, after CEL's grammar. What is no token is reported and skipped, as cel-go's lexer does, so that
// one stray character does not hide the other errors of an expression.

import type { Issue } from './source.ts';

export type TokenKind =
  | 'end'
  | 'punctuation'
  | 'identifier'
  | 'escaped-identifier'
  | 'int'
  | 'uint'
  | 'float'
  | 'string'
  | 'bytes';

export type Token = { readonly kind: TokenKind; readonly text: string; readonly offset: number };

const BLANK = /[\t \r\n\f]+|\/\/[^\n]*/y;
const NUMBER = /\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|\.\d+(?:[eE][+-]?\d+)?|0x[\da-fA-F]+[uU]?|\d+[uU]?/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const ESCAPED_IDENTIFIER = /`[A-Za-z0-9_.\-/ ]+`/y;
const PUNCTUATION = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y;

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[xX][\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-3][0-7]{2})`;
const TEXT = new RegExp(
  [
    '[rR]"""[\\s\\S]*?"""',
    "[rR]'''[\\s\\S]*?'''",
    String.raw`[rR]"[^"\n\r]*"`,
    String.raw`[rR]'[^'\n\r]*'`,
    String.raw`"""(?:${ESCAPE}|[^\\])*?"""`,
    String.raw`'''(?:${ESCAPE}|[^\\])*?'''`,
    String.raw`"(?:${ESCAPE}|[^\\"\n\r])*"`,
    String.raw`'(?:${ESCAPE}|[^\\'\n\r])*'`,
  ].join('|'),
  'y',
);
const BYTES_PREFIX = /[bB](?=[rR]?["'])/y;
/** How far the lexer looked before it found that this is no text: an error names all of it. */
const UNFINISHED_TEXT = new RegExp(
  String.raw`[bB]?[rR]"[^"\n\r]*|[bB]?[rR]'[^'\n\r]*|[bB]?"(?:${ESCAPE}|[^\\"\n\r])*(?:\\[^\n\r]?)?|[bB]?'(?:${ESCAPE}|[^\\'\n\r])*(?:\\[^\n\r]?)?`,
  'y',
);
/** `=` alone is no token, nor are single `&` and `|`: the lexer saw one character more before it knew. */
const HALF_OPERATOR = /[=&|][\s\S]?/y;
const WORD_OPERATORS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);

export function tokenize(text: string, issues: Issue[]): readonly Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(text)?.[0];
  };
  while (offset < text.length) {
    const blank = take(BLANK);
    if (blank !== undefined) {
      offset += blank.length;
      continue;
    }
    const token = nextToken(take, offset);
    if (token === undefined) {
      const unknown = take(UNFINISHED_TEXT) ?? take(HALF_OPERATOR) ?? [...text.slice(offset, offset + 2)][0] ?? '';
      issues.push({ offset, message: `Syntax error: token recognition error at: '${visible(unknown)}'` });
      offset += unknown.length;
      continue;
    }
    tokens.push(token);
    offset += token.text.length;
  }
  tokens.push({ kind: 'end', text: '<EOF>', offset: text.length });
  return tokens;
}

function nextToken(take: (pattern: RegExp) => string | undefined, offset: number): Token | undefined {
  const string = take(TEXT);
  if (string !== undefined) return { kind: 'string', text: string, offset };
  if (take(BYTES_PREFIX) !== undefined) {
    const bytes = take(BYTES_TEXT);
    if (bytes !== undefined) return { kind: 'bytes', text: bytes, offset };
  }
  const number = take(NUMBER);
  if (number !== undefined) return { kind: numberKind(number), text: number, offset };
  const word = take(IDENTIFIER);
  if (word !== undefined) return { kind: WORD_OPERATORS.has(word) ? 'punctuation' : 'identifier', text: word, offset };
  const escaped = take(ESCAPED_IDENTIFIER);
  if (escaped !== undefined) return { kind: 'escaped-identifier', text: escaped, offset };
  const punctuation = take(PUNCTUATION);
  return punctuation === undefined ? undefined : { kind: 'punctuation', text: punctuation, offset };
}

const BYTES_TEXT = new RegExp(`[bB](?:${TEXT.source})`, 'y');

function numberKind(text: string): TokenKind {
  if (/[uU]$/.test(text)) return 'uint';
  return /^0x|^\d+$/.test(text) ? 'int' : 'float';
}

function visible(text: string): string {
  return text.replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
