// The body of a request as an object of the kind the endpoint takes: decoded, its fields checked as fieldValidation asks.

import { assert } from '../../../streams/base/assert.ts';
import { limits } from '../../../streams/base/limits.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import {
  type Conformed,
  type ConformOptions,
  cannotBeHandled,
  conform,
  type FieldValidation,
} from '../codec/conform.ts';
import { decodeBody, notRegistered, parseJson, unrecognized } from '../codec/decode-body.ts';
import { countKeys } from '../codec/json-measure.ts';
import { parseYaml } from '../codec/yaml-body.ts';
import { conformCustom } from '../crd/conform-custom.ts';
import { ApiError, badRequest, invalid, tooLarge } from '../errors.ts';
import { type ApiRequest, BodyTooLarge } from '../http/exchange.ts';
import type { Kind } from '../kinds/kind.ts';
import type { ObjectSchema } from '../kinds/schema.ts';
import { schemaOf } from '../kinds/type-names.ts';
import type { Json } from '../patch/json-value.ts';

export type Expected = Pick<Kind, 'group' | 'version' | 'kind' | 'custom'>;

export type BodyContext = {
  readonly request: ApiRequest;
  readonly fieldValidation: FieldValidation;
  warn(text: string): void;
};

export async function readBytes(request: ApiRequest): Promise<Buffer> {
  try {
    return await request.body(limits.requestBytesMax);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw tooLarge(error.bytesMax);
    throw error;
  }
}

/** The object in the body; undefined where the body is empty. */
export async function readObject(expected: Expected, context: BodyContext): Promise<AnyObject | undefined> {
  const bytes = await readBytes(context.request);
  if (bytes.length === 0) return undefined;
  const decoded = decodeBody({
    contentType: context.request.headers['content-type'],
    bytes,
    expectedKind: expected.kind,
    ...(expected.custom === undefined && {
      protobuf: (apiVersion: string, kind: string) => schemaFor(apiVersion, kind, expected),
    }),
  });
  if (decoded.type === 'unsupported') {
    throw new ApiError({ code: 415, reason: 'UnsupportedMediaType', message: decoded.message });
  }
  if (decoded.type === 'malformed') throw badRequest(decoded.message);
  return conformed(decoded.object, expected, context, decoded.strictness);
}

/** Checks an object against its kind's schema: a body that was read, or what a patch made. */
export function conformed(
  object: Readonly<Record<string, unknown>>,
  expected: Expected,
  { fieldValidation, warn }: Pick<BodyContext, 'fieldValidation' | 'warn'>,
  strictness: Omit<ConformOptions, 'fieldValidation'> = {},
): AnyObject {
  const outcome = shaped(object as Record<string, unknown>, expected, { fieldValidation, ...strictness });
  if (outcome.type === 'refused') {
    throw badRequest(cannotBeHandled(expected, expected.kind, outcome.message));
  }
  for (const warning of outcome.warnings) warn(warning);
  return outcome.object as AnyObject;
}

function shaped(object: Record<string, unknown>, expected: Expected, options: ConformOptions): Conformed {
  if (expected.custom !== undefined) {
    checkCustomType(object, expected);
    return conformCustom(object, expected.custom.structural, options);
  }
  checkType(object, expected);
  const schema = schemaOf(apiVersionOf(expected), expected.kind);
  assert(schema !== undefined, `the facts table has ${expected.kind}`);
  return conform(object, schema, options);
}

/** Nothing is guessed about the type of a custom resource. */
function checkCustomType(object: Readonly<Record<string, unknown>>, expected: Expected): void {
  const { apiVersion = '', kind = '' } = object;
  if (kind === '') {
    const text = JSON.stringify(object);
    throw badRequest(unrecognized(expected.kind, `Object 'Kind' is missing in '${text}'`, Buffer.from(text)));
  }
  const wanted = apiVersionOf(expected);
  if (apiVersion !== wanted) {
    // An object may have a toString that is no function.
    const given = typeof apiVersion === 'string' ? apiVersion : JSON.stringify(apiVersion);
    throw badRequest(`the API version in the data (${given}) does not match the expected API version (${wanted})`);
  }
  if (kind === expected.kind) return;
  const { metadata } = object as { readonly metadata?: { readonly name?: unknown } | null };
  throw invalid(expected, typeof metadata?.name === 'string' ? metadata.name : '', [
    { type: 'Invalid', field: 'kind', value: kind, detail: `must be ${expected.kind}` },
  ]);
}

/** A body says what it is only to be right about it. Options of meta/v1 may come under any group's version. */
function checkType(object: Readonly<Record<string, unknown>>, expected: Expected): void {
  const wanted = apiVersionOf(expected);
  // What is no text is refused with everything else that has the wrong type.
  const apiVersion = typeof object.apiVersion === 'string' && object.apiVersion !== '' ? object.apiVersion : wanted;
  const kind = typeof object.kind === 'string' && object.kind !== '' ? object.kind : expected.kind;
  if (kind === expected.kind && (apiVersion === wanted || expected.group === 'meta.k8s.io')) return;
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  const why =
    schemaOf(apiVersion, kind) === undefined
      ? notRegistered(apiVersion, kind)
      : `converting (${apiVersion}.${kind}) to (${wanted}.${expected.kind}): unknown conversion`;
  throw badRequest(cannotBeHandled({ kind, version }, expected.kind, why));
}

/** The body of a PATCH, which is no object of a kind: JSON, or YAML for apply (which most clients send as JSON). */
export async function readPatch(
  request: ApiRequest,
  { applies, fieldValidation, warn }: Omit<BodyContext, 'request'> & { readonly applies: boolean },
): Promise<Json> {
  const bytes = await readBytes(request);
  const parsed = parseJson(bytes);
  const complete = parsed.type === 'parsed' && (!applies || parsed.keys === countKeys(parsed.value));
  // Go reads null into a map as one without entries.
  const asGo = (value: unknown) => (applies ? (value ?? {}) : value) as Json;
  if (parsed.type === 'parsed' && (complete || fieldValidation === 'Ignore')) return asGo(parsed.value);
  if (!applies) throw badRequest(`error decoding patch: ${parsed.type === 'malformed' ? parsed.message : ''}`);
  // JSON is YAML too, and only a reader of YAML tells of keys that are written twice.
  const yaml = parseYaml(bytes.toString('utf8'));
  if (yaml.type === 'malformed') throw badRequest(`error decoding YAML: ${yaml.message}`);
  if (yaml.duplicates.length > 0 && fieldValidation !== 'Ignore') {
    const lines = yaml.duplicates.map((line) => line.replace(/^yaml: /, ''));
    const message = `error converting YAML to JSON: yaml: unmarshal errors:\n${lines.map((line) => `  ${line}`).join('\n')}`;
    if (fieldValidation === 'Strict') throw badRequest(`error strict decoding YAML: ${message}`);
    warn(message);
  }
  return asGo(yaml.value);
}

function schemaFor(apiVersion: string, kind: string, expected: Expected): ObjectSchema | undefined {
  if (kind !== '' && apiVersion !== '') return schemaOf(apiVersion, kind);
  return schemaOf(apiVersionOf(expected), expected.kind);
}

function apiVersionOf({ group, version }: Expected): string {
  return group === '' ? version : `${group}/${version}`;
}
