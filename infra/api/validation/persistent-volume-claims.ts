// What makes a PersistentVolumeClaim invalid, and what of it may change. What a claim may ask for is in claims.ts, because
// stateful sets and pods ask for claims as well.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { compareQuantity } from '../../../streams/resources/quantity.ts';
import type { FieldError } from '../errors.ts';
import { type Check, problemsOf, type Rule } from './check.ts';
import { claimSpec } from './claims.ts';
import { nonNegativeQuantity } from './formats.ts';
import { amountOf } from './resources.ts';
import { fields, type Json, required, sameValue } from './rules.ts';

export const persistentVolumeClaim: Rule = fields({ spec: required(claimSpec) });

export function claimProblems(next: AnyObject, before: AnyObject | undefined): readonly FieldError[] {
  const problems = problemsOf(persistentVolumeClaim, next as unknown, before);
  return before === undefined ? problems : [...problems, ...problemsOf(keptClaim, next, before)];
}

type Claim = {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Json & {
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly volumeAttributesClassName?: string;
    readonly resources?: Json & { readonly requests?: Readonly<Record<string, string>> };
  };
  readonly status?: {
    readonly phase?: string;
    readonly capacity?: Readonly<Record<string, string>>;
    readonly currentVolumeAttributesClassName?: string;
  };
};

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

const keptClaim: Rule = (object, check, earlier) => {
  const [next, before] = [object as Claim, earlier as Claim];
  const annotated = before.metadata.annotations?.[classAnnotation];
  const annotation = next.metadata.annotations?.[classAnnotation];
  const detail = 'field is immutable';
  const takesOver = isClassTakenOver(next, before);
  if (!takesOver && annotation !== annotated)
    check.invalid(annotation ?? '', detail, `.metadata.annotations.${classAnnotation}`);
  if (!sameValue(fixedSpec(next, { next, before }), fixedSpec(before, { next, before })))
    check.forbidden(
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      '.spec',
    );
  shrunk(next, before, check);
  if (!sameValue(next.spec.volumeMode, before.spec.volumeMode))
    check.invalid(next.spec.volumeMode, detail, '.volumeMode');
  if (before.status?.currentVolumeAttributesClassName === undefined) return;
  if (!next.spec.volumeAttributesClassName && before.spec.volumeAttributesClassName) {
    const what = next.spec.volumeAttributesClassName === '' ? 'empty string' : 'nil';
    check.forbidden(
      `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`,
      '.spec.volumeAttributesClassName',
    );
  }
};

/** The class may move from the annotation into the field. */
function isClassTakenOver(next: Claim, before: Claim): boolean {
  const annotated = before.metadata.annotations?.[classAnnotation];
  const annotation = next.metadata.annotations?.[classAnnotation];
  return (
    annotated !== undefined &&
    before.spec.storageClassName === undefined &&
    next.spec.storageClassName === annotated &&
    (annotation === undefined || annotation === annotated)
  );
}

/** The spec without what may change: a volume or class that is given for the first time, a bound claim's size. */
function fixedSpec(claim: Claim, { next, before }: { next: Claim; before: Claim }): Json {
  const { volumeName, storageClassName, volumeAttributesClassName, resources, ...rest } = claim.spec;
  const annotated = before.metadata.annotations?.[classAnnotation];
  const classGiven =
    before.spec.storageClassName === undefined &&
    next.spec.storageClassName !== undefined &&
    (annotated === undefined || next.spec.storageClassName === annotated);
  const bound = next.status?.phase === 'Bound';
  const { storage, ...requests } = resources?.requests ?? {};
  return {
    ...rest,
    ...(before.spec.volumeName ? { volumeName } : undefined),
    ...(classGiven ? undefined : { storageClassName }),
    ...(bound ? undefined : { volumeAttributesClassName }),
    resources: { ...resources, requests: bound ? requests : { ...requests, storage } },
  };
}

/** A claim shrinks only back to more than it has: after an expansion that did not succeed. */
function shrunk(next: Claim, before: Claim, check: Check): void {
  const [size, old] = [next, before].map(({ spec }) => amountOf(spec.resources?.requests?.storage ?? '0'));
  if (size === undefined || old === undefined || compareQuantity(size, old) >= 0) return;
  const has = amountOf(before.status?.capacity?.storage ?? '0');
  if (has !== undefined && compareQuantity(size, has) <= 0)
    check.forbidden('field can not be less than status.capacity', '.spec.resources.requests.storage');
}

const amounts: Rule<Readonly<Record<string, string>>> = (list, check) => {
  for (const name in list) {
    check.enterKey(name);
    nonNegativeQuantity(list[name] ?? '', check);
    check.leave();
  }
};

export const claimStatus: Rule = fields({ status: fields({ capacity: amounts, allocatedResources: amounts }) });
