// Every command of kubectl that speaks to the API, a line or two each, as it answers on any cluster: the generators of
// `create`, every output of `get`, replacing, waiting, setting, pruning, proxying, deleting in each way.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

/** One command, split at spaces (`_` stands for one within an argument), and what it prints. */
type Line = readonly [command: string, printed: string | RegExp];

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  const cluster = new RunningCluster(['--nodes', '2']);
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const words = (command: string) => command.split(' ').map((word) => word.replaceAll('_', ' '));
  const kubectl = (command: string) => cluster.ok(words(command));
  const refused = async (command: string) => {
    const ran = await cluster.kubectl(words(command));
    expect(ran.code).not.toBe(0);
    return ran.stderr.trim();
  };
  const lines = (title: string, table: readonly Line[]) =>
    describe(title, () => {
      test.each(table)('%s', async (command, printed) => {
        const said = await kubectl(command);
        if (typeof printed === 'string') expect(said).toBe(printed);
        else expect(said).toMatch(printed);
      });
    });

  lines('create', [
    ['create namespace team', 'namespace/team created'],
    ['create configmap settings --from-literal=a=1 --from-literal=b=2', 'configmap/settings created'],
    ['create secret generic words --from-literal=password=x', 'secret/words created'],
    [
      'create secret docker-registry pull --docker-server=r --docker-username=u --docker-password=p',
      'secret/pull created',
    ],
    ['create serviceaccount robot', 'serviceaccount/robot created'],
    ['create deployment web --image=nginx --replicas=2 --port=80', 'deployment.apps/web created'],
    ['create service clusterip plain --tcp=80:8080', 'service/plain created'],
    ['create service nodeport outside --tcp=80', 'service/outside created'],
    ['create service loadbalancer balanced --tcp=80', 'service/balanced created'],
    ['create service externalname elsewhere --external-name=example.com', 'service/elsewhere created'],
    ['create ingress shop --rule=shop.example.com/*=plain:80', 'ingress.networking.k8s.io/shop created'],
    ['create job once --image=busybox -- true', 'job.batch/once created'],
    ['create cronjob nightly --image=busybox --schedule=0_3_*_*_*', 'cronjob.batch/nightly created'],
    ['create quota many --hard=pods=100,services=50', 'resourcequota/many created'],
    ['create priorityclass high --value=1000', 'priorityclass.scheduling.k8s.io/high created'],
    ['create poddisruptionbudget web --selector=app=web --min-available=1', 'poddisruptionbudget.policy/web created'],
    ['create role reader --verb=get,list --resource=pods', 'role.rbac.authorization.k8s.io/reader created'],
    ['create rolebinding reader --role=reader --user=jane', 'rolebinding.rbac.authorization.k8s.io/reader created'],
    ['create clusterrole viewer --verb=get --resource=nodes', 'clusterrole.rbac.authorization.k8s.io/viewer created'],
    [
      'create clusterrolebinding viewer --clusterrole=viewer --group=people',
      'clusterrolebinding.rbac.authorization.k8s.io/viewer created',
    ],
    ['create token robot', /^[\w-]+\.[\w-]+\.[\w-]+$/],
    ['create configmap dry --from-literal=a=1 --dry-run=server', 'configmap/dry created (server dry run)'],
    ['run lone --image=nginx --labels=app=lone', 'pod/lone created'],
    ['expose deployment web --port=80 --name=front', 'service/front exposed'],
    ['autoscale deployment web --min=1 --max=4 --cpu-percent=80', 'horizontalpodautoscaler.autoscaling/web autoscaled'],
    ['rollout status deployment/web --timeout=60s', /successfully rolled out/],
    ['wait pod/lone --for=condition=Ready --timeout=60s', 'pod/lone condition met'],
  ]);

  lines('get', [
    ['get deployment web -o name', 'deployment.apps/web'],
    ['get deployment web -o jsonpath={.spec.replicas}', '2'],
    ['get deployment web -o go-template={{.metadata.name}}', 'web'],
    ['get deployment web -o yaml', /^apiVersion: apps\/v1\nkind: Deployment\n/],
    ['get deployment web -o json --show-managed-fields', /"manager": "kubectl-create"/],
    ['get deployments -o wide', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +2\/2 /],
    ['get deployments --show-labels', /LABELS\nweb .*app=web$/],
    ['get pods -l app=web -L app --no-headers', /^web-\S+ +1\/1 +Running +0 +\S+ +web\nweb-/],
    [
      'get configmaps --sort-by=.metadata.name -o custom-columns=NAME:.metadata.name',
      /^NAME\nkube-root-ca.crt\nsettings$/,
    ],
    ['get pods --field-selector=status.phase=Running,metadata.name=lone -o name', 'pod/lone'],
    ['get pods --field-selector=spec.nodeName!=node-1,spec.nodeName!=node-2 -o name', ''],
    ['get all -l app=web -o name', /deployment.apps\/web[\s\S]*replicaset.apps\/web-/],
    ['get pods,services -o name', /pod\/lone[\s\S]*service\/kubernetes/],
    ['get secrets --chunk-size=1 -o name', 'secret/pull\nsecret/words'],
    ['get --raw /api/v1/namespaces/team', /"kind":"Namespace"/],
    ['get deployment web --subresource=scale -o jsonpath={.spec.replicas}', '2'],
    ['get deployment missing --ignore-not-found', ''],
    ['get hpa web', /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\nweb +Deployment\/web /],
    [
      'get cronjob nightly',
      /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\nnightly +0 3 \* \* \* +<none> +False /,
    ],
    ['get ingress shop', /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\nshop +<none> +shop.example.com +80 /],
    ['get pdb web', /^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\nweb +1 +N\/A +\d /],
    [
      'api-versions',
      /^admissionregistration.k8s.io\/v1\napiextensions.k8s.io\/v1\napiregistration.k8s.io\/v1\napps\/v1\n/,
    ],
    ['api-resources --namespaced=false -o name', /^componentstatuses\n|^namespaces\n/],
    [
      'api-resources --api-group=batch --no-headers',
      /^cronjobs +cj +batch\/v1 +true +CronJob\njobs +batch\/v1 +true +Job$/,
    ],
    ['cluster-info', /Kubernetes control plane.* is running at .*https:/],
    ['events --for=pod/lone', /(?=[\s\S]*Scheduled)(?=[\s\S]*Started)/],
    ['describe deployment web', /^Name: +web\nNamespace: +default\n/],
    ['describe quota many', /pods +\d+ +100/],
    ['explain hpa.spec.metrics --api-version=autoscaling/v2', /FIELD: metrics <\[\]MetricSpec>/],
    [
      'explain deployment.spec --recursive',
      /strategy\t<DeploymentStrategy>[\s\S]*rollingUpdate\t<RollingUpdateDeployment>/,
    ],
    ['auth can-i create pods', 'yes'],
    ['auth whoami -o jsonpath={.status.userInfo.groups}', /system:masters/],
    ['config current-context', 'shiplog'],
  ]);

  lines('change', [
    ['set image deployment/web nginx=nginx:1.27', 'deployment.apps/web image updated'],
    ['set env deployment/web COLOUR=blue', 'deployment.apps/web env updated'],
    [
      'set resources deployment/web --requests=cpu=10m,memory=16Mi',
      'deployment.apps/web resource requirements updated',
    ],
    ['set serviceaccount deployment/web robot', 'deployment.apps/web serviceaccount updated'],
    ['set selector service/plain app=web', 'service/plain selector updated'],
    ['set subject rolebinding/reader --user=joe', 'rolebinding.rbac.authorization.k8s.io/reader subjects updated'],
    ['label pods lone tier=back', 'pod/lone labeled'],
    ['label pods lone tier-', 'pod/lone unlabeled'],
    ['annotate pods lone note=x', 'pod/lone annotated'],
    ['scale deployment/web --replicas=3 --current-replicas=2', 'deployment.apps/web scaled'],
    ['rollout status deployment/web --timeout=60s', /successfully rolled out/],
    ['rollout history deployment/web', /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/],
    ['rollout restart deployment/web', 'deployment.apps/web restarted'],
    [
      'patch deployment web --subresource=scale --type=merge -p {"spec":{"replicas":2}}',
      'scale.autoscaling/web patched',
    ],
    ['patch deployment web -p {"spec":{"minReadySeconds":1}}', 'deployment.apps/web patched'],
    ['patch namespace default -p {"metadata":{"labels":{"a":"b"}}}', 'namespace/default patched'],
    // A namespace: nobody writes its status between the client's read and its patch.
    ['patch namespace default -p {"metadata":{"labels":{"a":"b"}}}', 'namespace/default patched (no change)'],
    [
      'patch deployment web --type=json -p [{"op":"remove","path":"/spec/minReadySeconds"}]',
      'deployment.apps/web patched',
    ],
    ['cordon node-2', 'node/node-2 cordoned'],
    ['uncordon node-2', 'node/node-2 uncordoned'],
    ['taint nodes node-2 special=true:NoSchedule', 'node/node-2 tainted'],
    ['taint nodes node-2 special-', 'node/node-2 untainted'],
    ['wait deployment/web --for=jsonpath={.status.readyReplicas}=2 --timeout=60s', 'deployment.apps/web condition met'],
  ]);

  describe('files', () => {
    const settings = (value: string) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'filed', labels: { set: 'a' } },
        data: { value },
      });

    test('create, replace and force their way', async () => {
      const file = cluster.file('settings.json', settings('1'));
      expect(await cluster.ok(['create', '-f', file])).toBe('configmap/filed created');
      expect(await refused(`create -f ${file}`)).toContain('(AlreadyExists)');
      cluster.file('settings.json', settings('2'));
      expect((await cluster.kubectl(['diff', '-f', file])).stdout).toContain('+  value: "2"');
      expect(await cluster.ok(['replace', '-f', file])).toBe('configmap/filed replaced');
      expect(await cluster.ok(['replace', '--force', '-f', file])).toContain('configmap/filed replaced');
      expect(await kubectl('get configmap filed -o jsonpath={.data.value}')).toBe('2');
    });

    test('apply remembers what was applied, shows and changes it', async () => {
      const file = cluster.file('applied.json', settings('3'));
      await cluster.ok(['apply', '-f', file]);
      expect(await cluster.ok(['apply', 'view-last-applied', 'configmap/filed', '-o', 'json'])).toContain(
        '"value": "3"',
      );
      cluster.file('applied.json', settings('4'));
      expect(await cluster.ok(['apply', 'set-last-applied', '-f', file])).toBe('configmap/filed configured');
      expect(await cluster.ok(['apply', '-f', file])).toBe('configmap/filed configured');
      expect(await cluster.ok(['apply', '-f', file])).toBe('configmap/filed unchanged');
      expect(await cluster.ok(['apply', '--server-side', '-f', file])).toBe('configmap/filed serverside-applied');
    });

    test('apply prunes what is no longer there', async () => {
      const other = JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'other', labels: { set: 'a' } },
      });
      await cluster.ok(['apply', '-f', '-'], { stdin: other });
      const file = cluster.file('kept.json', settings('5'));
      const said = await cluster.ok([
        'apply',
        '--prune',
        '-l',
        'set=a',
        '--prune-allowlist=core/v1/ConfigMap',
        '-f',
        file,
      ]);
      expect(said).toContain('configmap/other pruned');
    });

    test('a kustomization is applied and deleted', async () => {
      const directory = join(cluster.directory, 'kustomized');
      mkdirSync(directory, { recursive: true });
      writeFileSync(
        join(directory, 'kustomization.yaml'),
        'namePrefix: k-\nconfigMapGenerator:\n- name: made\n  literals: [a=b]\n',
      );
      expect(await cluster.ok(['apply', '-k', directory])).toMatch(/^configmap\/k-made-\w+ created$/);
      expect(await cluster.ok(['delete', '-k', directory])).toMatch(/^configmap "k-made-\w+" deleted/);
    });

    test('roles are reconciled', async () => {
      const role = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'reader', namespace: 'default' },
        rules: [{ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get'] }],
      };
      const said = await cluster.ok(['auth', 'reconcile', '-f', '-'], { stdin: JSON.stringify(role) });
      expect(said).toContain('role.rbac.authorization.k8s.io/reader reconciled');
    });

    test('a certificate request is approved or denied', async () => {
      const { execFileSync } = await import('node:child_process');
      const key = join(cluster.directory, 'csr.key');
      const args = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-subj', '/CN=jane'];
      const pem = execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
      for (const [name, verb] of [
        ['good', 'approve'],
        ['bad', 'deny'],
      ] as const) {
        const request = {
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          metadata: { name },
          spec: { request: pem.toString('base64'), signerName: 'example.com/signer', usages: ['client auth'] },
        };
        await cluster.ok(['create', '-f', '-'], { stdin: JSON.stringify(request) });
        await cluster.ok(['certificate', verb, name]);
        const condition = await kubectl(`get csr ${name} -o jsonpath={.status.conditions[0].type}`);
        expect(condition).toBe(verb === 'approve' ? 'Approved' : 'Denied');
      }
    });
  });

  test('proxy serves the API on a port of its own', async () => {
    const child = spawn(kubectlPath ?? 'kubectl', ['proxy', '--port=0'], {
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const port = await new Promise<string>((resolve) =>
        child.stdout.on('data', (chunk: Buffer) => {
          const found = /127\.0\.0\.1:(\d+)/.exec(chunk.toString());
          if (found?.[1] !== undefined) resolve(found[1]);
        }),
      );
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/team`);
      expect(await answer.json()).toMatchObject({ kind: 'Namespace', metadata: { name: 'team' } });
    } finally {
      child.kill();
    }
  });

  test('logs follow, and tell of several pods', async () => {
    expect(await kubectl('logs lone')).not.toBe('');
    expect(await kubectl('logs -l app=web --prefix --tail=1')).toMatch(/^\[pod\/web-[\w-]+\/nginx\] /);
  });

  describe('is told clearly', () => {
    test.each([
      ['get pods missing', 'Error from server (NotFound): pods "missing" not found'],
      ['get nonsense', `error: the server doesn't have a resource type "nonsense"`],
      ['scale deployment/web --replicas=5 --current-replicas=9', 'Expected replicas to be 9, was 2'],
      ['get pods --field-selector=spec.image=x', 'field label not supported: spec.image'],
      ['create -f /nowhere.yaml', 'does not exist'],
      ['delete namespace default', 'is forbidden: this namespace may not be deleted'],
      [
        'patch deployment web -p {"spec":{"replicas":"two"}}',
        'The request is invalid: patch: Invalid value: "map[spec:map[replicas:two]]": unrecognized type: int32',
      ],
    ])('%s', async (command, text) => {
      expect(await refused(command)).toContain(text);
    });
  });

  lines('delete', [
    ['delete pod lone --grace-period=0 --force', /pod "lone" force deleted/],
    ['delete configmaps,secrets -l set=a', /configmap "filed" deleted/],
    ['delete service --field-selector=metadata.name=outside', /service "outside" deleted/],
    ['delete deployment web --cascade=orphan', /deployment.apps "web" deleted/],
    ['get replicasets -l app=web -o name', /^replicaset.apps\/web-/],
    ['delete replicasets -l app=web --cascade=foreground', /replicaset.apps "web-\S+" deleted/],
    ['wait pod -l app=web --for=delete --timeout=60s', ''],
    ['delete cronjob nightly --dry-run=server', /\(server dry run\)/],
    ['delete jobs --all', /job.batch "once" deleted/],
    ['delete namespace team --wait', /namespace "team" deleted/],
  ]);
});
