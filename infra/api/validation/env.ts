// What makes a container's environment invalid: variables with a value or one source of it, and whole config maps and
// secrets.

import { isAbsent, type Rule } from './check.ts';
import { configKey, dnsLabel, dnsSubdomain, envName, noBacksteps } from './formats.ts';
import { absentRule, fields, type Json, required } from './rules.ts';
import { fieldRef, resourceFieldRef } from './volume-parts.ts';

const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** An absent name is no valid name: unlike elsewhere it is not called required. */
const objectName: Rule<string> = absentRule<string>(dnsSubdomain, (check) => dnsSubdomain('', check));
const keySelector = fields({ name: objectName, key: required(configKey) });

const valueSources: Rule<Json> = fields<Json>({
  fieldRef: fieldRef(envFields),
  resourceFieldRef: resourceFieldRef(false),
  configMapKeyRef: keySelector,
  secretKeyRef: keySelector,
  fileKeyRef: fields({ key: required(envName), volumeName: required(dnsLabel), path: required(noBacksteps) }),
});

type Variable = { readonly name?: string; readonly value?: string; readonly valueFrom?: Json };

export const envVariable: Rule<Variable> = fields<Variable>(
  { name: required(envName) },
  ({ value, valueFrom }, check) => {
    if (isAbsent(valueFrom)) return;
    check.enter('valueFrom');
    valueSources(valueFrom, check);
    const sources = present(valueFrom);
    if (sources === 0) {
      const names = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
      check.invalid('', `must specify one of: ${names}`);
    } else if (!isAbsent(value)) check.invalid('', 'may not be specified when `value` is not empty');
    else if (sources > 1) check.invalid('', 'may not have more than one field specified at a time');
    check.leave();
  },
);

const envSource: Rule<Json> = fields({
  prefix: envName,
  configMapRef: fields({ name: required(dnsSubdomain) }),
  secretRef: fields({ name: required(dnsSubdomain) }),
});

/** How many sources a variable has is told of the list, as upstream does. */
export const envFrom: Rule<readonly Json[]> = (list, check) => {
  for (let i = 0; i < list.length; i++) {
    const source = list[i] as Json;
    check.enter(i);
    envSource(source, check);
    check.leave();
    const [map, secret] = [!isAbsent(source.configMapRef), !isAbsent(source.secretRef)];
    if (!map && !secret) check.invalid('', 'must specify one of: `configMapRef` or `secretRef`');
    else if (map && secret) check.invalid('', 'may not have more than one field specified at a time');
  }
};

function present(object: Json): number {
  let count = 0;
  for (const key in object) if (!isAbsent(object[key])) count++;
  return count;
}
