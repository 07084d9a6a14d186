// A pod's worker and a kubelet as tables: given what has happened, when this happens, then that is asked for.

import { describe, expect, test } from 'vitest';
import type { NodeProfile } from '../../actors/kubelet/node-object.ts';
import { nodeDraft } from '../../actors/kubelet/node-object.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Container, Pod } from '../../streams/resources/pod.ts';
import { DrivenKubelet, DrivenWorker, startMs, type WorkerFact } from '../kit/driven-worker.ts';
import { aContainer, aPod, aStatus, exited, holding, type PodShape, running } from '../kit/pods.ts';

const bound = (shape: PodShape = {}): Pod =>
  aPod({ node: 'n1', status: { phase: 'Pending', conditions: [holding('PodScheduled')] }, ...shape });

const sandbox: WorkerFact = { type: 'sandbox.ready', ip: '10.244.0.1' };
const pulled = (container = 'c'): WorkerFact => ({ type: 'image.pulled', container });
const started = (container = 'c', id = 'sim://1', more: object = {}): WorkerFact => ({
  type: 'container.started',
  container,
  id,
  image: 'docker.io/library/nginx:1.27',
  imageID: 'sha256:1',
  requestedImage: 'nginx:1.27',
  startedAtMs: startMs,
  ready: true,
  ...more,
});
const ended = (exitCode: number, container = 'c', id = 'sim://1'): WorkerFact => ({
  type: 'container.exited',
  container,
  id,
  exitCode,
  reason: exitCode === 0 ? 'Completed' : 'Error',
  finishedAtMs: startMs,
});
const grant = 'grant';
const deletion = 'delete';
type Change = { readonly change: (pod: Pod) => Pod };
type Step = WorkerFact | typeof grant | typeof deletion | { readonly fire: string } | Change;

/** Somebody asks for a whole core. */
const resized = (more: Partial<Container>): Change => ({
  change: (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, generation: 2 },
    spec: { ...pod.spec, containers: [aContainer('c', { resources: { requests: { cpu: '1' } }, ...more })] },
  }),
});

const up: readonly Step[] = [sandbox, grant, pulled(), started(), grant];

type Row = {
  readonly pod?: Pod;
  readonly given?: readonly Step[];
  readonly when?: Step;
  readonly asks: readonly string[];
  readonly state: string;
};

const rows: Record<string, Row> = {
  'a bound pod is reported and gets a sandbox': {
    asks: ['makeSandbox', 'update pods Pending.Starting'],
    state: 'preparing',
  },
  'its image is pulled once the sandbox stands': { when: sandbox, asks: ['pullImage c'], state: 'running' },
  'no sandbox can be made: it is tried again': {
    when: { type: 'sandbox.failed', message: 'no room' },
    asks: ['note FailedCreatePodSandBox', 'arm sandbox 10000'],
    state: 'preparing',
  },
  'the image is there': {
    given: [sandbox],
    when: pulled(),
    asks: ['note Pulled', 'startContainer c'],
    state: 'running',
  },
  'the image is being pulled': {
    given: [sandbox],
    when: { type: 'image.pulling', container: 'c' },
    asks: ['note Pulling'],
    state: 'running',
  },
  'the container has started': {
    given: [sandbox, grant, pulled()],
    when: started(),
    asks: ['note Created', 'note Started', 'update pods Running.Ready'],
    state: 'running',
  },
  'news wait for the write under way': {
    given: [sandbox, pulled()],
    when: started(),
    asks: ['note Created', 'note Started'],
    state: 'running',
  },
  'and are told after it': {
    given: [sandbox, pulled(), started()],
    when: grant,
    asks: ['update pods Running.Ready'],
    state: 'running',
  },
  'a granted write asks for nothing more': { given: up.slice(0, -1), when: grant, asks: [], state: 'running' },
  'the first crash is followed by a restart at once': {
    given: up,
    when: ended(1),
    asks: ['pullImage c', 'update pods Running.NotReady'],
    state: 'running',
  },
  'the second crash waits ten seconds': {
    given: [...up, ended(1), grant, pulled(), started('c', 'sim://2'), grant],
    when: ended(1, 'c', 'sim://2'),
    asks: ['disarm clean-run/c', 'arm container/c 10000', 'update pods Running.NotReady'],
    state: 'running',
  },
  'once the crash is known the back-off is told': {
    given: [...up, ended(1), grant, pulled(), started('c', 'sim://2'), grant, ended(1, 'c', 'sim://2')],
    when: grant,
    asks: ['note BackOff', 'update pods Running.NotReady'],
    state: 'running',
  },
  'after the back-off it is started again': {
    given: [...up, ended(1), grant, pulled(), started('c', 'sim://2'), grant, ended(1, 'c', 'sim://2'), grant, grant],
    when: { fire: 'container/c' },
    asks: ['pullImage c'],
    state: 'running',
  },
  'a pull that fails backs off': {
    given: [sandbox, grant],
    when: { type: 'image.pullFailed', container: 'c', reason: 'ErrImagePull', message: 'not found' },
    asks: ['note Failed', 'note Failed', 'arm container/c 10000', 'update pods Pending.Starting'],
    state: 'running',
  },
  'a container that completes ends a pod that runs once': {
    pod: bound({ spec: { restartPolicy: 'Never' } }),
    given: up,
    when: ended(0),
    asks: ['update pods Succeeded'],
    state: 'finished',
  },
  'an exit of an earlier run is old news': { given: up, when: ended(1, 'c', 'sim://0'), asks: [], state: 'running' },
  'a deletion stops what runs': {
    given: up,
    when: deletion,
    asks: ['note Killing', 'stopContainer c 30000'],
    state: 'stopping',
  },
  'the end of a deleted pod is told': {
    given: [...up, deletion],
    when: ended(0),
    asks: ['update pods Terminating.Finished'],
    state: 'finished',
  },
  'and then the pod is released': {
    given: [...up, deletion, ended(0)],
    when: grant,
    asks: ['delete pods'],
    state: 'finished',
  },
  'once only': { given: [...up, deletion, ended(0), grant], when: grant, asks: [], state: 'finished' },
  'a pod that is gone is removed from the node': {
    given: [...up, deletion, ended(0), grant, grant],
    when: { type: 'pod.gone' },
    asks: ['removePod'],
    state: 'gone',
  },
  'init containers come first, one at a time': {
    pod: bound({ spec: { initContainers: [aContainer('one'), aContainer('two')] } }),
    given: [grant],
    when: sandbox,
    asks: ['pullImage one'],
    state: 'initializing',
  },
  'the next one when the one before has completed': {
    pod: bound({ spec: { initContainers: [aContainer('one'), aContainer('two')] } }),
    given: [grant, sandbox, pulled('one'), started('one'), grant],
    when: ended(0, 'one'),
    asks: ['pullImage two', 'update pods Pending.Starting'],
    state: 'initializing',
  },
  'the main ones when all have': {
    pod: bound({ spec: { initContainers: [aContainer('one')] } }),
    given: [grant, sandbox, pulled('one'), started('one'), grant],
    when: ended(0, 'one'),
    asks: ['pullImage c', 'update pods Pending.Starting'],
    state: 'running',
  },
  'volumes that are not there are waited for, ever longer': {
    given: [grant, { type: 'volumes.failed', message: 'no' }, { fire: 'sandbox' }],
    when: { type: 'volumes.failed', message: 'no' },
    asks: ['note FailedMount', 'arm sandbox 1000'],
    state: 'preparing',
  },
  'a container that is probed at its start is started later': {
    given: [sandbox, grant, pulled(), started('c', 'sim://1', { ready: false, started: false }), grant],
    when: { type: 'container.startedUp', container: 'c', id: 'sim://1' },
    asks: ['update pods Running.NotReady'],
    state: 'running',
  },
  'a probe that fails is told, and changes nothing': {
    given: up,
    when: { type: 'container.probeFailed', container: 'c', id: 'sim://1', probe: 'liveness', output: 'no' },
    asks: ['note Unhealthy'],
    state: 'running',
  },
  'one that has failed too often stops its container, within its own grace': {
    given: up,
    when: { type: 'container.unhealthy', container: 'c', id: 'sim://1', probe: 'liveness', graceMs: 7_000 },
    asks: ['note Killing', 'stopContainer c 7000'],
    state: 'running',
  },
  'which runs again, however it ended': {
    pod: bound({ spec: { restartPolicy: 'OnFailure' } }),
    given: [...up, { type: 'container.unhealthy', container: 'c', id: 'sim://1', probe: 'startup' }],
    when: ended(0),
    asks: ['pullImage c', 'update pods Running.NotReady'],
    state: 'running',
  },
  'or not, in a pod that runs once': {
    pod: bound({ spec: { restartPolicy: 'Never' } }),
    given: [...up, { type: 'container.unhealthy', container: 'c', id: 'sim://1', probe: 'liveness' }],
    when: ended(137),
    asks: ['update pods Failed'],
    state: 'finished',
  },
  'a container whose rule names the exit code runs again in a pod that runs once': {
    pod: bound({
      spec: {
        restartPolicy: 'Never',
        containers: [
          aContainer('c', {
            restartPolicy: 'Never',
            restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
          }),
        ],
      },
    }),
    given: up,
    when: ended(42),
    asks: ['pullImage c', 'update pods Running.NotReady'],
    state: 'running',
  },
  'a container with a policy of its own ends by it': {
    pod: bound({ spec: { containers: [aContainer('c', { restartPolicy: 'Never' })] } }),
    given: up,
    when: ended(1),
    asks: ['update pods Failed'],
    state: 'finished',
  },
  'a container that ran ten minutes after a crash is forgiven': {
    given: [...up, ended(1), grant, pulled(), started('c', 'sim://2'), grant, { fire: 'clean-run/c' }],
    when: ended(1, 'c', 'sim://2'),
    asks: ['pullImage c', 'update pods Running.NotReady'],
    state: 'running',
  },
  'an eviction stops it at once': {
    given: up,
    when: { type: 'pod.evicted', message: 'The node was low on resource: memory. ' },
    asks: ['note Evicted', 'note Killing', 'stopContainer c 2000', 'update pods Running.Ready'],
    state: 'stopping',
  },
  'and fails the pod': {
    given: [...up, { type: 'pod.evicted', message: 'The node was low on resource: memory. ' }, grant],
    when: ended(0),
    asks: ['update pods Failed'],
    state: 'finished',
  },
  'an ephemeral container is started beside the others': {
    given: up,
    when: { change: (pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers: [aContainer('debugger')] } }) },
    asks: ['pullImage debugger', 'update pods Running.Ready'],
    state: 'running',
  },
  'and never again': {
    given: [
      ...up,
      { change: (pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers: [aContainer('debugger')] } }) },
      grant,
      pulled('debugger'),
      started('debugger', 'sim://2'),
      grant,
    ],
    when: ended(1, 'debugger', 'sim://2'),
    asks: ['update pods Running.Ready'],
    state: 'running',
  },
  'other resources are asked for': {
    given: up,
    when: resized({}),
    asks: ['askResize', 'update pods Running.Ready'],
    state: 'running',
  },
  'granted, they are given in place': {
    given: [...up, resized({}), grant],
    when: { type: 'resize.granted', generation: 2 },
    asks: ['note ResizeStarted', 'resizeContainer c', 'update pods Running.Ready'],
    state: 'running',
  },
  'and completed when the container has them': {
    given: [...up, resized({}), grant, { type: 'resize.granted', generation: 2 }, grant],
    when: {
      type: 'container.resized',
      container: 'c',
      id: 'sim://1',
      resources: { requests: { cpu: '1' } },
    },
    asks: ['note ResizeCompleted', 'update pods Running.Ready'],
    state: 'running',
  },
  'a policy may want a restart for it': {
    given: [...up, resized({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }), grant],
    when: { type: 'resize.granted', generation: 2 },
    asks: ['note ResizeStarted', 'note Killing', 'stopContainer c 30000', 'update pods Running.Ready'],
    state: 'running',
  },
  'deferred, they are told as pending': {
    given: [...up, resized({}), grant],
    when: { type: 'resize.refused', generation: 2, reason: 'Deferred', message: 'no room' },
    asks: ['note ResizeDeferred', 'update pods Running.Ready'],
    state: 'running',
  },
  'an answer to an older wish counts for nothing': {
    given: [...up, resized({}), grant],
    when: { type: 'resize.granted', generation: 1 },
    asks: [],
    state: 'running',
  },
  'a deadline that passes ends the pod': {
    pod: bound({ spec: { activeDeadlineSeconds: 60 } }),
    given: up,
    when: { fire: 'deadline' },
    asks: ['note DeadlineExceeded', 'note Killing', 'stopContainer c 30000'],
    state: 'stopping',
  },
};

describe('a pod worker', () => {
  test.each(Object.entries(rows))('%s', (_, { pod = bound(), given = [], when, asks, state }) => {
    const worker = new DrivenWorker(pod);
    if (when !== undefined) {
      for (const step of given) take(worker, step);
      worker.asked();
      take(worker, when);
    }
    expect(worker.asked()).toEqual(asks);
    expect(worker.state).toBe(state);
    expect(JSON.parse(JSON.stringify(worker.context))).toEqual(withoutUndefined(worker.context));
  });

  test('that finds its container running asks for nothing', () => {
    const status = runningStatus();
    const runtime = { ip: '10.244.0.1', containers: [alive] };
    const fresh = new DrivenWorker(bound({ status }), { runtime });
    const told = fresh.grant();
    expect(told?.type).toBe('pod.statusUpdated');
    const again = new DrivenWorker(fresh.world, { runtime });
    expect(again.asked()).toEqual([]);
    expect(again.state).toBe('running');
  });

  test('that finds its container gone tells the exit and starts it again', () => {
    const worker = new DrivenWorker(bound({ status: runningStatus() }));
    expect(worker.asked()).toEqual(['makeSandbox', 'update pods Running.NotReady']);
    expect(worker.grant()).toMatchObject({ type: 'pod.crashed' });
    worker.send(sandbox);
    expect(worker.asked()).toEqual(['pullImage c']);
  });

  test('that finds a container that ended meanwhile takes its exit from the runtime', () => {
    const exit = { exitCode: 0, reason: 'Completed', finishedAtMs: startMs };
    const runtime = { ip: '10.244.0.1', containers: [{ ...alive, exit }] };
    const worker = new DrivenWorker(bound({ status: runningStatus(), spec: { restartPolicy: 'Never' } }), { runtime });
    expect(worker.asked()).toEqual(['update pods Succeeded']);
    worker.send(ended(0));
    expect(worker.grant()).toMatchObject({ type: 'pod.succeeded' });
    expect(worker.asked()).toEqual([]);
  });

  test('that finds its pod being deleted gives it what is left of its grace', () => {
    const pod = aPod({ node: 'n1', status: runningStatus(), deleted: true });
    const late = startMs + 20_000;
    const worker = new DrivenWorker(pod, { runtime: { ip: '10.244.0.1', containers: [alive] }, nowMs: late });
    expect(worker.asked()).toContain('stopContainer c 10000');
    const later = new DrivenWorker(pod, { runtime: { ip: '10.244.0.1', containers: [alive] }, nowMs: late + 60_000 });
    expect(later.asked()).toContain('stopContainer c 2000');
  });

  test('that finds its pod over leaves it so', () => {
    const status = { ...runningStatus(), phase: 'Succeeded' as const, containerStatuses: [aStatus(exited(0))] };
    const worker = new DrivenWorker(bound({ status }));
    expect(worker.state).toBe('finished');
    expect(worker.asked().filter((line) => !line.startsWith('update'))).toEqual([]);
  });

  test('that may not run its pod only says why', () => {
    const worker = new DrivenWorker(bound(), { refusal: { reason: 'OutOfpods', message: 'no room' } });
    expect(worker.asked()).toEqual(['update pods Failed']);
    expect(worker.grant()).toMatchObject({ type: 'pod.rejected' });
    expect(worker.world.status).toMatchObject({ reason: 'OutOfpods', message: 'no room' });
  });

  test('writes again from the newest version where somebody else was first', () => {
    const worker = new DrivenWorker(bound());
    worker.asked();
    worker.refuse('Conflict');
    expect(worker.asked()).toEqual(['arm write 1000']);
    worker.change((pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } } }));
    expect(worker.asked()).toEqual(['disarm write', 'update pods Pending.Starting']);
    expect(worker.pending?.write).toMatchObject({ object: { metadata: { labels: { a: 'b' } } } });
  });

  test('writes again later where the log does not answer, and ever later', () => {
    const worker = new DrivenWorker(bound());
    const waits: string[] = [];
    for (let i = 0; i < 7; i++) {
      worker.asked();
      worker.refuse('Unavailable');
      waits.push(...worker.asked());
      worker.fire('write');
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30].map((s) => `arm write ${s * 1_000}`));
  });

  test('does not write again what the API server keeps in other words', () => {
    const worker = new DrivenWorker(bound());
    const kept = (pod: Pod): Pod => ({ ...pod, status: { ...pod.status, message: 'in other words' } });
    for (const step of [sandbox, pulled(), started()]) take(worker, step);
    worker.grant(kept);
    worker.asked();
    worker.grant(kept);
    expect(worker.asked()).toEqual([]);
    take(worker, deletion);
    take(worker, ended(0));
    // The deletion made another version of the pod: it is compared once, and found different.
    worker.grant(kept);
    worker.asked();
    worker.grant(kept);
    expect(worker.asked()).toEqual(['delete pods']);
  });

  test('makes an event it does not know visible', () => {
    const worker = new DrivenWorker(bound());
    worker.send({ type: 'something.else' } as unknown as WorkerFact);
    expect(worker.state).toBe('faulted');
  });
});

describe('a kubelet', () => {
  const profile: NodeProfile = {
    name: 'n1',
    ip: '172.18.0.2',
    podCIDR: '10.244.0.0/24',
    capacity: { cpu: '1', memory: '1Gi', pods: '2' },
    labels: {},
    nodeInfo: { kubeletVersion: 'v1.36.0', bootID: '' },
  };
  const registered = (): Node => {
    const draft = nodeDraft({ ...profile, nodeInfo: { ...profile.nodeInfo, bootID: 'b1' } }, startMs);
    return { ...draft, metadata: { ...draft.metadata, name: 'n1', uid: 'node-uid', resourceVersion: '5' } };
  };
  const begun = (node?: Node) => {
    const kubelet = new DrivenKubelet(profile);
    kubelet.send({ type: 'kubelet.started', node, bootID: 'b1' });
    return kubelet;
  };
  const running = () => {
    const kubelet = begun();
    kubelet.send({
      type: 'write.settled',
      ticket: kubelet.ticket('register'),
      outcome: { kind: 'done', object: registered() },
    });
    return kubelet;
  };

  test('registers its node first', () => {
    const kubelet = begun();
    expect(kubelet.asked()).toEqual(['create nodes']);
    expect(kubelet.state).toBe('registering');
  });

  test('then takes up its lease and beats', () => {
    const kubelet = running();
    expect(kubelet.state).toBe('running');
    expect(kubelet.asked()).toEqual([
      'create nodes',
      'note Starting',
      'note NodeHasSufficientMemory',
      'note NodeHasNoDiskPressure',
      'note NodeHasSufficientPID',
      'note NodeReady',
      'holdLease',
      'arm status 300000',
    ]);
  });

  test('that finds its node tells the new boot', () => {
    const older = registered();
    const kubelet = begun({ ...older, status: { ...older.status, nodeInfo: { bootID: 'b0' } } });
    expect(kubelet.state).toBe('running');
    expect(kubelet.asked()).toContain('update nodes/status');
  });

  test('that starts anew on a node that is well says what it has enough of, and nothing twice', () => {
    const kubelet = begun(registered());
    expect(kubelet.asked()).toEqual([
      'note Starting',
      'note NodeHasSufficientMemory',
      'note NodeHasNoDiskPressure',
      'note NodeHasSufficientPID',
      'holdLease',
      'arm status 300000',
    ]);
  });

  test('that is told of a node it did not see takes it as its own', () => {
    const kubelet = begun();
    const outcome = { kind: 'failed', reason: 'AlreadyExists', message: '' } as const;
    kubelet.send({ type: 'write.settled', ticket: kubelet.ticket('register'), outcome, newest: registered() });
    expect(kubelet.state).toBe('running');
  });

  test('tries to register again where the log does not answer', () => {
    const kubelet = begun();
    kubelet.asked();
    const outcome = { kind: 'failed', reason: 'Unavailable', message: '' } as const;
    kubelet.send({ type: 'write.settled', ticket: kubelet.ticket('register'), outcome });
    expect(kubelet.asked()).toEqual(['arm node 1000']);
    kubelet.fire('node');
    expect(kubelet.asked()).toEqual(['create nodes']);
  });

  test('takes pods that fit and refuses the others', () => {
    const kubelet = running();
    kubelet.asked();
    for (const name of ['a', 'b', 'c']) kubelet.send({ type: 'pod.bound', pod: bound({ name, uid: name }) });
    expect(kubelet.asked()).toEqual(['runPod a', 'runPod b', 'runPod c OutOfpods', 'note OutOfpods']);
    kubelet.send({ type: 'pod.ended', uid: 'a' });
    kubelet.send({ type: 'pod.bound', pod: bound({ name: 'd', uid: 'd' }) });
    expect(kubelet.asked()).toEqual(['runPod d']);
  });

  test('takes back a pod it had taken before, whatever has changed since', () => {
    const kubelet = running();
    for (const name of ['a', 'b']) kubelet.send({ type: 'pod.bound', pod: bound({ name, uid: name }) });
    kubelet.asked();
    const status = { phase: 'Running' as const, startTime: '2026-01-01T00:00:00Z' };
    kubelet.send({ type: 'pod.bound', pod: bound({ name: 'c', uid: 'c', status }) });
    expect(kubelet.asked()).toEqual(['runPod c']);
  });

  test('says at once what its node is short of, and refuses pods that asked for nothing', () => {
    const kubelet = running();
    kubelet.asked();
    kubelet.send({ type: 'node.pressed', pressures: ['memory'], evictsFor: 'memory' });
    expect(kubelet.asked()).toEqual([
      'note NodeHasInsufficientMemory',
      'note EvictionThresholdMet',
      'arm status 300000',
      'update nodes/status',
    ]);
    const status = { phase: 'Pending' as const, qosClass: 'BestEffort' };
    kubelet.send({ type: 'pod.bound', pod: bound({ name: 'a', uid: 'a', status }) });
    kubelet.send({ type: 'pod.bound', pod: bound({ name: 'b', uid: 'b', status, spec: { priority: 2_000_000_000 } }) });
    expect(kubelet.asked()).toEqual(['runPod a Evicted', 'note Evicted', 'runPod b']);
  });

  test('refuses pods that do not belong on its node', () => {
    const kubelet = running();
    kubelet.asked();
    const elsewhere = { nodeSelector: { zone: 'b' } };
    kubelet.send({ type: 'pod.bound', pod: bound({ name: 'a', uid: 'a', spec: elsewhere }) });
    const ports = { containers: [aContainer('c', { ports: [{ containerPort: 80, hostPort: 80 }] })] };
    kubelet.send({ type: 'pod.bound', pod: bound({ name: 'b', uid: 'b', spec: ports }) });
    kubelet.send({ type: 'pod.bound', pod: bound({ name: 'c', uid: 'c', spec: ports }) });
    expect(kubelet.asked()).toEqual([
      'runPod a NodeAffinity',
      'note NodeAffinity',
      'runPod b',
      'runPod c NodePorts',
      'note NodePorts',
    ]);
  });

  test('grants a resize that fits, defers one that has no room yet, and never grants one beyond the node', () => {
    const kubelet = running();
    const asking = (uid: string, cpu: string): Pod =>
      bound({
        name: uid,
        uid,
        spec: { containers: [aContainer('c', { resources: { requests: { cpu } } })] },
      });
    for (const uid of ['a', 'b']) kubelet.send({ type: 'pod.bound', pod: asking(uid, '100m') });
    kubelet.asked();
    kubelet.send({ type: 'pod.resizing', pod: asking('a', '500m') });
    expect(kubelet.asked()).toEqual(['resize.granted a']);
    kubelet.send({ type: 'pod.resizing', pod: asking('b', '600m') });
    expect(kubelet.asked()).toEqual(['resize.refused b']);
    expect(kubelet.context.deferred).toHaveLength(1);
    kubelet.send({ type: 'pod.resizing', pod: asking('a', '9') });
    expect(kubelet.effects.at(-1)).toMatchObject({
      answer: {
        reason: 'Infeasible',
        message: "Node didn't have enough capacity: cpu, requested: 9000, capacity: 1000",
      },
    });
    kubelet.asked();
    kubelet.send({ type: 'pod.ended', uid: 'a' });
    expect(kubelet.asked()).toEqual(['resize.granted b']);
  });

  test('falls silent when its node is deleted', () => {
    const kubelet = running();
    kubelet.asked();
    kubelet.send({ type: 'node.changed', node: undefined });
    expect(kubelet.state).toBe('unregistered');
    expect(kubelet.asked().sort()).toEqual(['disarm status', 'dropLease']);
  });

  test('that crashes hears nothing until it is started again', () => {
    const kubelet = running();
    kubelet.send({ type: 'kubelet.crashed' });
    kubelet.asked();
    kubelet.send({ type: 'pod.bound', pod: bound() });
    kubelet.send({ type: 'node.changed', node: registered() });
    expect(kubelet.asked()).toEqual([]);
    kubelet.send({ type: 'kubelet.started', node: registered(), bootID: 'b2' });
    expect(kubelet.state).toBe('running');
    expect(kubelet.asked()).toContain('update nodes/status');
  });

  test('keeps plain data only', () => {
    const { context } = running();
    expect(JSON.parse(JSON.stringify(context))).toEqual(withoutUndefined(context));
  });

  test('makes an event it does not know visible', () => {
    const kubelet = running();
    kubelet.send({ type: 'something.else' } as unknown as Parameters<typeof kubelet.send>[0]);
    expect(kubelet.state).toBe('faulted');
  });
});

const alive = {
  name: 'c',
  id: 'sim://1',
  image: 'docker.io/library/nginx:1.27',
  imageID: 'sha256:1',
  requestedImage: 'nginx:1.27',
  startedAtMs: startMs,
  ready: true,
};

function runningStatus() {
  return {
    phase: 'Running' as const,
    startTime: '2026-01-01T00:00:00Z',
    conditions: [holding('PodScheduled'), holding('Ready')],
    containerStatuses: [aStatus(running, { containerID: 'sim://1', started: true })],
  };
}

function take(worker: DrivenWorker, step: Step): void {
  if (step === grant) worker.grant();
  else if (step === deletion) {
    const meta = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };
    worker.change((pod) => ({ ...pod, metadata: { ...pod.metadata, ...meta } }));
  } else if ('fire' in step) worker.fire(step.fire);
  else if ('change' in step) worker.change(step.change);
  else worker.send(step);
}

/** JSON has no undefined: fields that hold it are not there. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, withoutUndefined(inner)]),
  );
}
