// Field selectors: the grammar of the query parameter, and which fields each resource can be selected by (facts §3.8).

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { badRequest } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';

export type FieldRequirement = { readonly field: string; readonly operator: '=' | '!='; readonly value: string };

type Reader = (object: AnyObject) => string;

/** Parses `a=b,c!=d`; `\,`, `\=` and `\\` are escapes. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  if (text.trim() === '') return [];
  return splitUnescaped(text, ',')
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^(?<field>[^=!]+)(?<operator>==|=|!=)(?<value>.*)$/s.exec(term);
      if (match?.groups === undefined)
        throw badRequest(`invalid field selector: invalid selector: '${text}'; can't understand '${term}'`);
      const { field = '', operator, value = '' } = match.groups;
      return { field: field.trim(), operator: operator === '!=' ? '!=' : '=', value: unescaped(value) };
    });
}

/** The function that reads a field for selection; throws BadRequest for fields the resource is not selected by. */
export function fieldReader(
  { group, resource, custom }: Pick<Kind, 'group' | 'resource' | 'custom'>,
  field: string,
): Reader {
  const reader =
    common.get(field) ?? custom?.selectable.get(field) ?? particular.get(`${resource}.${group}`)?.get(field);
  if (reader === undefined) throw badRequest(`field label not supported: ${field}`);
  return reader;
}

type Readers = ReadonlyMap<string, Reader>;

const common: Readers = new Map([
  ['metadata.name', (object) => object.metadata.name],
  ['metadata.namespace', (object) => object.metadata.namespace ?? ''],
]);

const flag =
  (...path: readonly string[]): Reader =>
  (object) =>
    read(object, path) || 'false';

const count =
  (...path: readonly string[]): Reader =>
  (object) =>
    read(object, path) || '0';

const eventFields = {
  ...paths('reason', 'reportingComponent', 'type'),
  source: (object: AnyObject) => read(object, ['source', 'component']) || read(object, ['reportingComponent']),
  // As events.k8s.io names it: its events are stored as core ones.
  reportingController: (object: AnyObject) => read(object, ['reportingComponent']),
};
for (const field of ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']) {
  const reader = (object: AnyObject) => read(object, ['involvedObject', field]);
  Object.assign(eventFields, { [`involvedObject.${field}`]: reader, [`regarding.${field}`]: reader });
}

const particularFields: Readonly<Record<string, Readonly<Record<string, Reader>>>> = {
  'pods.': {
    ...paths(
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ),
    'spec.hostNetwork': flag('spec', 'hostNetwork'),
  },
  'nodes.': { 'spec.unschedulable': flag('spec', 'unschedulable') },
  'namespaces.': paths('status.phase'),
  'services.': paths('spec.clusterIP', 'spec.type'),
  'secrets.': paths('type'),
  'events.': eventFields,
  'replicasets.apps': { 'status.replicas': count('status', 'replicas') },
  'replicationcontrollers.': { 'status.replicas': count('status', 'replicas') },
  'jobs.batch': { 'status.successful': count('status', 'succeeded') },
  'certificatesigningrequests.certificates.k8s.io': paths('spec.signerName'),
  'resourceslices.resource.k8s.io': paths('spec.driver', 'spec.nodeName'),
};

const particular: ReadonlyMap<string, Readers> = new Map(
  Object.entries(particularFields).map(([id, fields]) => [id, new Map(Object.entries(fields))]),
);

function paths(...names: readonly string[]): Readonly<Record<string, Reader>> {
  return Object.fromEntries(
    names.map((name) => {
      const path = name.split('.');
      return [name, (object: AnyObject) => read(object, path)];
    }),
  );
}

function read(object: AnyObject, path: readonly string[]): string {
  let value: unknown = object;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return '';
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value === undefined || value === null ? '' : String(value);
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && i + 1 < text.length) part += text[i++] + (text[i] ?? '');
    else if (text[i] === separator) {
      parts.push(part);
      part = '';
    } else part += text[i];
  }
  parts.push(part);
  return parts;
}

function unescaped(text: string): string {
  return text.replace(/\\([\\,=])/g, '$1');
}
