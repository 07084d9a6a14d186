// CEL's types as terms. A type is compared by structure; `param` is a variable the checker solves. Texts of types are
// those cel-go prints in its errors.

export type TypeKind =
  | 'dyn'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'type'
  /** A structure: an object with a schema, or one of Kubernetes' library types. */
  | 'object'
  | 'opaque'
  | 'param';

export type CelType = {
  readonly kind: TypeKind;
  /** The name of an object, opaque type or parameter; otherwise the kind's. */
  readonly name: string;
  readonly parameters: readonly CelType[];
};

const NONE: readonly CelType[] = [];

function simple(kind: TypeKind, name: string = kind): CelType {
  return { kind, name, parameters: NONE };
}

export const DYN = simple('dyn');
export const ERROR = simple('error', '!error!');
export const NULL = simple('null');
export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const TIMESTAMP = simple('timestamp');
export const DURATION = simple('duration');

export function listOf(element: CelType): CelType {
  return { kind: 'list', name: 'list', parameters: [element] };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { kind: 'map', name: 'map', parameters: [key, value] };
}

export function typeOf(type: CelType): CelType {
  return { kind: 'type', name: 'type', parameters: [type] };
}

export function objectType(name: string): CelType {
  return { kind: 'object', name, parameters: NONE };
}

export function opaqueType(name: string, ...parameters: readonly CelType[]): CelType {
  return { kind: 'opaque', name, parameters };
}

export function optionalOf(type: CelType): CelType {
  return opaqueType('optional_type', type);
}

export function parameter(name: string): CelType {
  return { kind: 'param', name, parameters: NONE };
}

export function isOptional(type: CelType): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

/** The type inside an optional, or the type itself. */
export function unwrapOptional(type: CelType): CelType {
  return isOptional(type) ? (type.parameters[0] ?? DYN) : type;
}

export function sameType(left: CelType, right: CelType): boolean {
  if (left === right) return true;
  if (left.kind !== right.kind || left.name !== right.name) return false;
  if (left.parameters.length !== right.parameters.length) return false;
  return left.parameters.every((type, at) => sameType(type, right.parameters[at] ?? ERROR));
}

/** As cel-go's checker prints it, e.g. `map(string, list(int))`. */
export function showType(type: CelType): string {
  if (type.parameters.length === 0) return type.name;
  return `${type.name}(${type.parameters.map(showType).join(', ')})`;
}

/** `(int, string)`, or `string.(int)` of a call on a target. */
export function showSignature(types: readonly CelType[], onTarget: boolean): string {
  const shown = types.map(showType);
  return onTarget ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
}

const SIMPLE_TYPES: Readonly<Record<string, CelType>> = {
  dyn: DYN,
  null: NULL,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  timestamp: TIMESTAMP,
  duration: DURATION,
};

/** Reads what `showType` prints; single capital letters are parameters, `net.…` types are opaque, other names objects. */
export function parseType(text: string): CelType {
  const open = text.indexOf('(');
  if (open >= 0) {
    const parameters = splitTypes(text.slice(open + 1, -1)).map(parseType);
    const name = text.slice(0, open);
    if (name === 'list' || name === 'map' || name === 'type') return { kind: name, name, parameters };
    return opaqueType(name, ...parameters);
  }
  const known = SIMPLE_TYPES[text];
  if (known !== undefined) return known;
  if (/^[A-Z]$/.test(text)) return parameter(text);
  return text.startsWith('net.') ? opaqueType(text) : objectType(text);
}

/** Splits `map(string, int), int` at its outer commas. */
export function splitTypes(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' ? parts : [...parts, last];
}
