// The bootstrap roles against Kubernetes 1.36's own test data: their names, their numbers, and one digest of them all.

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ensureBootstrapPolicy } from '../../../../../infra/api/auth/bootstrap/ensure-policy.ts';
import { bootstrapPolicy } from '../../../../../infra/api/auth/bootstrap/policy.ts';
import type { KubeObject } from '../../../../../streams/resources/meta.ts';
import type { Binding, ClusterRole } from '../../../../../streams/resources/rbac.ts';
import { type ApiWorld, apiWorld } from '../../../../kit/api-world.ts';

/** Of the sorted lines of JSON with sorted keys, of every object in upstream's test data. */
const upstreamDigest = '095ad36ae72371140d0c8ff8c1e707d2c7cb724522ffde5a660d9b8f35d59bed';

const clusterRoleNames = `
  admin
  cluster-admin
  edit
  system:aggregate-to-admin
  system:aggregate-to-edit
  system:aggregate-to-view
  system:auth-delegator
  system:basic-user
  system:certificates.k8s.io:certificatesigningrequests:nodeclient
  system:certificates.k8s.io:certificatesigningrequests:selfnodeclient
  system:certificates.k8s.io:kube-apiserver-client-approver
  system:certificates.k8s.io:kube-apiserver-client-kubelet-approver
  system:certificates.k8s.io:kubelet-serving-approver
  system:certificates.k8s.io:legacy-unknown-approver
  system:discovery
  system:heapster
  system:kube-aggregator
  system:kube-controller-manager
  system:kube-dns
  system:kube-scheduler
  system:kubelet-api-admin
  system:monitoring
  system:node
  system:node-bootstrapper
  system:node-problem-detector
  system:node-proxier
  system:persistent-volume-provisioner
  system:public-info-viewer
  system:service-account-issuer-discovery
  system:volume-scheduler
  view
  system:controller:attachdetach-controller
  system:controller:certificate-controller
  system:controller:clusterrole-aggregation-controller
  system:controller:cronjob-controller
  system:controller:daemon-set-controller
  system:controller:deployment-controller
  system:controller:device-taint-eviction-controller
  system:controller:disruption-controller
  system:controller:endpoint-controller
  system:controller:endpointslice-controller
  system:controller:endpointslicemirroring-controller
  system:controller:ephemeral-volume-controller
  system:controller:expand-controller
  system:controller:generic-garbage-collector
  system:controller:horizontal-pod-autoscaler
  system:controller:job-controller
  system:controller:legacy-service-account-token-cleaner
  system:controller:namespace-controller
  system:controller:node-controller
  system:controller:persistent-volume-binder
  system:controller:pod-garbage-collector
  system:controller:pv-protection-controller
  system:controller:pvc-protection-controller
  system:controller:replicaset-controller
  system:controller:replication-controller
  system:controller:resource-claim-controller
  system:controller:resourcequota-controller
  system:controller:root-ca-cert-publisher
  system:controller:route-controller
  system:controller:selinux-warning-controller
  system:controller:service-account-controller
  system:controller:service-cidrs-controller
  system:controller:service-controller
  system:controller:statefulset-controller
  system:controller:ttl-after-finished-controller
  system:controller:ttl-controller
  system:controller:validatingadmissionpolicy-status-controller
  system:controller:volumeattributesclass-protection-controller
`;

const policy = bootstrapPolicy();

describe('the bootstrap policy', () => {
  test('has the ClusterRoles of Kubernetes by name, and those of its controllers', () => {
    const names = policy.clusterRoles.map(({ metadata }) => metadata.name);
    expect(names).toEqual(clusterRoleNames.trim().split(/\s+/));
  });

  test('has as many roles, rules and bindings', () => {
    const rules = policy.clusterRoles.flatMap((role) => role.rules ?? []);
    const { clusterRoles, clusterRoleBindings, roles, roleBindings } = policy;
    expect([clusterRoles, rules, clusterRoleBindings, roles, roleBindings].map((list) => list.length)).toEqual([
      69, 310, 50, 7, 7,
    ]);
  });

  test('is upstream’s to the letter', () => {
    const lines = Object.values(policy)
      .flat()
      .map((object) => JSON.stringify(sorted(object)))
      .sort();
    expect(createHash('sha256').update(lines.join('\n')).digest('hex')).toBe(upstreamDigest);
  });
});

describe('at a start', () => {
  const ensure = ({ stack }: ApiWorld) => ensureBootstrapPolicy({ world: stack.view, writer: stack.writer });
  const roleOf = (world: ApiWorld, name: string) =>
    world.get('clusterroles.rbac.authorization.k8s.io', name) as unknown as ClusterRole;
  const change = (world: ApiWorld, kind: string, name: string, to: (object: KubeObject) => object) =>
    world.update(`${kind}.rbac.authorization.k8s.io`, name, to);

  test('what is there is not written again', async () => {
    const world = await apiWorld({ roles: true });
    const before = (await world.events()).length;
    await ensure(world);
    expect((await world.events()).length).toBe(before);
  });

  test('what a role lacks is added, and what people added stays', async () => {
    const world = await apiWorld({ roles: true });
    const own = { verbs: ['get'], apiGroups: [''], resources: ['configmaps'] };
    await change(world, 'clusterroles', 'system:kube-dns', (role) => ({ ...role, rules: [own] }));
    await ensure(world);
    const text = roleOf(world, 'system:kube-dns').rules?.map((rule) => `${rule.verbs} ${rule.resources}`);
    expect(text).toEqual(['get configmaps', 'list endpoints', 'watch endpoints', 'list services', 'watch services']);
  });

  test('who a binding lacks is added', async () => {
    const world = await apiWorld({ roles: true });
    const jane = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' };
    await change(world, 'clusterrolebindings', 'system:monitoring', (binding) => ({ ...binding, subjects: [jane] }));
    await ensure(world);
    const binding = world.get('clusterrolebindings.rbac.authorization.k8s.io', 'system:monitoring');
    expect((binding as unknown as Binding).subjects?.map(({ name }) => name)).toEqual(['jane', 'system:monitoring']);
  });

  test('what says that it is not to be updated is left alone', async () => {
    const world = await apiWorld({ roles: true });
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await change(world, 'clusterroles', 'system:discovery', (role) => ({
      ...role,
      metadata: { ...role.metadata, annotations },
      rules: [],
    }));
    await ensure(world);
    expect(roleOf(world, 'system:discovery').rules).toEqual([]);
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
