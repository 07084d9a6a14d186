import { once } from 'node:events';
import { createServer, connect as tcpConnect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { badRequest } from '../../../../infra/api/errors.ts';
import { PortInUse, startHttpServer } from '../../../../infra/api/http/server.ts';
import { sendJson } from '../../../../infra/api/http/status.ts';
import { systemClock } from '../../../../streams/base/clock.ts';
import { silentLogger } from '../../../../streams/base/logger.ts';
import {
  gate,
  h1Client,
  h2Answer,
  h2Session,
  onCleanup,
  protocols,
  startFrontEnd,
  testAuthority,
} from './front-end.ts';

describe.each(protocols)('over %s', (_, clientOf) => {
  it('each request reaches the handler exactly once', async () => {
    const seen: string[] = [];
    const server = await startFrontEnd(async (request, response) => {
      seen.push(`${request.method} ${request.path}`);
      response.send({ status: 200, headers: {} }, 'ok');
    });
    const client = clientOf(server);
    for (let i = 0; i < 5; i++) expect((await client.call({ path: `/r${i}` })).body).toBe('ok');
    await client.call({ method: 'POST', path: '/p', body: 'x' });
    expect(seen).toEqual(['GET /r0', 'GET /r1', 'GET /r2', 'GET /r3', 'GET /r4', 'POST /p']);
  });

  it('method, raw path, query, headers and body arrive as sent', async () => {
    const server = await startFrontEnd(async (request, response) => {
      const body = await request.body(1_000);
      sendJson(response, 201, {
        method: request.method,
        path: request.path,
        watch: request.query.getAll('watch'),
        selector: request.query.get('labelSelector'),
        accept: request.headers.accept,
        address: request.peer.address,
        certificate: request.peer.certificate ?? null,
        body: body.toString(),
      });
    });
    const answer = await clientOf(server).call({
      method: 'POST',
      path: '/api/v1/namespaces/a%2Fb/pods?watch=1&watch=2&labelSelector=app%3Dweb',
      headers: { accept: 'application/json' },
      body: '{"a":1}',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['cache-control']).toBe('no-cache, private');
    expect(Number(answer.headers['content-length'])).toBe(Buffer.byteLength(answer.body));
    expect(JSON.parse(answer.body)).toEqual({
      method: 'POST',
      path: '/api/v1/namespaces/a%2Fb/pods',
      watch: ['1', '2'],
      selector: 'app=web',
      accept: 'application/json',
      address: '127.0.0.1',
      certificate: null,
      body: '{"a":1}',
    });
  });

  it('HEAD gets the head of the answer and no body', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      response.send({ status: 200, headers: { etag: '"1"' } }, 'four');
    });
    const client = clientOf(server);
    const answer = await client.call({ method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(answer.headers['content-length']).toBe('4');
    expect(answer.headers.etag).toBe('"1"');
    expect((await client.call({})).body).toBe('four');
  });

  it('HEAD of a stream ends with the head', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      const stream = response.open({ status: 200, headers: { 'content-type': 'application/json' } });
      expect(stream.closed).toBe(true);
      stream.write(Buffer.from('never sent'));
    });
    const answer = await clientOf(server).call({ method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(server.reported).toEqual([]);
  });

  it('304 has no body and no content length', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      response.send({ status: 304, headers: { etag: '"7"' } }, '');
    });
    const answer = await clientOf(server).call({});
    expect(answer).toMatchObject({ status: 304, body: '' });
    expect(answer.headers.etag).toBe('"7"');
  });

  it('OPTIONS reaches the handler, and OPTIONS * is answered for the server', async () => {
    const server = await startFrontEnd(async (request, response) => {
      response.send({ status: 200, headers: {} }, `${request.method} ${request.path}`);
    });
    const client = clientOf(server);
    expect((await client.call({ method: 'OPTIONS', path: '/api' })).body).toBe('OPTIONS /api');
    const whole = await client.call({ method: 'OPTIONS', path: '*' });
    expect(whole.status).toBe(200);
    expect(whole.headers.allow).toContain('PATCH');
  });

  it('a repeated answer header is sent as several', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      response.send({ status: 200, headers: { warning: ['299 - "a"', '299 - "b"'] } }, '');
    });
    expect((await clientOf(server).call({})).headers.warning).toBe('299 - "a", 299 - "b"');
  });

  describe('a handler', () => {
    it('that throws answers 500 with a Status, is reported, and the server goes on', async () => {
      const server = await startFrontEnd(async (request, response) => {
        if (request.path === '/boom') throw new Error('no such luck');
        response.send({ status: 200, headers: {} }, 'ok');
      });
      const client = clientOf(server);
      const answer = await client.call({ path: '/boom' });
      expect(answer.status).toBe(500);
      expect(JSON.parse(answer.body)).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Internal error occurred: no such luck',
        reason: 'InternalError',
        details: { causes: [{ message: 'no such luck' }] },
        code: 500,
      });
      expect(server.reported).toHaveLength(1);
      expect(server.reported[0]?.fields).toMatchObject({ method: 'GET', path: '/boom' });
      expect((await client.call({})).body).toBe('ok');
    });

    it('that throws an ApiError answers what that says, without a report', async () => {
      const server = await startFrontEnd(async () => {
        throw badRequest('no such field');
      });
      const answer = await clientOf(server).call({});
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ reason: 'BadRequest', message: 'no such field' });
      expect(server.reported).toEqual([]);
    });

    it('that throws before its first await is caught too', async () => {
      const server = await startFrontEnd(() => {
        throw new Error('at once');
      });
      expect((await clientOf(server).call({})).status).toBe(500);
    });

    it('that finishes without answering gets a 500 on its behalf', async () => {
      const server = await startFrontEnd(async () => {});
      expect((await clientOf(server).call({ path: '/quiet' })).status).toBe(500);
      expect(String(server.reported[0]?.fields.error)).toContain('GET /quiet finished without answering');
    });

    it('that answers twice is reported and the first answer stands', async () => {
      const server = await startFrontEnd(async (_request, response) => {
        response.send({ status: 200, headers: {} }, 'first');
        response.send({ status: 500, headers: {} }, 'second');
      });
      expect(await clientOf(server).call({})).toMatchObject({ status: 200, body: 'first' });
      expect(String(server.reported[0]?.fields.error)).toContain('answered twice');
    });

    it('that fails in the middle of a stream breaks the answer off', async () => {
      const server = await startFrontEnd(async (_request, response) => {
        response.open({ status: 200, headers: {} }).write(Buffer.from('part'));
        throw new Error('halfway');
      });
      await expect(clientOf(server).call({})).rejects.toThrow();
      expect(String(server.reported[0]?.fields.error)).toContain('halfway');
    });
  });
});

describe('over HTTP/1.1', () => {
  it('an illegal header value becomes a 500', async () => {
    const server = await startFrontEnd(async (_request, response) => {
      response.send({ status: 200, headers: { warning: 'a\nb' } }, 'x');
    });
    expect((await h1Client(server).call({})).status).toBe(500);
  });
});

describe('over HTTP/2', () => {
  it('CONNECT is refused', async () => {
    const server = await startFrontEnd(async () => {});
    const session = h2Session(server);
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'example.com:443' });
    stream.end();
    expect((await h2Answer(stream)).status).toBe(405);
  });

  it('more than a thousand requests are open at once on one connection', async () => {
    const wanted = 1_500;
    const all = gate();
    let open = 0;
    const server = await startFrontEnd(async (_request, response) => {
      open++;
      if (open === wanted) all.open();
      await all.opened;
      response.send({ status: 200, headers: {} }, 'ok');
    });
    const session = h2Session(server);
    await once(session, 'remoteSettings');
    const answers = await Promise.all(
      Array.from({ length: wanted }, () => h2Answer(session.request({ ':path': '/' }))),
    );
    expect(answers.every((answer) => answer.body === 'ok')).toBe(true);
    expect(open).toBe(wanted);
  });
});

describe('the port', () => {
  it('that is taken is named together with the way out', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onCleanup(() => void other.close());
    const { port } = other.address() as { port: number };
    const authority = await testAuthority();
    const starting = startHttpServer({
      handler: async () => {},
      port,
      host: '127.0.0.1',
      tls: { ...authority.server, ca: authority.ca },
      clock: systemClock,
      logger: silentLogger,
    });
    const error = await starting.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PortInUse);
    expect(error).toMatchObject({ port });
    expect((error as Error).message).toContain(`port ${port} on 127.0.0.1 is already in use`);
    expect((error as Error).message).toContain('--port 0');
  });

  it('answers plain HTTP with 400 and a sentence', async () => {
    const server = await startFrontEnd(async () => {});
    const socket = tcpConnect(server.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    const text = Buffer.concat(chunks).toString();
    expect(text).toMatch(/^HTTP\/1\.0 400 Bad Request\r\n/);
    expect(text).toContain('\r\n\r\nClient sent an HTTP request to an HTTPS server.\n');
  });
});
