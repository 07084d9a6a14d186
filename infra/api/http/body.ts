// Reads one request body within a bound. The promise settles exactly once: with the whole body, with BodyTooLarge as
// soon as one byte too many arrived (compressed or not), or with RequestAborted when the client went away first.
// What arrives after a failure is thrown away unread, so that the client can finish sending and see the answer.

import type { Readable } from 'node:stream';
import { gunzip } from 'node:zlib';
import { BodyTooLarge } from './exchange.ts';

/** The client closed the connection or reset the stream before the request was complete. Nobody reads an answer. */
export class RequestAborted extends Error {
  override readonly name = 'RequestAborted';
  constructor() {
    super('the client went away before the request was complete');
  }
}

/** The body came too slowly. */
export class BodyTimeout extends Error {
  override readonly name = 'BodyTimeout';
  constructor(timeoutMs: number) {
    super(`the request body was not complete after ${timeoutMs} ms`);
  }
}

/** The body is not what its Content-Encoding says. */
export class BodyUnreadable extends Error {
  override readonly name = 'BodyUnreadable';
}

/** The body has a Content-Encoding that is not spoken here. */
export class ContentEncodingUnsupported extends Error {
  override readonly name = 'ContentEncodingUnsupported';
  constructor(encoding: string) {
    super(`content encoding ${JSON.stringify(encoding)} is not supported: send the body plain or with gzip`);
  }
}

export type BodyRead = {
  readonly bytes: Promise<Buffer>;
  /** Gives up: rejects with the reason, unless the body is already complete. */
  fail(reason: Error): void;
};

/** A request of either protocol; `aborted` once the client has broken it off. */
export type BodySource = Readable & { readonly aborted?: boolean };

export type BodyOptions = { readonly bytesMax: number; readonly encoding: string | undefined };

export function readBody(source: BodySource, { bytesMax, encoding }: BodyOptions): BodyRead {
  const { promise: bytes, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;

  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > bytesMax) fail(new BodyTooLarge(bytesMax));
    else chunks.push(chunk);
  };
  const onEnd = () => {
    stopListening();
    const only = chunks[0];
    const raw = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size);
    try {
      resolve(decode(raw, { bytesMax, encoding }));
    } catch (error) {
      reject(error);
    }
  };
  const onAborted = () => fail(new RequestAborted());
  const stopListening = () => {
    source.off('data', onData).off('end', onEnd).off('aborted', onAborted).off('close', onAborted);
  };
  const fail = (reason: Error) => {
    stopListening();
    source.resume();
    reject(reason);
  };

  // A source that is over before anybody read it was broken off, and what it had was thrown away.
  if (source.aborted || source.destroyed || source.readableEnded) fail(new RequestAborted());
  // A stream that is reset may still say 'end', which must not make half a body a whole one: 'aborted' comes first.
  else source.on('data', onData).on('end', onEnd).on('aborted', onAborted).on('close', onAborted);

  // A handler that stopped waiting for the body must not turn its failure into an unhandled rejection.
  bytes.catch(() => {});
  return { bytes, fail };
}

function decode(raw: Buffer, { bytesMax, encoding }: BodyOptions): Buffer | Promise<Buffer> {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return raw;
    case 'gzip':
    case 'x-gzip':
      return inflate(raw, bytesMax);
    default:
      throw new ContentEncodingUnsupported(encoding ?? '');
  }
}

function inflate(raw: Buffer, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(raw, { maxOutputLength: bytesMax }, (error, bytes) => {
      if (error === null) resolve(bytes);
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') reject(new BodyTooLarge(bytesMax));
      else reject(new BodyUnreadable('the request body is not valid gzip', { cause: error }));
    });
  });
}
