// Names of objects, labels and annotations, checked with the API conventions' rules and texts (RFC 1123, RFC 1035).

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { FieldError } from '../errors.ts';
import type { Strategy } from './strategy.ts';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const service = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualified = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const serviceText =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const qualifiedText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const annotationBytesMax = 256 * 1024;

/** Why a name is not one, or undefined. */
export function nameProblem(name: string, form: NonNullable<Strategy['names']>): string | undefined {
  switch (form) {
    case 'label':
      if (name.length > 63) return 'must be no more than 63 characters';
      return label.test(name) ? undefined : subdomain.test(name) ? 'must not contain dots' : labelText;
    case 'service':
      return name.length > 63 ? 'must be no more than 63 characters' : service.test(name) ? undefined : serviceText;
    case 'path-segment':
      return name === '.' || name === '..'
        ? `may not be '${name}'`
        : /[/%]/.test(name)
          ? `may not contain '${name.includes('/') ? '/' : '%'}'`
          : undefined;
    case 'subdomain':
      return name.length > 253
        ? 'must be no more than 253 characters'
        : subdomain.test(name)
          ? undefined
          : subdomainText;
  }
}

/** Checks metadata every kind has: name, labels, annotations, finalizers, owner references. */
export function metadataProblems(object: AnyObject, form: NonNullable<Strategy['names']>): FieldError[] {
  const { metadata } = object;
  const errors: FieldError[] = [];
  if (metadata.name === '') {
    errors.push({ type: 'Required', field: 'metadata.name', detail: 'name or generateName is required' });
  } else {
    const problem = nameProblem(metadata.name, form);
    if (problem !== undefined)
      errors.push({ type: 'Invalid', field: 'metadata.name', value: metadata.name, detail: problem });
  }
  errors.push(...labelProblems(metadata.labels, 'metadata.labels'));
  errors.push(...annotationProblems(metadata.annotations, 'metadata.annotations'));
  for (const [index, finalizer] of (metadata.finalizers ?? []).entries()) {
    const problem = qualifiedNameProblem(finalizer);
    if (problem !== undefined)
      errors.push({ type: 'Invalid', field: `metadata.finalizers[${index}]`, value: finalizer, detail: problem });
  }
  for (const owner of metadata.ownerReferences ?? []) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (owner[field]) continue;
      const detail = field === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
      errors.push({ type: 'Invalid', field: `metadata.ownerReferences.${field}`, value: '', detail });
    }
  }
  const controllers = (metadata.ownerReferences ?? []).filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    errors.push({
      type: 'Invalid',
      field: 'metadata.ownerReferences',
      value: metadata.ownerReferences,
      detail: `Only one reference can have Controller set to true. Found "true" in references for ${controllers.map((owner) => `${owner.kind}/${owner.name}`).join(' and ')}`,
    });
  }
  return errors;
}

export function labelProblems(labels: Readonly<Record<string, string>> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key in labels) {
    const value = labels[key] ?? '';
    const keyProblem = qualifiedNameProblem(key);
    if (keyProblem !== undefined) errors.push({ type: 'Invalid', field, value: key, detail: keyProblem });
    const problem = labelValueProblem(value);
    if (problem !== undefined) errors.push({ type: 'Invalid', field, value, detail: problem });
  }
  return errors;
}

/** Why a label cannot have the value, or undefined. */
export function labelValueProblem(value: string): string | undefined {
  if (value.length > 63) return 'must be no more than 63 characters';
  return value === '' || qualified.test(value) ? undefined : labelValueText;
}

export function annotationProblems(
  annotations: Readonly<Record<string, string>> | undefined,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const key in annotations) {
    const problem = qualifiedNameProblem(key.toLowerCase());
    if (problem !== undefined) errors.push({ type: 'Invalid', field, value: key, detail: problem });
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? '');
  }
  if (bytes > annotationBytesMax) {
    errors.push({
      type: 'TooLong',
      field,
      detail: `may not be more than ${annotationBytesMax} bytes`,
    });
  }
  return errors;
}

/** `prefix/name` as label keys, annotation keys and finalizers are formed. */
export function qualifiedNameProblem(text: string): string | undefined {
  const at = text.indexOf('/');
  const name = at < 0 ? text : text.slice(at + 1);
  if (at >= 0) {
    const prefix = text.slice(0, at);
    if (prefix === '') return 'prefix part must be non-empty';
    if (prefix.length > 253) return 'prefix part must be no more than 253 characters';
    if (!subdomain.test(prefix)) return `prefix part ${subdomainText}`;
  }
  if (name === '') return 'name part must be non-empty';
  if (name.length > 63) return 'name part must be no more than 63 characters';
  return qualified.test(name) ? undefined : qualifiedText;
}
