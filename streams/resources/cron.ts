// Schedules of cron jobs: five fields of numbers, names, ranges, lists and steps, or a word such as `@daily`. The texts
// of the failures are those clients know from Kubernetes.

export type CronField = {
  readonly values: ReadonlySet<number>;
  /** The field said nothing (`*`): of a day of the month and a day of the week that then decides alone. */
  readonly any: boolean;
};

export type CronSchedule =
  | {
      readonly kind: 'fields';
      readonly minute: CronField;
      readonly hour: CronField;
      readonly dayOfMonth: CronField;
      readonly month: CronField;
      /** 0 is Sunday. */
      readonly dayOfWeek: CronField;
    }
  | { readonly kind: 'every'; readonly seconds: number };

export type ParsedCron =
  | { readonly kind: 'schedule'; readonly schedule: CronSchedule; readonly timeZone: string | undefined }
  | { readonly kind: 'malformed'; readonly message: string };

type Bounds = { readonly min: number; readonly max: number; readonly names?: readonly string[] };

const minutes: Bounds = { min: 0, max: 59 };
const hours: Bounds = { min: 0, max: 23 };
const daysOfMonth: Bounds = { min: 1, max: 31 };
const months: Bounds = { min: 1, max: 12, names: names('jan feb mar apr may jun jul aug sep oct nov dec') };
const daysOfWeek: Bounds = { min: 0, max: 6, names: names('sun mon tue wed thu fri sat') };
const bounds = [minutes, hours, daysOfMonth, months, daysOfWeek];

const words: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

class Malformed extends Error {}

export function parseCron(text: string): ParsedCron {
  try {
    if (text === '') throw new Malformed('empty spec string');
    const zoned = /^(?:CRON_)?TZ=(\S*)\s*(.*)$/s.exec(text);
    const timeZone = zoned?.[1];
    if (timeZone !== undefined && !isTimeZone(timeZone))
      throw new Malformed(`provided bad location ${timeZone}: unknown time zone ${timeZone}`);
    const spec = (zoned?.[2] ?? text).trim();
    return { kind: 'schedule', schedule: spec.startsWith('@') ? word(spec) : fieldsOf(spec), timeZone };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', message: error.message };
    throw error;
  }
}

/** True for a name of the time zone database that this machine knows. */
export function isTimeZone(name: string): boolean {
  if (name === '' || name === 'UTC') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

function word(spec: string): CronSchedule {
  const fields = words[spec];
  if (fields !== undefined) return fieldsOf(fields);
  if (!spec.startsWith('@every ')) throw new Malformed(`unrecognized descriptor: ${spec}`);
  const text = spec.slice('@every '.length);
  const seconds = durationSeconds(text);
  if (seconds === undefined)
    throw new Malformed(`failed to parse duration ${spec}: time: ${durationProblem(text)} ${JSON.stringify(text)}`);
  return { kind: 'every', seconds: Math.max(1, Math.trunc(seconds)) };
}

/** Micro is written with either of two letters that look alike. */
const units: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  '\u00b5s': 1e-6,
  '\u03bcs': 1e-6,
  ns: 1e-9,
};
const part = String.raw`([0-9]+\.?[0-9]*|\.[0-9]+)(h|ms|m|s|us|\u00b5s|\u03bcs|ns)`;
const duration = new RegExp(`^[+-]?(?:0|(?:${part})+)$`);
const parts = new RegExp(part, 'g');

function durationSeconds(text: string): number | undefined {
  if (!duration.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(parts)) seconds += Number(amount) * (units[unit] ?? 0);
  return text.startsWith('-') ? -seconds : seconds;
}

function durationProblem(text: string): string {
  const rest = text.replace(/^[+-]/, '').replace(new RegExp(`^(${part})+`), '');
  const unit = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)([^0-9.]*)/.exec(rest)?.[1];
  if (unit === undefined) return 'invalid duration';
  return unit === '' ? 'missing unit in duration' : `unknown unit ${JSON.stringify(unit)} in duration`;
}

function fieldsOf(spec: string): CronSchedule {
  const parts = spec.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== bounds.length)
    throw new Malformed(`expected exactly ${bounds.length} fields, found ${parts.length}: [${parts.join(' ')}]`);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = parts.map((part, i) => field(part, bounds[i] as Bounds)) as [
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
  ];
  return { kind: 'fields', minute, hour, dayOfMonth, month, dayOfWeek };
}

function field(text: string, limits: Bounds): CronField {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(',').filter((one) => one !== '')) any = range(part, limits, values) || any;
  return { values, any };
}

/** Adds what a range stands for; true where it is everything. */
function range(text: string, { min, max, names: known }: Bounds, values: Set<number>): boolean {
  const [span = '', stepText, ...slashes] = text.split('/');
  const [lowText = '', highText, ...hyphens] = span.split('-');
  const star = lowText === '*' || lowText === '?';
  const low = star ? min : numberOf(lowText, known);
  if (!star && hyphens.length > 0) throw new Malformed(`too many hyphens: ${text}`);
  let high = star ? max : highText === undefined ? low : numberOf(highText, known);
  if (slashes.length > 0) throw new Malformed(`too many slashes: ${text}`);
  const step = stepText === undefined ? 1 : numberOf(stepText, undefined);
  if (stepText !== undefined && highText === undefined) high = max;
  if (low < min) throw new Malformed(`beginning of range (${low}) below minimum (${min}): ${text}`);
  if (high > max) throw new Malformed(`end of range (${high}) above maximum (${max}): ${text}`);
  if (low > high) throw new Malformed(`beginning of range (${low}) beyond end of range (${high}): ${text}`);
  if (step === 0) throw new Malformed(`step of range should be a positive number: ${text}`);
  for (let value = low; value <= high; value += step) values.add(value);
  return star && step === 1;
}

function numberOf(text: string, known: readonly string[] | undefined): number {
  const at = known?.indexOf(text.toLowerCase()) ?? -1;
  if (at >= 0) return known === months.names ? at + 1 : at;
  if (!/^[+-]?[0-9]+$/.test(text))
    throw new Malformed(
      `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  const value = Number(text);
  if (value < 0) throw new Malformed(`negative number (${value}) not allowed: ${text}`);
  return value;
}

function names(text: string): readonly string[] {
  return text.split(' ');
}
