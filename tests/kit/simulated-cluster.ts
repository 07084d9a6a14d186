// A whole cluster in one thread, without sockets: memory log, virtual clock, one seed. Hours pass in seconds, and the
// same seed makes the same events, byte for byte.

import { onTestFinished } from 'vitest';
import { type ApiStack, startApiStack } from '../../infra/boot/api-stack.ts';
import { type ControlPlane, startControlPlane } from '../../infra/boot/control-plane.ts';
import { ensureFirstObjects } from '../../infra/boot/first-objects.ts';
import type { Writer } from '../../infra/host/writer.ts';
import { revisionZero } from '../../streams/base/brand.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { VirtualClock } from '../../streams/base/virtual-clock.ts';
import type { RecordedEvent } from '../../streams/log/event.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { memoryClusterLog } from '../../streams/log/memory-log.ts';
import type { Draft, KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';

export type SimulatedCluster = {
  readonly clock: VirtualClock;
  readonly stack: ApiStack;
  readonly log: ClusterLog;
  readonly view: ObjectView;
  readonly writer: Writer;
  readonly plane: ControlPlane;
  create(resource: ResourceName, object: Draft<KubeObject> & Readonly<Record<string, unknown>>): Promise<KubeObject>;
  /** Everything recorded on LOG so far. */
  events(): Promise<RecordedEvent[]>;
};

const user = { user: 'test', agent: 'test', cause: null } as const;

export async function simulatedCluster({
  seed,
  nodes = 3,
}: {
  seed: string | number;
  nodes?: number;
}): Promise<SimulatedCluster> {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const log = memoryClusterLog();
  const ports = { clock, random, logger: silentLogger };
  const stack = await startApiStack({ log, ...ports });
  const { view, writer } = stack;
  const plane = startControlPlane({
    stack,
    ca: 'certificate',
    mintToken: ({ secret }) => `token of ${secret}`,
    nodes,
    ...ports,
  });
  await ensureFirstObjects({ world: view, writer, port: 6443 });
  const begun = plane.begin();
  await clock.advance(1_000);
  await begun;
  onTestFinished(async () => {
    const stopped = plane.stop();
    await clock.advance(60_000);
    await stopped;
    await log.close();
  });
  return {
    clock,
    stack,
    log,
    view,
    writer,
    plane,
    async create(resource, object) {
      const outcome = await writer.write({ kind: 'create', resource, object }, user);
      if (outcome.kind === 'failed') throw new Error(outcome.message);
      return outcome.object;
    },
    async events() {
      const all: RecordedEvent[] = [];
      for await (const batch of log.streams.LOG.read({ after: revisionZero })) all.push(...batch);
      return all;
    },
  };
}

/** A deployment of nginx. */
export function aDeployment(name: string, replicas: number): Draft<KubeObject> & Readonly<Record<string, unknown>> {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'nginx', image: 'nginx:1.27' }] } },
    },
  };
}
