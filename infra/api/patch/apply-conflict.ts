// What a client reads when its apply would overwrite somebody else's fields. Texts and causes are upstream's, since
// kubectl and operators show and match them.

import { type FieldSet, pathsOf } from './field-set.ts';
import { goQuote } from './go-format.ts';
import type { Owners, Ownership } from './managed-fields.ts';
import { printPath } from './path-element.ts';

/** One entry of a Status' `details.causes`. */
export type ConflictCause = {
  readonly reason: 'FieldManagerConflict';
  /** E.g. `conflict with "kubectl-edit" using apps/v1`. */
  readonly message: string;
  /** E.g. `.spec.template.spec.containers[name="nginx"].image`. */
  readonly field: string;
};

export type ApplyConflict = {
  readonly kind: 'conflict';
  readonly message: string;
  readonly causes: readonly ConflictCause[];
};

/** `contested` holds, by owner's identity, the fields the apply would take. It must not be empty. */
export const applyConflict = (contested: ReadonlyMap<string, FieldSet>, owners: Owners): ApplyConflict => {
  const byOwner = [...contested]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([identity, fields]) => ({
      owner: printOwner(owners.get(identity) as Ownership),
      fields: pathsOf(fields).map(printPath),
    }));
  const causes = byOwner.flatMap(({ owner, fields }) =>
    fields.map((field) => ({ reason: 'FieldManagerConflict' as const, message: `conflict with ${owner}`, field })),
  );
  const [first] = causes;
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${first?.message}: ${first?.field}`
      : `Apply failed with ${causes.length} conflicts: ${byOwner
          .flatMap(({ owner, fields }) => [`conflicts with ${owner}:`, ...fields.map((field) => `- ${field}`)])
          .join('\n')}`;
  return { kind: 'conflict', message, causes };
};

const printOwner = ({ manager, operation, apiVersion, subresource }: Ownership): string =>
  goQuote(manager) +
  (subresource === '' ? '' : ` with subresource ${goQuote(subresource)}`) +
  (operation === 'Update' ? ` using ${apiVersion}` : '');
