import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { describe, expect, it } from 'vitest';
import { framingRoom, type ResponseStream } from '../../../../infra/api/http/exchange.ts';
import { ByteWriter } from '../../../../streams/base/byte-writer.ts';
import { gate, h2Session, onCleanup, protocols, type Started, startFrontEnd, tlsConnection } from './front-end.ts';

type Watch = { readonly chunks: Buffer[]; readonly ended: Promise<'complete' | 'broken'>; cut(): void };

/** Opens a streamed answer and resolves with its head. */
async function openWatch(protocol: string, server: Started, { paused = false } = {}): Promise<Watch> {
  const chunks: Buffer[] = [];
  const ended = gate<'complete' | 'broken'>();
  if (protocol === 'HTTP/2') {
    const stream = h2Session(server).request({ ':path': '/watch' });
    stream.on('error', () => {});
    const head = once(stream, 'response');
    if (!paused) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('close', () => ended.open(stream.rstCode === 0 ? 'complete' : 'broken'));
    await head;
    return { chunks, ended: ended.opened, cut: () => stream.close(8) };
  }
  const request = httpsRequest({ port: server.port, host: '127.0.0.1', ca: server.authority.ca, agent: false });
  request.on('error', () => {});
  request.end();
  onCleanup(() => void request.destroy());
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  if (!paused) response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('close', () => ended.open(response.complete ? 'complete' : 'broken'));
  return { chunks, ended: ended.opened, cut: () => void request.destroy() };
}

/** Answers every request with a stream and hands that to the test. */
async function streaming(options: Parameters<typeof startFrontEnd>[1] = {}) {
  const opened = gate<{ stream: ResponseStream; signal: AbortSignal }>();
  const server = await startFrontEnd(async (request, response) => {
    const stream = response.open({ status: 200, headers: { 'content-type': 'application/json' } });
    opened.open({ stream, signal: request.signal });
  }, options);
  return { server, opened: opened.opened };
}

describe.each(protocols)('a streamed answer over %s', (protocol) => {
  it('shows its head before the first chunk, then chunks as they come, then its end', async () => {
    const { server, opened } = await streaming();
    const watch = await openWatch(protocol, server);
    const { stream, signal } = await opened;
    stream.write(Buffer.from('{"a":1}\n'));
    stream.write(Buffer.from('{"b":2}\n'));
    stream.end();
    expect(await watch.ended).toBe('complete');
    expect(Buffer.concat(watch.chunks).toString()).toBe('{"a":1}\n{"b":2}\n');
    expect(stream.closed).toBe(true);
    expect(signal.aborted).toBe(false);
  });

  it('that is aborted looks broken to the client, even after chunks that arrived', async () => {
    const { server, opened } = await streaming();
    const watch = await openWatch(protocol, server);
    const { stream } = await opened;
    stream.write(Buffer.from('some'));
    stream.abort();
    expect(await watch.ended).toBe('broken');
    expect(stream.closed).toBe(true);
  });

  it('whose client goes away is closed and its signal aborts', async () => {
    const { server, opened } = await streaming();
    const watch = await openWatch(protocol, server);
    const { stream, signal } = await opened;
    watch.cut();
    await once(signal, 'abort');
    expect(stream.closed).toBe(true);
    expect(stream.write(Buffer.from('x'))).toBe(false);
    await stream.drained();
    expect(server.reported).toEqual([]);
  });

  it('to a client that does not read fills up to the bound and goes on when it reads again', async () => {
    const { server, opened } = await streaming({ limits: { highWaterMarkBytes: 64 * 1024 } });
    const watch = await openWatch(protocol, server, { paused: true });
    const { stream } = await opened;
    const chunk = Buffer.alloc(64 * 1024, 'z');
    let written = 0;
    while (stream.write(chunk) || stream.pendingBytes < 8 * 1024 * 1024) written++;
    expect(stream.pendingBytes).toBeGreaterThanOrEqual(8 * 1024 * 1024);
    expect(written).toBeGreaterThan(100);
    const draining = stream.drained();
    watch.cut();
    await draining;
    expect(stream.pendingBytes).toBe(0);
  });

  it('written with back-pressure arrives whole', async () => {
    const { server, opened } = await streaming({ limits: { highWaterMarkBytes: 64 * 1024 } });
    const watch = await openWatch(protocol, server);
    const { stream } = await opened;
    const sent: Buffer[] = [];
    for (let i = 0; i < 400; i++) {
      const chunk = Buffer.alloc(1 + ((i * 7_919) % 30_000), String.fromCharCode(97 + (i % 26)));
      sent.push(chunk);
      if (!stream.write(chunk)) await stream.drained();
    }
    stream.end();
    expect(await watch.ended).toBe('complete');
    expect(Buffer.concat(watch.chunks).equals(Buffer.concat(sent))).toBe(true);
  });

  it('made in memory that is used again once it comes back arrives as it was made', async () => {
    const { server, opened } = await streaming({ limits: { highWaterMarkBytes: 64 * 1024 } });
    const watch = await openWatch(protocol, server);
    const { stream } = await opened;
    const free: ByteWriter[] = [];
    let sent = '';
    let made = 0;
    for (let i = 0; i < 400; i++) {
      if (free.length === 0) made++;
      const writer = new ByteWriter(free.pop()?.memory ?? Buffer.alloc(40_000), framingRoom);
      const text = String.fromCharCode(97 + (i % 26)).repeat(1 + ((i * 7_919) % 30_000));
      sent += text;
      writer.text(text);
      if (!stream.write(writer.written(), () => void free.push(writer))) await stream.drained();
      // What is not lent keeps its place.
      if (i % 50 === 0) {
        sent += '|';
        stream.write(Buffer.from('|'));
      }
    }
    stream.end();
    expect(await watch.ended).toBe('complete');
    expect(Buffer.concat(watch.chunks).toString() === sent).toBe(true);
    expect(made).toBeLessThan(50);
  });
});

describe('many small writes in one turn', () => {
  const events = Array.from({ length: 100 }, (_, i) => Buffer.from(`{"event":${String(i).padStart(4, '0')}}\n`));
  const eventBytes = 1_500;
  // TLS 1.3 adds a header of 5 bytes, a content type and a tag of 16 to each record.
  const recordBytes = 22;

  it('are one HTTP chunk in one TLS record over HTTP/1.1', async () => {
    const { server, opened } = await streaming();
    const { below, secure } = await tlsConnection(server, 'http/1.1');
    secure.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(secure, 'data');
    const before = below.bytesRead;
    const { stream } = await opened;
    for (const event of events) stream.write(event);
    await once(secure, 'data');
    expect(below.bytesRead - before).toBe(eventBytes + '5dc\r\n\r\n'.length + recordBytes);
  });

  it('are one DATA frame in one TLS record over HTTP/2', async () => {
    const { server, opened } = await streaming();
    const { below, secure } = await tlsConnection(server, 'h2');
    const session = connectHttp2('https://localhost', { createConnection: () => secure });
    onCleanup(() => session.destroy());
    const request = session.request({ ':path': '/' });
    await once(request, 'response');
    await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
    const before = below.bytesRead;
    const { stream } = await opened;
    for (const event of events) stream.write(event);
    await once(request, 'data');
    expect(below.bytesRead - before).toBe(eventBytes + 9 + recordBytes);
  });
});
