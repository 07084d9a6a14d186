// Resource quantities (`500m`, `1.5Gi`, `1e3`): exact numbers with the suffix family they were written in.
// Invariant: a quantity is a whole number of nano-units, never a float; finer values round away from zero, and every
// quantity has one canonical text, the one Kubernetes prints (no fraction, the largest suffix that loses nothing).

/** Which suffixes a quantity is printed with: `k M G`, `Ki Mi Gi`, or `e3 e6 e9`. */
export type QuantityFormat = 'decimal' | 'binary' | 'exponent';

export type Quantity = {
  /** The amount in 1/1,000,000,000. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
};

export type ParsedQuantity =
  | { readonly kind: 'quantity'; readonly quantity: Quantity; readonly text: string }
  | { readonly kind: 'malformed'; readonly message: string };

const NANO = 1_000_000_000n;
const CAP = (2n ** 63n - 1n) * NANO;
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
/** Most texts look like this and are canonical: up to three digits cannot hold a factor of 1000 or 1024. */
const CANONICAL = /^[1-9]\d{0,2}(?:[numkMGTPE]|[KMGTP]i)?$/;
const DECIMAL_EXPONENT: Readonly<Record<string, number>> = {
  '': 0,
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_EXPONENT: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

const WRONG_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_NUMBER = 'unable to parse numeric part of quantity';
const WRONG_SUFFIX = "unable to parse quantity's suffix";

/** Bounds the work a hostile text can cause; no quantity anyone means comes near either. */
const TEXT_LENGTH_MAX = 256;
const EXPONENT_MAX = 100;

/** Reads a quantity. The texts of the failures are Kubernetes'. `text` is how Kubernetes prints it from then on. */
export function parseQuantity(text: string): ParsedQuantity {
  const match = text.length > 0 && text.length <= TEXT_LENGTH_MAX ? PATTERN.exec(text) : null;
  if (match === null) return { kind: 'malformed', message: WRONG_FORM };
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  const unit = unitOf(suffix);
  if (unit === undefined) return { kind: 'malformed', message: WRONG_SUFFIX };
  const digits = whole.replace(/^0+/, '') || '0';
  const short = fitsShortForm(digits, fraction, unit);
  if (!short && whole + fraction === '') return { kind: 'malformed', message: WRONG_NUMBER };
  const amount = scaled(BigInt(digits + fraction), unit, fraction.length);
  const capped = unit.format === 'binary' && amount > CAP ? CAP : amount;
  const belowOne = unit.format === 'binary' && capped > 0n && capped < NANO;
  const quantity: Quantity = { nano: sign === '-' ? -capped : capped, format: belowOne ? 'decimal' : unit.format };
  const kept = short && keepsItsText(digits, fraction, unit);
  return { kind: 'quantity', quantity, text: kept ? text : formatQuantity(quantity) };
}

/** A quantity from a text that was validated before; throws on any other. */
export function quantityOf(text: string): Quantity {
  const known = quantities.get(text);
  if (known !== undefined) return known;
  const parsed = parseQuantity(text);
  if (parsed.kind === 'malformed') throw new Error(`"${text}" is not a quantity: ${parsed.message}`);
  if (quantities.size >= quantitiesMax) quantities.clear();
  quantities.set(text, parsed.quantity);
  return parsed.quantity;
}

/** A cluster speaks of few amounts, and compares them over and over. */
const quantities = new Map<string, Quantity>();
const quantitiesMax = 1_000;

/** The text Kubernetes stores for `text`, or undefined when it is not a quantity. Cheap for the usual short texts. */
export function canonicalQuantity(text: string): string | undefined {
  if (text === '0' || CANONICAL.test(text)) return text;
  const parsed = parseQuantity(text);
  return parsed.kind === 'quantity' ? parsed.text : undefined;
}

export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (nano === 0n) return '0';
  if (format === 'binary' && nano % NANO === 0n) {
    const whole = nano / NANO;
    if (whole >= 1024n || whole <= -1024n) return formatBinary(whole);
  }
  return formatDecimal(nano, format);
}

/** The sum, in the left side's format unless that is zero (Kubernetes' rule). */
export function addQuantity(left: Quantity, right: Quantity): Quantity {
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format };
}

export function subQuantity(left: Quantity, right: Quantity): Quantity {
  return { nano: left.nano - right.nano, format: left.nano === 0n ? right.format : left.format };
}

/** Negative when `left` is less, positive when it is more, 0 when both are the same amount in whatever format. */
export function compareQuantity(left: Quantity, right: Quantity): number {
  return left.nano < right.nano ? -1 : left.nano > right.nano ? 1 : 0;
}

/** In thousandths, rounded away from zero; exact up to 2^53. */
export function milliValue(quantity: Quantity): number {
  return Number(divideUp(quantity.nano, 1_000_000n));
}

/** In whole units (cores, bytes), rounded away from zero; exact up to 2^53. */
export function wholeValue(quantity: Quantity): number {
  return Number(divideUp(quantity.nano, NANO));
}

export function milliQuantity(milli: number, format: QuantityFormat = 'decimal'): Quantity {
  return { nano: BigInt(milli) * 1_000_000n, format };
}

export function wholeQuantity(whole: number, format: QuantityFormat = 'decimal'): Quantity {
  return { nano: BigInt(whole) * NANO, format };
}

type Unit = { readonly base: 2 | 10; readonly exponent: number; readonly format: QuantityFormat };

function unitOf(suffix: string): Unit | undefined {
  const decimal = DECIMAL_EXPONENT[suffix];
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'decimal' };
  const binary = BINARY_EXPONENT[suffix];
  if (binary !== undefined) return { base: 2, exponent: binary, format: 'binary' };
  if (!/^[eE][-+]?\d+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  return Math.abs(exponent) > EXPONENT_MAX ? undefined : { base: 10, exponent, format: 'exponent' };
}

function scaled(digits: bigint, unit: Unit, fractionDigits: number): bigint {
  if (unit.base === 2) return divideUp(digits * 2n ** BigInt(unit.exponent) * NANO, 10n ** BigInt(fractionDigits));
  const power = unit.exponent - fractionDigits + 9;
  return power >= 0 ? digits * 10n ** BigInt(power) : divideUp(digits, 10n ** BigInt(-power));
}

function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}

/** Whether Kubernetes reads the text into 64 bits. Only then may it keep the text or take a bare suffix for zero. */
function fitsShortForm(digits: string, fraction: string, unit: Unit): boolean {
  if (unit.base === 10) return digits.length + fraction.length <= 18 && unit.exponent - fraction.length >= -9;
  return fraction === '' && 15 - digits.length - Math.trunc(unit.exponent * 0.3) - 1 >= 0;
}

/**
 * Kubernetes prints some texts as they were written, canonical or not (`1.100`, `1E3`): those it takes for canonical
 * by a glance at their digits. Clients see the text, so the glance is part of the format.
 */
function keepsItsText(digits: string, fraction: string, unit: Unit): boolean {
  const shifted = digits + fraction;
  if (unit.base === 2) {
    const value = BigInt(digits);
    return (value & 7n) !== 0n && value * 2n ** BigInt(unit.exponent) <= CAP / NANO;
  }
  return (unit.exponent - fraction.length) % 3 === 0 && !shifted.endsWith('000') && shifted[0] !== '0';
}

function formatBinary(whole: bigint): string {
  let value = whole;
  let step = 0;
  while (step < BINARY_SUFFIXES.length - 1 && value % 1024n === 0n) {
    value /= 1024n;
    step++;
  }
  return `${value}${BINARY_SUFFIXES[step]}`;
}

function formatDecimal(nano: bigint, format: QuantityFormat): string {
  const digits = nano.toString();
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  const exponent = digits.length - end - 9;
  // The suffixes go in threes; a bare SI number beyond the last one keeps its zeros.
  const third = Math.floor(exponent / 3) * 3;
  const shown = format === 'exponent' ? third : Math.min(third, 18);
  const mantissa = digits.slice(0, end) + '0'.repeat(exponent - shown);
  if (format === 'exponent') return shown === 0 ? mantissa : `${mantissa}e${shown}`;
  return `${mantissa}${DECIMAL_SUFFIXES[shown / 3 + 3]}`;
}
