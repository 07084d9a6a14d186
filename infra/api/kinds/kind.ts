// What the API server knows of a kind before any object of it exists: its names, where it lives, which verbs and
// subresources it serves. Routes, discovery, OpenAPI, tables and codecs are all driven by this one record (invariant:
// kinds are data); built-in kinds come from the generated facts, custom resources from their definitions.

import type { CustomKind } from '../crd/custom-kind.ts';
import type { ObjectSchema } from './schema.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export type Subresource = {
  /** Path segment behind the object's name, e.g. `status`, `scale`, `binding`, `log`. */
  readonly name: string;
  readonly verbs: readonly Verb[];
  /** The kind of the bodies; the parent's own kind for `status`. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
};

export type Kind = {
  /** API group; empty for core. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  /** Plural resource name, e.g. `deployments`. */
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  readonly schema: ObjectSchema;
  /** Built-in types have protobuf bodies; custom resources do not. */
  readonly protobuf: boolean;
  /** What a definition says beyond the above; set for custom resources. */
  readonly custom?: CustomKind;
  /** What everybody who asks for the kind is told: that it is deprecated. */
  readonly warning?: string;
  /** Set where the objects live under another kind's key and are only shown in this form (events.k8s.io as core events). */
  readonly storedAs?: { readonly group: string; readonly version: string; readonly kind: string };
};
