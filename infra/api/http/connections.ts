// The connections of one server: who is at their other end, and which of them nobody uses any more. HTTP/2 sessions
// are looked after here (over HTTP/1.1 Node itself keeps the deadlines). Invariant: a session with an open request is
// never idle, so that no deadline cuts a watch. Also answers those who speak plain HTTP to the TLS port.

import type { Http2SecureServer, Http2Session, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../../streams/base/clock.ts';
import type { Peer } from './exchange.ts';
import type { HttpLimits } from './limits.ts';
import { type ConnectionPeer, connectionPeer } from './peer.ts';

type Session = {
  readonly peer: ConnectionPeer;
  /** A request has come since the last look. */
  used: boolean;
  /** The first request must come as fast as headers must; later ones may take their time. */
  patienceMs: number;
  lastUsedMs: number;
};

export class ConnectionTable {
  readonly #clock: Clock;
  readonly #limits: HttpLimits;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<Http2Session, Session>();
  readonly #h1Peers = new WeakMap<TLSSocket, ConnectionPeer>();

  constructor(server: Http2SecureServer, { clock, limits }: { clock: Clock; limits: HttpLimits }) {
    this.#clock = clock;
    this.#limits = limits;
    server.on('connection', (socket) => this.#track(socket));
    server.on('session', (session) => this.#adopt(session));
    server.prependListener('tlsClientError', answerPlainHttp);
  }

  peerOfSocket(socket: TLSSocket): Peer {
    let peer = this.#h1Peers.get(socket);
    if (peer === undefined) {
      peer = connectionPeer(socket);
      this.#h1Peers.set(socket, peer);
    }
    return peer.at(this.#clock.now());
  }

  /** Notes a request on the session and says who sends it. */
  requestOn(session: Http2Session): Peer {
    const state = this.#sessions.get(session);
    if (state === undefined) return unknownPeer;
    state.used = true;
    return state.peer.at(this.#clock.now());
  }

  /** Closes sessions that are neither `busy` nor were used lately: first politely, later by force. */
  closeIdle(nowMs: number, busy: ReadonlySet<Http2Session>): void {
    for (const [session, state] of this.#sessions) {
      if (state.used) state.patienceMs = this.#limits.idleTimeoutMs;
      if (state.used || busy.has(session)) state.lastUsedMs = nowMs;
      state.used = false;
      const silentMs = nowMs - state.lastUsedMs;
      if (silentMs < state.patienceMs) continue;
      if (!session.closed) session.close();
      else if (silentMs >= 2 * state.patienceMs) session.destroy();
    }
  }

  destroyAll(): void {
    for (const session of this.#sessions.keys()) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    // TLS reports what goes wrong on the socket it wraps; this one only keeps a late reset from being uncaught.
    socket.on('error', ignore);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #adopt(session: ServerHttp2Session): void {
    if (session.destroyed) return;
    session.setLocalWindowSize(this.#limits.connectionWindowBytes);
    this.#sessions.set(session, {
      peer: connectionPeer(session.socket as TLSSocket),
      used: false,
      patienceMs: this.#limits.headersTimeoutMs,
      lastUsedMs: this.#clock.monotonic(),
    });
    session.once('close', () => this.#sessions.delete(session));
  }
}

const unknownPeer: Peer = { address: '' };

/** Says it as kube-apiserver does: in plain text, to whoever sent plain text. */
function answerPlainHttp(error: NodeJS.ErrnoException, socket: TLSSocket): void {
  if (error.code !== 'ERR_SSL_HTTP_REQUEST') return;
  // Node has no public way from a TLS socket whose handshake failed to the socket below; a test pins this one.
  const below = (socket as unknown as { readonly _parent?: Socket })._parent;
  below?.end('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n', () =>
    below.destroy(),
  );
}

function ignore(): void {}
