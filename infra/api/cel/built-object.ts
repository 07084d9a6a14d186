// An object an expression built with `Type{field: value}`.

import { equal } from './equality.ts';
import type { CelType } from './types.ts';
import type { ObjectValue, Value } from './values.ts';

export class BuiltObject implements ObjectValue {
  readonly category = 'object';
  readonly type: CelType;
  readonly fields: ReadonlyMap<string, Value>;

  constructor(type: CelType, fields: ReadonlyMap<string, Value>) {
    this.type = type;
    this.fields = fields;
  }

  field(name: string): Value | undefined {
    return this.fields.get(name);
  }

  equals(other: Value): boolean {
    if (!(other instanceof BuiltObject) || other.type.name !== this.type.name) return false;
    if (other.fields.size !== this.fields.size) return false;
    return [...this.fields].every(([name, value]) => {
      const theirs = other.fields.get(name);
      return theirs !== undefined && equal(value, theirs);
    });
  }

  isZero(): boolean {
    return this.fields.size === 0;
  }
}
