// metav1.Status, the body of every refusal, and the two helpers that answer with JSON.
// Clients match on `reason`, `code` and the text, so callers pass Kubernetes' own words.

import type { ApiResponse, ResponseHead } from './exchange.ts';

export type StatusReason =
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'Gone'
  | 'InternalError'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'NotFound'
  | 'RequestEntityTooLarge'
  | 'ServerTimeout'
  | 'ServiceUnavailable'
  | 'Timeout'
  | 'TooManyRequests'
  | 'Unauthorized'
  | 'UnsupportedMediaType';

export type StatusCause = { readonly reason?: string; readonly message?: string; readonly field?: string };

export type StatusDetails = {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
};

export type FailureStatus = {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: StatusReason;
  readonly details?: StatusDetails;
  readonly code: number;
};

export function failureStatus(failure: {
  readonly code: number;
  readonly reason: StatusReason;
  readonly message: string;
  readonly details?: StatusDetails;
}): FailureStatus {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...failure };
}

/** Answers with the Status as JSON; `retryAfterSeconds` also becomes the Retry-After header clients wait by. */
export function sendStatus(response: ApiResponse, status: FailureStatus): void {
  const retryAfterSeconds = status.details?.retryAfterSeconds;
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  sendJson(response, status.code, status, headers);
}

/** Answers with a JSON body that caches must not keep. */
export function sendJson(
  response: ApiResponse,
  status: number,
  body: object,
  headers: ResponseHead['headers'] = {},
): void {
  response.send({ status, headers: { ...jsonHeaders, ...headers } }, JSON.stringify(body));
}

const jsonHeaders = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
