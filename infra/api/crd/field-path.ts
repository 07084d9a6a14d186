// Paths that name a field of a schema: `.spec.replicas`, `['my.key']`. Selectable fields are named so, and the field a CEL
// rule blames.

import type { Structural } from './structural.ts';

export type FieldAt =
  | { readonly kind: 'field'; readonly path: readonly string[]; readonly schema: Structural | undefined }
  /** In upstream's words. */
  | { readonly kind: 'invalid'; readonly message: string };

export function fieldAt(schema: Structural, text: string, { arrays }: { readonly arrays: boolean }): FieldAt {
  const tokens = text.match(/'(?:\\.|[^'\\])*'|[.[\]]|[^.[\]']+|'/g) ?? [];
  const path: string[] = [];
  let current: Structural | undefined = schema;
  for (let at = 0; at < tokens.length; ) {
    const step = nextStep(tokens, at, arrays);
    if (step.kind === 'invalid') return step;
    if (current === undefined) return invalid('does not refer to a valid field');
    if (current.properties.size > 0) {
      current = current.properties.get(step.name);
      if (current === undefined) return invalid('does not refer to a valid field');
    } else if (current.additional !== undefined) {
      current = typeof current.additional === 'object' ? current.additional : undefined;
    } else return invalid('does not refer to a valid field');
    path.push(step.name);
    at = step.next;
  }
  return { kind: 'field', path, schema: current };
}

type Step = { readonly kind: 'step'; readonly name: string; readonly next: number };

function nextStep(tokens: readonly string[], at: number, arrays: boolean): Step | (FieldAt & { kind: 'invalid' }) {
  const token = tokens[at] ?? '';
  const name = tokens[at + 1];
  if (token === '.') {
    return name === undefined ? invalid('unexpected end of JSON path') : { kind: 'step', name, next: at + 2 };
  }
  if (token !== '[') return invalid(`expected [ or . but got: ${token}`);
  if (!arrays) return invalid('array notation is not allowed');
  if (name === undefined) return invalid('unexpected end of JSON path');
  if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'")) {
    return invalid(`expected single quoted string but got ${name}`);
  }
  const closing = tokens[at + 2];
  if (closing === undefined) return invalid('unexpected end of JSON path');
  if (closing !== ']') return invalid(`expected ] but got ${closing}`);
  return { kind: 'step', name: name.slice(1, -1).replaceAll(/\\(.)/g, '$1'), next: at + 3 };
}

function invalid(message: string): FieldAt & { kind: 'invalid' } {
  return { kind: 'invalid', message };
}
