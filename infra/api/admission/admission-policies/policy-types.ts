// What the expressions of policies may refer to. Objects and parameters can be of any kind, so that they are `dyn`; the
// request and the namespace have fixed shapes.

import type { Environment, StructureFields } from '../../cel/environment.ts';
import { declareAll } from '../../cel/library/functions.ts';
import type { FunctionDeclaration } from '../../cel/library/signature.ts';
import { BOOL, type CelType, DYN, INT, listOf, mapOf, objectType, STRING, TIMESTAMP } from '../../cel/types.ts';

const TEXTS = listOf(STRING);
const LABELS = mapOf(STRING, STRING);

/** Structure → field → type. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, CelType>>>> = {
  GroupVersionKind: { group: STRING, version: STRING, kind: STRING },
  GroupVersionResource: { group: STRING, version: STRING, resource: STRING },
  UserInfo: { username: STRING, uid: STRING, groups: TEXTS, extra: mapOf(STRING, TEXTS) },
  AdmissionRequest: {
    kind: named('GroupVersionKind'),
    resource: named('GroupVersionResource'),
    subResource: STRING,
    requestKind: named('GroupVersionKind'),
    requestResource: named('GroupVersionResource'),
    requestSubResource: STRING,
    name: STRING,
    namespace: STRING,
    operation: STRING,
    userInfo: named('UserInfo'),
    dryRun: BOOL,
    options: DYN,
  },
  NamespaceSpec: { finalizers: TEXTS },
  NamespaceCondition: { status: STRING, type: STRING, lastTransitionTime: TIMESTAMP, message: STRING, reason: STRING },
  NamespaceStatus: { conditions: listOf(named('NamespaceCondition')), phase: STRING },
  NamespaceMetadata: {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: LABELS,
    annotations: LABELS,
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: TEXTS,
  },
  Namespace: { metadata: named('NamespaceMetadata'), spec: named('NamespaceSpec'), status: named('NamespaceStatus') },
};

function named(name: string): CelType {
  return objectType(`kubernetes.${name}`);
}

const SHAPES_BY_NAME: ReadonlyMap<string, ReadonlyMap<string, CelType>> = new Map(
  Object.entries(SHAPES).map(([name, fields]) => [`kubernetes.${name}`, new Map(Object.entries(fields))]),
);

/** All variables of a policy's expressions, composed ones too. */
export const VARIABLES_TYPE = objectType('kubernetes.variables');

export type PolicyVariables = {
  readonly params: boolean;
  readonly authorizer: boolean;
  /** The types of composed variables found so far; undefined where there can be none. */
  readonly composed?: ReadonlyMap<string, CelType>;
  /** Expressions may build `Object{…}` and `JSONPatch{…}`. */
  readonly patches?: boolean;
  /** More exact types than `dyn`, for type checking. */
  readonly object?: CelType;
  readonly paramsType?: CelType;
  readonly structures?: StructureFields;
};

export function policyEnvironment(given: PolicyVariables): Environment {
  const { object = DYN, paramsType = DYN, composed } = given;
  const variables = new Map<string, CelType>([
    ['object', object],
    ['oldObject', object],
    ['namespaceObject', named('Namespace')],
    ['request', named('AdmissionRequest')],
  ]);
  if (given.params) variables.set('params', paramsType);
  if (given.authorizer) {
    variables.set('authorizer', named('authorization.Authorizer'));
    variables.set('authorizer.requestResource', named('authorization.ResourceCheck'));
  }
  if (composed !== undefined) variables.set('variables', VARIABLES_TYPE);
  const structures: StructureFields = {
    fields: (name) => {
      if (name === VARIABLES_TYPE.name) return composed;
      if (given.patches === true && isBuildable(name)) return name === 'JSONPatch' ? PATCH_FIELDS : ANY_FIELD;
      return SHAPES_BY_NAME.get(name) ?? given.structures?.fields(name);
    },
  };
  if (given.patches !== true) return { variables, structures };
  return { variables, structures, constructible: isBuildable, functions: patchFunctions() };
}

export const OBJECT_TYPE = objectType('Object');
export const PATCH_LIST_TYPE = listOf(objectType('JSONPatch'));

const PATCH_FIELDS: ReadonlyMap<string, CelType> = new Map([
  ['op', STRING],
  ['path', STRING],
  ['from', STRING],
  ['value', DYN],
]);
const ANY_FIELD = { get: () => DYN };

function isBuildable(name: string): boolean {
  return name === 'JSONPatch' || name === 'Object' || name.startsWith('Object.');
}

let declared: ReadonlyMap<string, FunctionDeclaration> | undefined;

function patchFunctions(): ReadonlyMap<string, FunctionDeclaration> {
  declared ??= declareAll([
    {
      'jsonpatch.escapeKey': {
        'string_jsonpatch_escapeKey_string(string) string': (key: string) =>
          key.replaceAll('~', '~0').replaceAll('/', '~1'),
      },
    },
  ]);
  return declared;
}
