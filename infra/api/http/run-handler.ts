// Runs the handler for one exchange and sees to it that every request gets exactly one answer, whatever the handler
// does: it may throw (an ApiError says itself what to answer), finish without answering, or fail in the middle of a
// stream. The process outlives all of them.

import type { Logger } from '../../../streams/base/logger.ts';
import { ApiError } from '../errors.ts';
import { BodyTimeout, BodyUnreadable, ContentEncodingUnsupported, RequestAborted } from './body.ts';
import { type ApiHandler, BodyTooLarge } from './exchange.ts';
import type { ServerExchange } from './server-exchange.ts';
import { type FailureStatus, failureStatus, sendStatus } from './status.ts';

export function runHandler(handler: ApiHandler, exchange: ServerExchange, logger: Logger): void {
  let running: Promise<void>;
  try {
    running = handler(exchange, exchange);
  } catch (error) {
    running = Promise.reject(error);
  }
  running.then(
    () => {
      if (!exchange.answered) fail(exchange, new HandlerSilent(exchange.method, exchange.path), logger);
      exchange.handlerDone();
    },
    (error: unknown) => {
      fail(exchange, error, logger);
      exchange.handlerDone();
    },
  );
}

/** A handler's mistake: it finished without an answer, which would leave the client waiting for ever. */
export class HandlerSilent extends Error {
  override readonly name = 'HandlerSilent';
  constructor(method: string, path: string) {
    super(`the handler of ${method} ${path} finished without answering`);
  }
}

function fail(exchange: ServerExchange, error: unknown, logger: Logger): void {
  const expected = error instanceof ApiError ? error.toStatus() : requestFault(error);
  if (!(error instanceof RequestAborted) && (expected === undefined || expected.code >= 500)) {
    logger.error('request handler failed', { method: exchange.method, path: exchange.path, error });
  }
  try {
    if (exchange.cutStream() || exchange.answered || error instanceof RequestAborted) return;
    sendStatus(exchange, expected ?? internalError(error));
  } catch (unsendable) {
    logger.error('failure could not be answered', { method: exchange.method, path: exchange.path, error: unsendable });
  }
}

/** The answer to a fault of the request itself, which is no news for the server's log. */
function requestFault(error: unknown): FailureStatus | undefined {
  if (error instanceof BodyTooLarge) {
    const message = `Request entity too large: limit is ${error.bytesMax}`;
    return failureStatus({ code: 413, reason: 'RequestEntityTooLarge', message });
  }
  if (error instanceof ContentEncodingUnsupported) {
    return failureStatus({ code: 415, reason: 'UnsupportedMediaType', message: error.message });
  }
  if (error instanceof BodyUnreadable) {
    return failureStatus({ code: 400, reason: 'BadRequest', message: error.message });
  }
  if (error instanceof BodyTimeout) {
    return failureStatus({ code: 408, reason: 'Timeout', message: error.message });
  }
  return undefined;
}

function internalError(error: unknown): FailureStatus {
  const cause = error instanceof Error ? error.message : String(error);
  return failureStatus({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${cause}`,
    details: { causes: [{ message: cause }] },
  });
}
