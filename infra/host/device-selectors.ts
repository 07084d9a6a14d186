// CEL selectors of device requests and classes, for the scheduler: `device.driver`, `device.attributes["domain"].name`,
// `device.capacity["domain"].name`. An expression is compiled once; one that fails on a device does not select it.

import type { SelectsDevice } from '../../actors/scheduler/devices/allocate.ts';
import type { FoundDevice } from '../../actors/scheduler/devices/node-devices.ts';
import type { DeviceAttribute } from '../../streams/resources/device.ts';
import { compile, type Program } from '../api/cel/cel.ts';
import { type Environment, NO_STRUCTURES } from '../api/cel/environment.ts';
import { DYN, STRING } from '../api/cel/types.ts';
import type { MapValue, Value } from '../api/cel/values.ts';

const environment: Environment = { variables: new Map([['device', DYN]]), structures: NO_STRUCTURES };
const ofText: Environment = { variables: new Map([['text', STRING]]), structures: NO_STRUCTURES };
const programsMax = 1_000;

export function deviceSelectors(): SelectsDevice {
  const programs = new Map<string, Program | undefined>();
  return (expression, found) => {
    if (!programs.has(expression)) {
      if (programs.size >= programsMax) programs.clear();
      programs.set(expression, programOf(expression, environment));
    }
    const outcome = programs.get(expression)?.evaluate({ device: deviceValue(found) });
    return outcome?.kind === 'value' && typeof outcome.value === 'boolean' ? outcome.value : undefined;
  };
}

function programOf(expression: string, within: Environment): Program | undefined {
  const compiled = compile(expression, within);
  return compiled.kind === 'compiled' ? compiled.program : undefined;
}

const quantity = programOf('quantity(text)', ofText);
const semver = programOf('semver(text)', ofText);

function deviceValue({ driver, device }: FoundDevice): Value {
  const attributes = byDomain(driver, device.attributes ?? {}, attributeValue);
  const capacity = byDomain(driver, device.capacity ?? {}, ({ value }) => parsed(quantity, value));
  return new Entries(
    new Map<string, Value>([
      ['driver', driver],
      ['attributes', attributes],
      ['capacity', capacity],
    ]),
  );
}

function attributeValue({ string, int, bool, version }: DeviceAttribute): Value {
  if (int !== undefined) return BigInt(int);
  if (version !== undefined) return parsed(semver, version);
  return string ?? bool ?? null;
}

function parsed(program: Program | undefined, text: string): Value {
  const outcome = program?.evaluate({ text });
  return outcome?.kind === 'value' ? outcome.value : text;
}

/** Domain → name → value; names without a domain are the driver's. A domain nobody uses is empty, and no error. */
function byDomain<T>(driver: string, named: Readonly<Record<string, T>>, value: (of: T) => Value): Value {
  const domains = new Map<string, Map<string, Value>>();
  for (const [name, of] of Object.entries(named)) {
    const slash = name.indexOf('/');
    const domain = slash < 0 ? driver : name.slice(0, slash);
    const names = domains.get(domain) ?? new Map<string, Value>();
    domains.set(domain, names.set(name.slice(slash + 1), value(of)));
  }
  const entries = Array.from(domains, ([domain, names]) => [domain, new Entries(names)] as const);
  return new Entries(new Map<string, Value>(entries), empty());
}

function empty(): Value {
  return new Entries(new Map());
}

class Entries implements MapValue {
  readonly category = 'map';
  readonly #entries: ReadonlyMap<string, Value>;
  readonly #otherwise: Value | undefined;

  constructor(entries: ReadonlyMap<string, Value>, otherwise?: Value) {
    this.#entries = entries;
    this.#otherwise = otherwise;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(key: Value): Value | undefined {
    return typeof key === 'string' ? (this.#entries.get(key) ?? this.#otherwise) : undefined;
  }

  keys(): readonly Value[] {
    return [...this.#entries.keys()];
  }
}
