// The first five minutes of a user, with the real kubectl against the real program on a real nats-server: every command
// answers as on any cluster.

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

type Deployment = {
  readonly metadata: { readonly resourceVersion: string; readonly generation: number };
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: { readonly image: string }[] } };
  };
  readonly status: {
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
  };
};
type PodList = {
  readonly items: {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: { readonly phase: string };
  }[];
};

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

describe.skipIf(kubectlPath === undefined)('stock kubectl', () => {
  const cluster = new RunningCluster();
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const image = async (name: string) =>
    (await cluster.json<Deployment>(['get', 'deployment', name])).spec.template.spec.containers[0]?.image;
  const rolledOut = (name: string) => cluster.ok(['rollout', 'status', `deployment/${name}`, '--timeout=60s']);

  test('sees three ready nodes as soon as the program says that it serves', async () => {
    const nodes = await cluster.ok(['get', 'nodes', '--no-headers']);
    expect(nodes.split('\n').map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['node-1', 'Ready'],
      ['node-2', 'Ready'],
      ['node-3', 'Ready'],
    ]);
    expect(await cluster.ok(['version'])).toMatch(/Server Version: v1\.36/);
    expect(await cluster.ok(['get', '--raw', '/readyz'])).toBe('ok');
  });

  test('creates a deployment and follows its rollout to the end', async () => {
    expect(await cluster.ok(['create', 'deployment', 'web', '--image=nginx', '--replicas=5'])).toBe(
      'deployment.apps/web created',
    );
    expect(await rolledOut('web')).toContain('deployment "web" successfully rolled out');
    const pods = await cluster.json<PodList>(['get', 'pods', '-l', 'app=web']);
    expect(pods.items.map((pod) => pod.status.phase)).toEqual(Array(5).fill('Running'));
    expect(new Set(pods.items.map((pod) => pod.spec.nodeName)).size).toBe(3);
  });

  test('watches pods as a table while the deployment is scaled to 50', async () => {
    const watching = cluster.background(['get', 'pods', '-l', 'app=web', '-o', 'wide', '-w']);
    await eventually(() => expect(watching.lines[0]).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE/));
    expect(await cluster.ok(['scale', 'deployment/web', '--replicas=50'])).toBe('deployment.apps/web scaled');
    await rolledOut('web');
    const running = () =>
      new Set(watching.lines.filter((line) => /1\/1\s+Running/.test(line)).map((line) => line.split(/\s+/)[0]));
    await eventually(() => expect(running().size).toBe(50));
    await watching.stop();
  });

  test('rolls an image out and back', async () => {
    await cluster.ok(['set', 'image', 'deployment/web', 'nginx=nginx:1.28']);
    await rolledOut('web');
    expect(await image('web')).toBe('nginx:1.28');
    expect(await cluster.ok(['rollout', 'history', 'deployment/web'])).toMatch(/1\s+<none>\n2\s+<none>/);
    expect(await cluster.ok(['rollout', 'undo', 'deployment/web'])).toBe('deployment.apps/web rolled back');
    await rolledOut('web');
    expect(await image('web')).toBe('nginx');
    const { status, spec } = await cluster.json<Deployment>(['get', 'deployment', 'web']);
    expect({ ...status, conditions: undefined }).toMatchObject({
      replicas: spec.replicas,
      updatedReplicas: 50,
      availableReplicas: 50,
    });
  });

  test('pauses, resumes and restarts a rollout', async () => {
    await cluster.ok(['scale', 'deployment/web', '--replicas=4']);
    await rolledOut('web');
    await cluster.ok(['rollout', 'pause', 'deployment/web']);
    await cluster.ok(['set', 'image', 'deployment/web', 'nginx=nginx:1.29']);
    await eventually(async () => {
      const { status, metadata } = await cluster.json<Deployment>(['get', 'deployment', 'web']);
      expect(status.observedGeneration).toBe(metadata.generation);
      expect(status.updatedReplicas ?? 0).toBe(0);
    });
    await cluster.ok(['rollout', 'resume', 'deployment/web']);
    await rolledOut('web');
    await cluster.ok(['rollout', 'restart', 'deployment/web']);
    await rolledOut('web');
    expect(await image('web')).toBe('nginx:1.29');
  });

  test('describes a pod with its events, and reads its logs', async () => {
    const [pod] = (await cluster.json<PodList>(['get', 'pods', '-l', 'app=web'])).items;
    const name = pod?.metadata.name ?? '';
    const described = await eventually(async () => {
      const text = await cluster.ok(['describe', 'pod', name]);
      // Newer clients say in front which container it is about.
      expect(text).toMatch(/Normal\s+Started\s+\S+\s+kubelet\s+(spec\.containers\{nginx\}: )?Container started/);
      return text;
    });
    expect(described).toContain(`Successfully assigned default/${name} to ${pod?.spec.nodeName}`);
    expect(described).toMatch(/Controlled By:\s+ReplicaSet\/web-/);
    expect(described).toMatch(/QoS Class:\s+BestEffort/);
    expect(await cluster.ok(['logs', name])).toContain(name);
    expect(await cluster.ok(['describe', 'deployment', 'web'])).toContain('Scaled up replica set');
    expect(await cluster.ok(['describe', 'node', 'node-1'])).toMatch(/Non-terminated Pods:/);
  });

  test('deletes a pod, which is replaced', async () => {
    const [pod] = (await cluster.json<PodList>(['get', 'pods', '-l', 'app=web'])).items;
    const name = pod?.metadata.name ?? '';
    expect(await cluster.ok(['delete', 'pod', name])).toContain(`pod "${name}" deleted`);
    await eventually(async () => {
      const pods = await cluster.json<PodList>([
        'get',
        'pods',
        '-l',
        'app=web',
        '--field-selector=status.phase=Running',
      ]);
      expect(pods.items).toHaveLength(4);
      expect(pods.items.map((item) => item.metadata.name)).not.toContain(name);
    });
  });

  test('labels, annotates, patches in three ways, and edits through an editor', async () => {
    await cluster.ok(['label', 'deployment', 'web', 'tier=front']);
    await cluster.ok(['annotate', 'deployment', 'web', 'note=hello']);
    await cluster.ok(['patch', 'deployment', 'web', '-p', '{"spec":{"minReadySeconds":1}}']);
    await cluster.ok(['patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":{"a":"b"}}}']);
    await cluster.ok([
      'patch',
      'deployment',
      'web',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/metadata/labels/a"}]',
    ]);
    const editor = cluster.file('editor.sh', '#!/bin/sh\nsed -i "s/minReadySeconds: 1/minReadySeconds: 0/" "$1"\n');
    chmodSync(editor, 0o755);
    expect(await cluster.ok(['edit', 'deployment', 'web'], { env: { KUBE_EDITOR: editor } })).toBe(
      'deployment.apps/web edited',
    );
    const labels = await cluster.ok(['get', 'deployment', 'web', '-o', 'jsonpath={.metadata.labels}']);
    expect(JSON.parse(labels)).toEqual({ app: 'web', tier: 'front' });
    expect(await cluster.ok(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.minReadySeconds}'])).toBe('');
  });

  describe('with a directory of manifests', () => {
    let directory = '';
    beforeAll(() => {
      directory = join(cluster.directory, 'manifests');
      mkdirSync(directory);
      writeFileSync(join(directory, 'deployment.yaml'), manifest('1.27'));
      writeFileSync(join(directory, 'rest.yaml'), rest);
    });

    test('applies it, finds no difference, and applies a change', async () => {
      expect((await cluster.ok(['apply', '-f', directory])).split('\n')).toEqual([
        'deployment.apps/shop created',
        'service/shop created',
        'configmap/shop created',
        'secret/shop created',
      ]);
      expect((await cluster.kubectl(['diff', '-f', directory])).code).toBe(0);
      writeFileSync(join(directory, 'deployment.yaml'), manifest('1.28'));
      const diff = await cluster.kubectl(['diff', '-f', directory]);
      expect(diff.code).toBe(1);
      expect(diff.stdout).toContain('+      - image: nginx:1.28');
      const applied = await cluster.ok(['apply', '-f', directory]);
      expect(applied).toContain('deployment.apps/shop configured');
      expect(applied).toContain('service/shop unchanged');
      await rolledOut('shop');
    });

    test('applies it on the server, where another manager has to force its way', async () => {
      expect(await cluster.ok(['apply', '--server-side', '--force-conflicts', '-f', directory])).toContain(
        'deployment.apps/shop serverside-applied',
      );
      const again = await cluster.kubectl(['apply', '--server-side', '--field-manager=other', '-f', '-'], {
        stdin: manifest('1.29'),
      });
      expect(again.code).toBe(1);
      expect(again.stderr).toContain('conflict with "kubectl": .spec.template.spec.containers[name="nginx"].image');
      expect(
        await cluster.ok(['apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', '-'], {
          stdin: manifest('1.29'),
        }),
      ).toBe('deployment.apps/shop serverside-applied');
      expect(await image('shop')).toBe('nginx:1.29');
    });

    test('finds the endpoints of its service', async () => {
      await rolledOut('shop');
      await eventually(async () => {
        const endpoints = await cluster.ok([
          'get',
          'endpoints',
          'shop',
          '-o',
          'jsonpath={.subsets[0].addresses[*].ip}',
        ]);
        expect(endpoints.split(' ')).toHaveLength(2);
        const slices = await cluster.ok([
          'get',
          'endpointslices',
          '-l',
          'kubernetes.io/service-name=shop',
          '-o',
          'jsonpath={.items[*].endpoints[*].addresses[0]}',
        ]);
        expect(slices.split(' ').sort()).toEqual(endpoints.split(' ').sort());
      });
    });

    test('deletes it', async () => {
      await cluster.ok(['delete', '-f', directory]);
      expect((await cluster.kubectl(['get', '-f', directory])).code).toBe(1);
      await eventually(async () =>
        expect((await cluster.json<PodList>(['get', 'pods', '-l', 'app=shop'])).items).toEqual([]),
      );
    });
  });

  test('explains fields with their texts', async () => {
    const text = await cluster.ok(['explain', 'deployment.spec.strategy']);
    expect(text).toMatch(/FIELD: strategy <DeploymentStrategy>/);
    expect(text).toContain('The deployment strategy to use to replace existing pods with new ones.');
    expect(text).toMatch(/rollingUpdate\s+<RollingUpdateDeployment>/);
  });

  test('creates what it sends as protobuf: namespaces, tokens, deployments', async () => {
    await cluster.ok(['create', 'namespace', 'team']);
    await eventually(() => cluster.ok(['get', 'serviceaccount', 'default', '-n', 'team']));
    expect((await cluster.ok(['create', 'token', 'default', '-n', 'team'])).split('.')).toHaveLength(3);
    expect(await cluster.ok(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).toBe('kubernetes-admin');
    expect(await cluster.ok(['auth', 'can-i', 'create', 'pods'])).toBe('yes');
  });

  test("refuses what a token may not do, in Kubernetes' words", async () => {
    const token = await cluster.ok(['create', 'token', 'default', '-n', 'team']);
    const server = await cluster.ok(['config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}']);
    const ran = await cluster.kubectl(
      ['get', 'pods', `--server=${server}`, '--insecure-skip-tls-verify', `--token=${token}`],
      {
        env: { KUBECONFIG: '/dev/null' },
      },
    );
    expect(ran.stderr).toContain(
      'pods is forbidden: User "system:serviceaccount:team:default" cannot list resource "pods" in API group "" in the namespace "default"',
    );
  });

  test('deletes a namespace with everything in it', async () => {
    await cluster.ok(['create', 'deployment', 'gone', '--image=nginx', '--replicas=3', '-n', 'team']);
    await cluster.ok(['rollout', 'status', 'deployment/gone', '-n', 'team', '--timeout=60s']);
    expect(await cluster.ok(['delete', 'namespace', 'team'])).toBe('namespace "team" deleted');
    expect((await cluster.kubectl(['get', 'namespace', 'team'])).stderr).toContain('namespaces "team" not found');
    expect(await cluster.ok(['get', 'all', '-n', 'team', '-o', 'name'])).toBe('');
  });

  test('tells simulated pods how to behave', async () => {
    await cluster.ok(['apply', '-f', '-'], {
      stdin: [
        behaving('done', 'complete'),
        behaving('broken', 'fail'),
        behaving('stuck', 'never-pull'),
        behaving('loop', 'crash-loop', 'Always'),
      ].join('---\n'),
    });
    const status = async (name: string) => (await cluster.ok(['get', 'pod', name, '--no-headers'])).split(/\s+/)[2];
    await eventually(async () => {
      expect(await status('done')).toBe('Completed');
      expect(await status('broken')).toBe('Error');
      expect(await status('stuck')).toBe('ImagePullBackOff');
      expect(await status('loop')).toBe('CrashLoopBackOff');
    });
    await cluster.ok(['delete', 'pod', 'done', 'broken', 'stuck', 'loop', '--now']);
  });

  test('cascades as asked when a deployment is deleted', async () => {
    await cluster.ok(['create', 'deployment', 'kept', '--image=nginx', '--replicas=2']);
    await rolledOut('kept');
    await cluster.ok(['delete', 'deployment', 'kept', '--cascade=orphan']);
    await eventually(async () => {
      const owners = await cluster.ok([
        'get',
        'replicasets',
        '-l',
        'app=kept',
        '-o',
        'jsonpath={.items[*].metadata.ownerReferences}',
      ]);
      expect(owners).toBe('');
    });
    expect((await cluster.json<PodList>(['get', 'pods', '-l', 'app=kept'])).items).toHaveLength(2);
    await cluster.ok(['delete', 'replicaset', '-l', 'app=kept', '--cascade=foreground']);
    expect((await cluster.json<PodList>(['get', 'pods', '-l', 'app=kept'])).items).toEqual([]);
    await cluster.ok(['delete', 'deployment', 'web']);
    await eventually(async () =>
      expect((await cluster.json<PodList>(['get', 'pods', '-l', 'app=web'])).items).toEqual([]),
    );
  });

  test('pages through lists in chunks', async () => {
    const many = Array.from(
      { length: 23 },
      (_, index) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: many-${index}, labels: {many: "1"}}\n`,
    );
    await cluster.ok(['create', '-f', '-'], { stdin: many.join('---\n') });
    const names = await cluster.ok(['get', 'configmaps', '-l', 'many=1', '--chunk-size=5', '-o', 'name']);
    expect(names.split('\n')).toHaveLength(23);
  });

  test('stops on Ctrl-C with exit code 0 and leaves no child behind', async () => {
    const { natsPid } = cluster;
    expect(await cluster.stop()).toBe(0);
    expect(() => process.kill(natsPid, 0)).toThrow(/ESRCH/);
  });
});

function manifest(tag: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, labels: {app: shop}}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: nginx, image: "nginx:${tag}", ports: [{containerPort: 80}]}
`;
}

const rest = `apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {greeting: ahoy}
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData: {password: treasure}
`;

function behaving(name: string, run: string, restartPolicy = 'Never'): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}, annotations: {simulation.shiplog.dev/run: ${run}}}
spec: {restartPolicy: ${restartPolicy}, containers: [{name: c, image: busybox}]}
`;
}
