// The Pod Security Standards: what of a pod violates which level, in upstream's words; what a namespace's labels mean.

import { describe, expect, test } from 'vitest';
import type { CheckedSpec } from '../../../../infra/api/admission/pod-security/check.ts';
import { inDetail, policyOf, standardName, violations } from '../../../../infra/api/admission/pod-security/policy.ts';
import { aDeploymentBody, aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

const plain: CheckedSpec = { containers: [{ name: 'a' }] };
const good = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const hardened: CheckedSpec = { containers: [{ name: 'a', securityContext: good }] };

function told(spec: Body, level: 'baseline' | 'restricted', version = 'latest'): string {
  return inDetail(violations({ spec: { ...(level === 'baseline' ? plain : hardened), ...spec } }, { level, version }));
}

const one = (securityContext: Body) => ({ containers: [{ name: 'a', securityContext }] });
const two = (securityContext: Body) => ({
  containers: [
    { name: 'a', securityContext },
    { name: 'b', securityContext },
  ],
});

describe('baseline', () => {
  test.each<[spec: Body, text: string]>([
    [{}, ''],
    [
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
    [
      two({ capabilities: { add: ['NET_RAW', 'CHOWN'] } }),
      'non-default capabilities (containers "a", "b" must not include "NET_RAW" in securityContext.capabilities.add)',
    ],
    [{ hostNetwork: true, hostIPC: true }, 'host namespaces (hostNetwork=true, hostIPC=true)'],
    [{ volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [
      { containers: [{ name: 'a', ports: [{ hostPort: 80 }, { hostPort: 443 }] }] },
      'hostPort (container "a" uses hostPorts 443, 80)',
    ],
    [
      { containers: [{ name: 'a', livenessProbe: { httpGet: { host: 'x.y' } } }] },
      'probe or lifecycle host (container "a" uses probe or lifecycle host "x.y")',
    ],
    [one({ privileged: true }), 'privileged (container "a" must not set securityContext.privileged=true)'],
    [one({ procMount: 'Unmasked' }), 'procMount (container "a" must not set securityContext.procMount to "Unmasked")'],
    [{ ...one({ procMount: 'Unmasked' }), hostUsers: false }, ''],
    [
      { securityContext: { seLinuxOptions: { type: 'x', user: 'u' } }, ...one({ seLinuxOptions: { role: 'r' } }) },
      'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "x"; user may not be set; role may not be set)',
    ],
    [
      one({ seccompProfile: { type: 'Unconfined' } }),
      'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      { securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }] } },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      one({ windowsOptions: { hostProcess: true } }),
      'hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      {
        initContainers: [{ name: 'i', securityContext: { privileged: true } }],
        ephemeralContainers: [{ name: 'e', securityContext: { privileged: true } }],
      },
      'privileged (containers "i", "e" must not set securityContext.privileged=true)',
    ],
  ])('%j: %s', (spec, text) => {
    expect(told(spec, 'baseline')).toBe(text);
  });

  test('is what it was in the version asked for', () => {
    const sysctl = { securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem' }] } };
    expect(told(sysctl, 'baseline', 'v1.31')).toBe('forbidden sysctls (net.ipv4.tcp_rmem)');
    expect(told(sysctl, 'baseline', 'v1.32')).toBe('');
    const probe = { containers: [{ name: 'a', livenessProbe: { httpGet: { host: 'x' } } }] };
    expect(told(probe, 'baseline', 'v1.33')).toBe('');
  });
});

describe('restricted', () => {
  test('tells everything at once, the baseline first', () => {
    const spec = { hostNetwork: true, containers: [{ name: 'x' }] };
    expect(inDetail(violations({ spec }, { level: 'restricted', version: 'latest' }))).toBe(
      'host namespaces (hostNetwork=true), allowPrivilegeEscalation != false (container "x" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "x" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "x" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "x" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
  });

  test.each<[spec: Body, text: string]>([
    [{}, ''],
    [
      one({ ...good, capabilities: { drop: ['ALL'], add: ['NET_RAW', 'NET_BIND_SERVICE'] } }),
      'unrestricted capabilities (container "a" must not include "NET_RAW" in securityContext.capabilities.add)',
    ],
    [
      {
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'n', nfs: {} },
          { name: 'e', emptyDir: {} },
        ],
      },
      'restricted volume types (volumes "v", "n" use restricted volume types "hostPath", "nfs")',
    ],
    [
      one({ ...good, runAsNonRoot: false }),
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
    [{ securityContext: { runAsUser: 0 } }, 'runAsUser=0 (pod must not set runAsUser=0)'],
    [{ securityContext: { runAsUser: 0 }, hostUsers: false }, ''],
    [
      { securityContext: { seccompProfile: { type: 'Localhost' } }, ...one({ ...good, seccompProfile: undefined }) },
      '',
    ],
    [{ os: { name: 'windows' }, ...one({ runAsNonRoot: true }) }, ''],
  ])('%j: %s', (spec, text) => {
    expect(told(spec, 'restricted')).toBe(text);
  });
});

describe('labels', () => {
  const prefix = 'pod-security.kubernetes.io/';
  test.each<[labels: Record<string, string>, enforce: string, warn: string]>([
    [{}, 'privileged:latest', 'privileged:latest'],
    [{ enforce: 'baseline' }, 'baseline:latest', 'baseline:latest'],
    [{ enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' }, 'baseline:v1.30', 'restricted:latest'],
    [{ enforce: 'restricted', warn: 'privileged' }, 'restricted:latest', 'privileged:latest'],
    [{ enforce: 'wrong', warn: 'wrong' }, 'restricted:latest', 'privileged:latest'],
  ])('%j enforce %s and warn of %s', (labels, enforce, warn) => {
    const full = Object.fromEntries(Object.entries(labels).map(([key, value]) => [prefix + key, value]));
    const { policy } = policyOf(full);
    expect([standardName(policy.enforce), standardName(policy.warn)]).toEqual([enforce, warn]);
  });

  test('that say nothing known are refused', async () => {
    const world = await apiWorld();
    const labels = { [`${prefix}enforce`]: 'strict', [`${prefix}warn-version`]: '1.30' };
    await expect(world.create('namespaces', { metadata: { name: 'n', labels } })).rejects.toMatchObject({
      code: 422,
      message:
        'Namespace "n" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.30": must be "latest" or "v1.x"]',
    });
  });
});

describe('a namespace', () => {
  async function guarded(labels: Record<string, string>): Promise<ApiWorld> {
    const world = await apiWorld();
    const full = Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]);
    await world.create('namespaces', { metadata: { name: 'n', labels: Object.fromEntries(full) } });
    await world.create('serviceaccounts', { metadata: { name: 'default', namespace: 'n' } });
    return world;
  }
  const post = (world: ApiWorld, path: string, kind: string, body: Body) =>
    world.ask(path, {
      method: 'POST',
      body: { apiVersion: path.startsWith('/apis') ? 'apps/v1' : 'v1', kind, ...body },
    });

  test('that enforces refuses pods, and warns of what would make them', async () => {
    const world = await guarded({ enforce: 'baseline' });
    const refused = await post(world, '/api/v1/namespaces/n/pods', 'Pod', aPodBody('p', { hostPID: true }));
    expect(refused.json).toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
    });
    const spec = { hostPID: true, containers: [{ name: 'c', image: 'x' }] };
    const labels = { app: 'd' };
    const template = { metadata: { labels }, spec };
    const made = await post(
      world,
      '/apis/apps/v1/namespaces/n/deployments',
      'Deployment',
      aDeploymentBody('d', { template }),
    );
    expect([made.status, made.headers.warning]).toEqual([
      201,
      ['299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces (hostPID=true)"'],
    ]);
  });

  test('that warns answers pods with a warning', async () => {
    const world = await guarded({ warn: 'restricted' });
    const made = await post(world, '/api/v1/namespaces/n/pods', 'Pod', aPodBody('p'));
    expect(made.status).toBe(201);
    expect(String(made.headers.warning)).toContain('would violate PodSecurity \\"restricted:latest\\": allowPrivilege');
  });

  test('that changes its level is told which pods do not meet it', async () => {
    const world = await guarded({});
    for (const name of ['b', 'a', 'c']) {
      await world.create('pods', { ...aPodBody(name, { hostPID: true }), metadata: { name, namespace: 'n' } });
    }
    const answer = await world.ask('/api/v1/namespaces/n', {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
    });
    expect([answer.status, answer.headers.warning]).toEqual([
      200,
      [
        '299 - "existing pods in namespace \\"n\\" violate the new PodSecurity enforce level \\"baseline:latest\\""',
        '299 - "a (and 2 other pods): host namespaces"',
      ],
    ]);
  });
});
