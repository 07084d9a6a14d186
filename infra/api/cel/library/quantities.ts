// Resource quantities (`1Gi`, `500m`), compared and added exactly.

import {
  addQuantity,
  compareQuantity,
  parseQuantity,
  type Quantity,
  subQuantity,
} from '../../../../streams/resources/quantity.ts';
import { INT_MAX, INT_MIN } from '../literals.ts';
import { CelError, type Result } from '../values.ts';
import { kubernetesType, Opaque } from './opaque.ts';
import type { Library } from './signature.ts';

const QUANTITY = kubernetesType('Quantity');
const NANO = 1_000_000_000n;

class QuantityValue extends Opaque {
  readonly type = QUANTITY;
  readonly amount: Quantity;

  constructor(amount: Quantity) {
    super();
    this.amount = amount;
  }

  protected same(other: QuantityValue): boolean {
    return compareQuantity(this.amount, other.amount) === 0;
  }
}

type Q = QuantityValue;

export const QUANTITIES: Library = {
  quantity: { 'string_to_quantity(string) kubernetes.Quantity': read },
  isQuantity: { 'is_quantity_string(string) bool': (text: string) => parseQuantity(text).kind === 'quantity' },
  sign: { 'quantity_sign(kubernetes.Quantity) int': ({ amount }: Q) => BigInt(compareQuantity(amount, whole(0n))) },
  isInteger: { '.quantity_is_integer(kubernetes.Quantity) bool': (value: Q) => integer(value) !== undefined },
  asInteger: {
    '.quantity_get_int(kubernetes.Quantity) int': (value: Q) =>
      integer(value) ?? new CelError('cannot convert value to integer'),
  },
  asApproximateFloat: {
    '.quantity_get_float(kubernetes.Quantity) double': ({ amount }: Q) =>
      Number(amount.nano / NANO) + Number(amount.nano % NANO) / Number(NANO),
  },
  isGreaterThan: {
    '.quantity_is_greater_than(kubernetes.Quantity, kubernetes.Quantity) bool': (left: Q, right: Q) =>
      compareQuantity(left.amount, right.amount) > 0,
  },
  isLessThan: {
    '.quantity_is_less_than(kubernetes.Quantity, kubernetes.Quantity) bool': (left: Q, right: Q) =>
      compareQuantity(left.amount, right.amount) < 0,
  },
  compareTo: {
    '.quantity_compare_to(kubernetes.Quantity, kubernetes.Quantity) int': (left: Q, right: Q) =>
      BigInt(compareQuantity(left.amount, right.amount)),
  },
  add: {
    '.quantity_add(kubernetes.Quantity, kubernetes.Quantity) kubernetes.Quantity': (left: Q, right: Q) =>
      new QuantityValue(addQuantity(left.amount, right.amount)),
    '.quantity_add_int(kubernetes.Quantity, int) kubernetes.Quantity': (left: Q, right: bigint) =>
      new QuantityValue(addQuantity(left.amount, whole(right))),
  },
  sub: {
    '.quantity_sub(kubernetes.Quantity, kubernetes.Quantity) kubernetes.Quantity': (left: Q, right: Q) =>
      new QuantityValue(subQuantity(left.amount, right.amount)),
    '.quantity_sub_int(kubernetes.Quantity, int) kubernetes.Quantity': (left: Q, right: bigint) =>
      new QuantityValue(subQuantity(left.amount, whole(right))),
  },
};

function read(text: string): Result {
  const parsed = parseQuantity(text);
  return parsed.kind === 'malformed' ? new CelError(parsed.message) : new QuantityValue(parsed.quantity);
}

function whole(value: bigint): Quantity {
  return { nano: value * NANO, format: 'decimal' };
}

function integer({ amount }: QuantityValue): bigint | undefined {
  if (amount.nano % NANO !== 0n) return undefined;
  const value = amount.nano / NANO;
  return value < INT_MIN || value > INT_MAX ? undefined : value;
}
