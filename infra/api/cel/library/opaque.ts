// Values of Kubernetes' own types: all that expressions can do with them is call functions and compare.

import { type CelType, objectType, opaqueType } from '../types.ts';
import { isObject, type ObjectValue, type Value } from '../values.ts';

export abstract class Opaque implements ObjectValue {
  readonly category = 'object';
  abstract readonly type: CelType;

  /** Called with a value of the same type. */
  protected abstract same(other: Opaque): boolean;

  equals(other: Value): boolean {
    return isObject(other) && other.type.name === this.type.name && this.same(other as Opaque);
  }
}

/** `kubernetes.Quantity` */
export function kubernetesType(name: string): CelType {
  return objectType(`kubernetes.${name}`);
}

/** `net.IP` */
export function netType(name: string): CelType {
  return opaqueType(`net.${name}`);
}
