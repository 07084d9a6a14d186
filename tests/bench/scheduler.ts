// The scheduler alone on 5,000 nodes: pods are created through the API server's own decide path (no HTTP, memory log, no
// kubelets, no controllers), and the clock runs from the first creation to the last binding read back from the log.

import { startApiStack } from '../../infra/boot/api-stack.ts';
import { ensureFirstObjects } from '../../infra/boot/first-objects.ts';
import { startScheduler } from '../../infra/host/scheduler-host.ts';
import type { Writer } from '../../infra/host/writer.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { seededRandom } from '../../streams/base/random.ts';
import { memoryClusterLog } from '../../streams/log/memory-log.ts';
import type { Draft, KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { Bench, Row } from './bench.ts';
import { aNode, namespace, type PodShape, shapes } from './scheduler-shapes.ts';

type Workload = {
  readonly name: string;
  readonly nodes: number;
  readonly initial: number;
  readonly initialShape: PodShape;
  readonly measured: number;
  readonly shape: PodShape;
  /** Pods per second that upstream's own benchmark asks of kube-scheduler. */
  readonly upstream: number;
  readonly budget: number;
};

const nodes = 5_000;

export const workloads: readonly Workload[] = [
  {
    name: 'SchedulingBasic',
    nodes,
    initial: 1_000,
    initialShape: shapes.basic('initial'),
    measured: 10_000,
    shape: shapes.basic('measured'),
    upstream: 270,
    budget: 680,
  },
  {
    name: 'TopologySpreading (hard)',
    nodes,
    initial: 5_000,
    initialShape: shapes.basic('initial'),
    measured: 5_000,
    shape: shapes.spread('measured'),
    upstream: 85,
    budget: 85,
  },
  {
    name: 'SchedulingPodAntiAffinity (hard)',
    nodes,
    initial: 1_000,
    initialShape: shapes.antiAffinity('initial'),
    measured: 2_000,
    shape: shapes.antiAffinity('measured'),
    upstream: 60,
    budget: 60,
  },
  {
    name: 'PreemptionAsync',
    nodes,
    initial: 20_000,
    initialShape: shapes.lowPriority('low'),
    measured: 5_000,
    shape: shapes.highPriority('high'),
    upstream: 160,
    budget: 160,
  },
];

/** Creations under way at once. */
const writersMax = 256;
const author = { user: 'bench', agent: 'bench', cause: null } as const;

export const schedulerBench: Bench = {
  name: 'scheduler',
  about: 'the scheduler alone on 5,000 nodes: basic, spread, anti-affinity, preemption (memory log)',
  async run(say) {
    const rows: Row[] = [];
    for (const workload of workloads) rows.push(await measure(workload, say));
    return [...rows, ...(await growth(say))];
  },
};

export async function measure(workload: Workload, say: (progress: string) => void): Promise<Row> {
  const { name, initial, measured, shape, initialShape } = workload;
  const bench = await aCluster(workload.nodes);
  say(`${name}: ${workload.nodes} nodes, ${initial} pods first`);
  await bench.schedule(initialShape, { from: 0, to: initial });
  const { seconds, cpuMs } = await bench.schedule(shape, { from: 0, to: measured });
  await bench.stop();
  say(`${name}: ${Math.round(measured / seconds)} pods/s`);
  return {
    work: `${name} ${workload.nodes}/${initial}/${measured}`,
    measured: measured / seconds,
    unit: 'pods/s',
    budget: { atLeast: workload.budget },
    yardstick: { what: "threshold of Kubernetes' own benchmark", value: workload.upstream },
    note: `${seconds.toFixed(1)} s, ${(cpuMs / measured).toFixed(2)} ms CPU a pod; memory log, no kubelets`,
  };
}

/** What a pod costs beside more and more that stand already: it ought to be the same. */
async function growth(say: (progress: string) => void): Promise<readonly Row[]> {
  const bench = await aCluster(nodes);
  const shape = shapes.basic('growing');
  const rows: Row[] = [];
  let there = 0;
  for (const size of [1_000, 10_000, 50_000, 150_000]) {
    await bench.schedule(shape, { from: there, to: size });
    const { seconds, cpuMs } = await bench.schedule(shape, { from: size, to: size + growthMeasured });
    there = size + growthMeasured;
    const note = `${Math.round(growthMeasured / seconds)} pods/s; memory log, no kubelets`;
    const work = `CPU of one pod more beside ${size.toLocaleString('en')} on ${nodes.toLocaleString('en')} nodes`;
    rows.push({ work, measured: cpuMs / growthMeasured, unit: 'ms', note });
    say(`${size} pods: ${note}`);
  }
  await bench.stop();
  return rows;
}

const growthMeasured = 2_000;

type Range = { readonly from: number; readonly to: number };

/** API server and scheduler in this process, and nodes that are ready. */
async function aCluster(nodeCount: number) {
  const log = memoryClusterLog();
  const ports = { clock: systemClock, random: seededRandom(1), logger: silentLogger };
  const { view, writer } = await startApiStack({ log, ...ports });
  await ensureFirstObjects({ world: view, writer, port: 6443 });
  await create(writer, resources.namespaces, { from: 0, to: 1 }, () => aNamespace());
  await create(writer, resources.serviceAccounts, { from: 0, to: 1 }, () => aServiceAccount());
  await create(writer, resources.priorityClasses, { from: 0, to: 1 }, () => aPriorityClass());
  await create(writer, resources.nodes, { from: 0, to: nodeCount }, aNode);
  await makeReady(writer, view);
  const scheduler = startScheduler({ world: view, writer, ...ports });
  return {
    /** Creates pods and waits until all of them have a node. */
    async schedule(shape: PodShape, range: Range) {
      const [cpuBefore, started] = [process.cpuUsage(), systemClock.monotonic()];
      const done = bound(view, shape, range.to - range.from);
      await Promise.all([create(writer, resources.pods, range, shape), done]);
      const cpu = process.cpuUsage(cpuBefore);
      return { seconds: (systemClock.monotonic() - started) / 1_000, cpuMs: (cpu.user + cpu.system) / 1_000 };
    },
    async stop() {
      await scheduler.stop();
      await log.close();
    },
  };
}

async function create(
  writer: Writer,
  resource: ResourceName,
  { from, to }: Range,
  shape: (index: number) => Draft<KubeObject>,
): Promise<void> {
  let next = from;
  const worker = async () => {
    for (let index = next++; index < to; index = next++) {
      const outcome = await writer.write({ kind: 'create', resource, object: shape(index) }, author);
      if (outcome.kind === 'failed') throw new Error(outcome.message);
    }
  };
  await Promise.all(Array.from({ length: Math.min(writersMax, to - from) }, worker));
}

/** The API server taints new nodes until somebody says that they are ready. */
async function makeReady(writer: Writer, view: ObjectView): Promise<void> {
  for (const node of view.list<Node>(resources.nodes)) {
    const { taints: _, ...spec } = node.spec ?? {};
    await writer.write({ kind: 'update', resource: resources.nodes, object: { ...node, spec } as KubeObject }, author);
  }
}

/** Resolves once so many pods of the shape have a node. */
function bound(view: ObjectView, shape: PodShape, count: number): Promise<void> {
  const prefix = (shape(0).metadata.name ?? '').replace(/0$/, '');
  const done = new Set<string>();
  return new Promise((resolve) => {
    const stop = view.resource(resources.pods).listen(({ ref, current }) => {
      if (!ref.name.startsWith(prefix) || !(current.object as unknown as Pod).spec.nodeName) return;
      done.add(ref.name);
      if (done.size < count) return;
      stop();
      resolve();
    });
  });
}

function aNamespace(): Draft<KubeObject> {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
}

function aServiceAccount(): Draft<KubeObject> {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
}

function aPriorityClass(): Draft<KubeObject> {
  const object = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'high' }, value: 10 };
  return object;
}
