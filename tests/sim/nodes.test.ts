// Nodes under random use and random faults, in virtual time. One seed draws everything: pods that run, end, crash, never
// pull, fail their probes and outgrow their memory; deletions with and without grace; resizes and debuggers; machines that
// go down, come up and run short; kubelets and processes that are started anew; foreign changes; a log that does not
// answer. Afterwards the faults stop, and the cluster must come to rest in a true state.

import { describe, expect, test } from 'vitest';
import { pressures } from '../../actors/kubelet/pressure.ts';
import { containerTransitions } from '../../actors/pod/container-machine.ts';
import { podLifecycle } from '../../actors/pod/pod-machine.ts';
import type { Writer } from '../../infra/host/writer.ts';
import { type Random, seededRandom } from '../../streams/base/random.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Container, Pod } from '../../streams/resources/pod.ts';
import { NodeCluster } from '../kit/node-cluster.ts';
import { aContainer } from '../kit/pods.ts';

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
const nodeNames = ['node-1', 'node-2', 'node-3'];

describe.each(seeds)('seed %i', (seed) => {
  test('faults break no lifecycle, and when they stop everything comes to rest', async () => {
    const random = seededRandom(`nodes-under-fire/${seed}`);
    const faults = { on: true };
    const cluster = await NodeCluster.start({
      seed,
      nodes: { count: 3 },
      between: (writer) => flaky(writer, random, faults),
    });
    const machines = new Set(nodeNames);
    for (let step = 0; step < 120; step++) {
      await act(cluster, { random, machines, step });
      await cluster.clock.advance(random.int(10) === 0 ? random.int(60_000) : random.int(400));
    }
    faults.on = false;
    for (const name of nodeNames) for (const pressure of pressures) cluster.nodes.press(name, pressure, false);
    for (const name of nodeNames) if (!machines.has(name)) cluster.nodes.restart(name);
    await cluster.clock.advance(700_000);

    expect(cluster.anomalies).toEqual([]);
    for (const { previous, current, type } of cluster.changes) {
      if (current.ref.resource !== 'pods' || type === 'DELETED') continue;
      const transitions = containerTransitions(previous?.object as unknown as Pod, current.object as unknown as Pod);
      expect(transitions.filter(({ anomaly }) => anomaly !== undefined)).toEqual([]);
    }
    const pods = cluster.view.list<Pod>(resources.pods);
    for (const pod of pods) expect(atRest(pod), `${pod.metadata.name} ${podLifecycle.stateOf(pod)}`).toBe(true);
    const addresses = pods.filter(({ status }) => status?.phase === 'Running').map(({ status }) => status?.podIP);
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const name of nodeNames) {
      const node = cluster.view.get<Pod>(resources.nodes, { name });
      expect(node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    }
  });
});

type Stage = { readonly random: Random; readonly machines: Set<string>; readonly step: number };

async function act(cluster: NodeCluster, { random, machines, step }: Stage): Promise<void> {
  const pods = cluster.view.list<Pod>(resources.pods);
  const pod = pods[random.int(Math.max(1, pods.length))];
  switch (random.int(15)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return void (await cluster.run({ name: `p${step}`, node: pick(random, nodeNames), ...shape(random) }));
    case 4:
    case 5:
      return pod && cluster.delete(pod.metadata.name);
    case 6:
      return pod && cluster.delete(pod.metadata.name, random.int(2) === 0 ? 0 : 3);
    case 7:
      return (
        pod &&
        cluster.change(pod.metadata.name, (now) => ({
          ...now,
          metadata: { ...now.metadata, labels: { s: `${step}` } },
        }))
      );
    case 8: {
      const name = pick(random, nodeNames);
      machines.delete(name);
      return cluster.nodes.crash(name);
    }
    case 9:
    case 10: {
      const name = pick(random, nodeNames);
      machines.add(name);
      return cluster.nodes.restart(name);
    }
    case 12: {
      const name = pick(random, [...machines, ...nodeNames]);
      machines.add(name);
      return cluster.nodes.restartKubelet(name);
    }
    case 13:
      return cluster.nodes.press(pick(random, nodeNames), pick(random, pressures), random.int(3) === 0);
    case 14:
      return pod && resize(cluster, pod, random);
    case 11: {
      const stopped = cluster.nodes.stop();
      await cluster.clock.advance(1);
      await stopped;
      cluster.startNodes();
      for (const name of nodeNames) machines.add(name);
    }
  }
}

/** Another share of the node, or another look into the pod. */
async function resize(cluster: NodeCluster, pod: Pod, random: Random): Promise<void> {
  const { name, deletionTimestamp } = pod.metadata;
  if (deletionTimestamp !== undefined) return;
  const debugging = random.int(2) === 0;
  const cpu = pick(random, ['100m', '2', '5']);
  const sized = ({ resources: was, ...container }: Container): Container => ({
    ...container,
    resources: { ...was, requests: { ...was?.requests, cpu } },
  });
  const change = (now: Pod): Pod => ({
    ...now,
    spec: debugging
      ? { ...now.spec, ephemeralContainers: [...(now.spec.ephemeralContainers ?? []), debuggerOf(now)] }
      : {
          ...now.spec,
          containers: now.spec.containers.map(sized),
        },
  });
  await cluster.change(name, change, debugging ? 'ephemeralcontainers' : 'resize');
}

function debuggerOf({ spec }: Pod): Container {
  return {
    ...aContainer(`debugger-${spec.ephemeralContainers?.length ?? 0}`),
    terminationMessagePolicy: 'File',
  } as Container;
}

function shape(random: Random): Parameters<NodeCluster['run']>[0] {
  const run = pick(random, ['run', 'run', 'run', 'complete', 'fail', 'crash-loop', 'never-pull']);
  const restartPolicy = pick(random, ['Always', 'Always', 'OnFailure', 'Never'] as const);
  const initContainers = [
    ...(random.int(4) === 0 ? [aContainer('setup')] : []),
    ...(random.int(5) === 0 ? [aContainer('proxy', { restartPolicy: 'Always' })] : []),
  ];
  const probe = { tcpSocket: { port: 80 }, periodSeconds: 1 + random.int(5), failureThreshold: 1 + random.int(2) };
  const probes = {
    ...(random.int(3) === 0 && { readinessProbe: probe }),
    ...(random.int(4) === 0 && { livenessProbe: probe }),
    ...(random.int(4) === 0 && { startupProbe: probe }),
  };
  const resources = { requests: { cpu: '100m' }, limits: { memory: '100Mi' } };
  return {
    spec: { restartPolicy, initContainers, containers: [aContainer('c', { ...probes, resources })] },
    simulation: {
      run,
      ...pick<Readonly<Record<string, string>>>(random, [
        {},
        {},
        { readiness: `fail ${random.int(9)}s..30s` },
        { liveness: `fail ${1 + random.int(20)}s..` },
        { memory: `10Mi, 200Mi@${1 + random.int(30)}s` },
      ]),
      'run.proxy': 'run',
      duration: `${random.int(3_000)}ms`,
      'stop-duration': `${random.int(4_000)}ms`,
    },
  };
}

/** One write in ten is not answered: half of those hold all the same. */
function flaky(writer: Writer, random: Random, faults: { readonly on: boolean }): Writer {
  const draw = random.stream('faults');
  return {
    note: writer.note,
    async write(write, context) {
      const fate = faults.on ? draw.int(20) : 20;
      if (fate === 0) return { kind: 'failed', reason: 'Unavailable', message: 'the log does not answer' };
      const outcome = await writer.write(write, context);
      return fate === 1 ? { kind: 'failed', reason: 'Unavailable', message: 'no answer in time' } : outcome;
    },
  };
}

/** Nothing more is to be expected of the pod but what its back-off brings. */
function atRest(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const reason = pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;
  switch (podLifecycle.stateOf(pod)) {
    case 'Running.Ready':
    case 'Succeeded':
    case 'Failed':
      return true;
    case 'Running.NotReady':
      return reason === 'CrashLoopBackOff';
    case 'Pending.Starting':
      return reason === 'ImagePullBackOff';
    default:
      return false;
  }
}

function pick<T>(random: Random, among: readonly T[]): T {
  const chosen = among[random.int(among.length)];
  if (chosen === undefined) throw new Error('there is nothing to choose from');
  return chosen;
}
