// What becomes of the body of a request about a custom resource before anything decides about it: metadata takes the form
// all metadata has, what the schema does not know is dropped (and told as fieldValidation asks), nulls that mean nothing
// go, defaults come. Invariant: an object that conforms is returned as it is, and conforming twice changes nothing.

import type { Conformed, ConformOptions } from '../codec/conform.ts';
import { duplicateFields } from '../codec/duplicate-keys.ts';
import { countKeys } from '../codec/json-measure.ts';
import { defaulted, withoutNulls } from './defaulting.ts';
import { coercedMetadata, coerceEmbedded, MalformedMetadata } from './embedded-meta.ts';
import type { Json } from './json.ts';
import { prune } from './prune.ts';
import type { Structural } from './structural.ts';

const noWarnings: readonly string[] = [];
/** Kubernetes reports no more. */
const findingsMax = 100;

export function conformCustom(object: Json, structural: Structural | undefined, options: ConformOptions): Conformed {
  const { fieldValidation, json, findings = noWarnings } = options;
  const reports = fieldValidation !== 'Ignore';
  const unknown: string[] = [];
  let shaped: Json;
  try {
    shaped = shape(object, structural, reports ? unknown : undefined);
  } catch (error) {
    if (error instanceof MalformedMetadata) return { type: 'refused', message: error.message };
    throw error;
  }
  if (!reports) return { type: 'conforms', object: shaped, warnings: noWarnings };
  const duplicates = json !== undefined && json.keys !== countKeys(object) ? duplicateFields(json.bytes) : noWarnings;
  const names = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  const found = [...findings, ...duplicates, ...names].slice(0, findingsMax);
  if (fieldValidation === 'Strict' && found.length > 0)
    return { type: 'refused', message: `strict decoding error: ${found.join(', ')}` };
  return { type: 'conforms', object: shaped, warnings: found };
}

/** Throws MalformedMetadata. Unknown fields are told in upstream's order: those of metadata, of the schema, of embedded objects. */
function shape(object: Json, structural: Structural | undefined, unknown: string[] | undefined): Json {
  const reporting = <T>(run: (report: { report?: (path: string) => void }) => T): T => {
    if (unknown === undefined) return run({});
    const paths: string[] = [];
    const result = run({ report: (path) => void paths.push(path) });
    unknown.push(...paths.sort());
    return result;
  };
  const given = object.metadata ?? undefined;
  const metadata =
    given === undefined ? undefined : reporting(({ report }) => coercedMetadata(given, 'metadata', report));
  const pruned = reporting((report) => prune(object, structural, { root: true, ...report }));
  const plain = withoutNulls(pruned, structural);
  const coerced = reporting((report) => coerceEmbedded(plain, structural, { path: '', ...report }));
  const result = defaulted(coerced, structural) as Json;
  return metadata === undefined || result.metadata === metadata ? result : { ...result, metadata };
}
