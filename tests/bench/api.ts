// Creates, reads and lists over HTTPS with client certificates, fsynced, against a raw HTTPS server that echoes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../kit/eventually.ts';
import { readKubeconfig } from '../kit/kubeconfig.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import type { Bench, Row } from './bench.ts';
import type { LoadOptions } from './load-generator.ts';
import { aConfigMap, aPod, aSmallPod } from './objects.ts';
import { runLoad } from './run-load.ts';

const clients = 64;
const pods = 10_000;
const echoServer = fileURLToPath(new URL('./echo-server.ts', import.meta.url));
const appendServer = fileURLToPath(new URL('./append-server.ts', import.meta.url));

export const apiBench: Bench = {
  name: 'api',
  about: 'create, get and list over HTTPS',
  async run(say) {
    const cluster = new RunningCluster(['--nodes', '0', '--quiet']);
    const rows: Row[] = [];
    try {
      await cluster.startQuietly();
      const access = accessOf(cluster);
      const echo = await startEcho(cluster);
      const post = (body: object, requests: number) =>
        ({ method: 'POST', body: JSON.stringify(body), clients, requests }) as const;
      const get = (path: string, requests: number) => ({ method: 'GET', path, clients, requests }) as const;
      try {
        await runLoad({
          ...access,
          ...post(aConfigMap(undefined), 2_000),
          path: '/api/v1/namespaces/default/configmaps',
        });
        say('create config maps');
        const bareSmall = await bare(cluster, post(aConfigMap('x'), 20_000));
        const maps = await runLoad({
          ...access,
          ...post(aConfigMap(undefined), 20_000),
          path: '/api/v1/namespaces/default/configmaps',
        });
        rows.push(
          rate(
            'create ConfigMap, 64 clients',
            maps.perSecond,
            8_000,
            bareSmall,
            `p99 ${maps.p99Ms.toFixed(1)} ms (budget 20)`,
          ),
        );
        say('create pods');
        const barePod = await bare(cluster, post(aPod('x'), 20_000));
        const made = await runLoad({
          ...access,
          ...post(aPod(undefined), pods),
          path: '/api/v1/namespaces/default/pods',
        });
        rows.push(
          rate('create Pod (3 KB), 64 clients', made.perSecond, 5_000, barePod, `p99 ${made.p99Ms.toFixed(1)} ms`),
        );
        say('get a pod');
        await cluster.ok(['create', '-f', cluster.file('pod.json', JSON.stringify(aPod('one')))]);
        const echoGet = await runLoad({ ...echo, ...get('/', 40_000) });
        const got = await runLoad({ ...access, ...get('/api/v1/namespaces/default/pods/one', 40_000) });
        rows.push(
          rate(
            'GET Pod, 64 clients',
            got.perSecond,
            25_000,
            echoGet.perSecond,
            `p99 ${got.p99Ms.toFixed(1)} ms`,
            'raw HTTPS',
          ),
        );
        say('list pods');
        rows.push(await listRow({ cluster, access, namespace: 'default', count: pods + 1 }));
        say('create and list small pods');
        await cluster.ok(['create', 'namespace', 'small']);
        await eventually(() => cluster.ok(['get', 'serviceaccount', 'default', '--namespace', 'small']));
        const smallPods = { ...post(aSmallPod(undefined), pods), path: '/api/v1/namespaces/small/pods' };
        await runLoad({ ...access, ...smallPods });
        const small = await listRow({ cluster, access, namespace: 'small', count: pods });
        rows.push({ ...small, budget: { atMost: 50 } });
      } finally {
        await echo.stop();
      }
    } finally {
      await cluster.dispose();
    }
    return rows;
  },
};

/** Requests answered per second by the server that appends and does nothing else. */
async function bare(
  cluster: RunningCluster,
  load: Pick<LoadOptions, 'method' | 'body' | 'clients' | 'requests'>,
): Promise<number> {
  const server = await startHttps(cluster, appendServer);
  try {
    await runLoad({ ...server.access, ...load, path: '/', requests: 2_000 });
    return (await runLoad({ ...server.access, ...load, path: '/' })).perSecond;
  } finally {
    await server.stop();
  }
}

type Listing = {
  readonly cluster: RunningCluster;
  readonly access: ReturnType<typeof accessOf>;
  readonly namespace: string;
  readonly count: number;
};

/** What a list of all pods of a namespace takes, and how much it is: the budget is for 36 MB. */
async function listRow({ cluster, access, namespace, count }: Listing): Promise<Row> {
  const times = 5;
  const get = (path: string) => ({ method: 'GET', path, clients: 1, requests: times }) as const;
  const listed = await runLoad({ ...access, ...get(`/api/v1/namespaces/${namespace}/pods`) });
  const bytes = listed.bytes / times;
  const echo = await startEcho(cluster, bytes);
  const raw = await runLoad({ ...echo, ...get('/') });
  await echo.stop();
  return {
    work: `LIST ${count.toLocaleString('en')} pods (${(bytes / 1e6).toFixed(0)} MB)`,
    measured: listed.p50Ms,
    unit: 'ms',
    yardstick: { what: 'the same bytes from one buffer', value: raw.p50Ms },
    note: `${(bytes / count / 1e3).toFixed(1)} KB a pod`,
  };
}

function rate(
  work: string,
  measured: number,
  atLeast: number,
  yardstick: number,
  note: string,
  what = 'bare HTTPS and append',
): Row {
  return {
    work,
    measured,
    unit: 'req/s',
    budget: { atLeast },
    yardstick: { what, value: yardstick },
    note,
  };
}

/** Files and port for the load generator. */
export function accessOf(cluster: RunningCluster) {
  const { server, ca, cert, key } = readKubeconfig(cluster.kubeconfig);
  const file = (name: string, content: string) => {
    const path = join(cluster.directory, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    port: Number(new URL(server).port),
    ca: file('ca.pem', ca),
    cert: file('cert.pem', cert),
    key: file('key.pem', key),
  };
}

async function startEcho(cluster: RunningCluster, cachedBytes = 3_000) {
  const { access, stop } = await startHttps(cluster, echoServer, String(cachedBytes));
  return { ...access, stop };
}

/** A server with the cluster's certificate, in a process of its own that tells its port. */
async function startHttps(cluster: RunningCluster, program: string, ...args: readonly string[]) {
  const pki = join(cluster.dataDir, 'pki');
  const child = spawn(process.execPath, [program, join(pki, 'apiserver.key'), join(pki, 'apiserver.crt'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString('utf8').trim()))),
  );
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { access: { port, ca: join(pki, 'ca.crt') }, stop };
}
