// The annotation kubectl's client-side apply keeps its configuration in, and what server-side apply does about it for
// the manager `kubectl`: fields the annotation shows to be kubectl's own are no conflict, and the annotation follows
// the applied configuration, so that a user can go back to client-side apply.

import type { ObjectSchema } from '../kinds/schema.ts';
import { difference, EMPTY, type FieldSet, union } from './field-set.ts';
import { goJson } from './go-format.ts';
import { isObject, type Json, type JsonObject, own, withKey } from './json-value.ts';
import { changesBetween } from './object-changes.ts';
import { namedFields } from './owned-fields.ts';
import { validateApplied } from './validate-applied.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The field manager of `kubectl apply --server-side`. */
export const kubectlManager = 'kubectl';

/** Kubernetes' bound on an object's annotations, names and values together. */
export const annotationsBytesMax = 256 * 1024;

const annotationsOf = (object: JsonObject): JsonObject | undefined => {
  const metadata = own(object, 'metadata');
  const annotations = isObject(metadata) ? own(metadata, 'annotations') : undefined;
  return isObject(annotations) ? annotations : undefined;
};

const lastAppliedOf = (object: JsonObject): string => {
  const value = own(annotationsOf(object) ?? {}, lastAppliedAnnotation);
  return typeof value === 'string' ? value : '';
};

/** Fields the annotation names and the object still has as named there: client-side apply owns them for sure. */
export const fieldsOfLastApplied = (object: JsonObject, schema: ObjectSchema, apiVersion: string): FieldSet => {
  const configuration = parse(lastAppliedOf(object));
  if (configuration === undefined || own(configuration, 'apiVersion') !== apiVersion) return EMPTY;
  // Upstream compares the two only where both would do as applied configurations.
  if (validateApplied(configuration, schema) !== undefined || validateApplied(object, schema) !== undefined)
    return EMPTY;
  const { added, modified, removed } = changesBetween({ schema, before: configuration, after: object, ignored: EMPTY });
  return difference(namedFields(configuration, schema), union(union(modified, added), removed));
};

/** The object with its annotation, if it has one, saying what was applied. The same object if it already does. */
export const withLastApplied = (object: JsonObject, configuration: JsonObject): JsonObject => {
  if (lastAppliedOf(object) === '') return object;
  const value = `${goJson(withoutLastApplied(configuration))}\n`;
  const metadata = own(object, 'metadata') as JsonObject;
  const annotations = withKey(annotationsOf(object) as JsonObject, lastAppliedAnnotation, value);
  const fitting =
    bytesOf(annotations) <= annotationsBytesMax ? annotations : withKey(annotations, lastAppliedAnnotation, undefined);
  return withKey(object, 'metadata', withKey(metadata, 'annotations', fitting));
};

const withoutLastApplied = (configuration: JsonObject): JsonObject => {
  const annotations = annotationsOf(configuration);
  if (annotations === undefined) return configuration;
  const metadata = own(configuration, 'metadata') as JsonObject;
  const rest = withKey(annotations, lastAppliedAnnotation, undefined);
  return withKey(configuration, 'metadata', withKey(metadata, 'annotations', rest));
};

const bytesOf = (annotations: JsonObject): number => {
  let bytes = 0;
  for (const key in annotations) bytes += Buffer.byteLength(key) + Buffer.byteLength(String(annotations[key]));
  return bytes;
};

const parse = (json: string): JsonObject | undefined => {
  if (json === '') return undefined;
  try {
    const value = JSON.parse(json) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};
