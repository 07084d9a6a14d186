// Makes a decoded object what Go's decode and encode would make of it: wrong types are refused in Kubernetes' words,
// unknown fields are dropped (and reported as fieldValidation asks), quantities and times become canonical, empty values
// vanish or appear as Go prints them. Invariant: an object that conforms is returned as it is, without a copy, and
// conforming twice changes nothing.

import type { ObjectSchema } from '../kinds/schema.ts';
import { ConformWalk } from './conform-walk.ts';
import { strictFindings } from './duplicate-keys.ts';

/** The query parameter of the same name: what to do about unknown and duplicate fields. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export type ConformOptions = {
  readonly fieldValidation: FieldValidation;
  /** The JSON text the object was parsed from, and the keys in it: duplicates are found by comparing. */
  readonly json?: { readonly bytes: Uint8Array; readonly keys: number };
  /** Findings made while decoding (duplicate keys of a YAML body). */
  readonly findings?: readonly string[];
};

export type Conformed =
  | {
      readonly type: 'conforms';
      readonly object: Record<string, unknown>;
      /** For `Warning` headers: `unknown field "spec.foo"`. Empty unless fieldValidation is Warn. */
      readonly warnings: readonly string[];
    }
  /** The error to wrap by `cannotBeHandled`. */
  | { readonly type: 'refused'; readonly message: string };

const NO_WARNINGS: readonly string[] = [];
/** Kubernetes reports no more. */
const FINDINGS_MAX = 100;

export function conform(
  object: Record<string, unknown>,
  schema: ObjectSchema,
  options: ConformOptions = { fieldValidation: 'Ignore' },
): Conformed {
  const { fieldValidation, json } = options;
  const reportsUnknown = fieldValidation !== 'Ignore';
  const walk = new ConformWalk({ reportsUnknown, countsKeys: reportsUnknown && json !== undefined });
  const result = walk.run(object, schema);
  if (walk.fault !== undefined) return { type: 'refused', message: walk.fault };
  if (fieldValidation === 'Ignore') return { type: 'conforms', object: result, warnings: NO_WARNINGS };
  // With duplicates the parsed object no longer shows what was written where: only the text does.
  const found = json !== undefined && json.keys !== walk.keys ? strictFindings(json.bytes, schema) : walk.unknown;
  const findings = [...(options.findings ?? NO_WARNINGS), ...found].slice(0, FINDINGS_MAX);
  if (fieldValidation === 'Strict' && findings.length > 0) {
    return { type: 'refused', message: `strict decoding error: ${findings.join(', ')}` };
  }
  return { type: 'conforms', object: result, warnings: findings };
}

/** The API server's answer (400 BadRequest) to a body of a known kind that does not decode. */
export function cannotBeHandled(
  body: { readonly kind: string; readonly version: string },
  expectedKind: string,
  message: string,
): string {
  return `${body.kind} in version ${JSON.stringify(body.version)} cannot be handled as a ${expectedKind}: ${message}`;
}
