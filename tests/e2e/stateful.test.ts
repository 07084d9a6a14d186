// Stateful sets, daemon sets and replication controllers as people use them: the order of a roll-out, its history and
// its undoing, scaling, nodes that are chosen later, and what `describe` tells.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

const stateful = `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: 'db:1'}]}
`;

const claiming = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: disk}
spec:
  serviceName: disk
  replicas: 2
  podManagementPolicy: Parallel
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Delete}
  selector: {matchLabels: {app: disk}}
  template:
    metadata: {labels: {app: disk}}
    spec: {containers: [{name: disk, image: 'disk:1', volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`;

const daemon = (name: string, more = '') => `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: agent, image: 'agent:1'}]${more}}
`;

const legacy = `
apiVersion: v1
kind: ReplicationController
metadata: {name: old}
spec:
  replicas: 2
  selector: {app: old}
  template:
    metadata: {labels: {app: old}}
    spec: {containers: [{name: old, image: 'old:1'}]}
`;

describe.skipIf(kubectlPath === undefined)('workloads with a place for each pod', () => {
  const cluster = new RunningCluster(['--nodes', '3']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const kubectl = (command: string, stdin?: string) =>
    cluster.ok(command.split(' '), stdin === undefined ? {} : { stdin });
  const apply = (manifest: string) => kubectl('apply -f -', manifest);
  const rolledOut = (what: string) => kubectl(`rollout status ${what} --timeout=60s`);
  const read = async (what: string, path: string) => (await kubectl(`get ${what} -o jsonpath=${path}`)).split(' ');
  /** Messages of the object's events in the order they came. */
  const told = async (kind: string, name: string) => {
    const args = ['get', 'events', `--field-selector=involvedObject.kind=${kind},involvedObject.name=${name}`];
    const events = await cluster.json<{ items: { message: string; metadata: { resourceVersion: string } }[] }>(args);
    return events.items
      .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ message }) => message);
  };
  const columns = async (what: string) => (await kubectl(`get ${what} --no-headers`)).split(/\s+/).slice(0, -1);

  describe('a stateful set', () => {
    test('comes up in order, each pod with its identity', async () => {
      await apply(stateful);
      expect(await rolledOut('sts/db')).toContain('partitioned roll out complete: 3 new pods have been updated...');
      const created = [0, 1, 2].map((i) => `Create Pod db-${i} in StatefulSet db successful`);
      expect(await eventually(async () => sameLength(await told('StatefulSet', 'db'), created))).toEqual(created);
      expect(await columns('sts db')).toEqual(['db', '3/3']);
      expect(await read('pod db-1', '{.spec.hostname}')).toEqual(['db-1']);
      expect(await read('pod db-1', '{.spec.subdomain}')).toEqual(['db']);
      const labels = JSON.parse(await kubectl('get pod db-1 -o jsonpath={.metadata.labels}'));
      expect(labels).toMatchObject({
        app: 'db',
        'apps.kubernetes.io/pod-index': '1',
        'controller-revision-hash': expect.stringMatching(/^db-[a-z0-9]+$/),
        'statefulset.kubernetes.io/pod-name': 'db-1',
      });
      const text = await kubectl('describe sts db');
      expect(text).toMatch(/Replicas: +3 desired \| 3 total\n/);
      expect(text).toMatch(/Update Strategy: +RollingUpdate\n +Partition: +0\n/);
      expect(text).toMatch(/Normal +SuccessfulCreate +\S+ +statefulset-controller +Create Pod db-0 in StatefulSet db/);
    });

    test('is updated from the last pod down, and remembers what it was', async () => {
      await kubectl('set image sts/db db=db:2');
      await rolledOut('sts/db');
      const deleted = async () => (await told('StatefulSet', 'db')).filter((message) => message.startsWith('Delete'));
      const order = [2, 1, 0].map((i) => `Delete Pod db-${i} in StatefulSet db successful`);
      expect(await eventually(async () => sameLength(await deleted(), order))).toEqual(order);
      expect(await kubectl('rollout history sts/db')).toMatch(/REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/);
      expect(await kubectl('rollout history sts/db --revision=1')).toMatch(/Image:\s+db:1/);
      const [, revision] = await columns('controllerrevisions -l app=db --sort-by=.revision');
      expect(revision).toBe('statefulset.apps/db');
    });

    test('goes back to the template before, which then is the newest revision', async () => {
      expect(await kubectl('rollout undo sts/db')).toBe('statefulset.apps/db rolled back');
      await rolledOut('sts/db');
      expect(await read('pods -l app=db', '{.items[*].spec.containers[0].image}')).toEqual(['db:1', 'db:1', 'db:1']);
      expect(await kubectl('rollout history sts/db')).toMatch(/\n2 +<none>\n3 +<none>/);
      expect(await kubectl('rollout undo sts/db --to-revision=2')).toBe('statefulset.apps/db rolled back');
      await rolledOut('sts/db');
      expect(await read('pods -l app=db', '{.items[*].spec.containers[0].image}')).toEqual(['db:2', 'db:2', 'db:2']);
      const refused = await cluster.kubectl(['rollout', 'undo', 'sts/db', '--to-revision=9']);
      expect(refused.stderr).toContain('unable to find specified revision 9 in history');
    });

    test('is updated only down to its partition', async () => {
      await kubectl('patch sts db --type=merge -p {"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}');
      await kubectl('set image sts/db db=db:3');
      expect(await rolledOut('sts/db')).toContain('partitioned roll out complete: 1 new pods have been updated...');
      const images = await eventually(async () => {
        const images = await read('pods -l app=db', '{.items[*].spec.containers[0].image}');
        expect(images).toEqual(['db:2', 'db:2', 'db:3']);
        return images;
      });
      expect(images.length).toBe(3);
      await kubectl('patch sts db --type=merge -p {"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}');
      await rolledOut('sts/db');
    });

    test('is scaled up at the end and down from the end', async () => {
      // A set of its own: from the tenth like note on, what is told is combined into one Event.
      await apply(stateful.replaceAll('db', 'tall'));
      await kubectl('scale sts/tall --replicas=5');
      await eventually(async () => expect(await columns('sts tall')).toEqual(['tall', '5/5']));
      await kubectl('scale sts/tall --replicas=1');
      await eventually(async () => expect(await kubectl('get pods -l app=tall -o name')).toBe('pod/tall-0'));
      await eventually(async () => {
        const deleted = (await told('StatefulSet', 'tall')).filter((message) => message.startsWith('Delete'));
        expect(deleted).toEqual([4, 3, 2, 1].map((i) => `Delete Pod tall-${i} in StatefulSet tall successful`));
      });
      await kubectl('delete sts/tall');
    });

    test('has claims for its pods, and gives up those of pods it needs no more', async () => {
      await apply(claiming);
      const claims = () => kubectl('get pvc -o name');
      await eventually(async () => {
        expect(await claims()).toBe('persistentvolumeclaim/data-disk-0\npersistentvolumeclaim/data-disk-1');
        expect(await kubectl('get pods -l app=disk -o name')).toBe('pod/disk-0\npod/disk-1');
      });
      expect(await read('pod disk-1', '{.spec.volumes[?(@.name=="data")].persistentVolumeClaim.claimName}')).toEqual([
        'data-disk-1',
      ]);
      await eventually(async () => {
        const created = 'Create Claim data-disk-0 Pod disk-0 in StatefulSet disk success';
        expect(await told('StatefulSet', 'disk')).toContain(created);
      });
      await kubectl('scale sts/disk --replicas=1');
      await eventually(async () => expect(await claims()).toBe('persistentvolumeclaim/data-disk-0'));
      await kubectl('delete sts disk');
      expect(await claims()).toBe('persistentvolumeclaim/data-disk-0');
    });

    test('goes with its pods and its history', async () => {
      await kubectl('delete sts db');
      await eventually(async () => {
        expect(await kubectl('get pods,controllerrevisions -l app=db -o name')).toBe('');
      });
    });
  });

  describe('a daemon set', () => {
    test('has a pod on every node', async () => {
      await apply(daemon('agent'));
      expect(await rolledOut('ds/agent')).toContain('daemon set "agent" successfully rolled out');
      expect(await columns('ds agent')).toEqual(['agent', '3', '3', '3', '3', '3', '<none>']);
      const nodes = await read('pods -l app=agent', '{.items[*].spec.nodeName}');
      expect(nodes.toSorted()).toEqual(['node-1', 'node-2', 'node-3']);
      const text = await kubectl('describe ds agent');
      expect(text).toMatch(/Desired Number of Nodes Scheduled: 3\n/);
      expect(text).toMatch(/Number of Nodes Misscheduled: 0\n/);
      expect(text).toMatch(/Normal +SuccessfulCreate +\S+ +daemonset-controller +Created pod: agent-/);
    });

    test('is updated, remembered and undone', async () => {
      await kubectl('set image ds/agent agent=agent:2');
      await rolledOut('ds/agent');
      expect(await kubectl('rollout history ds/agent')).toMatch(/\n1 +<none>\n2 +<none>/);
      expect(await kubectl('rollout undo ds/agent')).toBe('daemonset.apps/agent rolled back');
      await rolledOut('ds/agent');
      const images = await read('pods -l app=agent', '{.items[*].spec.containers[0].image}');
      expect(images).toEqual(['agent:1', 'agent:1', 'agent:1']);
      expect(await kubectl('rollout history ds/agent')).toMatch(/\n2 +<none>\n3 +<none>/);
      await kubectl('rollout restart ds/agent');
      await rolledOut('ds/agent');
      await kubectl(
        'patch ds agent --type=merge -p {"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":0,"maxSurge":1}}}}',
      );
      await kubectl('set image ds/agent agent=agent:3');
      await rolledOut('ds/agent');
    });

    test('follows the labels of nodes', async () => {
      await apply(daemon('chosen', ', nodeSelector: {tier: front}'));
      await eventually(async () => {
        expect(await columns('ds chosen')).toEqual(['chosen', '0', '0', '0', '0', '0', 'tier=front']);
      });
      await kubectl('label node node-2 tier=front');
      await eventually(async () =>
        expect(await columns('ds chosen')).toEqual(['chosen', '1', '1', '1', '1', '1', 'tier=front']),
      );
      expect(await read('pods -l app=chosen', '{.items[*].spec.nodeName}')).toEqual(['node-2']);
      await kubectl('label node node-2 tier-');
      await eventually(async () => expect(await kubectl('get pods -l app=chosen -o name')).toBe(''));
    });

    test('keeps its pods on a node that is drained', async () => {
      await kubectl('drain node-3 --ignore-daemonsets --timeout=30s');
      expect(await read('pods -l app=agent', '{.items[*].spec.nodeName}')).toContain('node-3');
      await kubectl('uncordon node-3');
    });
  });

  test('a replication controller is scaled, adopts and lets go', async () => {
    await apply(legacy);
    await eventually(async () => expect(await columns('rc old')).toEqual(['old', '2', '2', '2']));
    await kubectl('scale rc/old --replicas=3');
    await eventually(async () => expect(await columns('rc old')).toEqual(['old', '3', '3', '3']));
    const [first = ''] = await read('pods -l app=old', '{.items[*].metadata.name}');
    await kubectl(`label pod ${first} app=free --overwrite`);
    await eventually(async () => {
      expect(await read(`pod ${first}`, '{.metadata.ownerReferences}')).toEqual(['']);
      expect(await columns('rc old')).toEqual(['old', '3', '3', '3']);
    });
    await kubectl('scale rc/old --replicas=1');
    await eventually(async () => expect(await columns('rc old')).toEqual(['old', '1', '1', '1']));
    const text = await kubectl('describe rc old');
    expect(text).toMatch(/Replicas: +1 current \/ 1 desired\n/);
    expect(text).toMatch(/Normal +SuccessfulDelete .* replication-controller +.*Deleted pod: old-/);
  });
});

/** Events are recorded a moment after what they tell of. */
function sameLength<T>(found: readonly T[], expected: readonly T[]): readonly T[] {
  expect(found.length).toBe(expected.length);
  return found;
}
