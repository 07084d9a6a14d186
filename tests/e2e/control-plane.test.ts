// The control plane as those who run it see it: controllers that are listed and switched, a certificate that is asked for,
// approved and used, a load balancer, and two processes on one log of which one leads.

import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, RunningCluster } from '../kit/running-cluster.ts';
import { scratchNats } from '../kit/scratch-nats.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

type Controllers = {
  readonly leader: string;
  readonly here: boolean;
  readonly items: readonly {
    readonly name: string;
    readonly enabled: boolean;
    readonly status: { readonly state: string };
  }[];
};

describe.skipIf(kubectlPath === undefined)('a control plane', () => {
  const cluster = new RunningCluster();
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const shiplog = async (...args: readonly string[]) => {
    const ran = await cluster.shiplog(args);
    if (ran.code !== 0) throw new Error(`shiplog ${args.join(' ')} failed (${ran.code}): ${ran.stderr}`);
    return ran.stdout;
  };

  test('lists its controllers with what they are doing', async () => {
    const table = await shiplog('controllers');
    expect(table).toMatch(/^NAME +STATE +WAITING +RUNNING +RECONCILES +ERRORS\n/);
    for (const name of ['deployment-controller', 'garbage-collector-controller', 'service-lb-controller']) {
      expect(table).toMatch(new RegExp(`^${name} +(idle|working) `, 'm'));
    }
    const { leader, here, items } = JSON.parse(await shiplog('controllers', '-o', 'json')) as Controllers;
    expect(here).toBe(true);
    expect(leader).not.toBe('');
    expect(items.every(({ enabled }) => enabled)).toBe(true);
  });

  test('leaves undone what a controller that is switched off would do, until it is switched on', async () => {
    expect(await shiplog('controllers', 'off', 'deployment-controller')).toBe('deployment-controller is off\n');
    expect(await shiplog('controllers', 'deployment-controller')).toMatch(/^deployment-controller +off /m);
    await cluster.ok(['create', 'deployment', 'resting', '--image=nginx']);
    // Another controller is at work meanwhile, and by then this one would have been.
    await cluster.ok(['create', 'namespace', 'meanwhile']);
    await eventually(() => cluster.ok(['get', 'serviceaccount', 'default', '-n', 'meanwhile']));
    expect(await cluster.ok(['get', 'replicasets', '-o', 'name'])).toBe('');
    await shiplog('controllers', 'on', 'deployment-controller');
    await cluster.ok(['rollout', 'status', 'deployment/resting', '--timeout=30s']);
  });

  test('says which controllers there are when one is named that is none', async () => {
    const ran = await cluster.shiplog(['controllers', 'off', 'deploy']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('There is no controller deploy; there are: namespace-controller,');
  });

  test('gives a service of type LoadBalancer an address, and takes it back with the service', async () => {
    await cluster.ok(['expose', 'deployment', 'resting', '--name=web', '--port=80', '--type=LoadBalancer']);
    await cluster.ok([
      'wait',
      'service/web',
      '--for=jsonpath={.status.loadBalancer.ingress[0].ip}=172.30.0.1',
      '--timeout=30s',
    ]);
    expect(await cluster.ok(['get', 'service', 'web'])).toMatch(/LoadBalancer\s+10\.\S+\s+172\.30\.0\.1\s+80:\d+\/TCP/);
    expect(await cluster.ok(['describe', 'service', 'web'])).toMatch(
      /EnsuringLoadBalancer .*service-controller +Ensuring load balancer[\s\S]*EnsuredLoadBalancer/,
    );
    await cluster.ok(['delete', 'service', 'web', '--timeout=30s']);
  });

  test('places nodes in zones and gives each a route', async () => {
    const zones = await cluster.ok(['get', 'nodes', '-L', 'topology.kubernetes.io/zone', '--no-headers']);
    expect(zones.match(/local-[abc]$/gm)).toEqual(['local-a', 'local-b', 'local-c']);
    await cluster.ok(['wait', 'node', '--all', '--for=condition=NetworkUnavailable=false', '--timeout=30s']);
  });

  test('signs an approved certificate request, and the certificate is good for its bearer', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'CN=jane,O=readers',
      keys,
      signingAlgorithm: algorithm,
    });
    const object = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'jane' },
      spec: {
        request: Buffer.from(request.toString('pem')).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
        expirationSeconds: 3_600,
      },
    };
    await cluster.ok(['create', '-f', '-'], { stdin: JSON.stringify(object) });
    expect(await cluster.ok(['get', 'csr', 'jane', '--no-headers'])).toMatch(/ Pending$/);
    await cluster.ok(['certificate', 'approve', 'jane']);
    await eventually(async () =>
      expect(await cluster.ok(['get', 'csr', 'jane', '--no-headers'])).toMatch(/ Approved,Issued$/),
    );
    const encoded = await cluster.ok(['get', 'csr', 'jane', '-o', 'jsonpath={.status.certificate}']);
    const certificate = Buffer.from(encoded, 'base64').toString('utf8');
    expect(new X509Certificate(certificate).subject).toBe('CN=jane\nO=readers');
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    const credentials = [
      `--client-certificate=${cluster.file('jane.crt', certificate)}`,
      `--client-key=${cluster.file('jane.key', `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`)}`,
    ];
    await cluster.ok(['config', 'set-credentials', 'jane', ...credentials]);
    const told = await cluster.ok(['auth', 'whoami', '--user=jane', '-o', 'jsonpath={.status.userInfo}']);
    expect(JSON.parse(told)).toMatchObject({ username: 'jane', groups: ['readers', 'system:authenticated'] });
  });
});

test.skipIf(kubectlPath === undefined)(
  'of two processes on one log one leads, and the other takes over when it stops',
  async () => {
    const { server, credentials } = await scratchNats();
    const url = new URL(server.url);
    url.username = credentials.api.user;
    url.password = credentials.api.password;
    const [first, second] = [0, 1].map(() => new RunningCluster(['--nats', url.href, '--nodes', '1'])) as [
      RunningCluster,
      RunningCluster,
    ];
    try {
      await first.start();
      await second.start();
      const seen = async (cluster: RunningCluster) =>
        JSON.parse((await cluster.shiplog(['controllers', '-o', 'json'])).stdout) as Controllers;
      const [leading, waiting] = [await seen(first), await seen(second)];
      expect([leading.here, waiting.here]).toEqual([true, false]);
      expect(waiting.leader).toBe(leading.leader);
      expect((await second.shiplog(['controllers'])).stderr).toContain(`The controllers run in ${leading.leader}`);
      await second.ok(['create', 'deployment', 'web', '--image=nginx']);
      await second.ok(['rollout', 'status', 'deployment/web', '--timeout=30s']);
      expect(await first.stop()).toBe(0);
      await eventually(async () => expect((await seen(second)).here).toBe(true));
      await second.ok(['scale', 'deployment', 'web', '--replicas=3']);
      await second.ok(['rollout', 'status', 'deployment/web', '--timeout=30s']);
    } finally {
      await Promise.all([first.dispose(), second.dispose()]);
    }
  },
);
