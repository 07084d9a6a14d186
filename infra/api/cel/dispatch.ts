// Which overload a call means is known from types where they are known; where they are not, the values decide. An
// overload is only ever given values of its types.

import type { Implementation, Overload } from './library/signature.ts';
import { type CelType, DYN } from './types.ts';
import type { Result, Value } from './values.ts';
import {
  CelError,
  Duration,
  isList,
  isMap,
  isObject,
  Optional,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
} from './values.ts';

export type Dispatch = (given: readonly Value[]) => Result;

/** Calls the first overload whose types the values have. */
export function dispatch(name: string, overloads: readonly Overload[]): Dispatch {
  const candidates = overloads.map(({ parameters, implementation }) => ({
    fits: parameters.map(fits),
    implementation: implementation as Implementation,
  }));
  return (given) => {
    for (const { fits: predicates, implementation } of candidates) {
      if (given.length !== predicates.length) continue;
      if (given.every((value, at) => predicates[at]?.(value) === true)) return implementation(...(given as never[]));
    }
    return noOverload(name, given);
  };
}

/** cel-go names the types for functions of libraries alone. */
function noOverload(name: string, given: readonly Value[]): CelError {
  if (/^(?:_|!_|-_|@in|startsWith$|endsWith$|contains$|matches$)/.test(name)) return new CelError('no such overload');
  const types = name === 'size' ? '' : `(${given.map(typeNameOf).join(', ')})`;
  return new CelError(`no such overload: ${name}${types}`);
}

/** Of a list the first element is looked at: the others are of its type, or the call fails at them. */
type Predicate = (value: Value) => boolean;

function scalarOrAny(type: CelType): CelType {
  return type.parameters.length === 0 ? type : DYN;
}

function fits(type: CelType): Predicate {
  switch (type.kind) {
    case 'int':
      return (value) => typeof value === 'bigint';
    case 'string':
      return (value) => typeof value === 'string';
    case 'bool':
      return (value) => typeof value === 'boolean';
    case 'double':
      return (value) => typeof value === 'number';
    case 'uint':
      return (value) => value instanceof Uint;
    case 'bytes':
      return (value) => value instanceof Uint8Array;
    case 'timestamp':
      return (value) => value instanceof Timestamp;
    case 'duration':
      return (value) => value instanceof Duration;
    case 'list': {
      const element = fits(scalarOrAny(type.parameters[0] ?? DYN));
      return (value) => isList(value) && (value.size === 0 || element(value.at(0)));
    }
    case 'map':
      return isMap;
    case 'type':
      return (value) => value instanceof TypeValue;
    case 'null':
      return (value) => value === null;
    case 'object':
    case 'opaque':
      if (type.name === 'optional_type') return (value) => value instanceof Optional;
      return (value) => isObject(value) && value.type.name === type.name;
    case 'dyn':
    case 'error':
    case 'param':
      return () => true;
  }
}
