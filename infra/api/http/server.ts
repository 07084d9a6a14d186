// One port for everything: TLS, then HTTP/2 or HTTP/1.1 as ALPN chose. Decides how connections are accepted, bounded
// and ended. Invariant: each request reaches the handler exactly once, whichever protocol carried it.

import { type IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type SecureServerOptions,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../../../streams/base/clock.ts';
import type { Logger } from '../../../streams/base/logger.ts';
import { ConnectionTable } from './connections.ts';
import type { ApiHandler, Peer } from './exchange.ts';
import { H1Exchange } from './h1.ts';
import { H2Exchange } from './h2.ts';
import { type HttpLimits, httpLimits } from './limits.ts';
import { runHandler } from './run-handler.ts';
import type { ExchangeHost, ServerExchange } from './server-exchange.ts';
import { failureStatus, sendStatus } from './status.ts';
import { asksForWebSocket, WebSocketExchange } from './web-socket.ts';

export type HttpServerOptions = {
  readonly handler: ApiHandler;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** PEM. Client certificates are asked for, not required, and count only when `ca` signed them. */
  readonly tls: { readonly key: string | Buffer; readonly cert: string | Buffer; readonly ca: string | Buffer };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<HttpLimits>;
  /** Which clients get large answers compressed; those on other machines unless said otherwise. */
  readonly compresses?: (peer: Peer) => boolean;
};

export type HttpServer = {
  readonly port: number;
  /**
   * Stops accepting, tells HTTP/2 clients to go away, lets short requests finish and asks streams to end through
   * their signal. What is still open after `drainMs` is cut. Resolves when no connection is left.
   */
  close(options: { readonly drainMs: number }): Promise<void>;
};

/** Another program listens on the port. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
  readonly port: number;
  constructor({ port, host }: { port: number; host: string }, cause: unknown) {
    super(
      `port ${port} on ${host} is already in use: stop the program that listens there, ` +
        'or choose another port (--port 0 takes any free one)',
      { cause },
    );
    this.port = port;
  }
}

/** Rejects with PortInUse where another program has the port, and with the system's error where listening fails. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...httpLimits, ...options.limits };
  const server = createSecureServer(nodeOptions(options.tls, limits));
  const front = new FrontEnd(server, options, limits);
  await listening(server, options);
  front.start();
  return { port: (server.address() as AddressInfo).port, close: ({ drainMs }) => front.close(drainMs) };
}

class FrontEnd implements ExchangeHost {
  readonly limits: HttpLimits;
  readonly clock: Clock;
  readonly open = new Set<ServerExchange>();
  readonly compresses: (peer: Peer) => boolean;
  draining = false;
  readonly #server: Http2SecureServer;
  readonly #handler: ApiHandler;
  readonly #logger: Logger;
  readonly #connections: ConnectionTable;
  #sweeping: Timer | undefined;
  #closing: Promise<void> | undefined;

  constructor(server: Http2SecureServer, options: HttpServerOptions, limits: HttpLimits) {
    const { handler, clock, logger, compresses = isElsewhere } = options;
    this.limits = limits;
    this.clock = clock;
    this.compresses = compresses;
    this.#server = server;
    this.#handler = handler;
    this.#logger = logger;
    this.#connections = new ConnectionTable(server, { clock, limits });
    this.#route();
  }

  start(): void {
    this.#sweepLater();
    this.#server.on('error', (error) => this.#logger.error('http server failed', { error }));
  }

  close(drainMs: number): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.draining = true;
      const deadline = this.clock.after(drainMs, () => this.#connections.destroyAll());
      this.#server.close(() => {
        deadline.cancel();
        this.#sweeping?.cancel();
        resolve();
      });
      for (const exchange of this.open) exchange.drain();
    });
    return this.#closing;
  }

  #route(): void {
    const server = this.#server;
    // A 'request' listener makes Node's compatibility layer listen to 'stream' too and build its own objects for
    // HTTP/2. Taking that listener away leaves 'request' to HTTP/1.1 alone; a test pins it on both protocols.
    server.on('request', (request, response) => this.#onH1(request, response, false));
    server.removeAllListeners('stream');
    server.on('checkContinue', (request, response) => this.#onH1(request, response, true));
    server.on('upgrade', (request, socket) => this.#onUpgrade(request, socket));
    server.on('stream', (stream, headers, flags) => {
      const session = stream.session;
      if (session === undefined) return;
      const peer = this.#connections.requestOn(session);
      const bodiless = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      const exchange = new H2Exchange(this, { stream, headers, bodiless, peer });
      // nghttp2 holds a client to the header limit only after the client has acknowledged it.
      if (session.pendingSettingsAck && headerBytes(headers) > this.limits.headerBytesMax)
        this.#run(exchange, refuseHeaders);
      else this.#run(exchange);
    });
  }

  #onH1(first: unknown, second: unknown, expectsContinue: boolean): void {
    // The types speak of the compatibility layer's objects; over HTTP/1.1 they are those of node:http.
    const request = first as IncomingMessage;
    const response = second as ServerResponse;
    const peer = this.#connections.peerOfSocket(request.socket as TLSSocket);
    this.#run(new H1Exchange(this, { request, response, expectsContinue, peer }));
  }

  /** Whoever wants another protocol gets it for a watch as a WebSocket; anything else is an ordinary, last request. */
  #onUpgrade(request: IncomingMessage, socket: Duplex): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    const peer = this.#connections.peerOfSocket(socket as TLSSocket);
    const h1 = { request, response, expectsContinue: false, peer };
    this.#run(asksForWebSocket(request) ? new WebSocketExchange(this, h1, socket) : new H1Exchange(this, h1));
  }

  #run(exchange: ServerExchange, handler = this.#handler): void {
    runHandler(exchange.path.startsWith('/') ? handler : refuseTarget, exchange, this.#logger);
  }

  #sweepLater(): void {
    this.#sweeping = this.clock.after(this.limits.sweepMs, () => {
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const nowMs = this.clock.monotonic();
    const busy = new Set<Http2Session>();
    for (const exchange of this.open) {
      exchange.checkDeadlines(nowMs);
      if (exchange instanceof H2Exchange && exchange.session !== undefined) busy.add(exchange.session);
    }
    this.#connections.closeIdle(nowMs, busy);
  }
}

function isElsewhere({ address }: Peer): boolean {
  return !/^(127\.|::1$|::ffff:127\.)/.test(address);
}

const refuseTarget: ApiHandler = async (request, response) => {
  if (request.method === 'OPTIONS' && request.path === '*') {
    // About the server as a whole (RFC 9110, 9.3.7).
    response.send({ status: 200, headers: { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' } }, '');
  } else if (request.method === 'CONNECT') {
    const message = 'this server is no proxy: CONNECT is not allowed';
    sendStatus(response, failureStatus({ code: 405, reason: 'MethodNotAllowed', message }));
  } else {
    const message = `the request target ${JSON.stringify(request.path)} is not a path: it must start with /`;
    sendStatus(response, failureStatus({ code: 400, reason: 'BadRequest', message }));
  }
};

const refuseHeaders: ApiHandler = async (_request, response) => {
  const message = 'the request headers are larger than this server accepts';
  sendStatus(response, failureStatus({ code: 431, reason: 'BadRequest', message }));
};

/** As RFC 9113, 6.5.2 counts a header list. */
function headerBytes(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + 32;
  return bytes;
}

function listening(server: Http2SecureServer, { port, host }: { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUse({ port, host }, error) : error);
    };
    server.once('error', onError);
    server.listen({ port, host }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

/** HTTP/1.1's options are read from the same object, though the types of `node:http2` do not say so. */
type NodeOptions = SecureServerOptions &
  Pick<
    ServerOptions,
    'connectionsCheckingInterval' | 'headersTimeout' | 'keepAliveTimeout' | 'maxHeaderSize' | 'requestTimeout'
  >;

function nodeOptions(tls: HttpServerOptions['tls'], limits: HttpLimits): NodeOptions {
  return {
    key: tls.key,
    cert: tls.cert,
    ca: tls.ca,
    minVersion: 'TLSv1.2',
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: limits.handshakeTimeoutMs,
    allowHTTP1: true,
    noDelay: true,
    // Finds clients that vanished while a watch was open.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // Over HTTP/1.1 Node itself watches these deadlines.
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    connectionsCheckingInterval: limits.sweepMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.headerBytesMax,
    maxSessionMemory: limits.connectionMemoryMiBMax,
    streamResetBurst: limits.resetBurstMax,
    streamResetRate: limits.resetsPerSecondMax,
    settings: {
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: limits.streamWindowBytes,
      enablePush: false,
    },
  };
}
