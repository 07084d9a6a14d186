// `shiplog replay --verify`: what a cluster of ours recorded passes, whatever happened to it; whatever is changed in
// such a history afterwards is found.

import { beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../infra/replay/finding.ts';
import { isClean, type Verification, verify } from '../../infra/replay/verify.ts';
import type { Revision } from '../../streams/base/brand.ts';
import { isTombstone, type RecordedEvent } from '../../streams/log/event.ts';
import { parseSubject } from '../../streams/log/subjects.ts';
import { resources } from '../../streams/resources/names.ts';
import { aDeployment, type SimulatedCluster, simulatedCluster } from '../kit/simulated-cluster.ts';
import { streamsOf, withObject } from '../kit/tampered-log.ts';

const user = { user: 'test', agent: 'test', cause: null } as const;

function aPod(name: string, annotations: Readonly<Record<string, string>>) {
  const prefixed = Object.entries(annotations).map(([key, value]) => [`simulation.shiplog.dev/${key}`, value]);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', annotations: Object.fromEntries(prefixed) },
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] },
  };
}

/** Rollouts, failures of containers and of a node, deletions: what fills a log. */
async function eventfulLife(): Promise<SimulatedCluster> {
  const cluster = await simulatedCluster({ seed: 'verify', nodes: 3 });
  const { clock, writer, view } = cluster;
  await cluster.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot', namespace: 'default' },
  });
  await cluster.create(resources.deployments, aDeployment('web', 4));
  await cluster.create(resources.pods, aPod('once', { run: 'complete', duration: '2s' }));
  await cluster.create(resources.pods, aPod('fails', { run: 'fail', duration: '1s' }));
  await cluster.create(resources.pods, aPod('never', { run: 'never-pull' }));
  await clock.advance(30_000);
  const web = view.get(resources.deployments, { namespace: 'default', name: 'web' }) as unknown as Record<
    string,
    never
  >;
  const { metadata, spec } = web as unknown as { metadata: object; spec: { template: { spec: object } } };
  const template = {
    ...spec.template,
    spec: { ...spec.template.spec, containers: [{ name: 'nginx', image: 'nginx:1.28' }] },
  };
  await writer.write(
    {
      kind: 'update',
      resource: resources.deployments,
      object: { ...web, metadata, spec: { ...spec, template, replicas: 6 } } as never,
    },
    user,
  );
  await clock.advance(60_000);
  cluster.plane.nodes?.crash('node-2');
  await clock.advance(400_000);
  cluster.plane.nodes?.restart('node-2');
  await clock.advance(60_000);
  await writer.write({ kind: 'delete', resource: resources.pods, namespace: 'default', name: 'fails' }, user);
  await writer.write({ kind: 'delete', resource: resources.deployments, namespace: 'default', name: 'web' }, user);
  await clock.advance(120_000);
  return cluster;
}

let recorded: readonly RecordedEvent[] = [];
let whole: Verification;

/** Once for all tests: the history is only read. It cannot be made before them, because a cluster ends with its test. */
beforeEach(async () => {
  if (recorded.length > 0) return;
  const cluster = await eventfulLife();
  recorded = await cluster.events();
  whole = await verify({ streams: cluster.log.streams });
});

/** Position of the first event the test fits, in a copy that may be changed. */
function copyWith(fits: (event: RecordedEvent) => boolean): {
  events: RecordedEvent[];
  at: number;
  event: RecordedEvent;
} {
  const events = [...recorded];
  const at = events.findIndex(fits);
  const event = events[at];
  if (event === undefined) throw new Error('nothing of the kind was recorded');
  return { events, at, event };
}

async function findingsIn(events: readonly RecordedEvent[]): Promise<readonly Finding[]> {
  const verification = await verify({ streams: streamsOf(events), keepMax: 1_000 });
  expect(isClean(verification)).toBe(verification.findings.count === 0);
  return verification.findings.first;
}

describe('an eventful history', () => {
  test('is lawful from beginning to end, and rebuilds the present', () => {
    expect(whole.findings.first).toEqual([]);
    expect(whole.anomalies.first).toEqual([]);
    expect(whole.comparison).toMatchObject({ with: 'log', differences: { count: 0 } });
    expect(isClean(whole)).toBe(true);
    expect(whole.state.events).toBe(recorded.length);
    expect(whole.lastEvents).toBeGreaterThan(10);
  });

  test('holds what the damages below need', () => {
    const types = new Set(recorded.map(({ type }) => type));
    for (const type of [
      'pod.scheduled',
      'pod.ready',
      'pod.succeeded',
      'pod.failed',
      'pod.deleted',
      'deployment.completed',
    ]) {
      expect(types).toContain(type);
    }
    expect(recorded.length).toBeGreaterThan(200);
  });

  test('is verified up to any of its revisions', async () => {
    for (const revision of [0, 1, 57, recorded.length]) {
      const until = { kind: 'revision', revision: revision as Revision } as const;
      const verification = await verify({ streams: streamsOf(recorded), until });
      expect(verification.findings.first).toEqual([]);
      expect(verification).toMatchObject({ state: { revision }, comparison: { with: 'nothing' } });
    }
  });
});

describe('each damage is found and named:', () => {
  test('a transition the machine does not allow', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.succeeded');
    events[at] = { ...event, type: 'pod.scheduled' };
    expect(await findingsIn(events)).toEqual([
      {
        kind: 'illegal',
        revision: event.revision,
        object: 'default pod/once',
        text: expect.stringMatching(/^pod\.scheduled is not allowed in (Running|Pending)/),
      },
    ]);
  });

  test('a lawful transition that the objects do not show', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.ready');
    events[at] = withObject(event, ({ status }) => {
      status.phase = 'Failed';
    });
    const [first] = await findingsIn(events);
    expect(first).toMatchObject({ kind: 'mismatch', revision: event.revision });
    expect(first?.text).toMatch(
      /^pod\.ready \(.* → Running\.Ready\) is recorded, but the objects tell pod\.failed \(.* → Failed\)$/,
    );
  });

  test('events that are missing', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.scheduled');
    events.splice(at, 1);
    const findings = await findingsIn(events);
    expect(findings[0]).toMatchObject({ kind: 'gap', text: `revision ${event.revision} is missing before it` });
    expect(findings[1]).toMatchObject({
      kind: 'chain',
      text: expect.stringContaining('begins in Pending.Scheduled, but revision'),
    });
  });

  test('events that are missing at the end', async () => {
    const cut = recorded.slice(0, -3);
    const verification = await verify({ streams: streamsOf(cut, recorded) });
    const last = recorded.length;
    expect(verification.findings.first).toEqual([
      {
        kind: 'gap',
        revision: last,
        object: 'the end of the log',
        text: `revisions ${last - 2} to ${last} are missing`,
      },
    ]);
  });

  test('a revision that was given twice', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'deployment.completed');
    events.splice(at, 0, event);
    const [first, ...rest] = await findingsIn(events);
    expect(first).toMatchObject({ kind: 'order', text: `revision ${event.revision} was given twice` });
    expect(rest.every(({ revision }) => revision === event.revision)).toBe(true);
  });

  test('revisions that go back', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.created');
    const next = events[at + 1];
    if (next === undefined) throw new Error('the first pod is not the last event');
    [events[at], events[at + 1]] = [next, event];
    expect(await findingsIn(events)).toContainEqual(
      expect.objectContaining({
        kind: 'order',
        text: `revision ${event.revision} comes after revision ${next.revision}`,
      }),
    );
  });

  test('a state before that is not the one left', async () => {
    const { events, at, event } = copyWith(({ type, from }) => type === 'pod.ready' && from === 'Pending.Starting');
    events[at] = { ...event, from: 'Running.NotReady' };
    expect(await findingsIn(events)).toEqual([
      expect.objectContaining({
        kind: 'chain',
        revision: event.revision,
        text: expect.stringMatching(/begins in Running\.NotReady, but revision \d+ left Pending\.Starting$/),
      }),
    ]);
  });

  test('an object that begins without being created', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'configmap.created');
    events[at] = { ...event, type: 'configmap.updated', from: 'Present' };
    expect(await findingsIn(events)).toContainEqual(
      expect.objectContaining({ kind: 'chain', text: expect.stringContaining('but there was no object') }),
    );
  });

  test('an object under the name of another', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'serviceaccount.created');
    events[at] = withObject(event, ({ metadata }) => {
      metadata.name = 'somebody';
    });
    expect(await findingsIn(events)).toContainEqual(
      expect.objectContaining({
        kind: 'object',
        text: expect.stringMatching(/^its subject names ServiceAccount .*somebody$/),
      }),
    );
  });

  test('an object of another identity in the place of the one there was', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.scheduled');
    events[at] = withObject(event, ({ metadata }) => {
      metadata.uid = 'another';
    });
    expect(await findingsIn(events)).toContainEqual(
      expect.objectContaining({
        kind: 'object',
        text: expect.stringContaining('has the uid another, the one before it'),
      }),
    );
  });

  test('a deletion that does not carry the last state', async () => {
    const { events, at, event } = copyWith((candidate) => isTombstone(candidate) && candidate.type === 'pod.deleted');
    events[at] = withObject(event, ({ spec }) => {
      spec.nodeName = 'elsewhere';
    });
    expect(await findingsIn(events)).toEqual([
      expect.objectContaining({
        kind: 'object',
        text: expect.stringMatching(/^its object is not the one that revision \d+ left$/),
      }),
    ]);
  });

  test('bytes that are no object', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'replicaset.created');
    events[at] = { ...event, object: new TextEncoder().encode('{"metadata":') };
    expect(await findingsIn(events)).toContainEqual(
      expect.objectContaining({ kind: 'object', text: 'it holds no object' }),
    );
  });

  test('an object no machine can read', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.ready');
    events[at] = withObject(event, ({ status }) => {
      status.conditions = 7;
    });
    expect((await findingsIn(events))[0]).toMatchObject({
      kind: 'object',
      text: expect.stringMatching(/^no machine can read/),
    });
  });

  test('a container that runs again without having been restarted', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.failed');
    const running = {
      name: 'main',
      restartCount: 0,
      ready: false,
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    };
    const again = withObject(event, ({ status }) => {
      status.containerStatuses = [running];
    });
    events.splice(at + 1, 0, {
      ...again,
      type: 'pod.statusUpdated',
      from: 'Failed',
      to: 'Failed',
      revision: (event.revision + 0.5) as Revision,
    });
    expect(await findingsIn(events)).toContainEqual(
      expect.objectContaining({
        kind: 'illegal',
        text: 'container main: container.started is not allowed in Terminated',
      }),
    );
  });

  test('an author who knew, or was moved by, what came later', async () => {
    const { events, at, event } = copyWith(({ type }) => type === 'pod.scheduled');
    const later = (event.revision + 5) as Revision;
    events[at] = { ...event, seen: later, cause: { stream: 'LOG', revision: later } };
    expect((await findingsIn(events)).map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      `causality: its author had seen revision ${later}, which comes later`,
      `causality: it is caused by revision ${later}, which comes later`,
    ]);
  });

  test('an object that was changed in the history is held against the present', async () => {
    const present = new Map(recorded.map((event) => [event.subject, event]));
    const last = [...present.values()].find(({ type, to }) => type.startsWith('pod.') && to !== null);
    if (last === undefined) throw new Error('no pod was left');
    const events = recorded.map((event) =>
      event === last
        ? withObject(event, ({ metadata, spec }) => {
            metadata.annotations = { ...(metadata.annotations as object), added: 'yes' };
            spec.containers = [{ ...(spec.containers as object[])[0], image: 'other' }];
          })
        : event,
    );
    const { findings, comparison } = await verify({ streams: streamsOf(events, recorded) });
    expect(findings.first).toEqual([]);
    if (comparison.with !== 'log') throw new Error('compared with the log');
    const object = `default pod/${parseSubject(last.subject)?.name}`;
    expect(comparison.differences.first).toEqual([
      { object, path: '.metadata.annotations.added', replayed: 'yes', live: undefined },
      { object, path: '.spec.containers[0].image', replayed: 'other', live: 'busybox' },
    ]);
  });
});

describe('findings', () => {
  test('are all counted, and the first ones kept', async () => {
    const events = recorded.map((event) => ({ ...event, type: `${event.type}!` }));
    const { findings } = await verify({ streams: streamsOf(events), keepMax: 5 });
    expect(findings.count).toBe(recorded.length);
    expect(findings.first.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5]);
  });
});
