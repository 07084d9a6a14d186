// What the reading user can do with stock NATS clients, and that nothing it sends changes a stream.

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { scratchNats } from '../../kit/scratch-nats.ts';

type World = { readonly api: NatsConnection; readonly reader: NatsConnection };

async function world(): Promise<World> {
  const { server, credentials } = await scratchNats();
  const open = async ({ user, password: pass }: { user: string; password: string }) => {
    const connection = await connect({ servers: server.url, user, pass, reconnect: false });
    onTestFinished(() => connection.close());
    return connection;
  };
  const api = await open(credentials.api);
  const streams = (await jetstreamManager(api)).streams;
  await streams.add({ name: 'LOG', subjects: ['log.>'] });
  await streams.add({ name: 'HIST', mirror: { name: 'LOG' }, allow_direct: true });
  await streams.add({ name: 'EVENT', subjects: ['event.>'] });
  for (const subject of ['log.a', 'log.b', 'log.a']) await jetstream(api).publish(subject, subject);
  return { api, reader: await open(credentials.reader) };
}

/** Everything LOG holds, as `seq subject`; asked after every earlier message of the reader has been handled. */
async function contents({ api, reader }: World): Promise<readonly string[]> {
  await reader.flush();
  await api.flush();
  const manager = await jetstreamManager(api);
  const { state } = await manager.streams.info('LOG');
  const messages: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage('LOG', { seq });
    if (message !== null) messages.push(`${message.seq} ${message.subject}`);
  }
  return messages;
}

const unchanged = ['1 log.a', '2 log.b', '3 log.a'];

describe('the reader', () => {
  test.each(['LOG', 'HIST'])('follows %s with an ordered consumer', async (stream) => {
    const { reader, api } = await world();
    const consumer = await jetstream(reader).consumers.get(stream, { filter_subjects: 'log.>' });
    const messages = await consumer.consume();
    await jetstream(api).publish('log.c', 'new');
    const seen: string[] = [];
    for await (const message of messages) {
      seen.push(`${message.seq} ${message.subject}`);
      if (message.subject === 'log.c') break;
    }
    expect(seen).toEqual([...unchanged, '4 log.c']);
  });

  test('reads single messages and stream states', async () => {
    const { reader } = await world();
    const manager = await jetstreamManager(reader);
    expect((await manager.streams.info('LOG')).state.last_seq).toBe(3);
    expect((await manager.streams.getMessage('LOG', { last_by_subj: 'log.a' }))?.seq).toBe(3);
  });
});

describe('the reader cannot', () => {
  test('publish', async () => {
    const here = await world();
    await expect(jetstream(here.reader).publish('log.a', 'forged')).rejects.toThrow(/Permissions Violation/);
    expect(await contents(here)).toEqual(unchanged);
  });

  test.each(['PURGE', 'DELETE', 'UPDATE', 'SNAPSHOT'])('ask for STREAM.%s', async (verb) => {
    const here = await world();
    const body = verb === 'UPDATE' ? JSON.stringify({ name: 'LOG', subjects: ['log.>'], max_msgs: 1 }) : '';
    const answer = await here.reader.request(`$JS.API.STREAM.${verb}.LOG`, body).then(
      (reply) => reply.json<{ error?: { description?: string } }>().error?.description,
      (error: Error) => error.message,
    );
    expect(answer).toMatch(/not enabled|no responders/i);
    expect(await contents(here)).toEqual(unchanged);
  });

  test('delete a message', async () => {
    const here = await world();
    const manager = await jetstreamManager(here.reader);
    await expect(manager.streams.deleteMessage('LOG', 1)).rejects.toThrow();
    expect(await contents(here)).toEqual(unchanged);
  });

  test('have an answer of JetStream delivered into a stream', async () => {
    const here = await world();
    const { reader } = here;
    const consumer = { name: 'c', deliver_policy: 'all', ack_policy: 'none', filter_subject: 'log.>' };
    await reader.request(
      '$JS.API.CONSUMER.CREATE.LOG.c.log.>',
      JSON.stringify({ stream_name: 'LOG', config: consumer }),
    );
    for (const reply of ['log.forged', '$JS.API.STREAM.PURGE.LOG', '$JS.API.STREAM.DELETE.LOG']) {
      reader.publish('$JS.API.STREAM.INFO.LOG', '', { reply });
      reader.publish('$JS.API.STREAM.MSG.GET.LOG', '{"seq":1}', { reply });
      reader.publish('$JS.API.CONSUMER.MSG.NEXT.LOG.c', '1', { reply });
    }
    expect(await contents(here)).toEqual(unchanged);
  });

  test('have a consumer push into a stream', async () => {
    const here = await world();
    const config = {
      name: 'p',
      deliver_policy: 'all',
      ack_policy: 'none',
      deliver_subject: 'event.forged',
      filter_subject: 'log.>',
    };
    const request = JSON.stringify({ stream_name: 'LOG', config });
    await here.reader.request('$JS.API.CONSUMER.CREATE.LOG.p.log.>', request);
    await contents(here);
    const { state } = await (await jetstreamManager(here.api)).streams.info('EVENT');
    expect(state.messages).toBe(0);
  });

  test('list consumers, so those of others stay out of reach', async () => {
    const { reader } = await world();
    const answer = await reader.request('$JS.API.CONSUMER.NAMES.LOG').then(
      (reply) => reply.json<{ error?: unknown; consumers?: unknown }>(),
      () => ({ error: 'no responders' }),
    );
    expect(answer).toHaveProperty('error');
    expect(answer).not.toHaveProperty('consumers');
  });

  test('see the requests and replies of the API server', async () => {
    const here = await world();
    const seen: string[] = [];
    here.reader.subscribe('_INBOX.>', { callback: (_, message) => void seen.push(message.subject) });
    await here.reader.flush();
    await (await jetstreamManager(here.api)).streams.info('LOG');
    await here.reader.flush();
    expect(seen).toEqual([]);
  });
});
