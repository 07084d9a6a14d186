// What patching answers. A patch that does not fit is an expected outcome, returned with the reason, code and text
// Kubernetes gives it; nothing in this folder throws for a client's mistake.

import type { JsonObject } from './json-value.ts';

/** The reasons of `metav1.Status` a patch can end with. Kubernetes leaves some plain errors without a reason (500). */
export type PatchFailureReason = 'BadRequest' | 'Invalid' | 'RequestEntityTooLarge' | '';

export type InvalidPatch = {
  readonly kind: 'invalid';
  readonly reason: PatchFailureReason;
  /** HTTP status. */
  readonly code: 400 | 413 | 422 | 500;
  /** Exactly Kubernetes' text. */
  readonly message: string;
  /** What went wrong, where Kubernetes' own text conceals it. */
  readonly detail?: string;
};

export type PatchedObject = { readonly kind: 'patched'; readonly object: JsonObject };

export type PatchOutcome = PatchedObject | InvalidPatch;

export const patched = (object: JsonObject): PatchedObject => ({ kind: 'patched', object });

export const badRequest = (message: string): InvalidPatch => ({
  kind: 'invalid',
  reason: 'BadRequest',
  code: 400,
  message,
});

/** Kubernetes answers every operation that does not apply with this one sentence. */
export const notApplicable = (detail: string): InvalidPatch => ({
  kind: 'invalid',
  reason: 'Invalid',
  code: 422,
  message: 'the server rejected our request due to an error in our request',
  detail,
});

export const tooManyOperations = (message: string): InvalidPatch => ({
  kind: 'invalid',
  reason: 'RequestEntityTooLarge',
  code: 413,
  message,
});

/** An error upstream neither classifies nor wraps: 500 without a reason, so that kubectl prints the bare text. */
export const unclassified = (message: string): InvalidPatch => ({ kind: 'invalid', reason: '', code: 500, message });
