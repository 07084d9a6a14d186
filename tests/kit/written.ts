// What a kind's strategy makes of an object before it is recorded: shaped by its schema, defaults filled in, checked. For
// tests that are about one kind and need no server.

import { conform } from '../../infra/api/codec/conform.ts';
import { type FieldError, invalid } from '../../infra/api/errors.ts';
import type { Kind } from '../../infra/api/kinds/kind.ts';
import { allKinds } from '../../infra/api/kinds/kinds.ts';
import { metadataProblems } from '../../infra/api/registry/names.ts';
import type { Writing } from '../../infra/api/registry/strategy.ts';
import { withoutStatus, withStatusOf } from '../../infra/api/registry/update-rules.ts';
import { strategyOf } from '../../infra/api/strategies/strategies.ts';
import type { AnyObject } from '../../streams/resources/meta.ts';

export type Written = {
  readonly object: AnyObject;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
};

export const writing: Writing = {
  user: { username: 'jane', uid: 'u1', groups: ['testers'] },
  nowMs: Date.UTC(2026, 0, 1),
};

export function kindNamed(name: string): Kind {
  const kind = allKinds().find((candidate) => candidate.kind === name && candidate.storedAs === undefined);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}

/** As a creation through the main endpoint. */
export function created(given: object): Written {
  const { object, kind, strategy } = shaped(given);
  let next = strategy.status === true && strategy.statusOnCreate !== true ? withoutStatus(object) : object;
  next = strategy.prepareCreate?.(next, writing) ?? next;
  next = strategy.defaults?.(next) ?? next;
  const errors = [
    ...metadataProblems(next, strategy.names ?? 'subdomain'),
    ...(strategy.validate?.(next, undefined) ?? []),
  ];
  return { object: next, problems: texts(kind, errors), warnings: strategy.warnings?.(next, undefined) ?? [] };
}

/** As an update of the main endpoint, or of a subresource. */
export function updated(before: AnyObject, given: object, subresource?: string): Written {
  const { object, kind, strategy } = shaped(given);
  const endpoint = subresource === undefined ? strategy : strategy.subresources?.[subresource];
  let next = strategy.status === true && subresource === undefined ? withStatusOf(object, before) : object;
  next = endpoint?.prepareUpdate?.(next, before, writing) ?? next;
  if (subresource === undefined) next = strategy.defaults?.(next) ?? next;
  const errors = endpoint?.validate?.(next, before) ?? [];
  return { object: next, problems: texts(kind, errors), warnings: endpoint?.warnings?.(next, before) ?? [] };
}

function shaped(given: object) {
  const kind = kindNamed((given as AnyObject).kind);
  const outcome = conform(structuredClone(given) as Record<string, unknown>, kind.schema, {
    fieldValidation: 'Strict',
  });
  if (outcome.type === 'refused') throw new Error(outcome.message);
  const namespace = kind.namespaced ? { namespace: 'default' } : undefined;
  const metadata = { ...namespace, uid: 'u', ...(outcome.object.metadata as object) };
  return { object: { ...outcome.object, metadata } as unknown as AnyObject, kind, strategy: strategyOf(kind) };
}

/** `path: problem`, as the refusal lists them. */
function texts(kind: Kind, errors: readonly FieldError[]): readonly string[] {
  return errors.map((error) => invalid(kind, 'x', [error]).message.replace(/^\S+ "x" is invalid: /, ''));
}
