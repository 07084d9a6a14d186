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
  /** By JSON name and complete: the fields of inlined structures are among them. */
  readonly fields: ReadonlyMap<string, Field>;
  /** Of fields that are not among `fields`, where there may be others (custom resources that preserve unknown fields). */
  readonly others?: Schema;
  readonly atomic?: boolean;
  /** Structures whose fields appear in `fields` though protobuf nests them under these names and numbers. */
  readonly inlined?: readonly Field[];
};

export type MapSchema = {
  readonly kind: 'map';
  readonly value: Schema;
  readonly atomic?: boolean;
  /** Nobody described what is here: a value that is no map is one whole, whatever it is. */
  readonly deduced?: boolean;
  /** Go's name of the type, which error texts quote, where it is not spelled from its parts. */
  readonly goType?: string;
};

export type ListSchema = {
  readonly kind: 'list';
  readonly item: Schema;
  readonly listType: ListType;
  /** The fields that identify an item when `listType` is `map`; otherwise empty. */
  readonly keys: readonly string[];
  readonly goType?: string;
  /** Protobuf gives the list a message of its own (named slices such as ExtraValue). */
  readonly message?: boolean;
};

export type ScalarSchema = {
  readonly kind: 'scalar';
  readonly type: ScalarType;
  readonly goType?: string;
  readonly enum?: readonly string[];
};

/** Free-form JSON (RawExtension, FieldsV1, apiextensions JSON). */
export type AnySchema = {
  readonly kind: 'any';
  /** A definition's schema that may also be a list of schemas, a boolean or a list of names (JSONSchemaPropsOr*). */
  readonly alternative?: { readonly form: 'array' | 'bool' | 'strings'; readonly schema: ObjectSchema };
};

export type PatchStrategy = 'merge' | 'replace' | 'retainKeys';

export type Field = {
  /** The JSON name. */
  readonly name: string;
  /** The protobuf field number in the object's own message; 0 where the field has none. */
  readonly number: number;
  /** Resolved on first read, because types refer to each other in circles. */
  readonly schema: Schema;
  readonly required: boolean;
  /** A pointer in Go: an absent value differs from the zero value. */
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  /** A zero value is left out although the type is a structure or a time (Go's `omitzero`). */
  readonly omitZero?: boolean;
  /** True only in `ObjectSchema.inlined`: its fields appear in the parent's JSON (Go's `json:",inline"`). */
  readonly inline: boolean;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  /** Null is a value of its own, not the absence of one. */
  readonly nullable?: boolean;
  /** Directives of strategic merge patch; absent means replace. */
  readonly patchStrategies?: readonly PatchStrategy[];
  readonly patchMergeKey?: string;
};
