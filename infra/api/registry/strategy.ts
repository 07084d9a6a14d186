// What is particular to one kind when it is written: everything else is the registry's. A strategy is pure; what it
// needs of other objects it is handed by admission.

import type { Lifecycle } from '../../../actors/kit/lifecycle.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { FieldError } from '../errors.ts';
import type { RequestUser } from './context.ts';

/** Who writes, and when (milliseconds since the epoch). */
export type Writing = { readonly user: RequestUser; readonly nowMs: number };

/** What is particular to one subresource that is written as the whole object: `status`, `approval`. */
export type SubresourceStrategy = {
  /** Leaves only what this endpoint may touch; of a status the registry has taken only the status already. */
  prepareUpdate?(next: AnyObject, before: AnyObject, writing: Writing): AnyObject;
  validate?(next: AnyObject, before: AnyObject): readonly FieldError[];
  warnings?(next: AnyObject, before: AnyObject): readonly string[];
};

export type Strategy = {
  readonly lifecycle: Lifecycle;
  /** How names of the kind are checked; a DNS subdomain unless said otherwise. */
  readonly names?: 'subdomain' | 'label' | 'service' | 'path-segment';
  /** The kind counts changes of its spec, or of the field named here (`*`: all but metadata), in metadata.generation. */
  readonly generation?: boolean | string;
  /** Annotations count as part of the spec there. */
  readonly generationOfAnnotations?: boolean;
  /** The kind has a status that only /status may change. */
  readonly status?: boolean;
  /** A creation may bring a status along: kubelets register their node with one. */
  readonly statusOnCreate?: boolean;
  /** A write of /status leaves the labels alone; elsewhere it may change them and the annotations (facts §3.7). */
  readonly statusKeepsLabels?: boolean;
  /** A write of /status leaves all metadata alone. */
  readonly statusKeepsMetadata?: boolean;
  /** An update without resourceVersion is allowed (facts §3.7); true unless said otherwise. */
  readonly unconditionalUpdate?: boolean;
  /** PUT on an absent name creates it. */
  readonly createOnUpdate?: boolean;
  /** A DELETE answers with the object rather than a Status. */
  readonly deleteReturnsObject?: boolean;
  /** A deletion that says nothing about dependents leaves them behind: the oldest kinds, which had no collector. */
  readonly orphansByDefault?: boolean;
  /** Fills in what the client left out. Called for every write, so it must be idempotent. */
  defaults?(object: AnyObject): AnyObject;
  prepareCreate?(object: AnyObject, writing: Writing): AnyObject;
  /** Puts back what an update of the main endpoint may not touch. */
  prepareUpdate?(next: AnyObject, before: AnyObject, writing: Writing): AnyObject;
  /** Puts on an object marked for deletion for the first time what holds it until its end. */
  prepareDelete?(marked: AnyObject, nowMs: number): AnyObject;
  /** Problems that make the write Invalid. `before` is absent for a creation. */
  validate?(next: AnyObject, before: AnyObject | undefined): readonly FieldError[];
  /** What a client is told though the write is fine. Nothing here may be expensive: it runs for every write. */
  warnings?(next: AnyObject, before: AnyObject | undefined): readonly string[];
  readonly subresources?: Readonly<Record<string, SubresourceStrategy>>;
  /** Seconds between the request to delete and the end; 0 deletes at once. Without it there is no grace. */
  graceSeconds?(object: AnyObject, requested: number | undefined): number;
};
