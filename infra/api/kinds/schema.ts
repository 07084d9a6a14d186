// The shape of an object, as patches, validation, defaults, codecs and OpenAPI see it.
// Built-in kinds get their schemas from the generated facts table, custom resources from their definition;
// whoever walks a schema does not know which of the two it is.

export type ScalarType =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'quantity'
  | 'int-or-string'
  | 'time'
  | 'micro-time'
  | 'duration';

export type ListType = 'atomic' | 'set' | 'map';

export type Schema = ObjectSchema | MapSchema | ListSchema | ScalarSchema | AnySchema;

/** A structure with known fields. `atomic` means server-side apply owns it as one value. */
export type ObjectSchema = {
  readonly kind: 'object';
  /** Full type name, e.g. `io.k8s.api.core.v1.PodSpec`. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
  readonly atomic?: boolean;
};

export type MapSchema = { readonly kind: 'map'; readonly value: Schema; readonly atomic?: boolean };

export type ListSchema = {
  readonly kind: 'list';
  readonly item: Schema;
  readonly listType: ListType;
  /** The fields that identify an item when `listType` is `map`; otherwise empty. */
  readonly keys: readonly string[];
};

export type ScalarSchema = { readonly kind: 'scalar'; readonly type: ScalarType };

/** Free-form JSON (RawExtension, FieldsV1, apiextensions JSON). */
export type AnySchema = { readonly kind: 'any' };

export type PatchStrategy = 'merge' | 'replace' | 'retainKeys';

export type Field = {
  /** The JSON name. */
  readonly name: string;
  /** The protobuf field number; 0 where the field has none. */
  readonly number: number;
  /** Resolved on first read, because types refer to each other in circles. */
  readonly schema: Schema;
  readonly required: boolean;
  /** A pointer in Go: an absent value differs from the zero value. */
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  /** Its fields appear in the parent's JSON, though protobuf nests them (Go's `json:",inline"`). */
  readonly inline: boolean;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  /** Directives of strategic merge patch; absent means replace. */
  readonly patchStrategies?: readonly PatchStrategy[];
  readonly patchMergeKey?: string;
};
