// What makes the classes pods refer to invalid: of priority, and of runtimes.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Toleration } from '../../../streams/resources/pod.ts';
import type { Check, Rule } from './check.ts';
import { dnsLabel, labels } from './formats.ts';
import { overhead } from './resources.ts';
import { all, fields, immutable, oneOf, required } from './rules.ts';
import { tolerations } from './scheduling.ts';

type PriorityClass = { readonly value?: number; readonly globalDefault?: boolean };

const reserved = 'system-';
const userValueMax = 1_000_000_000;
/** Name → value; neither is the default of the cluster. */
export const systemPriorities: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

export const priorityClass: Rule = all(
  (object, check) => {
    const { metadata, value = 0, globalDefault = false } = object as AnyObject & PriorityClass;
    const before = check.updating;
    if (before) return;
    if (metadata.name.startsWith(reserved)) {
      const why = systemProblem(metadata.name, { value, globalDefault });
      if (why !== undefined) {
        const detail = `priority class names with '${reserved}' prefix are reserved for system use only. error: ${why}`;
        check.forbidden(detail, '.metadata.name');
      }
    } else if (value > userValueMax) {
      check.forbidden(`maximum allowed value of a user defined priority is ${userValueMax}`, '.value');
    }
  },
  fields({ preemptionPolicy: creationOnly(oneOf('PreemptLowerPriority', 'Never')) }),
  (object, check, before) => {
    const [next, old] = [object as PriorityClass, before as PriorityClass | undefined];
    if (old !== undefined && (next.value ?? 0) !== (old.value ?? 0))
      check.forbidden('may not be changed in an update.', '.value');
  },
  fields({ preemptionPolicy: immutable }),
);

function systemProblem(name: string, { value, globalDefault }: Required<PriorityClass>): string | undefined {
  const known = systemPriorities[name];
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function creationOnly<T>(rule: Rule<T>): Rule<T> {
  return (value, check) => {
    if (!check.updating) rule(value, check);
  };
}

export const runtimeClass: Rule = all(
  fields({
    handler: required(dnsLabel),
    overhead: fields({ podFixed: overhead }),
    scheduling: fields({ nodeSelector: labels, tolerations: all<readonly Toleration[]>(tolerations, distinct) }),
  }),
  fields({ handler: immutable }),
);

function distinct(list: readonly Toleration[], check: Check): void {
  const seen = new Set<string>();
  for (const [index, toleration] of list.entries()) {
    const { key, operator, value, effect } = toleration;
    const id = JSON.stringify([key, operator, value, effect]);
    if (seen.has(id)) check.duplicate(toleration, `[${index}]`);
    seen.add(id);
  }
}
