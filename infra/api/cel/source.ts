// The text of an expression and what can be said about it: where a character stands, and how an error is shown, which
// is exactly the way cel-go shows it, because users and conformance match on these texts.
// Invariant: offsets are UTF-16 positions in the text; lines count from 1 and columns from 0 in code points.

export type Issue = {
  /** UTF-16 position in the expression; `nowhere` for an error of the expression as a whole. */
  readonly offset: number;
  readonly message: string;
};

export const NOWHERE = -1;

const ISSUES_MAX = 100;

/** All errors of an expression as one text, ordered by place. */
export function showIssues(text: string, issues: readonly Issue[]): string {
  const placed = issues.slice(0, ISSUES_MAX).map((issue) => ({ issue, at: locate(text, issue.offset) }));
  placed.sort((left, right) => left.at.line - right.at.line || left.at.column - right.at.column);
  const shown = placed.map(({ issue, at }) => showIssue(text, at, issue.message));
  if (issues.length > ISSUES_MAX) shown.push(`${issues.length - ISSUES_MAX} more errors were truncated`);
  return shown.join('\n');
}

type Location = { readonly line: number; readonly column: number };

function locate(text: string, offset: number): Location {
  if (offset === NOWHERE) return { line: -1, column: -1 };
  if (text === '') return { line: 1, column: -1 };
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', start)) {
    line++;
    start = at + 1;
  }
  return { line, column: codePoints(text.slice(start, offset)) };
}

function showIssue(text: string, { line, column }: Location, message: string): string {
  const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
  const content = line < 1 || text === '' ? undefined : text.split('\n')[line - 1];
  if (content === undefined) return head;
  const snippet = content.replaceAll('\t', ' ');
  let pointer = '';
  let at = 0;
  for (const character of snippet) {
    if (at++ >= column) break;
    pointer += isWide(character) ? '\uff0e' : '.';
  }
  const under = [...snippet][column];
  return `${head}\n | ${snippet}\n | ${pointer}${under !== undefined && isWide(under) ? '\uff3e' : '^'}`;
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}

/** How many code points a text has; CEL measures strings with it. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(at + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        count--;
        at++;
      }
    }
  }
  return count;
}
