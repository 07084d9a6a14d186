// The operations of a kind as OpenAPI path items: which verbs, which bodies, and which group-version-kind they are
// about. kubectl looks here whether the server validates fields (the `fieldValidation` parameter of PATCH).

import type { Kind, Verb } from '../kinds/kind.ts';
import { typeName } from '../kinds/type-names.ts';
import { contentTypes } from '../render/form.ts';
import { strategyOf } from '../strategies/strategies.ts';
import { patchTypesOf } from '../verbs/patch.ts';
import { customListModel, customReference } from './custom-schemas.ts';
import { operationId, operationText, tagOf } from './operation-names.ts';
import { type Parameter, pathParameters, queryParameters } from './parameters.ts';
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
    [collection]: pathItem(collection, kind.kind, {
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
    paths[item] = pathItem(item, kind.kind, {
      get: operation('get', { answer: self }),
      put: kind.verbs.includes('update') && operation('update', { answer: self, body: self }),
      patch: kind.verbs.includes('patch') && operation('patch', { answer: self }),
      delete:
        kind.verbs.includes('delete') &&
        operation('delete', {
          answer: strategyOf(kind).deleteReturnsObject === true ? self : definitions.reference(status),
          body: definitions.reference(deleteOptions),
        }),
    });
  }
  if (kind.namespaced && kind.verbs.includes('list'))
    paths[all] = pathItem(all, kind.kind, { get: operation('list', { answer: list, everywhere: true }) });
  for (const sub of kind.subresources) {
    const own = custom !== undefined && sub.kind === kind.kind;
    const body = own ? self : definitions.reference(typeName(sub.group, sub.version, sub.kind));
    const path = `${item}/${sub.name}`;
    paths[path] = pathItem(path, sub.kind, {
      get:
        sub.verbs.includes('get') && operation('get', { answer: sub.name === 'log' ? { type: 'string' } : body, sub }),
      put: sub.verbs.includes('update') && operation('update', { answer: body, body, sub }),
      patch: sub.verbs.includes('patch') && operation('patch', { answer: body, sub }),
      post: sub.verbs.includes('create') && operation('create', { answer: body, body, sub }),
    });
  }
  return paths;
}

type Operation = Readonly<Record<string, unknown>> & { readonly parameters: readonly Parameter[] };

/** The operations there are; what all of them take is said once, of the path. */
function pathItem(path: string, kind: string, asked: Readonly<Record<string, Operation | false>>): PathItem {
  const operations = Object.entries(asked).filter((entry): entry is [string, Operation] => entry[1] !== false);
  const [first, ...others] = operations.map(([, { parameters }]) => parameters);
  const shared = (first ?? []).filter(({ name }) =>
    others.every((parameters) => parameters.some((other) => other.name === name)),
  );
  const sharedNames = new Set(shared.map(({ name }) => name));
  const own = operations.map(([method, operation]) => {
    const parameters = operation.parameters.filter(({ name }) => !sharedNames.has(name));
    return [method, { ...operation, parameters }];
  });
  return { ...Object.fromEntries(own), parameters: [...pathParameters(path, kind), ...shared] };
}

type Asked = {
  readonly answer: OpenApiSchema;
  readonly body?: OpenApiSchema;
  readonly sub?: { readonly name: string; readonly group: string; readonly version: string; readonly kind: string };
  readonly everywhere?: boolean;
};

type Status = 200 | 201 | 202;

const reasons: Readonly<Record<Status, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

/** What each verb may answer with when it succeeds. */
const statuses: Readonly<Record<Verb, readonly Status[]>> = {
  get: [200],
  list: [200],
  watch: [200],
  create: [200, 201, 202],
  update: [200, 201],
  patch: [200, 201],
  delete: [200, 202],
  deletecollection: [200],
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
  return (verb: Verb, { answer, body, sub, everywhere = false }: Asked): Operation => {
    const { group, version, kind: name } = sub ?? kind;
    const content = (schema: OpenApiSchema, types: readonly string[]) =>
      Object.fromEntries(types.map((type) => [type, { schema }]));
    const requestBody =
      verb === 'patch'
        ? {
            content: content(definitions.reference('io.k8s.apimachinery.pkg.apis.meta.v1.Patch'), patchTypesOf(kind)),
            required: true,
          }
        : body === undefined
          ? undefined
          : { content: { '*/*': { schema: body } }, ...(verb.startsWith('delete') ? undefined : { required: true }) };
    const named = { verb, sub, everywhere };
    const types = kind.protobuf ? Object.values(contentTypes) : textTypes;
    const answered = content(answer, sub?.name === 'log' ? [...types, 'text/plain'] : types);
    return {
      tags: [tagOf(kind)],
      description: operationText(kind, named),
      operationId: operationId(kind, named),
      parameters: queryParameters(verb, sub?.name),
      ...(requestBody === undefined ? undefined : { requestBody }),
      responses: {
        ...Object.fromEntries(
          statuses[verb].map((status) => [status, { description: reasons[status], content: answered }]),
        ),
        401: { description: 'Unauthorized' },
      },
      'x-kubernetes-action': actions[verb],
      'x-kubernetes-group-version-kind': { group, version, kind: name },
    };
  };
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
      metadata: definitions.referenceDefaulted(definitions.reference(listMeta)),
      items: { type: 'array', items: definitions.referenceDefaulted(item) },
    },
    'x-kubernetes-group-version-kind': [{ group: kind.group, version: kind.version, kind: kind.listKind }],
  });
}
