// All functions every expression may call: CEL's own and those Kubernetes adds. A name may have overloads in several
// libraries. Built once, when the first expression is compiled.

import { ADDRESSES } from './addresses.ts';
import { AUTHORIZER } from './authorizer.ts';
import { COMPREHENSIONS } from './comprehensions.ts';
import { CONVERSIONS } from './conversions.ts';
import { FORMATS_LIBRARY } from './formats.ts';
import { LISTS } from './lists.ts';
import { OPERATORS } from './operators.ts';
import { OPTIONALS } from './optionals.ts';
import { QUANTITIES } from './quantities.ts';
import { declare, type FunctionDeclaration, type Library } from './signature.ts';
import { STRINGS } from './strings.ts';
import { TIMES } from './times.ts';
import { URLS } from './urls.ts';
import { VERSIONS } from './versions.ts';

const LIBRARIES: readonly Library[] = [
  OPERATORS,
  CONVERSIONS,
  TIMES,
  LISTS,
  STRINGS,
  OPTIONALS,
  COMPREHENSIONS,
  QUANTITIES,
  ADDRESSES,
  URLS,
  FORMATS_LIBRARY,
  VERSIONS,
  AUTHORIZER,
];

let all: ReadonlyMap<string, FunctionDeclaration> | undefined;

export function functions(): ReadonlyMap<string, FunctionDeclaration> {
  all ??= declareAll(LIBRARIES);
  return all;
}

export function declareAll(libraries: readonly Library[]): ReadonlyMap<string, FunctionDeclaration> {
  const declared = new Map<string, FunctionDeclaration>();
  for (const library of libraries) {
    for (const [name, overloads] of Object.entries(library)) {
      const more = declare(name, overloads);
      const before = declared.get(name)?.overloads ?? [];
      declared.set(name, { name, overloads: [...before, ...more.overloads] });
    }
  }
  return declared;
}
