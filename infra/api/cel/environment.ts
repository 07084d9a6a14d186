// What an expression may refer to: variables with their types, the fields of structures, the functions of all
// libraries. Kubernetes gives every expression the same libraries; variables and structures are the caller's.

import { functions } from './library/functions.ts';
import type { FunctionDeclaration } from './library/signature.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  objectType,
  opaqueType,
  STRING,
  TIMESTAMP,
  typeOf,
  UINT,
} from './types.ts';

/** Structures by name; what has no entry here is no structure an expression can look into. */
export type StructureFields = {
  /** The types of a structure's fields by name, or undefined when there is no structure of this name. */
  fields(structure: string): { get(field: string): CelType | undefined } | undefined;
};

export type Environment = {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly structures: StructureFields;
  /** Whether an expression may build structures of this name (`Object.spec{…}`). */
  readonly constructible?: (structure: string) => boolean;
  /** Functions beside the libraries' (`jsonpatch.escapeKey` in mutations). */
  readonly functions?: ReadonlyMap<string, FunctionDeclaration>;
};

export const NO_STRUCTURES: StructureFields = { fields: () => undefined };

/** The type of a name, also of names of types, which are values. */
export function findIdentifier(environment: Environment, name: string): CelType | undefined {
  const plain = name.startsWith('.') ? name.slice(1) : name;
  const variable = environment.variables.get(plain);
  if (variable !== undefined) return variable;
  const type = TYPE_NAMES.get(plain);
  if (type !== undefined) return typeOf(type);
  return environment.constructible?.(plain) === true ? typeOf(objectType(plain)) : undefined;
}

export function findFunction(environment: Environment, name: string): FunctionDeclaration | undefined {
  const plain = name.startsWith('.') ? name.slice(1) : name;
  return functions().get(plain) ?? environment.functions?.get(plain);
}

/** The type a name of a type stands for. */
export function namedType(environment: Environment, name: string): CelType | undefined {
  const plain = name.startsWith('.') ? name.slice(1) : name;
  return TYPE_NAMES.get(plain) ?? (environment.constructible?.(plain) === true ? objectType(plain) : undefined);
}

const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ['bool', BOOL],
  ['bytes', BYTES],
  ['double', DOUBLE],
  ['int', INT],
  ['list', listOf(DYN)],
  ['map', mapOf(DYN, DYN)],
  ['null_type', NULL],
  ['string', STRING],
  ['type', typeOf(DYN)],
  ['uint', UINT],
  ['google.protobuf.Timestamp', TIMESTAMP],
  ['google.protobuf.Duration', DURATION],
  ['optional_type', opaqueType('optional_type', DYN)],
  ['net.IP', opaqueType('net.IP')],
  ['net.CIDR', opaqueType('net.CIDR')],
  ...['Quantity', 'URL', 'Semver', 'NamedFormat'].map(kubernetesType),
  ...['Authorizer', 'PathCheck', 'GroupCheck', 'ResourceCheck', 'Decision'].map((name) =>
    kubernetesType(`authorization.${name}`),
  ),
]);

function kubernetesType(name: string): [string, CelType] {
  return [`kubernetes.${name}`, objectType(`kubernetes.${name}`)];
}
