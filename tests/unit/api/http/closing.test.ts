import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { ResponseStream } from '../../../../infra/api/http/exchange.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';
import { gate, h2Answer, h2Session, onCleanup, protocols, type Started, startFrontEnd } from './front-end.ts';

/** `/slow` waits at a gate, `/watch` streams until its signal, `/stubborn` streams for ever. */
async function slowServer(options: Parameters<typeof startFrontEnd>[1] = {}) {
  const asked = gate();
  const release = gate();
  const aborts: string[] = [];
  const server = await startFrontEnd(async (request, response) => {
    request.signal.addEventListener('abort', () => aborts.push(request.path));
    if (request.path === '/slow') {
      asked.open();
      await release.opened;
      response.send({ status: 200, headers: {} }, 'done');
      return;
    }
    const stream: ResponseStream = response.open({ status: 200, headers: {} });
    stream.write(Buffer.from('first\n'));
    asked.open();
    if (request.path !== '/watch') return;
    request.signal.addEventListener('abort', () => {
      stream.write(Buffer.from('last\n'));
      stream.end();
    });
  }, options);
  return { server, asked: asked.opened, release: () => release.open(), aborts };
}

describe.each(protocols)('closing over %s', (_, clientOf) => {
  it('lets a short request finish, without aborting its signal', async () => {
    const { server, asked, release, aborts } = await slowServer();
    const answer = clientOf(server).call({ path: '/slow' });
    await asked;
    const closed = server.close({ drainMs: 60_000 });
    release();
    expect(await answer).toMatchObject({ status: 200, body: 'done' });
    await closed;
    expect(aborts).toEqual([]);
  });

  it('ends streams by their signal, whole', async () => {
    const { server, asked, aborts } = await slowServer();
    const answer = clientOf(server).call({ path: '/watch' });
    await asked;
    await server.close({ drainMs: 60_000 });
    expect((await answer).body).toBe('first\nlast\n');
    expect(aborts).toEqual(['/watch']);
  });

  it('cuts what is still open after the drain time, and not before', async () => {
    const clock = new VirtualClock();
    const { server, asked } = await slowServer({ clock });
    const broken = clientOf(server)
      .call({ path: '/stubborn' })
      .then(
        () => 'complete',
        () => 'broken',
      );
    await asked;
    let closed = false;
    const closing = server.close({ drainMs: 5_000 }).then(() => {
      closed = true;
    });
    await clock.advance(4_999);
    expect(closed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(await broken).toBe('broken');
  });

  it('a second close waits for the first', async () => {
    const { server } = await slowServer();
    await Promise.all([server.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
    await expect(clientOf(server).call({ path: '/slow' })).rejects.toThrow('ECONNREFUSED');
  });
});

describe('closing', () => {
  it('tells HTTP/2 clients to go away', async () => {
    const { server, asked, release } = await slowServer();
    const session = h2Session(server);
    const answer = h2Answer(session.request({ ':path': '/slow' }));
    await asked;
    const goaway = once(session, 'goaway');
    const closed = server.close({ drainMs: 60_000 });
    await goaway;
    release();
    expect((await answer).body).toBe('done');
    await closed;
  });

  it('closes idle HTTP/1.1 connections at once and busy ones behind their answer', async () => {
    const { server, asked, release } = await slowServer();
    const agent = new Agent({ keepAlive: true, ca: server.authority.ca });
    onCleanup(() => agent.destroy());
    const request = httpsRequest({ port: server.port, host: '127.0.0.1', path: '/slow', agent });
    request.end();
    const responding = once(request, 'response');
    await asked;
    const closed = server.close({ drainMs: 60_000 });
    release();
    const [response] = (await responding) as [IncomingMessage];
    response.resume();
    expect(response.headers.connection).toBe('close');
    await closed;
  });

  it('closes HTTP/1.1 connections whose stream has ended, though the client would keep them', async () => {
    const { server, asked } = await slowServer();
    const agent = new Agent({ keepAlive: true, ca: server.authority.ca });
    onCleanup(() => agent.destroy());
    const request = httpsRequest({ port: server.port, host: '127.0.0.1', path: '/watch', agent });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    await asked;
    await server.close({ drainMs: 60_000 });
    expect(response.headers.connection).not.toBe('close');
  });

  it('drops connections that are still in their handshake after the drain time', async () => {
    const { server } = await slowServer();
    const silent = tcpConnect(server.port, '127.0.0.1');
    silent.on('error', () => {});
    await once(silent, 'connect');
    const gone = once(silent, 'close');
    await server.close({ drainMs: 0 });
    await gone;
  });
});

describe('a client that does not speak', () => {
  const limits = { headersTimeoutMs: 40, bodyTimeoutMs: 40, sweepMs: 10 };

  async function watchAlong(server: Started): Promise<() => boolean> {
    const request = httpsRequest({ port: server.port, host: '127.0.0.1', ca: server.authority.ca, path: '/stubborn' });
    request.on('error', () => {});
    request.end();
    onCleanup(() => void request.destroy());
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => {});
    return () => !response.destroyed;
  }

  it('during its HTTP/1.1 headers is cut off, and no watch with it', async () => {
    const { server } = await slowServer({ limits });
    const alive = await watchAlong(server);
    const options = { port: server.port, host: '127.0.0.1', ca: server.authority.ca, servername: 'localhost' };
    const socket = tlsConnect({ ...options, ALPNProtocols: ['http/1.1'] });
    onCleanup(() => void socket.destroy());
    socket.write('GET /watch HTTP/1.1\r\nHost: loc');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 408 Request Timeout/);
    expect(alive()).toBe(true);
  });

  it('over HTTP/2 is told to go away, while a session with a watch stays', async () => {
    const clock = new VirtualClock();
    const { server } = await slowServer({ clock });
    const watching = h2Session(server);
    const watch = watching.request({ ':path': '/stubborn' });
    watch.on('error', () => {});
    await once(watch, 'data');
    const silent = h2Session(server);
    await once(silent, 'remoteSettings');
    const gone = once(silent, 'close');
    await clock.advance(20_000);
    await gone;
    await clock.advance(3_600_000);
    expect({ closed: watching.closed, destroyed: watching.destroyed, watch: watch.closed }).toEqual({
      closed: false,
      destroyed: false,
      watch: false,
    });
  });

  it('for the idle time behind its last HTTP/2 request is told to go away', async () => {
    const clock = new VirtualClock();
    const server = await startFrontEnd(
      async (_request, response) => response.send({ status: 200, headers: {} }, 'ok'),
      { clock },
    );
    const session = h2Session(server);
    await h2Answer(session.request({ ':path': '/' }));
    await clock.advance(170_000);
    expect((await h2Answer(session.request({ ':path': '/' }))).body).toBe('ok');
    await clock.advance(170_000);
    expect(session.closed).toBe(false);
    const goaway = once(session, 'goaway');
    await clock.advance(20_000);
    await goaway;
  });

  it('in the middle of an HTTP/2 body gets 408', async () => {
    const clock = new VirtualClock();
    const reading = gate();
    const server = await startFrontEnd(
      async (request, response) => {
        const body = request.body(1_000);
        reading.open();
        response.send({ status: 200, headers: {} }, await body);
      },
      { clock },
    );
    const stream = h2Session(server).request({ ':path': '/', ':method': 'POST' });
    stream.write('half');
    const answer = h2Answer(stream);
    await reading.opened;
    await clock.advance(70_000);
    expect((await answer).status).toBe(408);
    expect(server.reported).toEqual([]);
  });
});

describe('headers that are too large', () => {
  const limits = { headerBytesMax: 16 * 1024 };

  it.each(protocols)('are refused over %s, and the server goes on', async (_, clientOf) => {
    const { server, asked, release } = await slowServer({ limits });
    const big = clientOf(server).call({ path: '/slow', headers: { 'x-big': 'a'.repeat(40_000) } });
    const outcome = await big.then(
      ({ status }) => status,
      () => 'reset',
    );
    expect([431, 'reset']).toContain(outcome);
    const answer = clientOf(server).call({ path: '/slow' });
    await asked;
    release();
    expect((await answer).body).toBe('done');
  });
});

describe('a request whose client goes away', () => {
  it.each(protocols)('over %s aborts the signal and rejects the body', async (protocol) => {
    const seen = gate<string>();
    const reading = gate();
    const server = await startFrontEnd(async (request) => {
      const body = request.body(1_000).then(
        () => 'complete',
        (error: Error) => error.name,
      );
      const aborted = once(request.signal, 'abort');
      reading.open();
      await aborted;
      seen.open(await body);
    });
    if (protocol === 'HTTP/2') {
      const stream = h2Session(server).request({ ':path': '/', ':method': 'POST' });
      stream.on('error', () => {});
      stream.write('half');
      await reading.opened;
      // `close` would end the body first.
      stream.destroy(new Error('gone'));
    } else {
      const request = httpsRequest({
        port: server.port,
        host: '127.0.0.1',
        ca: server.authority.ca,
        method: 'POST',
        agent: false,
        headers: { 'content-length': '100' },
      });
      request.on('error', () => {});
      request.write('half');
      await reading.opened;
      request.destroy();
    }
    expect(await seen.opened).toBe('RequestAborted');
  });
});
