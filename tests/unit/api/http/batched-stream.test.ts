import { describe, expect, it } from 'vitest';
import { BatchedStream, type StreamSink } from '../../../../infra/api/http/batched-stream.ts';

type Batch = { readonly chunks: readonly Buffer[]; readonly taken: (failure?: unknown) => void };

function recording(): StreamSink & { readonly batches: Batch[]; readonly said: string[] } {
  const batches: Batch[] = [];
  const said: string[] = [];
  return {
    batches,
    said,
    write: (chunks, taken) => void batches.push({ chunks, taken }),
    end: () => void said.push('end'),
    cut: () => void said.push('cut'),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a batched stream', () => {
  it('hands the writes of one turn over as one batch, in order and without copies', async () => {
    const sink = recording();
    const stream = new BatchedStream(sink, 1_000);
    const chunks = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')];
    for (const chunk of chunks.slice(0, 2)) stream.write(chunk);
    // A promise that continues belongs to the same turn.
    await Promise.resolve();
    stream.write(chunks[2] as Buffer);
    expect(sink.batches).toHaveLength(0);
    await turn();
    expect(sink.batches).toHaveLength(1);
    expect(sink.batches[0]?.chunks.every((chunk, i) => chunk === chunks[i])).toBe(true);
  });

  it('counts bytes until the socket has taken them', async () => {
    const sink = recording();
    const stream = new BatchedStream(sink, 1_000);
    stream.write(Buffer.alloc(300));
    stream.write(Buffer.alloc(200));
    expect(stream.pendingBytes).toBe(500);
    await turn();
    stream.write(Buffer.alloc(100));
    expect(stream.pendingBytes).toBe(600);
    sink.batches[0]?.taken();
    expect(stream.pendingBytes).toBe(100);
  });

  it('says no above the high-water mark and drains at half of it', async () => {
    const sink = recording();
    const stream = new BatchedStream(sink, 1_000);
    expect(stream.write(Buffer.alloc(1_000))).toBe(true);
    await turn();
    expect(stream.write(Buffer.alloc(501))).toBe(false);
    await turn();
    let drained = false;
    const draining = stream.drained().then(() => {
      drained = true;
    });
    sink.batches[0]?.taken();
    await turn();
    expect({ drained, pending: stream.pendingBytes }).toEqual({ drained: false, pending: 501 });
    sink.batches[1]?.taken();
    await draining;
    expect(stream.pendingBytes).toBe(0);
  });

  it('drains at once when the peer goes, and is closed', async () => {
    const stream = new BatchedStream(recording(), 10);
    stream.write(Buffer.alloc(100));
    const draining = stream.drained();
    stream.peerGone();
    await draining;
    expect(stream.closed).toBe(true);
    expect(stream.pendingBytes).toBe(0);
    expect(stream.write(Buffer.alloc(1))).toBe(false);
    await stream.drained();
  });

  it('ends behind everything written before', () => {
    const sink = recording();
    const stream = new BatchedStream(sink, 1_000);
    stream.write(Buffer.from('last'));
    stream.end();
    stream.end();
    expect(sink.batches.map((batch) => Buffer.concat(batch.chunks).toString())).toEqual(['last']);
    expect(sink.said).toEqual(['end']);
  });

  it('aborts once, and nothing written before follows', async () => {
    const sink = recording();
    const stream = new BatchedStream(sink, 1_000);
    stream.write(Buffer.from('x'));
    stream.abort();
    stream.abort();
    stream.end();
    await turn();
    expect(sink.said).toEqual(['cut']);
    expect(sink.batches).toEqual([]);
  });

  it('takes an empty chunk for nothing', async () => {
    const sink = recording();
    const stream = new BatchedStream(sink, 1_000);
    expect(stream.write(Buffer.alloc(0))).toBe(true);
    await turn();
    expect(sink.batches).toEqual([]);
  });

  it('sends what is lent at once, behind what was written before, and says when it is not needed any more', () => {
    const sink = recording();
    const stream = new BatchedStream(sink, 1_000);
    const back: string[] = [];
    stream.write(Buffer.from('first'));
    for (const name of ['taken', 'failed', 'left']) stream.write(Buffer.from(name), () => void back.push(name));
    expect(sink.batches.map(({ chunks }) => chunks.join())).toEqual(['first', 'taken', 'failed', 'left']);
    sink.batches[1]?.taken(null);
    sink.batches[2]?.taken(new Error('the socket is gone'));
    stream.peerGone();
    sink.batches[3]?.taken();
    expect(back).toEqual(['taken']);
    expect(stream.write(Buffer.from('late'), () => void back.push('late'))).toBe(false);
  });
});
