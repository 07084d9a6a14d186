// What a plain YAML word means to Kubernetes: YAML 1.1 as sigs.k8s.io/yaml reads it. `yes` and `on` are true, `0777` is
// octal, `1_000` a number; timestamps and sexagesimal numbers (`80:30`) stay texts. No YAML library has this mixture, and
// a port or a version read differently here than there would be a different object.

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);
const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const NUMBER_START = /^[-+.\d]/;
const INTEGER = /^([-+]?)(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** The JSON value of a plain scalar. Infinite numbers come back as such: JSON has no word for them. */
export function plainScalar(source: string): string | number | boolean | null {
  if (NULLS.has(source)) return null;
  const truth = BOOLEANS.get(source);
  if (truth !== undefined) return truth;
  if (!NUMBER_START.test(source)) return source;
  if (NOT_FINITE.test(source))
    return source.endsWith('n') || source.endsWith('N') ? Number.NaN : Number.POSITIVE_INFINITY;
  // Go forgives underscores anywhere in a number, but in one that begins with the point only between digits.
  const text = source.replaceAll(source.startsWith('.') ? /(?<=\d)_(?=\d)/g : '_', '');
  const integer = INTEGER.exec(text);
  if (integer !== null) return integerOf(integer[1] ?? '', integer[2] ?? '');
  if (!FLOAT.test(text)) return source;
  const float = Number(text);
  return Number.isFinite(float) ? float : source;
}

function integerOf(sign: string, digits: string): number {
  const octal = /^0[0-7]+$/.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(digits.toLowerCase());
  return sign === '-' && value !== 0 ? -value : value;
}
