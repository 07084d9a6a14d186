// The built-in types as schemas, read from the generated facts table. The table is read on first use and each type is
// resolved on first use, so that starting costs nothing for types nobody asks for. Invariant: one schema object per type
// name, so schemas can be compared and used as keys by identity.
//
// One line per type in `facts.generated.json`. A structure is a list of `name number type flags option…` where
//   type   = scalar | any | []item | {}value | {key}value | .Name (same package) | alias.Name | any-of-FORM:Name
//   flags  = r required, p pointer, o omitempty, z omitzero, i inline, or `-`
//   option = list=TYPE[:keys] | atomic | granular | patch=STRATEGIES | key=MERGEKEY | default=JSON (always last)
// and `@atomic` in front marks the structure itself. Anything else is a string: a named scalar, slice or map, with
// `message` in front where protobuf wraps it and enum values behind it.

import { readFileSync } from 'node:fs';
import type {
  AnySchema,
  Field,
  ListType,
  MapSchema,
  ObjectSchema,
  PatchStrategy,
  ScalarType,
  Schema,
} from './schema.ts';

type PackageFacts = {
  readonly package: string;
  readonly types: Readonly<Record<string, readonly string[] | string>>;
};
type Facts = { readonly version: string; readonly packages: Readonly<Record<string, PackageFacts>> };

const SCALARS: ReadonlySet<string> = new Set<ScalarType>([
  'string',
  'boolean',
  'int32',
  'int64',
  'double',
  'bytes',
  'quantity',
  'int-or-string',
  'time',
  'micro-time',
  'duration',
]);

const NO_KEYS: readonly string[] = [];
const ANY: AnySchema = { kind: 'any' };

let facts: Facts | undefined;
const aliasByPackage = new Map<string, string>();
const objects = new Map<string, ObjectSchema>();
const named = new Map<string, Schema>();
const plain = new Map<string, Schema>();

/** The schema of a built-in structure by its OpenAPI name (`io.k8s.api.core.v1.PodSpec`), or undefined. */
export function typeSchema(name: string): ObjectSchema | undefined {
  const known = objects.get(name);
  if (known !== undefined) return known;
  load();
  const dot = name.lastIndexOf('.');
  const alias = aliasByPackage.get(name.slice(0, dot));
  return alias === undefined ? undefined : objectSchema(alias, name.slice(dot + 1), name);
}

/** The OpenAPI names of all built-in structures, in the table's order. */
export function typeNames(): readonly string[] {
  const names: string[] = [];
  for (const { package: prefix, types } of Object.values(load().packages)) {
    for (const [name, lines] of Object.entries(types)) if (typeof lines !== 'string') names.push(`${prefix}.${name}`);
  }
  return names;
}

/** Version of the Go modules the facts were read from, e.g. `v0.36.6`. */
export function factsVersion(): string {
  return load().version;
}

function load(): Facts {
  if (facts === undefined) {
    facts = JSON.parse(readFileSync(new URL('./facts.generated.json', import.meta.url), 'utf8')) as Facts;
    for (const [alias, { package: prefix }] of Object.entries(facts.packages)) aliasByPackage.set(prefix, alias);
  }
  return facts;
}

function objectSchema(alias: string, typeName: string, fullName: string): ObjectSchema | undefined {
  const known = objects.get(fullName);
  if (known !== undefined) return known;
  const lines = load().packages[alias]?.types[typeName];
  if (lines === undefined || typeof lines === 'string') return undefined;
  const fields = new Map<string, Field>();
  const inlined: Field[] = [];
  const atomic = lines[0] === '@atomic';
  for (const line of atomic ? lines.slice(1) : lines) {
    const field = new FactField(alias, line);
    if (field.inline) flatten(field, fields, inlined);
    else fields.set(field.name, field);
  }
  const schema: ObjectSchema = {
    kind: 'object',
    name: fullName,
    fields,
    ...(atomic && { atomic }),
    ...(inlined.length > 0 && { inlined }),
  };
  objects.set(fullName, schema);
  return schema;
}

/** TypeMeta has no place on the wire, so its fields simply join; others keep their message and lend their fields. */
function flatten(field: Field, fields: Map<string, Field>, inlined: Field[]): void {
  const { schema } = field;
  if (schema.kind !== 'object') throw new Error(`the inlined field ${field.name} is not a structure`);
  for (const inner of schema.fields.values()) {
    fields.set(inner.name, new LentField(inner));
  }
  if (field.number !== 0) inlined.push(field);
}

/** One line of the table. Only the schema is left for later: types refer to each other in circles. */
class FactField implements Field {
  readonly name: string;
  readonly number: number;
  readonly required: boolean;
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
  readonly inline: boolean;
  declare readonly enum?: readonly string[];
  declare readonly default?: unknown;
  declare readonly patchStrategies?: readonly PatchStrategy[];
  declare readonly patchMergeKey?: string;
  readonly #alias: string;
  readonly #type: string;
  readonly #list: string | undefined;
  readonly #ownership: 'atomic' | 'granular' | undefined;
  #schema: Schema | undefined;

  constructor(alias: string, line: string) {
    const at = line.indexOf(' default=');
    const [name = '', number = '0', type = '', flags = '', ...options] = (at < 0 ? line : line.slice(0, at)).split(' ');
    this.name = name;
    this.number = Number(number);
    this.required = flags.includes('r');
    this.pointer = flags.includes('p');
    this.omitEmpty = flags.includes('o');
    this.omitZero = flags.includes('z');
    this.inline = flags.includes('i');
    this.#alias = alias;
    this.#type = type;
    this.#list = optionOf(options, 'list=');
    this.#ownership = options.includes('atomic') ? 'atomic' : options.includes('granular') ? 'granular' : undefined;
    const patch = optionOf(options, 'patch=');
    if (patch !== undefined) this.patchStrategies = patch.split(',') as PatchStrategy[];
    const key = optionOf(options, 'key=');
    if (key !== undefined) this.patchMergeKey = key;
    if (at >= 0) this.default = JSON.parse(line.slice(at + ' default='.length));
    const values = enumOf(alias, type);
    if (values !== undefined) this.enum = values;
  }

  get schema(): Schema {
    this.#schema ??= this.#resolve();
    return this.#schema;
  }

  #resolve(): Schema {
    const schema = parseType(this.#alias, this.#type);
    if (schema.kind === 'list' && this.#list !== undefined) {
      const [listType = 'atomic', keys] = this.#list.split(':');
      return { ...schema, listType: listType as ListType, keys: keys === undefined ? NO_KEYS : keys.split(',') };
    }
    if (this.#ownership === undefined || (schema.kind !== 'map' && schema.kind !== 'object')) return schema;
    return { ...schema, atomic: this.#ownership === 'atomic' };
  }
}

/** A field of an inlined structure as the parent shows it: same JSON, no number in the parent's own message. */
class LentField implements Field {
  readonly name: string;
  readonly number = 0;
  readonly required: boolean;
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
  readonly inline = false;
  declare readonly enum?: readonly string[];
  declare readonly default?: unknown;
  declare readonly patchStrategies?: readonly PatchStrategy[];
  declare readonly patchMergeKey?: string;
  readonly #lender: Field;

  constructor(lender: Field) {
    this.name = lender.name;
    this.required = lender.required;
    this.pointer = lender.pointer;
    this.omitEmpty = lender.omitEmpty;
    this.omitZero = lender.omitZero === true;
    if (lender.enum !== undefined) this.enum = lender.enum;
    if (lender.default !== undefined) this.default = lender.default;
    if (lender.patchStrategies !== undefined) this.patchStrategies = lender.patchStrategies;
    if (lender.patchMergeKey !== undefined) this.patchMergeKey = lender.patchMergeKey;
    this.#lender = lender;
  }

  get schema(): Schema {
    return this.#lender.schema;
  }
}

function optionOf(options: readonly string[], prefix: string): string | undefined {
  return options.find((option) => option.startsWith(prefix))?.slice(prefix.length);
}

function parseType(alias: string, type: string): Schema {
  if (type === 'any') return ANY;
  if (SCALARS.has(type)) return scalar(type as ScalarType);
  if (type.startsWith('[]')) {
    return { kind: 'list', item: parseType(alias, type.slice(2)), listType: 'atomic', keys: NO_KEYS };
  }
  if (type.startsWith('{')) return mapSchema(alias, type);
  if (type.startsWith('any-of-')) return alternativeSchema(alias, type);
  return referenced(alias, type);
}

function scalar(type: ScalarType): Schema {
  let schema = plain.get(type);
  if (schema === undefined) {
    schema = { kind: 'scalar', type };
    plain.set(type, schema);
  }
  return schema;
}

function mapSchema(alias: string, type: string): MapSchema {
  const close = type.indexOf('}');
  const value = parseType(alias, type.slice(close + 1));
  if (close === 1) return { kind: 'map', value };
  return { kind: 'map', value, goType: `map[${goName(alias, type.slice(1, close))}]${goTypeOf(value)}` };
}

function alternativeSchema(alias: string, type: string): AnySchema {
  const colon = type.indexOf(':');
  const form = type.slice('any-of-'.length, colon) as 'array' | 'bool' | 'strings';
  const name = `${load().packages[alias]?.package}.${type.slice(colon + 1)}`;
  // The schema refers to itself through this very field, so it too is resolved on first read.
  return {
    kind: 'any',
    alternative: {
      form,
      get schema(): ObjectSchema {
        const schema = typeSchema(name);
        if (schema === undefined) throw new Error(`the facts table refers to the unknown type ${name}`);
        return schema;
      },
    },
  };
}

function referenced(alias: string, reference: string): Schema {
  const [home, name] = split(alias, reference);
  const pkg = load().packages[home];
  const line = pkg?.types[name];
  if (pkg === undefined || line === undefined)
    throw new Error(`the facts table refers to the unknown type ${reference}`);
  const key = `${pkg.package}.${name}`;
  if (typeof line !== 'string') return objectSchema(home, name, key) as ObjectSchema;
  let schema = named.get(key);
  if (schema === undefined) {
    schema = namedSchema(home, name, line);
    named.set(key, schema);
  }
  return schema;
}

function namedSchema(home: string, name: string, line: string): Schema {
  const message = line.startsWith('message ');
  const [type = ''] = (message ? line.slice('message '.length) : line).split(' ', 1);
  const values = line.match(/"[^"]*"/g) ?? [];
  const schema = parseType(home, type);
  const goType = goName(home, `.${name}`);
  if (schema.kind === 'list') return { ...schema, goType, ...(message && { message }) };
  if (schema.kind === 'map') return { ...schema, goType };
  if (schema.kind !== 'scalar') return schema;
  return { ...schema, goType, ...(values.length > 0 && { enum: values.map((value) => JSON.parse(value) as string) }) };
}

function enumOf(alias: string, type: string): readonly string[] | undefined {
  if (!type.includes('.')) return undefined;
  const [home, name] = split(alias, type);
  const line = load().packages[home]?.types[name];
  if (typeof line !== 'string' || !line.includes(' "')) return undefined;
  const schema = referenced(alias, type);
  return schema.kind === 'scalar' ? schema.enum : undefined;
}

function split(alias: string, reference: string): readonly [home: string, name: string] {
  const dot = reference.lastIndexOf('.');
  return [dot === 0 ? alias : reference.slice(0, dot), reference.slice(dot + 1)];
}

/** Go prints a named type with the last segment of its package: `v1.Protocol`. */
function goName(alias: string, reference: string): string {
  if (!reference.includes('.')) return reference;
  const [home, name] = split(alias, reference);
  return `${home.slice(home.lastIndexOf('/') + 1)}.${name}`;
}

/** How Go spells the type of a value in error texts, e.g. `[]v1.Container`, `map[string]string`, `int32`. */
export function goTypeOf(schema: Schema): string {
  switch (schema.kind) {
    case 'object': {
      const [version = '', name = ''] = schema.name.split('.').slice(-2);
      return `${version}.${name}`;
    }
    case 'list':
      return schema.goType ?? `[]${goTypeOf(schema.item)}`;
    case 'map':
      return schema.goType ?? `map[string]${goTypeOf(schema.value)}`;
    case 'any':
      return 'interface {}';
    case 'scalar':
      return schema.goType ?? GO_SCALARS[schema.type];
  }
}

const GO_SCALARS: Readonly<Record<ScalarType, string>> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  quantity: 'resource.Quantity',
  'int-or-string': 'intstr.IntOrString',
  time: 'v1.Time',
  'micro-time': 'v1.MicroTime',
  duration: 'v1.Duration',
};
