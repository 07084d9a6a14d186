// Who may do what, with the real kubectl: roles and bindings made by it, rights asked about and used, service accounts
// and nodes that do only what they may.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueCertificate } from '../../infra/pki/issue.ts';
import { systemRandom } from '../../streams/base/random.ts';
import { eventually } from '../kit/eventually.ts';
import { readKubeconfig } from '../kit/kubeconfig.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';
import { overHttp1 } from '../kit/wire-client.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

describe.skipIf(kubectlPath === undefined)('access, with stock kubectl', () => {
  const cluster = new RunningCluster();
  beforeAll(async () => {
    await cluster.start();
    await cluster.ok(['create', 'namespace', 'team']);
  });
  afterAll(() => cluster.dispose());

  const { ok } = { ok: (...args: string[]) => cluster.ok(args) };
  const answers = async (...args: string[]) => {
    const { stdout, stderr } = await cluster.kubectl(args);
    return (stdout + stderr).trim();
  };
  const canI = async (...args: string[]) => (await cluster.kubectl(['auth', 'can-i', ...args])).stdout.trim();

  /** kubectl with these credentials and no others. */
  const as = (credentials: readonly string[]) => {
    const { server, ca } = readKubeconfig(cluster.kubeconfig);
    const authority = cluster.file('ca.crt', ca);
    const empty = cluster.file('empty-kubeconfig', 'apiVersion: v1\nkind: Config\n');
    return async (...args: string[]) => {
      const all = [
        `--kubeconfig=${empty}`,
        `--server=${server}`,
        `--certificate-authority=${authority}`,
        ...credentials,
      ];
      const { code, stdout, stderr } = await cluster.kubectl([...all, ...args]);
      return { code, text: (stdout + stderr).trim() };
    };
  };

  test('the cluster has its roles from the start, and admin, edit and view have gathered their rules', async () => {
    const roles = (await ok('get', 'clusterroles', '--no-headers', '-o', 'name')).split('\n');
    expect(roles).toHaveLength(70);
    await eventually(async () => {
      const rules = await ok('get', 'clusterrole', 'view', '-o', 'jsonpath={.rules[*].resources}');
      expect(rules).toContain('"deployments"');
    });
    expect(await ok('get', '--raw', '/readyz/poststarthook/rbac/bootstrap-roles')).toBe('ok');
  });

  test('auth whoami tells the user and the groups', async () => {
    expect(await ok('auth', 'whoami')).toMatch(
      /ATTRIBUTE\s+VALUE\nUsername\s+kubernetes-admin\nGroups\s+\[system:masters system:authenticated\]/,
    );
    expect(await ok('auth', 'whoami', '--as=jane', '--as-group=devs', '-o', 'jsonpath={.status.userInfo.groups}')).toBe(
      '["devs","system:authenticated"]',
    );
  });

  test('create role and rolebinding give a user what they say and no more', async () => {
    expect(await canI('list', 'pods', '-n', 'team', '--as=jane')).toBe('no');
    expect(await ok('create', 'role', 'pod-reader', '-n', 'team', '--verb=get,list', '--resource=pods,pods/log')).toBe(
      'role.rbac.authorization.k8s.io/pod-reader created',
    );
    expect(await ok('create', 'rolebinding', 'jane-reads', '-n', 'team', '--role=pod-reader', '--user=jane')).toBe(
      'rolebinding.rbac.authorization.k8s.io/jane-reads created',
    );
    expect(await canI('list', 'pods', '-n', 'team', '--as=jane')).toBe('yes');
    expect(await canI('get', 'pods', '--subresource=log', '-n', 'team', '--as=jane')).toBe('yes');
    expect(await canI('list', 'pods', '-n', 'default', '--as=jane')).toBe('no');
    expect(await canI('delete', 'pods', '-n', 'team', '--as=jane')).toBe('no');
    expect(await answers('get', 'pods', '-n', 'team', '--as=jane')).toContain('No resources found');
    expect(await answers('get', 'pods', '-n', 'default', '--as=jane')).toBe(
      'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    );
  });

  test('auth can-i --list prints what upstream prints', async () => {
    const lines = (await ok('auth', 'can-i', '--list', '-n', 'team', '--as=jane'))
      .split('\n')
      .map((line) => line.trimEnd());
    expect(lines[0]).toMatch(/^Resources\s+Non-Resource URLs\s+Resource Names\s+Verbs$/);
    const columns = lines.map((line) => line.split(/\s{2,}/));
    expect(columns).toContainEqual(['selfsubjectreviews.authentication.k8s.io', '[]', '[]', '[create]']);
    expect(columns).toContainEqual(['pods', '[]', '[]', '[get list]']);
    expect(columns).toContainEqual(['pods/log', '[]', '[]', '[get list]']);
    expect(columns).toContainEqual(['', '[/api/*]', '[]', '[get]']);
    const everything = (await ok('auth', 'can-i', '--list')).split('\n').map((line) => line.split(/\s{2,}/));
    expect(everything).toContainEqual(['*.*', '[]', '[]', '[*]']);
  });

  test('a role for one name, and one of the cluster for a path', async () => {
    await ok(
      'create',
      'role',
      'one-map',
      '-n',
      'team',
      '--verb=get',
      '--resource=configmaps',
      '--resource-name=settings',
    );
    await ok('create', 'rolebinding', 'one-map', '-n', 'team', '--role=one-map', '--group=devs');
    expect(await canI('get', 'configmap/settings', '-n', 'team', '--as=bob', '--as-group=devs')).toBe('yes');
    expect(await canI('get', 'configmap/other', '-n', 'team', '--as=bob', '--as-group=devs')).toBe('no');
    await ok('create', 'clusterrole', 'metrics', '--verb=get', '--non-resource-url=/metrics');
    await ok('create', 'clusterrolebinding', 'metrics', '--clusterrole=metrics', '--serviceaccount=team:scraper');
    expect(await canI('get', '/metrics', '--as=system:serviceaccount:team:scraper')).toBe('yes');
    expect(await canI('get', '/metrics', '--as=jane')).toBe('no');
  });

  test('whoever adds a kind adds its rights to view by a label', async () => {
    const widgets = () => canI('get', 'configmaps', '--subresource=widgets', '-n', 'team', '--as=amy');
    const label = 'rbac.authorization.k8s.io/aggregate-to-view=true';
    await ok('create', 'clusterrole', 'widgets-view', '--verb=get,list', '--resource=configmaps/widgets');
    await ok('label', 'clusterrole', 'widgets-view', label);
    await ok('create', 'rolebinding', 'amy-views', '-n', 'team', '--clusterrole=view', '--user=amy');
    await eventually(async () => expect(await widgets()).toBe('yes'));
    await ok('delete', 'clusterrole', 'widgets-view');
    await eventually(async () => expect(await widgets()).toBe('no'));
  });

  test('nobody gives away what they do not have', async () => {
    await ok('create', 'rolebinding', 'ada-administers', '-n', 'team', '--clusterrole=admin', '--user=ada');
    await eventually(async () => expect(await canI('create', 'roles', '-n', 'team', '--as=ada')).toBe('yes'));
    await ok('create', 'role', 'fine', '-n', 'team', '--verb=get', '--resource=pods', '--as=ada');
    expect(await answers('create', 'role', 'greedy', '-n', 'team', '--verb=get', '--resource=nodes', '--as=ada')).toBe(
      'Error from server (Forbidden): roles.rbac.authorization.k8s.io "greedy" is forbidden: user "ada" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    expect(
      await answers(
        'create',
        'rolebinding',
        'all',
        '-n',
        'team',
        '--clusterrole=cluster-admin',
        '--user=ada',
        '--as=ada',
      ),
    ).toContain(
      'is attempting to grant RBAC permissions not currently held:\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}',
    );
  });

  test('a service account does with its token what it may, and no more', async () => {
    await ok('create', 'serviceaccount', 'builder', '-n', 'team');
    await ok(
      'create',
      'rolebinding',
      'builder-edits',
      '-n',
      'team',
      '--clusterrole=edit',
      '--serviceaccount=team:builder',
    );
    const token = await ok('create', 'token', 'builder', '-n', 'team', '--duration=1h');
    const builder = as([`--token=${token}`]);
    await eventually(async () =>
      expect((await builder('create', 'configmap', 'settings', '-n', 'team', '--from-literal=a=1')).text).toBe(
        'configmap/settings created',
      ),
    );
    expect(await builder('get', 'nodes')).toEqual({
      code: 1,
      text: 'Error from server (Forbidden): nodes is forbidden: User "system:serviceaccount:team:builder" cannot list resource "nodes" in API group "" at the cluster scope',
    });
    expect((await builder('get', 'pods', '--as=jane')).text).toContain('cannot impersonate');
    expect(JSON.parse((await builder('get', '--raw', '/.well-known/openid-configuration')).text)).toMatchObject({
      issuer: 'https://kubernetes.default.svc.cluster.local',
    });
    expect((await builder('get', '--raw', '/openid/v1/jwks')).text).toContain('"kty":"EC"');
    await ok('delete', 'serviceaccount', 'builder', '-n', 'team');
    expect((await builder('get', 'configmaps', '-n', 'team')).text).toContain('You must be logged in to the server');
  });

  test('a token is bound to a pod, or kept in a secret', async () => {
    await ok('create', 'serviceaccount', 'runner', '-n', 'team');
    const secret = `{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"runner","namespace":"team","annotations":{"kubernetes.io/service-account.name":"runner"}}}`;
    await cluster.ok(['create', '-f', '-'], { stdin: secret });
    const data = (key: string) => ok('get', 'secret', 'runner', '-n', 'team', '-o', `jsonpath={.data.${key}}`);
    await eventually(async () => expect(await data('token')).not.toBe(''));
    const token = Buffer.from(await data('token'), 'base64').toString();
    expect((await as([`--token=${token}`])('auth', 'whoami')).text).toContain('system:serviceaccount:team:runner');
    expect(Buffer.from(await data('namespace'), 'base64').toString()).toBe('team');
    await ok('delete', 'serviceaccount', 'runner', '-n', 'team');
    await eventually(async () => expect(await answers('get', 'secret', 'runner', '-n', 'team')).toContain('not found'));
    await ok('run', 'web', '--image=nginx', '-n', 'team');
    const bound = await ok(
      'create',
      'token',
      'default',
      '-n',
      'team',
      '--bound-object-kind=Pod',
      '--bound-object-name=web',
    );
    const whoami = as([`--token=${bound}`]);
    expect((await whoami('auth', 'whoami')).text).toContain('Extra: authentication.kubernetes.io/pod-name');
    await ok('delete', 'pod', 'web', '-n', 'team', '--now');
    await eventually(async () => expect((await whoami('auth', 'whoami')).code).toBe(1));
  });

  test('a node reads what its pods need, by its certificate', async () => {
    const pki = join(cluster.dataDir, 'pki');
    const read = (name: string) => readFileSync(join(pki, name), 'utf8');
    const now = Date.parse('2020-01-01T00:00:00Z');
    const { certificate, key } = await issueCertificate({
      authority: { certificate: read('ca.crt'), key: read('ca.key') },
      subject: { kind: 'client', commonName: 'system:node:node-1', organisation: 'system:nodes' },
      validity: { notBefore: new Date(now), notAfter: new Date('2100-01-01T00:00:00Z') },
      random: systemRandom(),
    });
    const files = [cluster.file('node.crt', certificate), cluster.file('node.key', key)];
    const node = as([`--client-certificate=${files[0]}`, `--client-key=${files[1]}`]);
    await ok('create', 'secret', 'generic', 'needed', '-n', 'team', '--from-literal=a=1');
    await ok('create', 'secret', 'generic', 'other', '-n', 'team', '--from-literal=a=1');
    const overrides = { spec: { nodeName: 'node-1', volumes: [{ name: 's', secret: { secretName: 'needed' } }] } };
    await ok('run', 'user', '--image=nginx', '-n', 'team', `--overrides=${JSON.stringify(overrides)}`);
    expect((await node('get', 'secret', 'needed', '-n', 'team')).code).toBe(0);
    expect((await node('get', 'secret', 'other', '-n', 'team')).text).toBe(
      `Error from server (Forbidden): secrets "other" is forbidden: User "system:node:node-1" cannot get resource "secrets" in API group "" in the namespace "team": no relationship found between node 'node-1' and this object`,
    );
    expect((await node('get', 'node', 'node-1')).code).toBe(0);
    expect((await node('get', 'nodes')).text).toContain(
      "node 'node-1' cannot read all nodes, only its own Node object",
    );
  });

  test('nobody may ask after health and version, and nothing else', async () => {
    const { server, ca } = readKubeconfig(cluster.kubeconfig);
    const nobody = (path: string) => overHttp1({ port: Number(new URL(server).port), ca }, { path });
    expect(JSON.parse((await nobody('/version')).text)).toMatchObject({ major: '1' });
    expect((await nobody('/livez')).text).toBe('ok');
    expect(JSON.parse((await nobody('/api/v1/pods')).text)).toMatchObject({
      code: 403,
      message: expect.stringContaining('User "system:anonymous" cannot list resource "pods"'),
    });
    expect((await nobody('/openid/v1/jwks')).status).toBe(403);
  });

  test('the log tells who did it, acting as whom, with what, from where', async () => {
    await ok('create', 'configmap', 'audited', '-n', 'team', '--as=ada');
    const { stdout } = await cluster.shiplog([
      'events',
      '--data-dir',
      cluster.dataDir,
      '--for',
      'configmap/audited',
      '-n',
      'team',
      '-o',
      'json',
    ]);
    expect(JSON.parse(stdout.trim())).toMatchObject({
      type: 'configmap.created',
      author: {
        user: 'kubernetes-admin',
        groups: ['system:masters', 'system:authenticated'],
        impersonatedUser: 'ada',
        agent: 'kubectl-create',
        userAgent: expect.stringMatching(/^kubectl\/v1\./),
        sourceIP: expect.stringContaining('127.0.0.1'),
      },
    });
  });
});
