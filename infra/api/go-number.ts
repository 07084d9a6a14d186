// Numbers as Go prints them with `%v`: whole ones, which its decoder holds as int64, plainly; float64 in the shortest form,
// with an exponent from a million on and below 10^-4.

export function goNumber(value: number): string {
  return isInt64(value) ? String(BigInt(value)) : goFloat(value);
}

/** Whole, and small enough for Go's decoder not to make a float64 of it. */
export function isInt64(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

/** A float64, which the bounds of schemas always are. */
export function goFloat(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
