// The operations of a kind as OpenAPI path items: which verbs, which bodies, and which group-version-kind they are
// about. kubectl looks here whether the server validates fields (the `fieldValidation` parameter of PATCH).

import type { Kind, Verb } from '../kinds/kind.ts';
import { typeName } from '../kinds/type-names.ts';
import { contentTypes } from '../render/form.ts';
import { patchTypesOf } from '../verbs/patch.ts';
import { customListModel, customReference } from './custom-schemas.ts';
import type { Definitions, OpenApiSchema } from './schemas.ts';

export type PathItem = Readonly<Record<string, unknown>>;

const listMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta';
const status = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
const deleteOptions = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

const textTypes = [contentTypes.json, contentTypes.yaml];

export function pathsOf(kind: Kind, definitions: Definitions): Record<string, PathItem> {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const all = `${root}/${kind.resource}`;
  const collection = kind.namespaced ? `${root}/namespaces/{namespace}/${kind.resource}` : all;
  const item = `${collection}/{name}`;
  const { custom } = kind;
  const self =
    custom === undefined
      ? definitions.reference(typeName(kind.group, kind.version, kind.kind))
      : customReference(kind, custom, definitions);
  const list =
    custom === undefined
      ? listReference(kind, definitions, self)
      : definitions.referenceTo(customListModel(kind, custom));
  const operation = operations(kind, definitions);
  const paths: Record<string, PathItem> = {
    [collection]: drop({
      get: kind.verbs.includes('list') && operation('list', { answer: list }),
      post: kind.verbs.includes('create') && operation('create', { answer: self, body: self }),
      delete:
        kind.verbs.includes('deletecollection') &&
        operation('deletecollection', {
          answer: definitions.reference(status),
          body: definitions.reference(deleteOptions),
        }),
    }),
  };
  if (kind.verbs.includes('get')) {
    paths[item] = drop({
      get: operation('get', { answer: self }),
      put: kind.verbs.includes('update') && operation('update', { answer: self, body: self }),
      patch: kind.verbs.includes('patch') && operation('patch', { answer: self }),
      delete:
        kind.verbs.includes('delete') &&
        operation('delete', { answer: definitions.reference(status), body: definitions.reference(deleteOptions) }),
    });
  }
  if (kind.namespaced && kind.verbs.includes('list')) paths[all] = { get: operation('list', { answer: list }) };
  for (const sub of kind.subresources) {
    const own = custom !== undefined && sub.kind === kind.kind;
    const body = own ? self : definitions.reference(typeName(sub.group, sub.version, sub.kind));
    paths[`${item}/${sub.name}`] = drop({
      get: sub.verbs.includes('get') && operation('get', { answer: body, sub }),
      put: sub.verbs.includes('update') && operation('update', { answer: body, body, sub }),
      patch: sub.verbs.includes('patch') && operation('patch', { answer: body, sub }),
      post: sub.verbs.includes('create') && operation('create', { answer: body, body, sub }),
    });
  }
  return paths;
}

type Asked = {
  readonly answer: OpenApiSchema;
  readonly body?: OpenApiSchema;
  readonly sub?: { readonly group: string; readonly version: string; readonly kind: string };
};

const actions: Readonly<Record<Verb, string>> = {
  get: 'get',
  list: 'list',
  watch: 'watch',
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};

function operations(kind: Kind, definitions: Definitions) {
  return (verb: Verb, { answer, body, sub }: Asked): PathItem => {
    const { group, version, kind: name } = sub ?? kind;
    const content = (schema: OpenApiSchema, types: readonly string[]) =>
      Object.fromEntries(types.map((type) => [type, { schema }]));
    const writes = verb === 'create' || verb === 'update' || verb === 'patch';
    const requestBody =
      verb === 'patch'
        ? {
            content: content(definitions.reference('io.k8s.apimachinery.pkg.apis.meta.v1.Patch'), patchTypesOf(kind)),
            required: true,
          }
        : body === undefined
          ? undefined
          : { content: { '*/*': { schema: body } } };
    return {
      tags: [`${kind.group || 'core'}_${kind.version}`],
      parameters: writes
        ? ['dryRun', 'fieldManager', 'fieldValidation', ...(verb === 'patch' ? ['force'] : [])].map(parameter)
        : [],
      ...(requestBody === undefined ? undefined : { requestBody }),
      responses: {
        [verb === 'create' ? '201' : '200']: {
          description: 'OK',
          content: content(answer, kind.protobuf ? Object.values(contentTypes) : textTypes),
        },
        401: { description: 'Unauthorized' },
      },
      'x-kubernetes-action': actions[verb],
      'x-kubernetes-group-version-kind': { group, version, kind: name },
    };
  };
}

function parameter(name: string): object {
  return { name, in: 'query', schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true } };
}

function listReference(kind: Kind, definitions: Definitions, item: OpenApiSchema): OpenApiSchema {
  const name = typeName(kind.group, kind.version, kind.listKind);
  return definitions.add(name, {
    description: `${kind.listKind} is a list of ${kind.kind} objects.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { allOf: [definitions.reference(listMeta)], default: {} },
      items: { type: 'array', items: { allOf: [item], default: {} } },
    },
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.listKind }],
  });
}

function drop(item: Readonly<Record<string, unknown>>): PathItem {
  return Object.fromEntries(Object.entries(item).filter(([, operation]) => operation !== false));
}
