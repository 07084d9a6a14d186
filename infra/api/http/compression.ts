// Which answers are gzipped, and how. Compressing costs four to five times what sending does, so only what is large goes
// compressed, to clients that ask for it and are not on this machine, where bytes are cheap. Watches never are: an
// event must not wait in a compressor.

import { createGzip, type Gzip, gzip } from 'node:zlib';
import type { StreamSink } from './batched-stream.ts';
import type { ApiRequest, ResponseHead } from './exchange.ts';

const level = 1;

export function acceptsGzip({ method, headers }: Pick<ApiRequest, 'method' | 'headers'>): boolean {
  if (method !== 'GET') return false;
  return (headers['accept-encoding'] ?? '').split(',').some((entry) => {
    const [coding = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    return coding === 'gzip' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

export function isCompressible({ status, headers, uncompressed }: ResponseHead): boolean {
  if (uncompressed) return false;
  const type = String(headers['content-type'] ?? '');
  return status === 200 && headers['content-encoding'] === undefined && /^application\/(?!.*;stream=watch)/.test(type);
}

export function compressedHead({ status, headers }: ResponseHead): ResponseHead {
  const vary = headers.vary === undefined ? 'Accept-Encoding' : `${String(headers.vary)}, Accept-Encoding`;
  return { status, headers: { ...headers, 'content-encoding': 'gzip', vary } };
}

export function compressed(body: Buffer | string): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    gzip(body, { level }, (error, bytes) => (error === null ? resolve(bytes) : reject(error))),
  );
}

/** Compresses what is written, no faster than the connection takes it. */
export class GzipSink implements StreamSink {
  readonly #sink: StreamSink;
  readonly #gzip: Gzip = createGzip({ level, chunkSize: 64 * 1024 });

  constructor(sink: StreamSink) {
    this.#sink = sink;
    this.#gzip.on('data', (chunk: Buffer) => {
      this.#gzip.pause();
      sink.write([chunk], () => this.#gzip.resume());
    });
    this.#gzip.on('end', () => sink.end());
    this.#gzip.on('error', () => sink.cut());
  }

  write(chunks: readonly Buffer[], taken: (failure?: unknown) => void): void {
    const last = chunks.length - 1;
    for (let i = 0; i <= last; i++) this.#gzip.write(chunks[i], i === last ? taken : undefined);
  }

  end(): void {
    this.#gzip.end();
  }

  cut(): void {
    this.#gzip.destroy();
    this.#sink.cut();
  }
}
