// What makes a ConfigMap, a Secret, a Lease or an Event invalid.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { equal } from '../registry/equal.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { configKey, qualifiedName } from './formats.ts';
import { all, entries, fields, immutable, type Json, required, sameValue } from './rules.ts';

type Texts = Readonly<Record<string, string>>;
const dataBytesMax = 1024 * 1024;

const keys = entries(undefined, configKey);

/** Data of an object that says it is immutable stays, and so does its saying so. */
function immutableOnce(...parts: readonly string[]): Rule<AnyObject> {
  const detail = 'field is immutable when `immutable` is set';
  return (next, check, before) => {
    if (before?.immutable !== true) return;
    if (next.immutable !== true) check.forbidden(detail, '.immutable');
    for (const part of parts) if (!equal(next[part], before[part])) check.forbidden(detail, `.${part}`);
  };
}

export const configMap: Rule<AnyObject> = all<AnyObject>(
  immutableOnce('data', 'binaryData'),
  fields({ data: keys, binaryData: keys }),
  ({ data, binaryData }: { readonly data?: Texts; readonly binaryData?: Texts }, check) => {
    for (const key in binaryData)
      if (data !== undefined && Object.hasOwn(data, key))
        check.invalid(key, 'duplicate of key present in binaryData', `.data[${key}]`);
    // Upstream names no field here, and prints the empty path so.
    if (textBytes(data) + decodedBytes(binaryData) > dataBytesMax) check.tooLong(dataBytesMax, '[]');
  },
);

type SecretLike = AnyObject & { readonly type?: string; readonly data?: Texts };

/** Secret type → what it must hold; dotted names are keys of `data`. */
const secretTypes: Readonly<Record<string, (secret: SecretLike, check: Check) => void>> = {
  'kubernetes.io/service-account-token': ({ metadata }, check) => {
    const key = 'kubernetes.io/service-account.name';
    if (!metadata.annotations?.[key]) check.required('', `.metadata.annotations[${key}]`);
  },
  'kubernetes.io/dockercfg': (secret, check) => jsonData(secret, '.dockercfg', check),
  'kubernetes.io/dockerconfigjson': (secret, check) => jsonData(secret, '.dockerconfigjson', check),
  'kubernetes.io/basic-auth': ({ data }, check) => {
    if (hasKey(data, 'username') || hasKey(data, 'password')) return;
    check.required('', '.data[username]');
    check.required('', '.data[password]');
  },
  'kubernetes.io/ssh-auth': ({ data }, check) => {
    if (!data?.['ssh-privatekey']) check.required('', '.data[ssh-privatekey]');
  },
  'kubernetes.io/tls': ({ data }, check) => {
    for (const key of ['tls.crt', 'tls.key']) if (!hasKey(data, key)) check.required('', `.data[${key}]`);
  },
};

export const secret: Rule<AnyObject> = all<SecretLike>(
  fields({ type: immutable }),
  immutableOnce('data'),
  fields({ data: keys }),
  (object, check) => {
    if (decodedBytes(object.data) > dataBytesMax) check.tooLong(dataBytesMax, '.data');
    secretTypes[object.type ?? '']?.(object, check);
  },
);

function hasKey(data: Texts | undefined, key: string): boolean {
  return data !== undefined && Object.hasOwn(data, key);
}

/** A key that holds a JSON object. */
function jsonData({ data }: SecretLike, key: string, check: Check): void {
  const sub = `.data[${key}]`;
  if (!hasKey(data, key)) {
    check.required('', sub);
    return;
  }
  const redacted = '<secret contents redacted>';
  try {
    const value = JSON.parse(Buffer.from(data?.[key] ?? '', 'base64').toString()) as unknown;
    if (typeof value === 'object' && !Array.isArray(value)) return;
    const what = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    check.invalid(redacted, `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`, sub);
  } catch {
    check.invalid(redacted, 'unexpected end of JSON input', sub);
  }
}

function textBytes(data: Texts | undefined): number {
  let bytes = 0;
  for (const name in data) bytes += Buffer.byteLength(data[name] ?? '');
  return bytes;
}

/** What base64 stands for: the bound is on the data, not on its spelling. */
function decodedBytes(data: Texts | undefined): number {
  let bytes = 0;
  for (const name in data) bytes += Buffer.byteLength(data[name] ?? '', 'base64');
  return bytes;
}

export const lease: Rule<AnyObject> = fields({
  spec: fields<Json>({
    leaseDurationSeconds: (seconds: number, check) => seconds > 0 || check.invalid(seconds, 'must be greater than 0'),
    leaseTransitions: (count: number, check) =>
      count >= 0 || check.invalid(count, 'must be greater than or equal to 0'),
  }),
});

type Involved = { readonly namespace?: string };
type EventLike = AnyObject & {
  readonly involvedObject?: Involved;
  readonly eventTime?: string | null;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null };
  readonly source?: { readonly component?: string; readonly host?: string };
};

/** Events of core/v1 are checked little; those that say when they happened are of the new kind and checked more. */
export const event: Rule<EventLike> = (object, check) => {
  const involved = object.involvedObject?.namespace ?? '';
  const namespace = object.metadata.namespace ?? '';
  const timed = !isAbsent(object.eventTime);
  const cluster = namespace === 'default' || (timed && namespace === 'kube-system');
  const fits = involved === '' ? cluster : timed || involved === namespace;
  if (!fits) check.invalid(involved, 'does not match event.namespace', '.involvedObject.namespace');
  if (timed) timedEvent(object, check);
};

const limited = (max: number): Rule<string> =>
  required((value: string, check) => {
    if (Buffer.byteLength(value) > max) check.invalid('', `can have at most ${max} characters`);
  });

const timedFields: Rule<object> = fields({
  reportingComponent: required(qualifiedName),
  reportingInstance: limited(128),
  action: limited(128),
  reason: limited(128),
  message: (text: string, check) => {
    if (Buffer.byteLength(text) > 1024) check.invalid('', 'can have at most 1024 characters');
  },
});

function timedEvent(object: EventLike, check: Check): void {
  timedFields(object, check);
}

const oldFields = ['firstTimestamp', 'lastTimestamp', 'count', 'source'] as const;

/** What events.k8s.io/v1 asks of an event besides: core's events may be older than it. */
export const eventsGroupRule: Rule<EventLike> = (object, check, before) =>
  before === undefined ? newEvent(object, check) : eventUpdate(object, check, before);

function newEvent(object: EventLike, check: Check): void {
  series(object, check);
  if (isAbsent(object.eventTime)) check.required('', '.eventTime');
  if (object.type !== 'Normal' && object.type !== 'Warning')
    check.invalid('', `has invalid value: ${object.type ?? ''}`, '.type');
  for (const field of oldFields) {
    const value = object[field];
    const set =
      field === 'source' ? Boolean(object.source?.component || object.source?.host) : !isAbsent(value) && value !== 0;
    if (set) check.invalid('', 'needs to be unset', `.${field}`);
  }
}

function series({ series: given }: EventLike, check: Check): void {
  if (isAbsent(given)) return;
  if ((given.count ?? 0) < 2) check.invalid('', 'should be at least 2', '.series.count');
  if (isAbsent(given.lastObservedTime)) check.required('', '.series.lastObservedTime');
}

const settled =
  'involvedObject reason message source firstTimestamp lastTimestamp count type eventTime action related reportingComponent reportingInstance'.split(
    ' ',
  );

/** An event of events.k8s.io/v1 only goes on as a series. */
function eventUpdate(object: EventLike, check: Check, before: EventLike): void {
  if (!sameValue(object.series, before.series)) series(object, check);
  for (const field of settled) {
    if (sameValue(object[field], before[field])) continue;
    const name = field === 'reportingComponent' ? 'reportingController' : field;
    check.invalid(object[field] ?? null, 'field is immutable', `.${name}`);
  }
}
