// What an evaluation works on. Numbers keep CEL's types apart: an int is a bigint, a uint has a class of its own, a
// double is a number. Errors are values too, because `&&` and `||` may still find an answer without them.

import { assertNever } from '../../../streams/base/assert.ts';
import type { CelType } from './types.ts';

/** An evaluation that failed; `message` is cel-go's text. */
export class CelError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

export class Timestamp {
  /** Since 1970. */
  readonly nanos: bigint;
  /** The zone it was written in, in minutes east of UTC; only its text shows it. */
  readonly zoneMinutes: number;
  constructor(nanos: bigint, zoneMinutes = 0) {
    this.nanos = nanos;
    this.zoneMinutes = zoneMinutes;
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Optional {
  /** Undefined when nothing is there. */
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

export const NOTHING = new Optional(undefined);

export class TypeValue {
  readonly type: CelType;
  constructor(type: CelType) {
    this.type = type;
  }
}

/** A list; elements may be turned into values only when they are read. */
export interface ListValue {
  readonly category: 'list';
  readonly size: number;
  at(index: number): Value;
  /** Lists with a meaning of their own (sets, maps by key) say how they compare and grow. */
  readonly rules?: ListRules | undefined;
}

export type ListRules = {
  equal(left: ListValue, right: ListValue): boolean;
  concat(left: ListValue, right: ListValue): ListValue;
};

export interface MapValue {
  readonly category: 'map';
  readonly size: number;
  find(key: Value): Value | undefined;
  keys(): readonly Value[];
  /** What no schema describes and no expression can name; it counts when maps are compared. */
  hidden?(): unknown;
}

/** A value of one of Kubernetes' library types, or an object built by an expression. */
export interface ObjectValue {
  readonly category: 'object';
  readonly type: CelType;
  equals(other: Value): boolean;
  field?(name: string): Result | undefined;
  isZero?(): boolean;
  /** Counted by costs, where it has one. */
  readonly size?: number;
}

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | Optional
  | TypeValue
  | ListValue
  | MapValue
  | ObjectValue;

/** A value, or why there is none. */
export type Result = Value | CelError;

export type ValueKind =
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'optional'
  | 'type'
  | 'list'
  | 'map'
  | 'object';

export function kindOf(value: Value): ValueKind {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'boolean':
      return 'bool';
    case 'number':
      return 'double';
    default:
      return value === null ? 'null' : kindOfReference(value);
  }
}

type Reference = Exclude<Value, null | string | bigint | boolean | number>;

function kindOfReference(value: Reference): ValueKind {
  if (value instanceof Uint) return 'uint';
  if (value instanceof Timestamp) return 'timestamp';
  if (value instanceof Duration) return 'duration';
  if (value instanceof Optional) return 'optional';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Uint8Array) return 'bytes';
  switch (value.category) {
    case 'list':
    case 'map':
    case 'object':
      return value.category;
    default:
      return assertNever(value);
  }
}

export function isList(value: Result): value is ListValue {
  return typeof value === 'object' && value !== null && 'category' in value && value.category === 'list';
}

export function isMap(value: Result): value is MapValue {
  return typeof value === 'object' && value !== null && 'category' in value && value.category === 'map';
}

export function isObject(value: Result): value is ObjectValue {
  return typeof value === 'object' && value !== null && 'category' in value && value.category === 'object';
}

/** The name `type(value)` answers with, as error texts name it too. */
export function typeNameOf(value: Value): string {
  const kind = kindOf(value);
  switch (kind) {
    case 'null':
      return 'null_type';
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'optional':
      return 'optional_type';
    case 'object':
      return isObject(value) ? value.type.name : kind;
    default:
      return kind;
  }
}
