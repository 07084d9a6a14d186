// How far one process goes: 10,000 pods on 1,000 nodes, then 5,000 nodes on which pods are built up to 150,000 and held with
// their heartbeats. At each step: pods per second, processor time per pod, and where the memory is. Takes a quarter of an
// hour, so it runs only when it is named; SHIPLOG_BENCH_PODS=50000 ends the build-up earlier.

import { type ApiClient, apiClient, askJson } from '../../infra/client/api-client.ts';
import { findCluster } from '../../infra/pki/find-cluster.ts';
import { sleep, systemClock } from '../../streams/base/clock.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { type Bench, quantile, type Row } from './bench.ts';
import { cpuSeconds, residentMb } from './process-costs.ts';

const clock = systemClock;
const replicas = 500;
const steps = [1_000, 10_000, 50_000, 150_000];
const podsMax = Number(process.env.SHIPLOG_BENCH_PODS ?? steps.at(-1));
const holdMs = 60_000;
/** From the start of thousands of nodes until only their heartbeats are left, and how long those are measured. */
const settleMs = 20_000;
const restMs = 10_000;
const probeEveryMs = 50;

export const scaleBench: Bench = {
  name: 'scale',
  about: '10,000 pods on 1,000 nodes, 150,000 on 5,000, held with heartbeats (only when named)',
  onlyWhenNamed: true,
  async run(say) {
    return [...(await tenThousand(say)), ...(await buildUp(say))];
  },
};

async function tenThousand(say: (progress: string) => void): Promise<readonly Row[]> {
  return withCluster(1_000, async ({ cluster, client }) => {
    say('10,000 pods on 1,000 nodes');
    const restCores = await coresAtRest(cluster);
    const step = await addPods({ cluster, client, say }, { from: 0, to: 10_000, restCores });
    return [
      {
        work: '10,000 pods on 1,000 nodes → Running',
        measured: step.perSecond,
        unit: 'pods/s',
        budget: { atLeast: 700 },
        note: `${told(step)}, ${step.memoryMb.toFixed(0)} MB with nats-server`,
      },
    ];
  });
}

async function buildUp(say: (progress: string) => void): Promise<readonly Row[]> {
  return withCluster(5_000, async ({ cluster, client }) => {
    const rows: Row[] = [];
    say('5,000 nodes at rest');
    const restCores = await coresAtRest(cluster);
    const empty = memoryMb(cluster);
    rows.push({
      work: '5,000 nodes: memory, nats-server included',
      measured: empty,
      unit: 'MB',
      note: `their heartbeats take ${(restCores * 100).toFixed(0)} % of a core`,
    });
    let from = 0;
    let first: number | undefined;
    for (const to of steps.filter((step) => step <= podsMax)) {
      say(`${to.toLocaleString('en')} pods on 5,000 nodes`);
      const step = await addPods({ cluster, client, say }, { from, to, restCores });
      first ??= step.cpuMs - step.restMs;
      rows.push({
        work: `5,000 nodes, up to ${to.toLocaleString('en')} pods`,
        measured: step.perSecond,
        unit: 'pods/s',
        yardstick: { what: 'ms of CPU per pod at first', value: first },
        note: `${told(step)}, ${step.memoryMb.toFixed(0)} MB (${(((step.memoryMb - empty) * 1024) / to).toFixed(1)} KB a pod)`,
      });
      from = to;
    }
    say(`holding ${from.toLocaleString('en')} pods for ${holdMs / 1_000} s`);
    rows.push(...(await hold(cluster, client)));
    return rows;
  });
}

type Running = { readonly cluster: RunningCluster; readonly client: ApiClient };

async function withCluster(
  nodes: number,
  work: (running: Running) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const cluster = new RunningCluster(['--nodes', String(nodes), '--quiet']);
  try {
    await cluster.startQuietly();
    const client = apiClient(await findCluster({ kubeconfig: cluster.kubeconfig, dataDir: cluster.dataDir }));
    try {
      return await work({ cluster, client });
    } finally {
      client.close();
    }
  } finally {
    await cluster.dispose();
  }
}

/** Deployments of 500 pods each, ten to a namespace, until that many pods run. */
async function addPods(
  { cluster, client, say }: Running & { readonly say: (progress: string) => void },
  { from, to, restCores }: { readonly from: number; readonly to: number; readonly restCores: number },
): Promise<Step> {
  const names = Array.from({ length: (to - from) / replicas }, (_, index) => from / replicas + index);
  for (const name of new Set(names.map(namespaceOf))) {
    await client.ask('POST', '/api/v1/namespaces', json({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  }
  await sleep(clock, 2_000);
  const [startMs, cpuBefore] = [clock.monotonic(), cpuSeconds(cluster.pid)];
  for (const index of names) {
    await askJson(client, 'POST', `/apis/apps/v1/namespaces/${namespaceOf(index)}/deployments`, deployment(index));
  }
  let toldMs = startMs;
  const waiting = new Set(names);
  while (waiting.size > 0) {
    for (const index of waiting) {
      const path = `/apis/apps/v1/namespaces/${namespaceOf(index)}/deployments/d-${index}/status`;
      const { status } = await askJson<{ status?: { readyReplicas?: number } }>(client, 'GET', path);
      if (status?.readyReplicas !== replicas) break;
      waiting.delete(index);
    }
    if (waiting.size > 0) await sleep(clock, 100);
    if (clock.monotonic() - toldMs < 10_000) continue;
    toldMs = clock.monotonic();
    say(`${to - waiting.size * replicas} pods run, ${memoryMb(cluster).toFixed(0)} MB`);
  }
  const seconds = (clock.monotonic() - startMs) / 1_000;
  const cpuMs = ((cpuSeconds(cluster.pid) - cpuBefore) * 1_000) / (to - from);
  const restMs = (restCores * seconds * 1_000) / (to - from);
  return { perSecond: (to - from) / seconds, cpuMs, restMs, memoryMb: memoryMb(cluster) };
}

type Step = {
  readonly perSecond: number;
  /** Of a pod that came. */
  readonly cpuMs: number;
  /** What of it the heartbeats have taken meanwhile: the slower the pods come, the more. */
  readonly restMs: number;
  readonly memoryMb: number;
};

function told({ cpuMs, restMs }: Step): string {
  return `${cpuMs.toFixed(2)} ms of CPU per pod, ${(cpuMs - restMs).toFixed(2)} without the nodes' heartbeats`;
}

/** What the server takes of a core while nothing happens but heartbeats. */
async function coresAtRest(cluster: RunningCluster): Promise<number> {
  await sleep(clock, settleMs);
  const [startMs, before] = [clock.monotonic(), cpuSeconds(cluster.pid)];
  await sleep(clock, restMs);
  return ((cpuSeconds(cluster.pid) - before) * 1_000) / (clock.monotonic() - startMs);
}

/** The cluster at rest but for its heartbeats, asked small things twenty times a second. */
async function hold(cluster: RunningCluster, client: ApiClient): Promise<readonly Row[]> {
  const [startMs, cpuBefore] = [clock.monotonic(), cpuSeconds(cluster.pid)];
  const times: number[] = [];
  const requests = [
    () => client.ask('GET', '/apis/apps/v1/namespaces/scale-0/deployments/d-0'),
    () => client.ask('GET', '/api/v1/namespaces/scale-0/pods?limit=50'),
    () =>
      client.ask('PATCH', '/apis/apps/v1/namespaces/scale-0/deployments/d-0', {
        contentType: 'application/merge-patch+json',
        text: JSON.stringify({ metadata: { annotations: { turn: String(times.length) } } }),
      }),
  ];
  while (clock.monotonic() - startMs < holdMs) {
    const before = clock.monotonic();
    await requests[times.length % requests.length]?.();
    times.push(clock.monotonic() - before);
    await sleep(clock, probeEveryMs);
  }
  const sorted = times.sort((a, b) => a - b);
  const share = ((cpuSeconds(cluster.pid) - cpuBefore) / (clock.monotonic() - startMs)) * 100_000;
  return [
    {
      work: 'held with heartbeats: API p99',
      measured: quantile(sorted, 0.99),
      unit: 'ms',
      budget: { atMost: 1_000 },
      note: `p50 ${quantile(sorted, 0.5).toFixed(1)} ms, the server takes ${share.toFixed(0)} % of a core`,
    },
    {
      work: 'held with heartbeats: memory, nats-server included',
      measured: memoryMb(cluster),
      unit: 'MB',
      budget: { atMost: 3_000 },
      note: `server ${residentMb(cluster.pid).toFixed(0)} MB, nats-server ${residentMb(cluster.natsPid).toFixed(0)} MB`,
    },
  ];
}

function memoryMb(cluster: RunningCluster): number {
  return residentMb(cluster.pid) + residentMb(cluster.natsPid);
}

function namespaceOf(index: number): string {
  return `scale-${Math.floor(index / 10)}`;
}

function deployment(index: number): object {
  const labels = { app: `d-${index}` };
  const resources = { requests: { cpu: '50m', memory: '64Mi' } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `d-${index}` },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1.27', resources }] } },
    },
  };
}

function json(object: object) {
  return { contentType: 'application/json', text: JSON.stringify(object) };
}
