// Every bound of the HTTP front end, in one place. None of them ever cuts a stream that makes progress: header and
// body deadlines end with the request, the idle bound counts only connections without a request.

export type HttpLimits = {
  /** Bytes of all request headers (and the URL) together. */
  readonly headerBytesMax: number;
  /** Requests open at once on one HTTP/2 connection: a client keeps all its watches on one. */
  readonly streamsPerConnectionMax: number;
  /** Memory one HTTP/2 connection may hold in frames and queued answers (MiB). */
  readonly connectionMemoryMiBMax: number;
  /** Streams a client may reset at once, and per second, before its connection is closed (CVE-2023-44487). */
  readonly resetBurstMax: number;
  readonly resetsPerSecondMax: number;
  /** What a client may send ahead of being read, per HTTP/2 stream and per connection. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Bytes that wait in a streamed answer before `write` says so. */
  readonly highWaterMarkBytes: number;
  /** Whole answers of at least so many bytes are compressed for clients that ask for it; upstream's bound. */
  readonly compressedBytesMin: number;
  readonly handshakeTimeoutMs: number;
  /** From the connection (or the request's first byte) to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first wish to read the body to its end. */
  readonly bodyTimeoutMs: number;
  /** How long a connection without a request is kept. */
  readonly idleTimeoutMs: number;
  /** How often the deadlines above are looked at. */
  readonly sweepMs: number;
};

export const httpLimits: HttpLimits = {
  headerBytesMax: 256 * 1024,
  streamsPerConnectionMax: 4_096,
  connectionMemoryMiBMax: 512,
  resetBurstMax: 10_000,
  resetsPerSecondMax: 1_000,
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 8 * 1024 * 1024,
  highWaterMarkBytes: 256 * 1024,
  compressedBytesMin: 128 * 1024,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 60_000,
  idleTimeoutMs: 180_000,
  sweepMs: 5_000,
};
