// A cheap load generator, run in a process of its own: HTTP/1.1 over kept TLS connections, one request in flight on each,
// requests rendered once, answers only counted. (A real client library costs more than the server it measures.)

import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect } from 'node:tls';
import { quantile } from './bench.ts';

export type LoadOptions = {
  readonly port: number;
  /** Files with PEM. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly accept?: string;
  readonly body?: string;
  readonly clients: number;
  readonly requests: number;
};

export type LoadResult = {
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly bytes: number;
};

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
process.stdout.write(JSON.stringify(await load(options)));

async function load({ clients, requests, ...rest }: LoadOptions): Promise<LoadResult> {
  const body = rest.body ?? '';
  const head = `${rest.method} ${rest.path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n${
    rest.accept === undefined ? '' : `Accept: ${rest.accept}\r\n`
  }`;
  const type = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  const request = Buffer.from(`${head}${type}\r\n${body}`);
  const tls = {
    port: rest.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(rest.ca),
    ...(rest.cert === undefined || rest.key === undefined
      ? undefined
      : { cert: readFileSync(rest.cert), key: readFileSync(rest.key) }),
  };
  const statuses: Record<string, number> = {};
  const timesMs: number[] = [];
  let bytes = 0;
  let left = requests;
  const run = async (socket: Awaited<ReturnType<typeof open>>): Promise<void> => {
    while (left-- > 0) {
      const started = process.hrtime.bigint();
      socket.write(request);
      const answer = await socket.answer();
      timesMs.push(Number(process.hrtime.bigint() - started) / 1e6);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      bytes += answer.bytes;
    }
    socket.end();
  };
  const sockets = await Promise.all(Array.from({ length: clients }, () => open(tls)));
  const started = process.hrtime.bigint();
  await Promise.all(sockets.map(run));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  timesMs.sort((a, b) => a - b);
  return {
    seconds,
    perSecond: requests / seconds,
    p50Ms: quantile(timesMs, 0.5),
    p99Ms: quantile(timesMs, 0.99),
    maxMs: timesMs.at(-1) ?? 0,
    statuses,
    bytes,
  };
}

type Answer = { readonly status: string; readonly bytes: number };

async function open(tls: ConnectionOptions) {
  const socket = connect(tls);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  socket.setNoDelay(true);
  let waiting: ((answer: Answer) => void) | undefined;
  let status = '';
  /** Bytes of the body still to come; below zero while the head is read. */
  let rest = -1;
  let total = 0;
  let chunked = false;
  let held: Buffer = Buffer.alloc(0);
  const done = () => {
    const resolve = waiting;
    const answer = { status, bytes: total };
    waiting = undefined;
    rest = -1;
    resolve?.(answer);
  };
  socket.on('data', (chunk: Buffer) => {
    let data = chunk;
    if (rest < 0) {
      held = held.length === 0 ? data : Buffer.concat([held, data]);
      const end = held.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = held.toString('latin1', 0, end);
      status = head.slice(9, 12);
      chunked = /transfer-encoding: chunked/i.test(head);
      rest = chunked ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      data = held.subarray(end + 4);
      held = Buffer.alloc(0);
      total = 0;
    }
    total += data.length;
    if (chunked) {
      if (data.length >= 5 && data.subarray(-5).toString('latin1') === '0\r\n\r\n') done();
      return;
    }
    rest -= data.length;
    if (rest <= 0) done();
  });
  return {
    write: (bytes: Buffer) => socket.write(bytes),
    answer: () =>
      new Promise<Answer>((resolve) => {
        waiting = resolve;
      }),
    end: () => socket.end(),
  };
}
