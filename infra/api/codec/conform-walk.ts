// The walk behind conform.ts. It goes through an object with its plan, copies only where something changes, and stops
// at nothing but the first type error, which it words as Go's decoder does: the structure and path of the field, without
// list positions and map keys.

import type { ObjectSchema } from '../kinds/schema.ts';
import { type FieldPlan, type Node, nodeOf, type ObjectPlan, OP, objectPlan } from './conform-plan.ts';
import { conformScalar, isFault } from './conform-scalar.ts';
import { zeroOf } from './go-shape.ts';
import { countKeys } from './json-measure.ts';
import { setKey } from './own-key.ts';

type Json = Record<string, unknown>;

const FINDINGS_MAX = 100;
const NOTHING: readonly string[] = [];

export class ConformWalk {
  /** The type error to report. */
  fault: string | undefined;
  /** Keys seen, at all depths; counted only when asked. */
  keys = 0;
  #ended = false;
  readonly #counts: boolean;
  readonly #reports: boolean;
  #unknown: string[] | undefined;
  /** From the root to here: fields, list positions, map keys. */
  readonly #path: (FieldPlan | number | string)[] = [];
  /** Inside an alternative, where Kubernetes neither reports unknown fields nor names the inner path. */
  #quiet = 0;

  constructor(options: { readonly countsKeys: boolean; readonly reportsUnknown: boolean }) {
    this.#counts = options.countsKeys;
    this.#reports = options.reportsUnknown;
  }

  /** `unknown field "spec.foo"`, in the order of the object. */
  get unknown(): readonly string[] {
    return this.#unknown ?? NOTHING;
  }

  run(object: Json, schema: ObjectSchema): Json {
    return this.#object(objectPlan(schema), object);
  }

  #object(plan: ObjectPlan, object: Json): Json {
    let copy: Json | undefined;
    let dropped: string[] | undefined;
    for (const key in object) {
      if (this.#counts) this.keys++;
      const value = object[key];
      const field = plan.fields.get(key);
      if (field === undefined) {
        this.#unknownField(key, value);
        dropped ??= [];
        dropped.push(key);
        continue;
      }
      // By far the most values are texts that stay as they are.
      if (field.op === OP.string && typeof value === 'string' && (value !== '' || !field.dropsEmpty)) continue;
      const next = this.#field(field, value);
      if (next === value) continue;
      if (next === undefined) {
        dropped ??= [];
        dropped.push(key);
      } else {
        copy ??= { ...object };
        copy[key] = next;
      }
    }
    if (dropped !== undefined) copy = without(copy ?? object, dropped);
    for (const { name, zero } of plan.fills) {
      if (object[name] === undefined) {
        copy ??= { ...object };
        copy[name] = zero();
      }
    }
    return copy ?? object;
  }

  /** The value to keep, the same one where nothing changes; undefined drops the field. */
  #field(field: FieldPlan, value: unknown): unknown {
    if (value === null) return field.zero?.();
    const { node } = field;
    this.#path.push(field);
    const next = this.#value(node, value);
    this.#path.pop();
    return field.dropsEmpty && isEmpty(field.op, next) ? undefined : next;
  }

  #value(node: Node, value: unknown): unknown {
    switch (node.op) {
      case OP.object:
        return isObject(value) ? this.#object(node.plan as ObjectPlan, value) : this.#mismatch(node, value);
      case OP.list:
        return Array.isArray(value) ? this.#list(node.inner as Node, value) : this.#mismatch(node, value);
      case OP.map:
        return isObject(value) ? this.#map(node.inner as Node, value) : this.#mismatch(node, value);
      case OP.any:
        return this.#any(node, value);
      case OP.string:
        return typeof value === 'string' ? value : this.#mismatch(node, value);
      case OP.boolean:
        return typeof value === 'boolean' ? value : this.#mismatch(node, value);
      default: {
        const next = conformScalar(node.op, value);
        if (!isFault(next)) return next;
        const isFinal = node.op >= OP.quantity;
        if (next.goType === undefined) this.#fail(next.message, isFinal);
        else this.#typeError(next.message, node.op === OP.bytes ? node.goType : next.goType, isFinal);
        return value;
      }
    }
  }

  #list(inner: Node, list: readonly unknown[]): unknown {
    let copy: unknown[] | undefined;
    const at = this.#path.length;
    this.#path.push(0);
    for (let index = 0; index < list.length; index++) {
      const item = list[index];
      if (inner.op === OP.string && typeof item === 'string') continue;
      this.#path[at] = index;
      const next = item === null ? zeroOf(inner.schema) : this.#value(inner, item);
      if (next !== item) {
        copy ??= list.slice();
        copy[index] = next;
      }
    }
    this.#path.length = at;
    return copy ?? list;
  }

  #map(inner: Node, map: Json): unknown {
    let copy: Json | undefined;
    const at = this.#path.length;
    this.#path.push('');
    for (const key in map) {
      if (this.#counts) this.keys++;
      const value = map[key];
      if (inner.op === OP.string && typeof value === 'string') continue;
      this.#path[at] = key;
      const next = value === null ? zeroOf(inner.schema) : this.#value(inner, value);
      if (next !== value) {
        copy ??= { ...map };
        setKey(copy, key, next);
      }
    }
    this.#path.length = at;
    return copy ?? map;
  }

  #any(node: Node, value: unknown): unknown {
    const { alternative } = node;
    if (alternative === undefined) {
      if (this.#counts) this.keys += countKeys(value);
      return value;
    }
    const { form, schema } = alternative;
    const inner = nodeOf(schema);
    this.#quiet++;
    let next: unknown = value;
    if (isObject(value)) next = this.#value(inner, value);
    else if (Array.isArray(value) && form === 'array') next = value.length === 0 ? null : this.#list(inner, value);
    else if (Array.isArray(value) && form === 'strings') next = value.length === 0 ? null : this.#list(TEXT, value);
    else if (form !== 'bool') next = null;
    else if (typeof value !== 'boolean') this.#fail('boolean or JSON schema expected', true);
    this.#quiet--;
    return next;
  }

  #unknownField(key: string, value: unknown): void {
    if (this.#counts) this.keys += countKeys(value);
    if (!this.#reports || this.#quiet > 0 || this.unknown.length >= FINDINGS_MAX) return;
    this.#unknown ??= [];
    this.#unknown.push(`unknown field ${JSON.stringify(pathText(this.#path, key))}`);
  }

  #mismatch(node: Node, value: unknown): unknown {
    this.#typeError(describe(value), node.goType, false);
    return value;
  }

  #typeError(found: string, goType: string, isFinal: boolean): void {
    const fields = this.#path.filter((step) => typeof step === 'object');
    const last = fields.at(-1);
    const where =
      last === undefined ? 'Go value' : `Go struct field ${last.owner}.${fields.map(({ goPath }) => goPath).join('.')}`;
    this.#fail(`json: cannot unmarshal ${found} into ${where} of type ${goType}`, isFinal);
  }

  /** Go reads on after most errors and reports the first; one in a type that decodes itself ends it and wins. */
  #fail(message: string, isFinal: boolean): void {
    if (this.#ended || (this.fault !== undefined && !isFinal)) return;
    this.fault = message;
    this.#ended = isFinal;
  }
}

const TEXT: Node = nodeOf({ kind: 'scalar', type: 'string' });

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether Go's `omitempty` leaves the value out. Structures, and what is a structure in Go, never are. */
function isEmpty(op: Node['op'], value: unknown): boolean {
  if (op <= OP.bytes) return value === '' || value === 0 || value === false;
  if (op === OP.list) return (value as readonly unknown[]).length === 0;
  if (op !== OP.map) return false;
  for (const _ in value as Json) return false;
  return true;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

function without(object: Json, dropped: readonly string[]): Json {
  const kept: Json = {};
  for (const key in object) if (!dropped.includes(key)) kept[key] = object[key];
  return kept;
}

function pathText(path: readonly (FieldPlan | number | string)[], key: string): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else {
      const name = typeof step === 'string' ? step : step.name;
      text += text === '' ? name : `.${name}`;
    }
  }
  return text === '' ? key : `${text}.${key}`;
}
