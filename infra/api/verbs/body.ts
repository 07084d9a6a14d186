// The body of a request as an object of the kind the endpoint takes: decoded, its fields checked as fieldValidation asks.

import { assert } from '../../../streams/base/assert.ts';
import { limits } from '../../../streams/base/limits.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { type ConformOptions, cannotBeHandled, conform, type FieldValidation } from '../codec/conform.ts';
import { decodeBody, notRegistered, parseJson } from '../codec/decode-body.ts';
import { parseYaml } from '../codec/yaml-body.ts';
import { ApiError, badRequest, tooLarge } from '../errors.ts';
import { type ApiRequest, BodyTooLarge } from '../http/exchange.ts';
import type { ObjectSchema } from '../kinds/schema.ts';
import { schemaOf } from '../kinds/type-names.ts';
import type { Json } from '../patch/json-value.ts';

export type Expected = { readonly group: string; readonly version: string; readonly kind: string };

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
    protobuf: (apiVersion, kind) => schemaFor(apiVersion, kind, expected),
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
  checkType(object, expected);
  const schema = schemaOf(apiVersionOf(expected), expected.kind);
  assert(schema !== undefined, `the facts table has ${expected.kind}`);
  const outcome = conform(object as Record<string, unknown>, schema, { fieldValidation, ...strictness });
  if (outcome.type === 'refused') {
    throw badRequest(cannotBeHandled(expected, expected.kind, outcome.message));
  }
  for (const warning of outcome.warnings) warn(warning);
  return outcome.object as AnyObject;
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
export async function readPatch(request: ApiRequest, applies: boolean): Promise<Json> {
  const bytes = await readBytes(request);
  const parsed = parseJson(bytes);
  if (parsed.type === 'parsed') return parsed.value as Json;
  if (!applies) throw badRequest(`error decoding patch: ${parsed.message}`);
  const yaml = parseYaml(bytes.toString('utf8'));
  if (yaml.type === 'malformed') throw badRequest(`error decoding YAML: ${yaml.message}`);
  return yaml.value as Json;
}

function schemaFor(apiVersion: string, kind: string, expected: Expected): ObjectSchema | undefined {
  if (kind !== '' && apiVersion !== '') return schemaOf(apiVersion, kind);
  return schemaOf(apiVersionOf(expected), expected.kind);
}

function apiVersionOf({ group, version }: Expected): string {
  return group === '' ? version : `${group}/${version}`;
}
