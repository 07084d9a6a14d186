// What makes a ResourceSlice invalid: a driver's devices in a pool, for one node, some nodes or all of them.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { compareQuantity } from '../../../streams/resources/quantity.ts';
import type { Check, Rule } from './check.ts';
import { attributeName, bindingConditions, deviceTaint, few, poolName } from './device-parts.ts';
import { nodeName } from './devices.ts';
import { dnsLabel } from './formats.ts';
import { amountOf } from './resources.ts';
import { each, fields, type Json, required, sameValue, unique } from './rules.ts';
import { nodeSelector } from './scheduling.ts';
import { driverName } from './volume-parts.ts';

const devicesMax = 128;
/** Taints and counters make a device larger. */
const advancedDevicesMax = 64;
const counterSetsMax = 8;
const countersMax = 32;
const consumptionsMax = 2;
const taintsMax = 16;
const attributesMax = 32;
const attributeValuesMax = 48;
const valueBytesMax = 64;
const policyValuesMax = 10;

type NodeChoice = {
  readonly nodeName?: string | null;
  readonly nodeSelector?: { readonly nodeSelectorTerms?: readonly object[] | null } | null;
  readonly allNodes?: boolean | null;
  readonly perDeviceNodeSelection?: boolean | null;
};
type Device = NodeChoice & {
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, Json>> | null;
  readonly capacity?: Readonly<Record<string, Capacity>> | null;
  readonly allowMultipleAllocations?: boolean;
  readonly taints?: readonly Json[] | null;
  readonly consumesCounters?: readonly Counters[] | null;
};
type Counters = { readonly counterSet?: string; readonly name?: string; readonly counters?: Json | null };
type Pool = { readonly name?: string; readonly resourceSliceCount?: number; readonly generation?: number };
type Spec = NodeChoice & {
  readonly driver?: string;
  readonly pool?: Pool;
  readonly devices?: readonly Device[] | null;
  readonly sharedCounters?: readonly Counters[] | null;
};

export const resourceSlice: Rule<AnyObject> = (object, check, earlier) => {
  const [spec, before] = [(object.spec ?? {}) as Spec, earlier?.spec as Spec | undefined];
  check.enter('spec');
  named(spec, check);
  if (before !== undefined) kept(spec, before, check);
  nodeChoice(spec, check);
  if (spec.sharedCounters != null && spec.devices != null)
    check.invalid('', 'only one of `sharedCounters` or `devices` is allowed');
  devicesRule(spec, before, check);
  shared(spec, check);
  check.leave();
};

const named: Rule<Spec> = fields<Spec>({
  driver: required(driverName),
  pool: fields<Pool>({ name: poolName }, ({ resourceSliceCount: count = 0, generation = 0 }, check) => {
    if (count <= 0) check.invalid(count, 'must be greater than zero', '.resourceSliceCount');
    if (generation < 0) check.invalid(generation, 'must be greater than or equal to zero', '.generation');
  }),
});

function kept(spec: Spec, before: Spec, check: Check): void {
  const detail = 'field is immutable';
  if (spec.pool?.name !== before.pool?.name) check.invalid(spec.pool?.name, detail, '.pool.name');
  if (spec.driver !== before.driver) check.invalid(spec.driver, detail, '.driver');
  if (!sameValue(spec.nodeName, before.nodeName)) check.invalid(spec.nodeName, detail, '.nodeName');
}

function nodeChoice(spec: Spec, check: Check): void {
  const chosen = choices(spec, check, 'must be either unset or set to a non-empty string');
  const terms = spec.nodeSelector?.nodeSelectorTerms ?? [];
  if (spec.nodeSelector != null && terms.length !== 1)
    check.invalid(terms, 'must have exactly one node selector term', '.nodeSelector.nodeSelectorTerms');
  const detail = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (chosen.length === 0) check.required(detail);
  else if (chosen.length > 1) check.invalid(`{${chosen.join(', ')}}`, `${detail}, but multiple fields are set`);
}

/** The fields that say which nodes, each checked on its own. */
function choices(value: NodeChoice, check: Check, emptyName: string): readonly string[] {
  const chosen: string[] = [];
  if (value.nodeName === '') check.invalid('', emptyName, '.nodeName');
  else if (value.nodeName != null) chosen.push('`nodeName`');
  nodeFields(value, check);
  if (value.nodeSelector != null) chosen.push('`nodeSelector`');
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (value[field] === true) chosen.push(`\`${field}\``);
    else if (value[field] === false) check.invalid(false, 'must be either unset or set to true', `.${field}`);
  }
  return chosen;
}
const nodeFields: Rule<NodeChoice> = fields<NodeChoice>({ nodeName, nodeSelector });

function devicesRule(spec: Spec, before: Spec | undefined, check: Check): void {
  const devices = spec.devices ?? [];
  const advanced = devices.some(
    ({ taints, consumesCounters }) => (taints ?? []).length > 0 || (consumesCounters ?? []).length > 0,
  );
  const old = new Map((before?.devices ?? []).map((device) => [device.name, device]));
  check.enter('devices');
  few<Device>(
    advanced ? advancedDevicesMax : devicesMax,
    each<Device>((device, inner) =>
      deviceRule(device, { old: old.get(device.name), perDevice: spec.perDeviceNodeSelection === true }, inner),
    ),
    unique<Device>(({ name }) => name),
  )(devices, check);
  check.leave();
}

function deviceRule(
  device: Device,
  { old, perDevice }: { old: Device | undefined; perDevice: boolean },
  check: Check,
): void {
  const [attributes, capacity] = [device.attributes ?? {}, device.capacity ?? {}];
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  deviceName(device, check);
  if (count > attributesMax)
    check.invalid(count, `the total number of attributes and capacities must not exceed ${attributesMax}`);
  const values = Object.keys(attributes).length;
  if (values > attributeValuesMax)
    check.invalid(values, `the total number of attribute values must not exceed ${attributeValuesMax}`);
  mapRule(attributes, { field: 'attributes', item: attribute, keys: attributeName }, check);
  const item = device.allowMultipleAllocations === true ? sharedCapacity : ownCapacity;
  mapRule(capacity, { field: 'capacity', item, keys: attributeName }, check);
  if (old === undefined || !sameValue(old.taints, device.taints)) taints(device, check);
  consumptions(device, check);
  deviceNodes(device, perDevice, check);
  bindingConditions(device as object, check);
}

const deviceName: Rule<Device> = fields<Device>({ name: required(dnsLabel) });
const taints: Rule<Device> = fields<Device>({ taints: few<Json>(taintsMax, each(deviceTaint)) });

type MapRule<T> = { readonly field: string; readonly item: Rule<T>; readonly keys: Rule<string> };

/** Keys are told at the map, values at their key. */
function mapRule<T>(map: Readonly<Record<string, T>>, { field, item, keys }: MapRule<T>, check: Check): void {
  check.enter(field);
  for (const key in map) {
    keys(key, check);
    check.enterKey(key);
    item(map[key] as T, check);
    check.leave();
  }
  check.leave();
}

const version =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

const attribute: Rule<Json> = (value, check) => {
  const given = ['bool', 'int', 'string', 'version'].filter((field) => value[field] != null);
  const text = value.string ?? value.version;
  if (typeof text === 'string') {
    const field = value.string === undefined ? '.version' : '.string';
    if (field === '.version' && !version.test(text))
      check.invalid(text, 'must be a string compatible with semver.org spec 2.0.0', field);
    if (Buffer.byteLength(text) > valueBytesMax) check.tooLong(valueBytesMax, field);
  }
  if (given.length !== 1) check.invalid(given.length === 0 ? '' : value, 'exactly one value must be specified');
};

type Range = { readonly min?: string; readonly max?: string; readonly step?: string };
type Policy = { readonly default?: string; readonly validValues?: readonly string[]; readonly validRange?: Range };
type Capacity = { readonly value?: string; readonly requestPolicy?: Policy | null };

const ownCapacity: Rule<Capacity> = ({ requestPolicy }, check) => {
  if (requestPolicy != null) check.forbidden('allowMultipleAllocations must be true', '.requestPolicy');
};

const sharedCapacity: Rule<Capacity> = ({ value = '0', requestPolicy }, check) => {
  if (requestPolicy == null) return;
  const { default: chosen, validValues = [], validRange } = requestPolicy;
  check.enter('requestPolicy');
  if (validValues.length > 0 && validRange !== undefined) {
    const detail =
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    check.forbidden(detail);
  } else if (validValues.length > 0) {
    if (chosen === undefined) check.required('required when validValues is defined', '.default');
    else policyValues(validValues, { chosen, value }, check);
  } else if (validRange !== undefined) {
    if (chosen === undefined) check.required('required when validRange is defined', '.default');
    else policyRange(validRange, { chosen, value }, check);
  }
  check.leave();
};

type Bounds = { readonly chosen: string; readonly value: string };

function policyValues(values: readonly string[], { chosen, value }: Bounds, check: Check): void {
  check.enter('validValues');
  for (const [index, text] of values.entries()) {
    const last = values[index - 1];
    if (last !== undefined && compare(last, text) > 0)
      check.invalid(text, 'values must be sorted in ascending order', `[${index}]`);
  }
  if (values.length > policyValuesMax) check.tooMany(values.length, policyValuesMax);
  for (const [index, text] of values.entries())
    if (compare(text, value) > 0) check.invalid(text, `option is larger than capacity value: ${value}`, `[${index}]`);
  if (!values.some((text) => compare(text, chosen) === 0))
    check.invalid(chosen, 'default value is not valid according to the requestPolicy');
  check.leave();
}

function policyRange({ min, max, step }: Range, { chosen, value }: Bounds, check: Check): void {
  check.enter('validRange');
  if (min === undefined) check.required('required when validRange is defined', '.min');
  else {
    if (compare(min, value) > 0) check.invalid(min, `min is larger than capacity value: ${value}`, '.min');
    if (compare(chosen, min) < 0) check.invalid(chosen, `default is less than min: ${min}`, '.min');
    if (max !== undefined) {
      if (compare(min, max) > 0) check.invalid(min, `min is larger than max: ${max}`, '.max');
      if (compare(max, value) > 0) check.invalid(max, `max is larger than capacity value: ${value}`, '.max');
      if (compare(chosen, max) > 0) check.invalid(chosen, `default is more than max: ${max}`, '.max');
    }
    for (const text of step === undefined ? [] : [chosen, ...(max === undefined ? [] : [max])]) {
      const detail = `value is not a multiple of a given step (${step}) from (${min})`;
      const size = wholeAmount(step ?? '0');
      if (size > 0n && (wholeAmount(text) - wholeAmount(min)) % size !== 0n) check.invalid(text, detail, '.step');
    }
  }
  check.leave();
}

function compare(left: string, right: string): number {
  const [a, b] = [amountOf(left), amountOf(right)];
  return a === undefined || b === undefined ? 0 : compareQuantity(a, b);
}

const counters: Rule<Readonly<Record<string, unknown>>> = required<Readonly<Record<string, unknown>>>((map, check) => {
  const names = Object.keys(map);
  if (names.length === 0) check.required();
  if (names.length > countersMax) check.tooMany(names.length, countersMax);
  else for (const name of names) dnsLabel(name, check);
});

const consumptions: Rule<Device> = fields<Device>({
  consumesCounters: few<Counters>(
    consumptionsMax,
    each(fields({ counterSet: required(dnsLabel), counters })),
    unique<Counters>(({ counterSet }) => counterSet),
  ),
});

const shared: Rule<Spec> = fields<Spec>({
  sharedCounters: few<Counters>(
    counterSetsMax,
    each(fields({ name: required(dnsLabel), counters })),
    unique<Counters>(({ name }) => name),
  ),
});

function deviceNodes(device: Device, perDevice: boolean, check: Check): void {
  const { nodeName: name, nodeSelector: selector, allNodes } = device;
  if (!perDevice) {
    if (name != null || selector != null || allNodes != null) {
      const detail =
        '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
      check.invalid(null, detail);
    }
    return;
  }
  const chosen = choices(device, check, 'must not be empty');
  const detail =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  if (chosen.length === 0) check.required(detail);
  else if (chosen.length > 1) check.invalid(`{${chosen.join(', ')}}`, detail);
}

/** In billionths, so that what is not whole compares as well. */
function wholeAmount(text: string): bigint {
  return amountOf(text)?.nano ?? 0n;
}
