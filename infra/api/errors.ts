// Why a request is refused, in Kubernetes' own terms: each failure becomes a metav1.Status whose reason, code and text
// are those clients match on (API conventions, "Response Status Kind").

import { goJson } from './go-json.ts';
import { goNumber } from './go-number.ts';
import {
  type FailureStatus,
  failureStatus,
  type StatusCause,
  type StatusDetails,
  type StatusReason,
} from './http/status.ts';
import type { Kind } from './kinds/kind.ts';

export type ApiErrorInit = {
  readonly code: number;
  readonly reason: StatusReason;
  readonly message: string;
  readonly details?: StatusDetails;
  /** `metadata.continue` of an expired list that may go on inconsistently. */
  readonly continue?: string;
  readonly cause?: unknown;
};

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: StatusReason;
  readonly details: StatusDetails | undefined;
  readonly #continue: string | undefined;

  constructor(init: ApiErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    this.details = init.details;
    this.#continue = init.continue;
  }

  toStatus(): FailureStatus {
    const status = failureStatus({
      code: this.code,
      reason: this.reason,
      message: this.message,
      ...(this.details === undefined ? undefined : { details: this.details }),
    });
    return this.#continue === undefined ? status : { ...status, metadata: { continue: this.#continue } };
  }
}

/** A problem with one field; several make one Invalid status. */
export type FieldError = {
  readonly type:
    | 'Required'
    | 'Invalid'
    /** The value is not of the type its schema names. */
    | 'TypeInvalid'
    | 'NotSupported'
    | 'Duplicate'
    | 'Forbidden'
    | 'TooLong'
    | 'TooMany'
    | 'NotFound';
  readonly field: string;
  readonly value?: unknown;
  readonly detail?: string;
  /** For NotSupported: what would be. */
  readonly supported?: readonly string[];
};

type Named = Pick<Kind, 'group' | 'resource' | 'kind'>;

/** `deployments.apps`, or `pods` for core. */
export function qualifiedResource({ group, resource }: { readonly group: string; readonly resource: string }): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function details(kind: Named, name: string, more: Partial<StatusDetails> = {}): StatusDetails {
  return {
    ...(name === '' ? undefined : { name }),
    ...(kind.group === '' ? undefined : { group: kind.group }),
    kind: kind.resource,
    ...more,
  };
}

export function notFound(kind: Named, name: string): ApiError {
  return new ApiError({
    code: 404,
    reason: 'NotFound',
    message: `${qualifiedResource(kind)} "${name}" not found`,
    details: details(kind, name),
  });
}

export function alreadyExists(kind: Named, name: string, beingDeleted = false): ApiError {
  return new ApiError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${beingDeleted ? 'object is being deleted: ' : ''}${qualifiedResource(kind)} "${name}" already exists`,
    details: details(kind, name),
  });
}

export const modifiedText =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(kind: Named, name: string, why: string = modifiedText): ApiError {
  return new ApiError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualifiedResource(kind)} "${name}": ${why}`,
    details: details(kind, name),
  });
}

export function forbidden(kind: Named, name: string, why: string, causes?: readonly StatusCause[]): ApiError {
  return new ApiError({
    code: 403,
    reason: 'Forbidden',
    message: `${qualifiedResource(kind)}${name === '' ? ' is' : ` "${name}" is`} forbidden: ${why}`,
    details: details(kind, name, causes === undefined ? {} : { causes }),
  });
}

export function badRequest(message: string, causes?: readonly StatusCause[]): ApiError {
  return new ApiError({
    code: 400,
    reason: 'BadRequest',
    message,
    ...(causes === undefined ? undefined : { details: { causes } }),
  });
}

export function invalid(kind: Pick<Kind, 'group' | 'kind'>, name: string, errors: readonly FieldError[]): ApiError {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const texts = errors.map(describe);
  return new ApiError({
    code: 422,
    reason: 'Invalid',
    message: `${qualified} "${name}" is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`,
    details: {
      ...(name === '' ? undefined : { name }),
      ...(kind.group === '' ? undefined : { group: kind.group }),
      kind: kind.kind,
      causes: errors.map((error) => ({ reason: `FieldValue${error.type}`, message: body(error), field: error.field })),
    },
  });
}

export function expired(message: string, resume?: string): ApiError {
  return new ApiError({
    code: 410,
    reason: 'Expired',
    message,
    ...(resume === undefined ? undefined : { continue: resume }),
  });
}

export function methodNotAllowed(): ApiError {
  return new ApiError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
  });
}

export function unknownPath(): ApiError {
  return new ApiError({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource' });
}

export function tooLarge(bytesMax: number): ApiError {
  return new ApiError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: limit is ${bytesMax}`,
  });
}

export function tooManyRequests(message: string, retryAfterSeconds: number, causes?: readonly StatusCause[]): ApiError {
  return new ApiError({
    code: 429,
    reason: 'TooManyRequests',
    message,
    details: { retryAfterSeconds, ...(causes === undefined ? undefined : { causes }) },
  });
}

/** The revision asked for is not there yet: clients wait a second and ask again. */
export function tooLargeResourceVersion(asked: number, current: number): ApiError {
  return new ApiError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

/** The log does not answer: nothing is acknowledged, and clients come back. */
export function logUnavailable(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError({
    code: 503,
    reason: 'ServiceUnavailable',
    message: `the cluster's log is unavailable: ${why}`,
    details: { retryAfterSeconds: 1 },
    cause,
  });
}

export function internalError(cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${why}`, cause });
}

/** `spec.replicas: Invalid value: -1: must be …` */
export function describe(error: FieldError): string {
  return `${error.field}: ${body(error)}`;
}

const headings: Readonly<Record<FieldError['type'], string>> = {
  Required: 'Required value',
  Invalid: 'Invalid value',
  TypeInvalid: 'Invalid value',
  NotSupported: 'Unsupported value',
  Duplicate: 'Duplicate value',
  Forbidden: 'Forbidden',
  TooLong: 'Too long',
  TooMany: 'Too many',
  NotFound: 'Not found',
};

function body({ type, value, detail, supported }: FieldError): string {
  const shown =
    type === 'Required' || type === 'Forbidden' || type === 'TooLong' || value === undefined ? '' : `: ${show(value)}`;
  const list =
    supported === undefined
      ? undefined
      : `supported values: ${supported.map((item) => JSON.stringify(item)).join(', ')}`;
  const rest = detail ?? list;
  return `${headings[type]}${shown}${rest === undefined || rest === '' ? '' : `: ${rest}`}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return goNumber(value);
  return typeof value === 'object' ? goJson(value) : String(value);
}
