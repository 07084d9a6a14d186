// Rolling out with the real kubectl: every command people use on a deployment, and the texts they read.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

describe.skipIf(kubectlPath === undefined)('kubectl rollout', () => {
  const cluster = new RunningCluster(['--memory']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const status = (name: string, ...more: string[]) =>
    cluster.ok(['rollout', 'status', `deployment/${name}`, '--timeout=60s', ...more]);
  const read = (name: string, path: string) => cluster.ok(['get', 'deployment', name, '-o', `jsonpath={${path}}`]);
  const image = (name: string) => read(name, '.spec.template.spec.containers[0].image');
  const condition = (name: string, type: string, field: string) =>
    read(name, `.status.conditions[?(@.type=="${type}")].${field}`);
  const setImage = (name: string, to: string) => cluster.ok(['set', 'image', `deployment/${name}`, `nginx=${to}`]);

  test('status follows a new deployment, its revisions are its history, and undo goes back', async () => {
    await cluster.ok(['create', 'deployment', 'web', '--image=nginx:1', '--replicas=3']);
    expect(await status('web')).toMatch(/deployment "web" successfully rolled out$/);
    await cluster.ok(['annotate', 'deployment/web', 'kubernetes.io/change-cause=first']);
    await setImage('web', 'nginx:2');
    expect(await status('web')).toMatch(/deployment "web" successfully rolled out$/);
    await cluster.ok(['annotate', 'deployment/web', 'kubernetes.io/change-cause=second', '--overwrite']);
    await eventually(async () =>
      expect(await cluster.ok(['rollout', 'history', 'deployment/web'])).toMatch(
        /^deployment\.apps\/web\s+REVISION +CHANGE-CAUSE\s+1 +first\s+2 +second$/,
      ),
    );
    const first = await cluster.ok(['rollout', 'history', 'deployment/web', '--revision=1']);
    expect(first).toMatch(
      /^deployment\.apps\/web with revision #1\s+Pod Template:\s+Labels:\s+app=web\s+pod-template-hash=/,
    );
    expect(first).toMatch(/Image:\s+nginx:1/);
    expect(await cluster.ok(['rollout', 'undo', 'deployment/web'])).toBe('deployment.apps/web rolled back');
    await status('web');
    expect(await image('web')).toBe('nginx:1');
    expect(await cluster.ok(['rollout', 'history', 'deployment/web'])).toMatch(
      /REVISION +CHANGE-CAUSE\s+2 +second\s+3 +\S+$/,
    );
    await cluster.ok(['rollout', 'undo', 'deployment/web', '--to-revision=2']);
    await status('web');
    expect(await image('web')).toBe('nginx:2');
    const gone = await cluster.kubectl(['rollout', 'undo', 'deployment/web', '--to-revision=9']);
    expect([gone.code, gone.stderr.trim()]).toEqual([1, 'error: unable to find specified revision 9 in history']);
  });

  test('describe and get tell of it in Kubernetes’ words', async () => {
    const text = await cluster.ok(['describe', 'deployment', 'web']);
    expect(text).toMatch(/Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable/);
    expect(text).toMatch(
      /StrategyType: +RollingUpdate\s+MinReadySeconds: +0\s+RollingUpdateStrategy: +25% max unavailable, 25% max surge/,
    );
    expect(text).toMatch(
      /Type +Status +Reason\s+-+ +-+ +-+\s+Available +True +MinimumReplicasAvailable\s+Progressing +True +NewReplicaSetAvailable/,
    );
    expect(text).toMatch(
      /OldReplicaSets: +web-\w+ \(0\/0 replicas created\)\s+NewReplicaSet: +web-\w+ \(3\/3 replicas created\)/,
    );
    expect(text).toMatch(
      /Normal +ScalingReplicaSet .* deployment-controller +Scaled up replica set web-\w+ from 0 to 3/,
    );
    expect(text).toMatch(/Scaled down replica set web-\w+ from \d to \d/);
    expect(await cluster.ok(['get', 'deployment', 'web'])).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\s+web +3\/3 +3 +3 /,
    );
    expect(await condition('web', 'Progressing', 'message')).toMatch(
      /^ReplicaSet "web-\w+" has successfully progressed\.$/,
    );
    expect(await condition('web', 'Available', 'message')).toBe('Deployment has minimum availability.');
  });

  test('pausing holds a change back and resuming lets it through; scaling does not wait', async () => {
    expect(await cluster.ok(['rollout', 'pause', 'deployment/web'])).toBe('deployment.apps/web paused');
    await setImage('web', 'nginx:3');
    await cluster.ok(['scale', 'deployment/web', '--replicas=5']);
    await eventually(async () => expect(await read('web', '.status.availableReplicas')).toBe('5'));
    expect(await condition('web', 'Progressing', 'reason')).toBe('DeploymentPaused');
    const running = await cluster.ok([
      'get',
      'pods',
      '-l',
      'app=web',
      '-o',
      'jsonpath={.items[*].spec.containers[0].image}',
    ]);
    expect(new Set(running.split(' '))).toEqual(new Set(['nginx:2']));
    const stuck = await cluster.kubectl(['rollout', 'undo', 'deployment/web']);
    expect(stuck.stderr).toContain('you cannot rollback a paused deployment; resume it first with');
    expect(await cluster.ok(['rollout', 'resume', 'deployment/web'])).toBe('deployment.apps/web resumed');
    await status('web');
    const after = await cluster.ok([
      'get',
      'rs',
      '-l',
      'app=web',
      '-o',
      'jsonpath={.items[?(@.spec.replicas==5)].spec.template.spec.containers[0].image}',
    ]);
    expect(after).toBe('nginx:3');
  });

  test('restart and set env make new revisions, and --watch=false tells where it stands', async () => {
    await cluster.ok(['rollout', 'restart', 'deployment/web']);
    await status('web');
    await cluster.ok(['set', 'env', 'deployment/web', 'COLOUR=blue']);
    await status('web');
    expect(await cluster.ok(['rollout', 'status', 'deployment/web', '--watch=false'])).toBe(
      'deployment "web" successfully rolled out',
    );
    expect(await read('web', '.metadata.annotations.deployment\\.kubernetes\\.io/revision')).toBe('7');
  });

  test('a rollout that does not move exceeds its deadline, says so, and is undone', async () => {
    await cluster.ok(['patch', 'deployment', 'web', '-p', '{"spec":{"progressDeadlineSeconds":2}}']);
    await cluster.ok(['set', 'resources', 'deployment/web', '--requests=cpu=900']);
    const ran = await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    expect([ran.code, ran.stderr.trim()]).toEqual([1, 'error: deployment "web" exceeded its progress deadline']);
    expect(await condition('web', 'Progressing', 'reason')).toBe('ProgressDeadlineExceeded');
    expect(await condition('web', 'Progressing', 'message')).toMatch(
      /^ReplicaSet "web-\w+" has timed out progressing\.$/,
    );
    expect(await condition('web', 'Available', 'status')).toBe('True');
    await cluster.ok(['rollout', 'undo', 'deployment/web']);
    await status('web');
    expect(await condition('web', 'Progressing', 'reason')).toBe('NewReplicaSetAvailable');
  });

  test('Recreate takes the old pods away before it makes new ones', async () => {
    await cluster.ok([
      'patch',
      'deployment',
      'web',
      '-p',
      '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}',
    ]);
    const watching = cluster.background([
      ...['get', 'pods', '-l', 'app=web', '-w', '-o'],
      'jsonpath={.spec.containers[0].image} {.metadata.deletionTimestamp} {.status.phase}{"\\n"}',
    ]);
    await eventually(() => expect(watching.lines.length).toBeGreaterThanOrEqual(5));
    const before = watching.lines.length;
    await setImage('web', 'nginx:9');
    await status('web');
    await watching.stop();
    const later = watching.lines.slice(before);
    // A pod that is over may still be there.
    const lastOld = later.findLastIndex((line) => !line.startsWith('nginx:9') && line.endsWith('Running'));
    expect(lastOld).toBeGreaterThan(0);
    expect(later.findIndex((line) => line.startsWith('nginx:9'))).toBeGreaterThan(lastOld);
    expect(await cluster.ok(['describe', 'deployment', 'web'])).toMatch(/StrategyType: +Recreate/);
  });

  test('a replica set that may not be made is told as the reason', async () => {
    await cluster.ok(['create', 'namespace', 'small']);
    await cluster.ok(['create', 'quota', 'sets', '--hard=count/replicasets.apps=0', '-n', 'small']);
    await eventually(async () =>
      expect(await cluster.ok(['get', 'quota', 'sets', '-n', 'small', '-o', 'jsonpath={.status.hard}'])).toContain(
        'count',
      ),
    );
    await cluster.ok(['create', 'deployment', 'web', '--image=nginx', '-n', 'small']);
    await eventually(async () => {
      const text = await cluster.ok(['describe', 'deployment', 'web', '-n', 'small']);
      expect(text).toMatch(/Progressing +False +ReplicaSetCreateError/);
      expect(text).toMatch(
        /Warning +ReplicaSetCreateError .*Failed to create new replica set "web-\w+": replicasets\.apps "web-\w+" is forbidden: exceeded quota: sets/,
      );
    });
    await cluster.ok(['delete', 'quota', 'sets', '-n', 'small']);
    await cluster.ok(['rollout', 'status', 'deployment/web', '-n', 'small', '--timeout=60s']);
  });
});
