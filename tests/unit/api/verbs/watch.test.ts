import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from '../../../../infra/api/codec/protobuf.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';
import type { Revision } from '../../../../streams/base/brand.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { aConfigMap, aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, settled } from '../../../kit/api-world.ts';

const path = '/api/v1/namespaces/default/configmaps';

function change(world: ApiWorld, name: string, data: string, labels?: Readonly<Record<string, string>>) {
  return world.update('configmaps', name, (object) => ({
    ...object,
    metadata: { ...object.metadata, ...(labels && { labels }) },
    data: { a: data },
  }));
}

function remove(world: ApiWorld, name: string) {
  return world.ok(`${path}/${name}`, { method: 'DELETE' });
}

function now(world: ApiWorld): string {
  return String(world.stack.view.revision('LOG'));
}

describe('a watch begins', () => {
  test.each(['', '&resourceVersion=', '&resourceVersion=0'])('with the state as ADDED: watch=1%s', async (query) => {
    const world = await apiWorld();
    const b = await world.create('configmaps', aConfigMap('b'));
    const a = await world.create('configmaps', aConfigMap('a'));
    const watching = await world.watch(`${path}?watch=1${query}`);
    expect(watching.head.headers['content-type']).toBe('application/json');
    expect(await watching.told()).toEqual([
      { type: 'ADDED', object: a },
      { type: 'ADDED', object: b },
    ]);
    const c = await world.create('configmaps', aConfigMap('c'));
    expect(await watching.told()).toEqual([{ type: 'ADDED', object: c }]);
  });

  test('strictly after revision N, with every change since', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const from = now(world);
    await change(world, 'a', '2');
    await world.create('configmaps', aConfigMap('b'));
    await remove(world, 'b');
    const watching = await world.watch(`${path}?watch=1&resourceVersion=${from}`);
    await change(world, 'a', '3');
    expect(await watching.names()).toEqual(['MODIFIED a', 'ADDED b', 'DELETED b', 'MODIFIED a']);
  });

  test('at any revision the log retains, also after a restart', async () => {
    const world = await apiWorld();
    const from = now(world);
    await world.create('configmaps', aConfigMap('a'));
    await change(world, 'a', '2');
    await remove(world, 'a');
    await world.restart();
    const watching = await world.watch(`${path}?watch=1&resourceVersion=${from}`);
    await world.create('configmaps', aConfigMap('c'));
    expect(await watching.names()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED c']);
  });

  test('with the present but no state where sendInitialEvents is false', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const query = 'watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan';
    const watching = await world.watch(`${path}?${query}`);
    await world.create('configmaps', aConfigMap('b'));
    expect(await watching.names()).toEqual(['ADDED b']);
  });

  test.each(['', '&resourceVersion=0', '&resourceVersion=1'])(
    'with the state and a bookmark that ends it, as client-go asks: %s',
    async (from) => {
      const world = await apiWorld();
      const a = await world.create('configmaps', aConfigMap('a'));
      const query = `watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true${from}`;
      const watching = await world.watch(`${path}?${query}`);
      expect(await watching.told()).toEqual([
        { type: 'ADDED', object: a },
        {
          type: 'BOOKMARK',
          object: {
            kind: 'ConfigMap',
            apiVersion: 'v1',
            metadata: {
              resourceVersion: now(world),
              creationTimestamp: null,
              annotations: { 'k8s.io/initial-events-end': 'true' },
            },
          },
        },
      ]);
      await world.create('configmaps', aConfigMap('b'));
      expect(await watching.names()).toEqual(['ADDED b']);
    },
  );

  test('with the bookmark at the state’s revision, however long the state takes to tell', async () => {
    const world = await apiWorld();
    for (let i = 0; i < 200; i++) await world.create('configmaps', aConfigMap(`c${i}`, { x: 'y'.repeat(20_000) }));
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const exchange = world.open(`${path}?${query}`);
    exchange.stopReading();
    await settled(20);
    const revision = now(world);
    await change(world, 'c0', 'later');
    exchange.readOn();
    await settled(20);
    const told = exchange.received
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; object: AnyObject });
    const types = told.map(({ type }) => type);
    expect(types).toEqual([...Array.from({ length: 200 }, () => 'ADDED'), 'BOOKMARK', 'MODIFIED']);
    expect(told[200]?.object.metadata.resourceVersion).toBe(revision);
    expect(exchange.cut).toBe(false);
  });

  test('is a list at /watch paths, too', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    await world.create('configmaps', aConfigMap('b'));
    expect(await (await world.watch('/api/v1/watch/namespaces/default/configmaps')).names()).toEqual([
      'ADDED a',
      'ADDED b',
    ]);
    expect(await (await world.watch('/api/v1/watch/namespaces/default/configmaps/b')).names()).toEqual(['ADDED b']);
  });
});

describe('a revision that is not retained', () => {
  test('answers 200 with one ERROR event that says 410', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    await world.restart();
    const { LOG } = world.log.streams;
    const { last } = await LOG.bounds();
    LOG.bounds = async () => ({ first: last, last });
    const answer = await world.ask(`${path}?watch=1&resourceVersion=2`);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: `too old resource version: 2 (${last})` },
    });
  });

  test('is every one before the start, of a stream that keeps no history', async () => {
    const world = await apiWorld();
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    await world.create('leases.coordination.k8s.io', { metadata: { name: 'a' }, spec: {} });
    await world.create('leases.coordination.k8s.io', { metadata: { name: 'b' }, spec: {} });
    await world.restart();
    const answer = await world.ask(`${leases}?watch=1&resourceVersion=1`);
    expect(answer.json).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    const watching = await world.watch(`${leases}?watch=1&resourceVersion=2`);
    expect(await watching.names()).toEqual([]);
  });
});

describe('a selector', () => {
  test('that an object enters tells ADDED; one it leaves DELETED, as it was, at the change’s revision', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const watching = await world.watch(`${path}?watch=1&labelSelector=app%3Dweb`);
    const entered = await change(world, 'a', '2', { app: 'web' });
    const stayed = await change(world, 'a', '3', { app: 'web' });
    const left = await change(world, 'a', '4', { app: 'other' });
    await change(world, 'a', '5', { app: 'other' });
    expect(await watching.told()).toEqual([
      { type: 'ADDED', object: entered },
      { type: 'MODIFIED', object: stayed },
      {
        type: 'DELETED',
        object: { ...stayed, metadata: { ...stayed.metadata, resourceVersion: left.metadata.resourceVersion } },
      },
    ]);
  });

  test('tells the deletion of what it selects only', async () => {
    const world = await apiWorld();
    await world.create('configmaps', { metadata: { name: 'a', labels: { app: 'web' } } });
    await world.create('configmaps', { metadata: { name: 'b' } });
    const watching = await world.watch(`${path}?watch=1&labelSelector=app%3Dweb&resourceVersion=${now(world)}`);
    await remove(world, 'b');
    await remove(world, 'a');
    expect(await watching.names()).toEqual(['DELETED a']);
  });

  test('by field follows a pod to its node', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a'));
    const watching = await world.watch('/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn');
    const uid = world.get('pods', 'a')?.metadata.uid ?? '';
    const context = { user: 'system:kube-scheduler', agent: '', cause: null };
    await world.stack.writer.write({ kind: 'bind', namespace: 'default', name: 'a', uid, node: 'n' }, context);
    expect(await watching.names()).toEqual(['ADDED a']);
  });

  test('read back from the log misses nobody who has left', async () => {
    const world = await apiWorld();
    await world.create('configmaps', { metadata: { name: 'a', labels: { app: 'web' } } });
    await world.create('configmaps', { metadata: { name: 'b', labels: { app: 'web' } } });
    await world.create('configmaps', { metadata: { name: 'c' } });
    const from = now(world);
    await change(world, 'a', '2', { app: 'other' });
    await remove(world, 'b');
    await remove(world, 'c');
    await world.restart();
    const watching = await world.watch(`${path}?watch=1&labelSelector=app%3Dweb&resourceVersion=${from}`);
    expect(await watching.names()).toEqual(['DELETED a', 'DELETED b']);
  });
});

describe('bookmarks', () => {
  test('come every minute to those who asked, at the newest revision', async () => {
    const world = await apiWorld();
    const asked = await world.watch(`${path}?watch=1&allowWatchBookmarks=true`);
    const plain = await world.watch(`${path}?watch=1`);
    await world.create('secrets', { metadata: { name: 's' } });
    await world.clock.advance(120_000);
    const bookmark = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { resourceVersion: now(world), creationTimestamp: null },
    };
    expect(await asked.told()).toEqual([
      { type: 'BOOKMARK', object: bookmark },
      { type: 'BOOKMARK', object: bookmark },
    ]);
    expect(await plain.told()).toEqual([]);
  });

  test('come last when the time is over', async () => {
    const world = await apiWorld();
    const watching = await world.watch(`${path}?watch=1&allowWatchBookmarks=true&timeoutSeconds=10`);
    await world.clock.advance(10_000);
    await watching.exchange.ended;
    expect((await watching.told()).map(({ type }) => type)).toEqual(['BOOKMARK']);
    expect(watching.exchange.cut).toBe(false);
  });
});

describe('a watch ends', () => {
  async function endsWithin(world: ApiWorld, query: string, ms: number): Promise<boolean> {
    const watching = await world.watch(`${path}?watch=1${query}`);
    let ended = false;
    void watching.exchange.ended.then(() => {
      ended = true;
    });
    await world.clock.advance(ms);
    await settled();
    return ended;
  }

  test('after the time asked for, or between 30 and 60 minutes', async () => {
    const world = await apiWorld();
    expect(await endsWithin(world, '&timeoutSeconds=5', 4_999)).toBe(false);
    expect(await endsWithin(world, '&timeoutSeconds=5', 5_000)).toBe(true);
    for (const query of ['', '&timeoutSeconds=0']) {
      expect(await endsWithin(world, query, 1_799_000)).toBe(false);
      expect(await endsWithin(world, query, 3_600_000)).toBe(true);
    }
  });

  test('as a whole answer when the server shuts down', async () => {
    const world = await apiWorld();
    const watching = await world.watch(`${path}?watch=1`);
    world.drain();
    await watching.exchange.ended;
    expect(watching.exchange.cut).toBe(false);
  });

  test('when its client leaves, and then hears nothing more', async () => {
    const world = await apiWorld();
    const watching = await world.watch(`${path}?watch=1`);
    watching.leave();
    await world.create('configmaps', aConfigMap('a'));
    expect(await watching.told()).toEqual([]);
  });

  test('broken off for a client that does not read, at the bound', async () => {
    const world = await apiWorld();
    const watching = await world.watch(`${path}?watch=1`);
    const other = await world.watch(`${path}?watch=1`);
    watching.exchange.stopReading();
    await world.create('configmaps', aConfigMap('a'));
    for (let i = 0; i < 20; i++) {
      await change(world, 'a', String(i).padStart(1_000_000, 'x'));
      await settled(1);
    }
    expect(watching.exchange.cut).toBe(true);
    expect(await other.told()).toHaveLength(21);
  });

  test('not for a client that begins further back than the bound, and takes it as it comes', async () => {
    const world = await apiWorld();
    const from = now(world);
    for (let i = 0; i < 30; i++) await world.create('configmaps', aConfigMap(`a${i}`));
    for (let i = 0; i < 30; i++) await change(world, `a${i}`, 'x'.repeat(1_000_000));
    const since = await world.watch(`${path}?watch=1&resourceVersion=${from}`);
    const present = await world.watch(`${path}?watch=1`);
    await settled(200);
    expect(await since.told()).toHaveLength(60);
    expect(await present.told()).toHaveLength(30);
    expect([since.exchange.cut, present.exchange.cut]).toEqual([false, false]);
  });

  test('early in a catch-up without passing over what it has not told', async () => {
    const world = await apiWorld();
    const from = now(world);
    await world.create('configmaps', aConfigMap('a'));
    await change(world, 'a', '2');
    await world.restart();
    const { LOG } = world.log.streams;
    const read = LOG.read.bind(LOG);
    // The log of a real server ends its reads when their signal aborts: here after the first event.
    LOG.read = async function* (range, options) {
      for await (const batch of read(range, options)) {
        yield batch.slice(0, 1);
        world.drain();
        return;
      }
    };
    const watching = await world.watch(`${path}?watch=1&resourceVersion=${from}`);
    await change(world, 'a', '3');
    expect(await watching.names()).toEqual(['ADDED a']);
  });
});

describe('other forms', () => {
  const accept = (value: string) => ({ headers: { accept: value } });

  test('tables have their columns in the first event only', async () => {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const watching = await world.watch(`${path}?watch=1`, accept('application/json;as=Table;v=v1;g=meta.k8s.io'));
    await change(world, 'a', '2');
    const [first, second] = await watching.told();
    expect(first).toMatchObject({ type: 'ADDED', object: { kind: 'Table', rows: [{ cells: ['a', 1, '0s'] }] } });
    expect(first?.object.columnDefinitions).toHaveLength(3);
    expect(second).toMatchObject({ type: 'MODIFIED', object: { kind: 'Table', columnDefinitions: null } });
  });

  test('metadata only', async () => {
    const world = await apiWorld();
    const { metadata } = await world.create('configmaps', aConfigMap('a'));
    const watching = await world.watch(
      `${path}?watch=1`,
      accept('application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'),
    );
    expect(await watching.told()).toEqual([
      { type: 'ADDED', object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } },
    ]);
  });

  test('protobuf events are framed by their length and hold a whole body each', async () => {
    const world = await apiWorld();
    const created = await world.create('configmaps', aConfigMap('a'));
    const watching = await world.watch(
      `${path}?watch=1&allowWatchBookmarks=true`,
      accept('application/vnd.kubernetes.protobuf;stream=watch'),
    );
    await remove(world, 'a');
    await world.clock.advance(60_000);
    await settled();
    expect(watching.head.headers['content-type']).toBe('application/vnd.kubernetes.protobuf;stream=watch');
    const frames = framesOf(watching.exchange.received);
    expect(frames.map(({ type }) => type)).toEqual(['ADDED', 'DELETED', 'BOOKMARK']);
    expect(frames[0]?.object).toEqual(created);
    expect(frames[2]?.object).toMatchObject({ kind: 'ConfigMap', metadata: { resourceVersion: now(world) } });
  });

  test('an ERROR in protobuf is a Status', async () => {
    const world = await apiWorld();
    await world.restart();
    const { LOG } = world.log.streams;
    LOG.bounds = async () => ({ first: 99 as Revision, last: 99 as Revision });
    const answer = await world.ask(
      `${path}?watch=1&resourceVersion=1`,
      accept('application/vnd.kubernetes.protobuf;stream=watch'),
    );
    expect(framesOf(answer.bytes)).toMatchObject([
      { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
    ]);
  });
});

test('events of the two event groups are the same events', async () => {
  const world = await apiWorld();
  const core = await world.watch('/api/v1/events?watch=1');
  const group = await world.watch('/apis/events.k8s.io/v1/events?watch=1');
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'a' };
  await world.create('events', { metadata: { name: 'e' }, involvedObject, message: 'm', count: 2 });
  expect(await core.told()).toMatchObject([
    { type: 'ADDED', object: { apiVersion: 'v1', involvedObject, message: 'm', count: 2 } },
  ]);
  expect(await group.told()).toMatchObject([
    {
      type: 'ADDED',
      object: { apiVersion: 'events.k8s.io/v1', regarding: involvedObject, note: 'm', deprecatedCount: 2 },
    },
  ]);
});

/** Reads length-prefixed WatchEvents: 1 is the type, 2.1 an enveloped object. */
function framesOf(bytes: Buffer): { type: string; object: Record<string, unknown> }[] {
  const frames: { type: string; object: Record<string, unknown> }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const [type, extension] = parts(bytes.subarray(at + 4, at + 4 + length));
    const [body] = parts(extension ?? Buffer.alloc(0));
    const decoded = decodeProtobuf(body ?? Buffer.alloc(0), schemaOf);
    if (decoded.type !== 'decoded') throw new Error(`not a body: ${JSON.stringify(decoded)}`);
    frames.push({ type: type?.toString('utf8') ?? '', object: decoded.value });
    at += 4 + length;
  }
  return frames;
}

/** The length-delimited fields of a message, in order. */
function parts(message: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < message.length; ) {
    at++;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    found.push(message.subarray(at, at + length));
    at += length;
  }
  return found;
}
