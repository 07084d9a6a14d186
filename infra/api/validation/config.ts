// What makes a ConfigMap, a Secret or a core Event invalid.

import type { ConfigMap, CoreEvent, Secret } from '../../../streams/resources/config.ts';
import type { FieldError } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { immutable } from './workloads.ts';

const dataBytesMax = 1024 * 1024;
const key = /^[-._a-zA-Z0-9]+$/;
const keyText =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

export function configMapProblems(next: ConfigMap, before: ConfigMap | undefined): FieldError[] {
  const errors = dataProblems(next.data, 'data');
  for (const name in next.binaryData) {
    errors.push(...keyProblems(name, `binaryData[${name}]`));
    if (next.data !== undefined && Object.hasOwn(next.data, name)) {
      errors.push({
        type: 'Invalid',
        field: `data[${name}]`,
        value: name,
        detail: 'duplicate of key present in binaryData',
      });
    }
  }
  if (textBytes(next.data) + decodedBytes(next.binaryData) > dataBytesMax) errors.push(tooLong('[]'));
  if (before?.immutable === true) {
    if (next.immutable !== true) errors.push(immutableOnce('immutable'));
    if (!equal(next.data, before.data)) errors.push(immutableOnce('data'));
    if (!equal(next.binaryData, before.binaryData)) errors.push(immutableOnce('binaryData'));
  }
  return errors;
}

export function secretProblems(next: Secret, before: Secret | undefined): FieldError[] {
  const errors = dataProblems(next.data, 'data');
  if (decodedBytes(next.data) > dataBytesMax) errors.push(tooLong('data'));
  if (before !== undefined && next.type !== before.type) errors.push(immutable('type', next.type));
  if (before?.immutable === true) {
    if (next.immutable !== true) errors.push(immutableOnce('immutable'));
    if (!equal(next.data, before.data)) errors.push(immutableOnce('data'));
  }
  return errors;
}

export function eventProblems(next: CoreEvent): FieldError[] {
  const involved = next.involvedObject?.namespace ?? '';
  const namespace = next.metadata.namespace ?? '';
  const fits = involved === '' ? namespace === 'default' || namespace === 'kube-system' : involved === namespace;
  if (fits) return [];
  return [
    { type: 'Invalid', field: 'involvedObject.namespace', value: involved, detail: 'does not match event.namespace' },
  ];
}

function dataProblems(data: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  return Object.keys(data ?? {}).flatMap((name) => keyProblems(name, `${field}[${name}]`));
}

function keyProblems(name: string, field: string): FieldError[] {
  if (name.length > 253)
    return [{ type: 'Invalid', field, value: name, detail: 'must be no more than 253 characters' }];
  if (name === '.' || name === '..') return [{ type: 'Invalid', field, value: name, detail: `must not be '${name}'` }];
  return key.test(name) ? [] : [{ type: 'Invalid', field, value: name, detail: keyText }];
}

function textBytes(data: Readonly<Record<string, string>> | undefined): number {
  let bytes = 0;
  for (const name in data) bytes += Buffer.byteLength(data[name] ?? '');
  return bytes;
}

/** What base64 stands for: the bound is on the data, not on its spelling. */
function decodedBytes(data: Readonly<Record<string, string>> | undefined): number {
  let bytes = 0;
  for (const name in data) bytes += Buffer.byteLength(data[name] ?? '', 'base64');
  return bytes;
}

function tooLong(field: string): FieldError {
  return { type: 'TooLong', field, detail: `may not be more than ${dataBytesMax} bytes` };
}

function immutableOnce(field: string): FieldError {
  return { type: 'Forbidden', field, detail: 'field is immutable when `immutable` is set' };
}
