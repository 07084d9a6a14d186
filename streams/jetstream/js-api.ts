// JetStream's own API as plain requests: JSON out, JSON in. Only what the log needs. Refusals come as ApiRefused,
// everything else that goes wrong as LogUnavailable.

import type { ConsumerConfig, ConsumerInfo, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import type { Subject } from '../base/brand.ts';
import { LogUnavailable } from '../log/errors.ts';
import type { Connection } from './connection.ts';
import { type ApiError, ApiRefused, errCodes } from './errors.ts';

/** A message as the leader of its stream holds it; `headers` is the raw header block or empty. */
export type StoredMessage = {
  readonly subject: string;
  readonly sequence: number;
  readonly timeMs: number;
  readonly headers: string;
  readonly data: Uint8Array;
};

type WireMessage = { subject: string; seq: number; time: string; hdrs?: string; data?: string };

export class JetStreamApi {
  readonly #connection: Connection;
  readonly #timeoutMs: number;

  constructor(connection: Connection, { timeoutMs }: { timeoutMs: number }) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  streamInfo(stream: string): Promise<StreamInfo> {
    return this.#call<StreamInfo>(`STREAM.INFO.${stream}`);
  }

  /** Undefined where there is no such stream. */
  async findStream(stream: string): Promise<StreamInfo | undefined> {
    try {
      return await this.streamInfo(stream);
    } catch (error) {
      if (error instanceof ApiRefused && error.errCode === errCodes.streamNotFound) return undefined;
      throw error;
    }
  }

  createStream(config: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
    return this.#call<StreamInfo>(`STREAM.CREATE.${config.name}`, config);
  }

  updateStream(config: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
    return this.#call<StreamInfo>(`STREAM.UPDATE.${config.name}`, config);
  }

  async deleteStream(stream: string): Promise<void> {
    await this.#call(`STREAM.DELETE.${stream}`);
  }

  createConsumer(stream: string, config: Partial<ConsumerConfig> & { name: string }): Promise<ConsumerInfo> {
    return this.#call<ConsumerInfo>(`CONSUMER.CREATE.${stream}.${config.name}`, {
      stream_name: stream,
      config,
      action: 'create',
    });
  }

  consumerInfo(stream: string, consumer: string): Promise<ConsumerInfo> {
    return this.#call<ConsumerInfo>(`CONSUMER.INFO.${stream}.${consumer}`);
  }

  /** Best effort: a consumer that is left behind ends by itself. */
  async deleteConsumer(stream: string, consumer: string): Promise<void> {
    if (!this.#connection.usable) return;
    await this.#connection.requests.send(apiSubject(`CONSUMER.DELETE.${stream}.${consumer}`), '', {
      timeoutMs: this.#timeoutMs,
    });
  }

  /** The newest message on the subject, answered by the stream's leader. */
  lastOn(stream: string, subject: Subject): Promise<StoredMessage | undefined> {
    return this.#message(stream, { last_by_subj: subject });
  }

  /** The first message on the subject (or filter) at or after the sequence, answered by the stream's leader. */
  nextOn(stream: string, filter: string, from: number): Promise<StoredMessage | undefined> {
    return this.#message(stream, { next_by_subj: filter, seq: from });
  }

  /** The message at the sequence, answered by the stream's leader. */
  messageAt(stream: string, sequence: number): Promise<StoredMessage | undefined> {
    return this.#message(stream, { seq: sequence });
  }

  async #message(stream: string, query: object): Promise<StoredMessage | undefined> {
    try {
      const { message } = await this.#call<{ message: WireMessage }>(`STREAM.MSG.GET.${stream}`, query);
      return {
        subject: message.subject,
        sequence: message.seq,
        timeMs: Date.parse(message.time),
        headers: message.hdrs === undefined ? '' : Buffer.from(message.hdrs, 'base64').toString(),
        data: message.data === undefined ? new Uint8Array() : Uint8Array.from(Buffer.from(message.data, 'base64')),
      };
    } catch (error) {
      if (error instanceof ApiRefused && error.errCode === errCodes.noMessage) return undefined;
      throw error;
    }
  }

  async #call<T>(operation: string, body?: object): Promise<T> {
    const status = this.#connection.status();
    if (status.kind === 'degraded') throw new LogUnavailable(status.reason);
    const reply = await this.#connection.requests.send(
      apiSubject(operation),
      body === undefined ? '' : JSON.stringify(body),
      { timeoutMs: this.#timeoutMs },
    );
    if (reply.kind !== 'message') throw new LogUnavailable(`${operation}: ${reply.reason}`);
    const answer = reply.message.json<T & { error?: ApiError }>();
    if (answer.error !== undefined) throw new ApiRefused(operation, answer.error);
    return answer;
  }
}

export function apiSubject(operation: string): string {
  return `$JS.API.${operation}`;
}
