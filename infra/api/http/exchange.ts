// One HTTP exchange as the API's handlers see it, whichever protocol version carried it.
// Handlers never touch sockets: they read a bounded body and answer once, or open one stream with back-pressure.

export type Peer = {
  readonly address: string;
  /** Subject of a client certificate that was verified against the cluster's CA. */
  readonly certificate?: { readonly commonName: string; readonly organizations: readonly string[] };
  /** Why a certificate that the client did present does not count, e.g. `CERT_HAS_EXPIRED`. */
  readonly certificateError?: string;
};

export type ApiRequest = {
  readonly method: string;
  /** Raw path without the query, e.g. `/api/v1/namespaces/default/pods`. Segments are still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; repeated headers are joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly peer: Peer;
  /** Aborts when the client has gone away or the server drains. Reading it costs 5 µs: short requests do without. */
  readonly signal: AbortSignal;
  /** The whole body, gunzipped; throws BodyTooLarge beyond the limit (bytes). */
  body(bytesMax: number): Promise<Buffer>;
};

export type ResponseHead = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Set for an answer that must arrive as it is written, piece by piece: a watch. */
  readonly uncompressed?: true;
};

export type ApiResponse = {
  /** Answers at once. `content-length` is set from the body. */
  send(head: ResponseHead, body: Buffer | string): void;
  /** Opens a streamed answer (lists, watches, followed logs). */
  open(head: ResponseHead): ResponseStream;
};

export type ResponseStream = {
  /**
   * Queues a chunk without copying it. False once more than the high-water mark is waiting: await `drained()`. A chunk
   * that is lent lies in memory that will be used again, with `framingRoom` around it that the protocol may write to:
   * it goes to the socket at once, and `takenBack` is called when that has it, and never where the client has gone.
   */
  write(chunk: Buffer, takenBack?: () => void): boolean;
  /** Hands what is queued to the socket now, and not at the end of the turn: for those who watch the time it takes. */
  flush(): void;
  /** Resolves when the socket takes more, or at once when the peer has gone (check `closed`). */
  drained(): Promise<void>;
  /** Bytes queued and not yet taken by the socket. */
  readonly pendingBytes: number;
  readonly closed: boolean;
  end(): void;
  /** Cuts the connection or HTTP/2 stream: the client sees a broken answer, not a short one. */
  abort(): void;
};

/** Bytes around a lent chunk. */
export const framingRoom = { before: 16, behind: 2 } as const;

export type ApiHandler = (request: ApiRequest, response: ApiResponse) => Promise<void>;

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
  readonly bytesMax: number;
  constructor(bytesMax: number) {
    super(`request body is larger than ${bytesMax} bytes`);
    this.bytesMax = bytesMax;
  }
}
