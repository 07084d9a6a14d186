// Turns the Go and proto sources into the lines of the facts table (grammar: see `../facts.ts`, which reads them).
// Invariant: the same sources give the same bytes, and every disagreement between the sources stops the generator.

import type { GoPackage } from './go-modules.ts';
import { type GoField, type GoNamed, type GoSource, type GoStruct, readGoPackage } from './go-source.ts';
import { type ProtoMessage, readProto } from './proto-source.ts';

/** Type name → field lines of a structure, or the one line of a named scalar, slice or map. */
export type PackageTable = Readonly<Record<string, readonly string[] | string>>;

type Source = { readonly pkg: GoPackage; readonly go: GoSource; readonly proto: ReadonlyMap<string, ProtoMessage> };

const SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'int32',
  int64: 'int64',
  int: 'int64',
  float64: 'double',
  '[]byte': 'bytes',
  'interface{}': 'any',
  any: 'any',
};

/** Types whose JSON and wire forms are not those of their Go struct, by `alias.Name`. */
const SPECIAL: Readonly<Record<string, string>> = {
  'meta/v1.Time': 'time',
  'meta/v1.MicroTime': 'micro-time',
  'meta/v1.Duration': 'duration',
  'meta/v1.FieldsV1': 'any',
  'quantity.Quantity': 'quantity',
  'intstr.IntOrString': 'int-or-string',
  'runtime.RawExtension': 'any',
  'runtime.Object': 'any',
  'apiextensions/v1.JSON': 'any',
  'apiextensions/v1.JSONSchemaPropsOrArray': 'any-of-array:JSONSchemaProps',
  'apiextensions/v1.JSONSchemaPropsOrBool': 'any-of-bool:JSONSchemaProps',
  'apiextensions/v1.JSONSchemaPropsOrStringArray': 'any-of-strings:JSONSchemaProps',
};

/** Packages read only to resolve what the others mention; their own structs are not API types. */
const HELPERS: ReadonlySet<string> = new Set(['types', 'runtime', 'quantity', 'intstr']);

export function buildTables(packages: readonly GoPackage[]): ReadonlyMap<GoPackage, PackageTable> {
  const sources = new Map<string, Source>();
  for (const pkg of packages) {
    sources.set(pkg.path, { pkg, go: readGoPackage(pkg.directory), proto: readProto(pkg.directory) });
  }
  const tables = new Map<GoPackage, PackageTable>();
  for (const source of sources.values()) {
    const table: Record<string, readonly string[] | string> = {};
    const { alias } = source.pkg;
    const write = new TypeWriter(source, sources);
    for (const name of [...source.go.structs.keys(), ...source.go.named.keys()].sort()) {
      if (SPECIAL[`${alias}.${name}`] !== undefined) continue;
      const struct = source.go.structs.get(name);
      const named = source.go.named.get(name);
      if (struct !== undefined && isApiStruct(struct, source.proto) && !HELPERS.has(alias))
        table[name] = write.struct(struct);
      else if (named !== undefined) {
        const line = write.named(named);
        if (line !== undefined) table[name] = line;
      }
    }
    if (Object.keys(table).length > 0) tables.set(source.pkg, table);
  }
  return tables;
}

function isApiStruct(struct: GoStruct, messages: ReadonlyMap<string, ProtoMessage>): boolean {
  const tagged = struct.fields.some((field) => field.tag.has('json')) || messages.has(struct.name);
  return /^[A-Z]/.test(struct.name) && tagged;
}

class TypeWriter {
  readonly #source: Source;
  readonly #sources: ReadonlyMap<string, Source>;

  constructor(source: Source, sources: ReadonlyMap<string, Source>) {
    this.#source = source;
    this.#sources = sources;
  }

  struct(struct: GoStruct): readonly string[] {
    const lines: string[] = struct.markers.get('structType')?.[0] === 'atomic' ? ['@atomic'] : [];
    const message = this.#source.proto.get(struct.name);
    const seen = new Set<number>();
    for (const field of struct.fields) {
      const line = this.#field(field, struct, message, seen);
      if (line !== undefined) lines.push(line);
    }
    for (const [name, number] of message ?? []) {
      if (!seen.has(number)) throw new Error(`${struct.name}.${name} = ${number} is in the proto file only`);
    }
    return lines;
  }

  named(named: GoNamed): string | undefined {
    const type = this.#tryType(named.underlying);
    if (type === undefined || /^[a-z]/.test(named.name)) return undefined;
    const { name } = named;
    if (named.underlying.startsWith('[]') && named.underlying !== '[]byte') {
      return this.#source.proto.has(name) ? `message ${type}` : type;
    }
    if (!named.markers.has('enum')) return type;
    const values = [...this.#source.go.constants.values()].filter((constant) => constant.type === name);
    return [type, ...new Set(values.map((constant) => JSON.stringify(constant.value)))].sort(enumOrder).join(' ');
  }

  #field(field: GoField, struct: GoStruct, message: ProtoMessage | undefined, seen: Set<number>): string | undefined {
    const [jsonName, ...jsonOptions] = (field.tag.get('json') ?? '-').split(',');
    if (jsonName === '-' || jsonName === undefined) return undefined;
    const number = protoNumber(field, struct, message, seen);
    const inline = jsonOptions.includes('inline') || (field.name === undefined && jsonName === '');
    const pointer = field.type.startsWith('*');
    const type = this.#type(pointer ? field.type.slice(1) : field.type, struct.name);
    const omitEmpty = jsonOptions.includes('omitempty');
    const required = isRequired(field, omitEmpty);
    const flags = [
      required && !inline ? 'r' : '',
      pointer ? 'p' : '',
      omitEmpty ? 'o' : '',
      jsonOptions.includes('omitzero') ? 'z' : '',
      inline ? 'i' : '',
    ].join('');
    const name = inline ? lowerFirst(baseName(field.type)) : jsonName;
    return [name, String(number), type, flags || '-', ...this.#options(field)].join(' ');
  }

  #options(field: GoField): readonly string[] {
    const options: string[] = [];
    const listType = field.markers.get('listType')?.[0] ?? field.markers.get('k8s:listType')?.[0];
    const keys = field.markers.get('listMapKey') ?? field.markers.get('k8s:listMapKey') ?? [];
    if (listType !== undefined) options.push(`list=${listType}${keys.length > 0 ? `:${keys.join(',')}` : ''}`);
    // Ownership as one value or field by field, where the field says something else than its type.
    const ownership = field.markers.get('mapType')?.[0] ?? field.markers.get('structType')?.[0];
    if (ownership !== undefined) options.push(ownership);
    const strategy = field.tag.get('patchStrategy') ?? field.markers.get('patchStrategy')?.[0];
    if (strategy !== undefined) options.push(`patch=${strategy}`);
    const mergeKey = field.tag.get('patchMergeKey') ?? field.markers.get('patchMergeKey')?.[0];
    if (mergeKey !== undefined) options.push(`key=${mergeKey}`);
    const value = field.markers.get('default')?.[0];
    if (value !== undefined) options.push(`default=${this.#defaultValue(value)}`);
    return options;
  }

  #defaultValue(value: string): string {
    const constant = /^ref\((\w+)\)$/.exec(value)?.[1];
    if (constant === undefined) return JSON.stringify(JSON.parse(value));
    const known = this.#source.go.constants.get(constant);
    if (known === undefined) throw new Error(`unknown constant ${constant} in a default`);
    return JSON.stringify(known.value);
  }

  #type(type: string, where: string): string {
    const found = this.#tryType(type);
    if (found === undefined) throw new Error(`${this.#source.pkg.path}: ${where} has a field of unknown type ${type}`);
    return found;
  }

  /** A scalar, `[]item`, `{}value`, or a reference: `.Name` in the same package, `alias.Name` elsewhere. */
  #tryType(type: string): string | undefined {
    const scalar = SCALARS[type];
    if (scalar !== undefined) return scalar;
    const [, prefix, item] = /^(\[\]|map\[[\w.]+\])(.+)$/.exec(type) ?? [];
    if (prefix !== undefined && item !== undefined) {
      const inner = this.#tryType(item);
      if (inner === undefined) return undefined;
      if (prefix === '[]') return `[]${inner}`;
      const key = this.#tryType(prefix.slice(4, -1));
      return key === undefined ? undefined : key === 'string' ? `{}${inner}` : `{${key}}${inner}`;
    }
    const [, qualifier, name] = /^(?:(\w+)\.)?(\w+)$/.exec(type) ?? [];
    if (name === undefined) return undefined;
    const path = qualifier === undefined ? this.#source.pkg.path : this.#source.go.imports.get(qualifier);
    const target = path === undefined ? undefined : this.#sources.get(path);
    if (target === undefined) return undefined;
    const special = SPECIAL[`${target.pkg.alias}.${name}`];
    if (special !== undefined) return special;
    if (!target.go.structs.has(name) && !target.go.named.has(name)) return undefined;
    return target === this.#source ? `.${name}` : `${target.pkg.alias}.${name}`;
  }
}

function protoNumber(field: GoField, struct: GoStruct, message: ProtoMessage | undefined, seen: Set<number>): number {
  const tag = field.tag.get('protobuf');
  if (tag === undefined || tag === '-' || message === undefined) return 0;
  const number = Number(tag.split(',')[1]);
  const name = /(?:^|,)name=(\w+)/.exec(tag)?.[1] ?? lowerFirst(field.name ?? baseName(field.type));
  if (message.get(name) !== number) {
    throw new Error(`${struct.name}.${name} is ${number} in Go and ${message.get(name)} in the proto file`);
  }
  seen.add(number);
  return number;
}

/** OpenAPI's rule: a marker decides, and without one a field that may be omitted is optional. */
function isRequired(field: GoField, omitEmpty: boolean): boolean {
  if (field.markers.has('optional')) return false;
  if (field.markers.has('required')) return true;
  return !omitEmpty;
}

function baseName(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1).replace(/^\*/, '');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The type stays first (it has no quotes), values follow in byte order. */
function enumOrder(left: string, right: string): number {
  const byQuote = Number(left.startsWith('"')) - Number(right.startsWith('"'));
  return byQuote !== 0 ? byQuote : left < right ? -1 : left > right ? 1 : 0;
}
