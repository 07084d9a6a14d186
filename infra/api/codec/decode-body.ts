// The first thing that happens to a request body: by its content type it becomes an object, or the error Kubernetes
// would give. Nothing here knows what the object should look like: conform.ts is the next step, whatever the encoding was.

import { isUtf8 } from 'node:buffer';
import { cannotBeHandled } from './conform.ts';
import { measureJson } from './json-measure.ts';
import { jsonSyntaxError } from './json-syntax.ts';
import { decodeProtobuf, PROTOBUF_CONTENT_TYPE, type SchemaLookup } from './protobuf.ts';
import { parseYaml } from './yaml-body.ts';

export type BodyOptions = {
  /** The header as sent; undefined or empty means JSON. */
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  /** The kind the endpoint takes, for error texts. */
  readonly expectedKind: string;
  /** Absent where protobuf bodies are not taken (custom resources). */
  readonly protobuf?: SchemaLookup;
};

export type DecodedBody =
  | {
      readonly type: 'ok';
      readonly object: Record<string, unknown>;
      readonly contentType: 'json' | 'yaml' | 'protobuf';
      /** What strict field validation needs to know of the text: spread it into conform's options. */
      readonly strictness: {
        readonly json?: { readonly bytes: Uint8Array; readonly keys: number };
        readonly findings?: readonly string[];
      };
    }
  /** 415 UnsupportedMediaType. */
  | { readonly type: 'unsupported'; readonly message: string }
  /** 400 BadRequest. */
  | { readonly type: 'malformed'; readonly message: string };

/** JSON nested deeper would exhaust the stack of whoever prints it again. */
const DEPTH_MAX = 1000;
const SUMMARY_BYTES = 30;

export function decodeBody(options: BodyOptions): DecodedBody {
  const mediaType = (options.contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  switch (mediaType) {
    case '':
    case 'application/json':
      return decodeJson(options);
    case 'application/yaml':
      return decodeYaml(options);
    case PROTOBUF_CONTENT_TYPE:
      return options.protobuf === undefined ? unsupported(options) : decodeProto(options, options.protobuf);
    default:
      return unsupported(options);
  }
}

export type ParsedJson =
  | { readonly type: 'parsed'; readonly value: unknown; readonly keys: number }
  | { readonly type: 'malformed'; readonly message: string };

/** A JSON text as a value, with the number of object keys in the text. The failures' texts are those of Go's decoder. */
export function parseJson(bytes: Uint8Array): ParsedJson {
  if (!isUtf8(bytes)) return { type: 'malformed', message: 'invalid UTF-8 in the request body' };
  const { keys, depth } = measureJson(bytes);
  if (depth > DEPTH_MAX) return { type: 'malformed', message: 'exceeded max depth' };
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    return { type: 'parsed', value: JSON.parse(text), keys };
  } catch {
    return { type: 'malformed', message: jsonSyntaxError(bytes) ?? 'invalid JSON' };
  }
}

/** 400 for a body whose kind could not be read: what it should have been, why it is not, and how it begins. */
export function unrecognized(expectedKind: string, message: string, bytes: Uint8Array): string {
  return `the object provided is unrecognized (must be of type ${expectedKind}): ${message} (${summary(bytes)})`;
}

function decodeJson(options: BodyOptions): DecodedBody {
  const { bytes } = options;
  const parsed = parseJson(bytes);
  if (parsed.type === 'malformed')
    return malformed(options, `couldn't get version/kind; json parse error: ${parsed.message}`);
  const { value, keys } = parsed;
  return typed(options, value, { type: 'ok', object: {}, contentType: 'json', strictness: { json: { bytes, keys } } });
}

function decodeYaml(options: BodyOptions): DecodedBody {
  const { bytes } = options;
  if (!isUtf8(bytes)) return malformed(options, 'yaml: invalid UTF-8 in the request body');
  const parsed = parseYaml(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  if (parsed.type === 'malformed') return malformed(options, parsed.message);
  const strictness = parsed.duplicates.length > 0 ? { findings: parsed.duplicates } : {};
  return typed(options, parsed.value, { type: 'ok', object: {}, contentType: 'yaml', strictness });
}

/** Every body is an object whose `apiVersion` and `kind`, where given, are texts. */
function typed(options: BodyOptions, value: unknown, ok: DecodedBody & { type: 'ok' }): DecodedBody {
  if (value === null) return ok;
  if (typeof value !== 'object' || Array.isArray(value)) {
    const into =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    return wrongType(options, `${kindOf(value)} into Go value of type ${into}`);
  }
  const object = value as Record<string, unknown>;
  for (const name of ['apiVersion', 'kind']) {
    const text = object[name];
    if (text !== undefined && text !== null && typeof text !== 'string') {
      return wrongType(options, `${kindOf(text)} into Go struct field .${name} of type string`);
    }
  }
  const { apiVersion } = object;
  if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) {
    return malformed(options, `unexpected GroupVersion string: ${apiVersion}`);
  }
  return { ...ok, object };
}

function decodeProto(options: BodyOptions, lookup: SchemaLookup): DecodedBody {
  const decoded = decodeProtobuf(options.bytes, lookup);
  switch (decoded.type) {
    case 'decoded':
      return { type: 'ok', object: decoded.value, contentType: 'protobuf', strictness: {} };
    case 'malformed':
      return malformed(options, decoded.message);
    case 'unknown-kind': {
      const { apiVersion, kind } = decoded;
      const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
      const message = notRegistered(apiVersion, kind);
      return { type: 'malformed', message: cannotBeHandled({ kind, version }, options.expectedKind, message) };
    }
  }
}

/** Kubernetes' complaint about a kind that nobody serves. */
export function notRegistered(apiVersion: string, kind: string): string {
  const scheme = 'pkg/api/legacyscheme/scheme.go:30';
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${scheme}"`;
}

function unsupported({ protobuf }: BodyOptions): DecodedBody {
  const accepted = ['application/json', 'application/yaml', ...(protobuf === undefined ? [] : [PROTOBUF_CONTENT_TYPE])];
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return { type: 'unsupported', message };
}

function malformed({ expectedKind, bytes }: BodyOptions, message: string): DecodedBody {
  return { type: 'malformed', message: unrecognized(expectedKind, message, bytes) };
}

function wrongType(options: BodyOptions, what: string): DecodedBody {
  return malformed(options, `couldn't get version/kind; json parse error: json: cannot unmarshal ${what}`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The beginning of the body: as text where it looks like JSON, otherwise in hexadecimal. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const start = Buffer.from(bytes.subarray(0, SUMMARY_BYTES));
  return start.toString(bytes[0] === 0x7b ? 'utf8' : 'hex') + (bytes.length > SUMMARY_BYTES ? ' ...' : '');
}
