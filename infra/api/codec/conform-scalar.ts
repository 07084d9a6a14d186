// Scalars that are more than a text or a truth value: numbers with bounds, base64, quantities, times. Each is returned in
// the form Go would print, the very same value where it has that form already, or as a fault in Go's words.

import { canonicalQuantity, parseQuantity } from '../../../streams/resources/quantity.ts';
import { OP } from './conform-plan.ts';
import {
  durationText,
  isCanonicalMicroTime,
  isCanonicalTime,
  microTimeText,
  type ParsedTime,
  parseDuration,
  parseMicroTime,
  parseTime,
  timeText,
  ZERO_TIME_SECONDS,
} from './time-text.ts';

/** With a Go type: a JSON value of the wrong kind (`message` describes the value). Without: a complete message. */
export class ScalarFault {
  readonly message: string;
  readonly goType: string | undefined;
  constructor(message: string, goType?: string) {
    this.message = message;
    this.goType = goType;
  }
}

export function isFault(value: unknown): value is ScalarFault {
  return value instanceof ScalarFault;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const INT64_LIMIT = 2 ** 63;

export function conformScalar(op: (typeof OP)[keyof typeof OP], value: unknown): unknown {
  switch (op) {
    case OP.int32:
      return typeof value === 'number' && value === (value | 0) ? value : wrongInteger(value, 'int32');
    case OP.int64:
      return isInt64(value) ? value : wrongInteger(value, 'int64');
    case OP.double:
      return typeof value === 'number' ? value : new ScalarFault(kindOf(value), 'float64');
    case OP.bytes:
      return typeof value === 'string' ? base64(value) : new ScalarFault(kindOf(value), '[]uint8');
    case OP.quantity:
      return quantity(value);
    case OP['int-or-string']:
      if (typeof value === 'string') return value;
      return typeof value === 'number' && value === (value | 0) ? value : wrongInteger(value, 'int32');
    case OP.time:
      if (typeof value !== 'string') return new ScalarFault(kindOf(value), 'string');
      return isCanonicalTime(value) ? value : time(value, parseTime(value), 'time');
    case OP['micro-time']:
      if (typeof value !== 'string') return new ScalarFault(kindOf(value), 'string');
      return isCanonicalMicroTime(value) ? value : time(value, parseMicroTime(value), 'micro-time');
    case OP.duration:
      return typeof value === 'string' ? duration(value) : new ScalarFault(kindOf(value), 'string');
    default:
      return value;
  }
}

function isInt64(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) < INT64_LIMIT && (value as number) >= -INT64_LIMIT;
}

function wrongInteger(value: unknown, goType: string): ScalarFault {
  return new ScalarFault(typeof value === 'number' ? `number ${value}` : kindOf(value), goType);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

function quantity(value: unknown): unknown {
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : 'not a quantity';
  const canonical = canonicalQuantity(text.trim());
  if (canonical !== undefined) return canonical === value ? value : canonical;
  const parsed = parseQuantity(text.trim());
  return new ScalarFault(parsed.kind === 'malformed' ? parsed.message : 'invalid quantity');
}

function time(text: string, parsed: ParsedTime, type: 'time' | 'micro-time'): unknown {
  if (parsed.kind === 'malformed') return new ScalarFault(parsed.message);
  if (parsed.seconds === ZERO_TIME_SECONDS && parsed.nanos === 0) return null;
  const canonical = type === 'time' ? timeText(parsed.seconds) : microTimeText(parsed.seconds, parsed.nanos);
  return canonical === text ? text : canonical;
}

function duration(text: string): unknown {
  const nanos = parseDuration(text);
  if (typeof nanos === 'string') return new ScalarFault(nanos);
  const canonical = durationText(nanos);
  return canonical === text ? text : canonical;
}

/** Go skips line ends and tells where the first byte is that does not belong. */
function base64(text: string): unknown {
  if (BASE64.test(text)) return text;
  const joined = text.replaceAll(/[\r\n]/g, '');
  if (BASE64.test(joined)) return joined;
  return new ScalarFault(`illegal base64 data at input byte ${firstIllegalByte(text)}`);
}

function firstIllegalByte(text: string): number {
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\r' || char === '\n') continue;
    if (/[A-Za-z0-9+/]/.test(char)) digits++;
    else {
      // Padding is legal as the last one or two of four digits; then what follows is not.
      if (char !== '=' || digits % 4 < 2) return at;
      const pad = digits % 4 === 2 ? text.indexOf('=', at + 1) : at;
      return pad < 0 ? text.length : pad + 1;
    }
  }
  return text.length - (digits % 4);
}
