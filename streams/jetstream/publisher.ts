// Events onto the wire: one message, or many as one atomic batch with one acknowledgement. The headers are written
// here and nowhere else: the client library's batch helper loses expectations silently (nats.js 3.4), and an
// expectation that is lost is an update that is lost.

import { MsgHdrsImpl } from '@nats-io/nats-core';
import { assert } from '../base/assert.ts';
import { type Revision, revision, type Subject } from '../base/brand.ts';
import type { Random } from '../base/random.ts';
import { type ApiError, type Refusal, refusalOf } from './errors.ts';
import type { Reply, Requests } from './requests.ts';

export type Outgoing = {
  readonly subject: Subject;
  readonly payload: Uint8Array;
  /** Sequence the subject's last message must have; 0: the subject must hold none. */
  readonly expected: Revision;
};

export type PublishOutcome =
  /** `revision` is that of the last message; the messages of a batch have consecutive ones. */
  | { readonly kind: 'stored'; readonly revision: Revision }
  | Refusal
  | { readonly kind: 'unknown'; readonly reason: string };

type Ack = { readonly seq?: number; readonly count?: number; readonly error?: ApiError };

export class Publisher {
  readonly #requests: Requests;
  readonly #timeoutMs: number;
  readonly #batchPrefix: string;
  #batches = 0;

  constructor({ requests, random, timeoutMs }: { requests: Requests; random: Random; timeoutMs: number }) {
    this.#requests = requests;
    this.#timeoutMs = timeoutMs;
    // Batch ids are stored with every message: short, and unlike those of any other process or run.
    this.#batchPrefix = random.uuid().replaceAll('-', '').slice(0, 12);
  }

  async single({ subject, payload, expected }: Outgoing): Promise<PublishOutcome> {
    const headers = expectation(expected);
    const reply = await this.#requests.send(subject, payload, { headers, timeoutMs: this.#timeoutMs });
    return outcomeOf(reply, payload.length, undefined);
  }

  /** Recorded only as the very next message of the stream, after the sequence `last`. */
  async next({ subject, payload }: Pick<Outgoing, 'subject' | 'payload'>, last: number): Promise<PublishOutcome> {
    const headers = new MsgHdrsImpl();
    headers.headers.set('Nats-Expected-Last-Sequence', [String(last)]);
    const reply = await this.#requests.send(subject, payload, { headers, timeoutMs: this.#timeoutMs });
    return outcomeOf(reply, payload.length, undefined);
  }

  /** All or none are recorded. No subject may occur twice. */
  async batch(messages: readonly Outgoing[]): Promise<PublishOutcome> {
    const id = `${this.#batchPrefix}${(this.#batches++).toString(36)}`;
    const last = messages.at(-1);
    assert(last !== undefined && messages.length > 1, 'a batch holds several messages');
    for (let i = 0; i < messages.length - 1; i++) {
      const message = messages[i] as Outgoing;
      const headers = expectation(message.expected);
      headers.headers.set('Nats-Batch-Id', [id]);
      headers.headers.set('Nats-Batch-Sequence', [String(i + 1)]);
      const sent = this.#requests.publish(message.subject, message.payload, headers);
      if (!sent) return { kind: 'later', reason: 'the connection to NATS is closed' };
    }
    const headers = expectation(last.expected);
    headers.headers.set('Nats-Batch-Id', [id]);
    headers.headers.set('Nats-Batch-Sequence', [String(messages.length)]);
    headers.headers.set('Nats-Batch-Commit', ['1']);
    const reply = await this.#requests.send(last.subject, last.payload, { headers, timeoutMs: this.#timeoutMs });
    return outcomeOf(reply, last.payload.length, messages.length);
  }
}

/** The map behind the headers is filled directly: the setters validate every key again and show in the profile. */
function expectation(expected: Revision): MsgHdrsImpl {
  const headers = new MsgHdrsImpl();
  headers.headers.set('Nats-Expected-Last-Subject-Sequence', [String(expected)]);
  return headers;
}

function outcomeOf(reply: Reply, bytes: number, count: number | undefined): PublishOutcome {
  switch (reply.kind) {
    case 'unanswered':
      return { kind: 'unknown', reason: reply.reason };
    case 'notTaken':
      return { kind: 'later', reason: reply.reason };
    case 'message': {
      const ack = reply.message.json<Ack>();
      if (ack.error !== undefined) return refusalOf(ack.error, bytes);
      assert(ack.seq !== undefined && ack.count === count, 'an acknowledgement names what was stored');
      return { kind: 'stored', revision: revision(ack.seq) };
    }
  }
}
