// The one place where NATS' errors become ours: JetStream's numbers (errors.json of nats-server) on one side, the
// log's outcomes and failures on the other. Nothing outside this file knows an error number.

import { type Revision, revision } from '../base/brand.ts';
import { limits } from '../base/limits.ts';
import { EventTooLarge, LogFull, LogUnavailable } from '../log/errors.ts';

/** The error member of a JetStream reply. */
export type ApiError = { readonly code: number; readonly err_code: number; readonly description: string };

/** JetStream refused a request: the request was understood and nothing was changed. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused';
  readonly errCode: number;
  constructor(subject: string, error: ApiError) {
    super(`${subject}: ${error.description} (${error.err_code})`);
    this.errCode = error.err_code;
  }
}

/** The server cannot carry the log: too old, or set up in a way that would break a promise of the log. */
export class ServerUnfit extends Error {
  override readonly name = 'ServerUnfit';
}

/** A stream of ours has settings that cannot be brought in line, or belongs to somebody else. */
export class StreamUnfit extends Error {
  override readonly name = 'StreamUnfit';
}

export const errCodes = {
  accountLimits: 10002,
  unavailable: 10008,
  notLeader: 10009,
  noPeers: 10005,
  noResources: 10023,
  noMemory: 10028,
  noMessage: 10037,
  noStorage: 10047,
  messageTooLarge: 10054,
  streamExists: 10058,
  streamNotFound: 10059,
  subjectsOverlap: 10065,
  wrongLastSequence: 10071,
  storeFailed: 10077,
  /** A wrong last sequence inside a batch, or a write to the same subject still under way: it names no sequence. */
  wrongLastSequenceInBatch: 10164,
  streamOffline: 10118,
  batchIncomplete: 10176,
  batchesTooMany: 10210,
} as const;

/** The cluster is between leaders or a server still starting: the same request may pass a little later. */
export function isTemporary(error: ApiRefused): boolean {
  return temporary.has(error.errCode);
}

const temporary: ReadonlySet<number> = new Set([
  errCodes.unavailable,
  errCodes.notLeader,
  errCodes.noPeers,
  errCodes.streamOffline,
]);

/** What a refused publish means to the writer. In every case the event was not recorded by this attempt. */
export type Refusal =
  /** The subject's last sequence is not the expected one; `actual` where the server told. */
  | { readonly kind: 'wrongSequence'; readonly actual?: Revision }
  | { readonly kind: 'failed'; readonly error: Error }
  /** Temporary: the same attempt may pass a little later; of a batch the server could not stage, perhaps only singly. */
  | { readonly kind: 'later'; readonly reason: string; readonly unstaged?: true };

export function refusalOf(error: ApiError, bytes: number): Refusal {
  switch (error.err_code) {
    case errCodes.wrongLastSequence: {
      const actual = /(\d+)$/.exec(error.description)?.[1];
      return actual === undefined
        ? { kind: 'wrongSequence' }
        : { kind: 'wrongSequence', actual: revision(Number(actual)) };
    }
    case errCodes.wrongLastSequenceInBatch:
      return { kind: 'wrongSequence' };
    case errCodes.storeFailed:
      // One number for everything the store refuses; only the text tells a used-up quota from a broken disk.
      return /maximum (bytes|messages)/.test(error.description)
        ? { kind: 'failed', error: new LogFull(`the log's quota is used up: ${error.description}`) }
        : { kind: 'failed', error: new LogUnavailable(`the log could not store the event: ${error.description}`) };
    case errCodes.noResources:
    case errCodes.noMemory:
    case errCodes.noStorage:
    case errCodes.accountLimits:
      return {
        kind: 'failed',
        error: new LogFull(`the NATS server has no room for the log: ${error.description}`),
      };
    case errCodes.messageTooLarge:
      return { kind: 'failed', error: new EventTooLarge({ bytes, bytesMax: limits.messageBytesMax }) };
    case errCodes.unavailable:
    case errCodes.notLeader:
      return { kind: 'later', reason: error.description };
    case errCodes.batchIncomplete:
    case errCodes.batchesTooMany:
      return { kind: 'later', reason: error.description, unstaged: true };
    default:
      return {
        kind: 'failed',
        error: new LogUnavailable(`the log refused the event: ${error.description} (${error.err_code})`),
      };
  }
}
