// `npm run fuzz -- [--count N] [--seed S] [--growth-mb N] [--area A]`: sends malformed requests to a real server over real TLS.
// Exits 1 on a 5xx that is not Kubernetes' own, a request without an answer, a server that died, or memory that grew
// beyond the bound: what is alive after a full collection, without the log in memory, which keeps every event by
// definition. Each offence is printed as it comes, as a command.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { residentMb } from '../bench/process-costs.ts';
import { readKubeconfig } from '../kit/kubeconfig.ts';
import { RunningCluster } from '../kit/running-cluster.ts';
import { requests } from './areas.ts';
import { Counts } from './counts.ts';
import { tend, tendEvery } from './gardener.ts';
import { asCurl, verdict } from './judge.ts';
import { described, grownMb, lookAtMemory, probeModule, probeVariable } from './memory.ts';
import { ServerClient } from './server-client.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    area: { type: 'string' },
    'growth-mb': { type: 'string', default: '20' },
  },
});
const count = Number(values.count);
const growthMbMax = Number(values['growth-mb']);
/** Of the requests: until then code is compiled and caches are filled. */
const warmUpShare = 0.1;
const underWayMax = 16 * Math.min(2, availableParallelism());

/** The others are one line each at the end. */
const toldInFullMax = 20;

type Offence = { readonly area: string; readonly curl: string; readonly wrong: string };

const cluster = new RunningCluster(['--memory', '--nodes', '1']);
const probe = join(cluster.directory, 'probe');
Object.assign(process.env, { [probeVariable]: probe, NODE_OPTIONS: `--import ${probeModule}` });
await cluster.start();
const client = new ServerClient(readKubeconfig(cluster.kubeconfig));
const offences: Offence[] = [];
const counts = new Counts();
const ownWords = new Map<string, number>();
const slowest: { readonly ms: number; readonly area: string; readonly curl: string }[] = [];
console.log(`fuzz: ${count} requests, seed ${values.seed}, against process ${cluster.pid}`);
const atStart = await lookAtMemory(probe);
let warm = atStart;
const refused = await tend((request) => client.send(request));
if (refused.length > 0) console.log(`not there from the start: ${refused.join(', ')}`);
let tending: Promise<unknown> = Promise.resolve();

const startMs = Date.now();
const progress = setInterval(tell, 1_000);
const drawn = requests(values.seed, values.area);
let sent = 0;
await Promise.all(Array.from({ length: underWayMax }, work));
clearInterval(progress);

const seconds = (Date.now() - startMs) / 1000;
const alive = cluster.alive && (await client.send({ method: 'GET', path: '/livez', headers: {} })).text === 'ok';
const atEnd = alive ? await lookAtMemory(probe) : warm;
const flat = grownMb(warm, atEnd) <= growthMbMax;
const logged = cluster.output.split('\n').filter((line) => line.startsWith('{'));
client.close();
await cluster.dispose();
report();
process.exit(offences.length > 0 || !alive || !flat ? 1 : 0);

async function work(): Promise<void> {
  while (sent < count && cluster.alive) {
    const turn = sent++;
    if (turn % tendEvery === tendEvery - 1) tending = tending.then(() => tend((request) => client.send(request)));
    if (turn === Math.floor(count * warmUpShare)) tending = tending.then(lookWhenWarm);
    await tending;
    const { area, request } = drawn.next().value;
    const sentMs = Date.now();
    const answer = await client.send(request);
    counts.add(area, answer.status);
    slowest.push({ ms: Date.now() - sentMs, area, curl: asCurl(request) });
    if (slowest.length > 1_000) keepSlowest();
    const wrong = verdict(request, answer);
    if (wrong === undefined && answer.status >= 500) note(answer.text);
    if (wrong !== undefined) blame({ area, curl: asCurl(request), wrong });
  }
}

/** Nothing is sent meanwhile: the process stands still while its heap is written down. */
async function lookWhenWarm(): Promise<void> {
  warm = await lookAtMemory(probe);
}

function blame(offence: Offence): void {
  const { area, curl, wrong } = offence;
  // The variables are a running cluster and its administrator’s files.
  if (offences.push(offence) <= toldInFullMax) console.log(`OFFENCE in ${area}: ${wrong.slice(0, 1_000)}\n${curl}`);
}

/** Kubernetes' own 5xx, by the beginning of what they say. */
function note(text: string): void {
  const { message } = JSON.parse(text) as { readonly message: string };
  const key = message.replaceAll(/"[^"]*"|\d+/g, '…').slice(0, 60);
  ownWords.set(key, (ownWords.get(key) ?? 0) + 1);
}

function keepSlowest(): void {
  slowest.sort((a, b) => b.ms - a.ms).splice(5);
}

function tell(): void {
  const perSecond = Math.round(counts.total / ((Date.now() - startMs) / 1000));
  const statuses = [200, 300, 400, 500].map((from) => `${from / 100}xx ${counts.between(from, from + 100)}`).join(', ');
  const none = counts.between(0, 1);
  const memory = cluster.alive ? `${residentMb(cluster.pid).toFixed(0)} MB` : 'dead';
  const wrong = `${offences.length} offences`;
  console.log(`${counts.total} of ${count}, ${perSecond}/s, ${statuses}, none ${none}, ${wrong}, ${memory}`);
}

function report(): void {
  console.log(`\n${counts.total} malformed requests in ${seconds.toFixed(0)} s, seed ${values.seed}`);
  for (const line of counts.lines()) console.log(line);
  console.log(`process ${alive ? 'alive' : 'dead'}; its memory, collected:`);
  console.log(`  at the start  ${described(atStart)}`);
  console.log(`  after ${warmUpShare * 100} %    ${described(warm)}`);
  console.log(`  at the end    ${described(atEnd)}`);
  const grown = `beside log and caches ${grownMb(warm, atEnd).toFixed(1)} MB grown since ${warmUpShare * 100} %`;
  console.log(`  ${flat ? 'flat' : 'NOT FLAT'}: ${grown}, at most ${growthMbMax}`);
  const failures = logged.filter((line) => line.includes('"request handler failed"'));
  for (const line of new Set(failures)) console.log(line.slice(0, 1_500));
  const messages = new Map<string, { times: number; readonly first: string }>();
  for (const line of logged) {
    const { time: _, level: __, ...said } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const by = `${said.message} (${said.controller ?? 'server'})`;
    const seen = messages.get(by);
    if (seen === undefined) messages.set(by, { times: 1, first: JSON.stringify(said) });
    else seen.times++;
  }
  for (const [message, { times, first }] of messages)
    console.log(`the server logged ${times} times: ${message}, first ${first.slice(0, 500)}`);
  if (!alive) console.log(cluster.output.slice(-4_000));
  for (const [words, times] of [...ownWords].sort(([, a], [, b]) => b - a).slice(0, 20))
    console.log(`as Kubernetes: ${times} times ${words}`);
  keepSlowest();
  for (const { ms, area, curl } of slowest) console.log(`slow: ${ms} ms, ${area}: ${curl.slice(0, 600)}`);
  console.log(`${offences.length} offences`);
  for (const { area, wrong } of offences) console.log(`# ${area}: ${wrong.slice(0, 300)}`);
}
