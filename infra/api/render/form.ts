// The form a client asked its answer in: encoding, and the object as it is, as a Table, or as its metadata only.

export type Encoding = 'json' | 'yaml' | 'protobuf';

export type Form = {
  readonly encoding: Encoding;
  readonly as: 'object' | 'table' | 'partial';
  /** apiVersion of the Table or PartialObjectMetadata asked for. */
  readonly metaVersion: 'v1' | 'v1beta1';
  readonly pretty: boolean;
  /** Tables only: how much of each object comes along. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
};

export const contentTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};
