// Discovery as upstream's server of 1.36 tells it: every kind in one line, the documents in every form, and hashes of
// stored versions that client libraries compare.

import { describe, expect, test } from 'vitest';
import { localApiServices } from '../../../../infra/api/discovery/api-services.ts';
import { aggregated, groupList, legacyVersions, resourceList } from '../../../../infra/api/discovery/resources.ts';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import { apiWorld } from '../../../kit/api-world.ts';

type Resource = {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
};

/** What Kubernetes itself serves: metrics-server's kinds are served here too. */
const kinds = allKinds().filter(({ group }) => group !== 'metrics.k8s.io');
const everything = [...new Set(kinds.map(({ group, version }) => `${group}/${version}`))].flatMap((id) => {
  const [group = '', version = ''] = id.split('/');
  const list = resourceList(kinds, { group, version }) as { readonly resources: readonly Resource[] };
  return list.resources.map((resource) => ({ group: group === '' ? version : `${group}/${version}`, ...resource }));
});

const resources = everything.filter(({ name }) => !name.includes('/'));

/** As `kubectl api-resources` of 1.36 prints them: NAME SHORTNAMES APIVERSION NAMESPACED KIND, and the storage hash. */
const golden = `
bindings - v1 true Binding -
componentstatuses cs v1 false ComponentStatus -
configmaps cm v1 true ConfigMap qFsyl6wFWjQ=
endpoints ep v1 true Endpoints fWeeMqaN/OA=
events ev v1 true Event r2yiGXH7wu8=
limitranges limits v1 true LimitRange EBKMFVe6cwo=
namespaces ns v1 false Namespace Q3oi5N2YM8M=
nodes no v1 false Node XwShjMxG9Fs=
persistentvolumeclaims pvc v1 true PersistentVolumeClaim QWTyNDq0dC4=
persistentvolumes pv v1 false PersistentVolume HN/zwEC+JgM=
pods po v1 true Pod xPOwRZ+Yhw8=
podtemplates - v1 true PodTemplate LIXB2x4IFpk=
replicationcontrollers rc v1 true ReplicationController Jond2If31h0=
resourcequotas quota v1 true ResourceQuota 8uhSgffRX6w=
secrets - v1 true Secret S6u1pOWzb84=
serviceaccounts sa v1 true ServiceAccount pbx9ZvyFpBE=
services svc v1 true Service 0/CO1lhkEBI=
apiservices - apiregistration.k8s.io/v1 false APIService InPBPD7+PqM=
controllerrevisions - apps/v1 true ControllerRevision 85nkx63pcBU=
daemonsets ds apps/v1 true DaemonSet dd7pWHUlMKQ=
deployments deploy apps/v1 true Deployment 8aSe+NMegvE=
replicasets rs apps/v1 true ReplicaSet P1RzHs8/mWQ=
statefulsets sts apps/v1 true StatefulSet H+vl74LkKdo=
events ev events.k8s.io/v1 true Event r2yiGXH7wu8=
selfsubjectreviews - authentication.k8s.io/v1 false SelfSubjectReview -
tokenreviews - authentication.k8s.io/v1 false TokenReview -
localsubjectaccessreviews - authorization.k8s.io/v1 true LocalSubjectAccessReview -
selfsubjectaccessreviews - authorization.k8s.io/v1 false SelfSubjectAccessReview -
selfsubjectrulesreviews - authorization.k8s.io/v1 false SelfSubjectRulesReview -
subjectaccessreviews - authorization.k8s.io/v1 false SubjectAccessReview -
horizontalpodautoscalers hpa autoscaling/v2 true HorizontalPodAutoscaler qwQve8ut294=
horizontalpodautoscalers hpa autoscaling/v1 true HorizontalPodAutoscaler qwQve8ut294=
cronjobs cj batch/v1 true CronJob sd5LIXh4Fjs=
jobs - batch/v1 true Job mudhfqk/qZY=
certificatesigningrequests csr certificates.k8s.io/v1 false CertificateSigningRequest 95fRKMXA+00=
ingressclasses - networking.k8s.io/v1 false IngressClass l/iqIbDgFyQ=
ingresses ing networking.k8s.io/v1 true Ingress 39NQlfNR+bo=
ipaddresses ip networking.k8s.io/v1 false IPAddress 3f/plJFChNE=
networkpolicies netpol networking.k8s.io/v1 true NetworkPolicy YpfwF18m1G8=
servicecidrs - networking.k8s.io/v1 false ServiceCIDR gNLvruQhW2g=
poddisruptionbudgets pdb policy/v1 true PodDisruptionBudget EVWiDmWqyJw=
clusterrolebindings - rbac.authorization.k8s.io/v1 false ClusterRoleBinding 48tpQ8gZHFc=
clusterroles - rbac.authorization.k8s.io/v1 false ClusterRole bYE5ZWDrJ44=
rolebindings - rbac.authorization.k8s.io/v1 true RoleBinding eGsCzGH6b1g=
roles - rbac.authorization.k8s.io/v1 true Role 7FuwZcIIItM=
csidrivers - storage.k8s.io/v1 false CSIDriver hL6j/rwBV5w=
csinodes - storage.k8s.io/v1 false CSINode Pe62DkZtjuo=
csistoragecapacities - storage.k8s.io/v1 true CSIStorageCapacity xeVl+2Ly1kE=
storageclasses sc storage.k8s.io/v1 false StorageClass K+m6uJwbjGY=
volumeattachments - storage.k8s.io/v1 false VolumeAttachment tJx/ezt6UDU=
volumeattributesclasses vac storage.k8s.io/v1 false VolumeAttributesClass tIjydgKBC5w=
mutatingadmissionpolicies - admissionregistration.k8s.io/v1 false MutatingAdmissionPolicy LYmCf+UMVdg=
mutatingadmissionpolicybindings - admissionregistration.k8s.io/v1 false MutatingAdmissionPolicyBinding 90V5FRZZ3Zg=
mutatingwebhookconfigurations - admissionregistration.k8s.io/v1 false MutatingWebhookConfiguration Sqi0GUgDaX0=
validatingadmissionpolicies - admissionregistration.k8s.io/v1 false ValidatingAdmissionPolicy 6OxvlMmQ6is=
validatingadmissionpolicybindings - admissionregistration.k8s.io/v1 false ValidatingAdmissionPolicyBinding v9715VZqakg=
validatingwebhookconfigurations - admissionregistration.k8s.io/v1 false ValidatingWebhookConfiguration B0wHjQmsGNk=
customresourcedefinitions crd,crds apiextensions.k8s.io/v1 false CustomResourceDefinition jfWCUB31mvA=
priorityclasses pc scheduling.k8s.io/v1 false PriorityClass 1QwjyaZjj3Y=
leases - coordination.k8s.io/v1 true Lease gqkMMb/YqFM=
runtimeclasses - node.k8s.io/v1 false RuntimeClass WQTu1GL3T2Q=
endpointslices - discovery.k8s.io/v1 true EndpointSlice qgS0xkrxYAI=
deviceclasses - resource.k8s.io/v1 false DeviceClass Yk2PTc1Ybxk=
resourceclaims - resource.k8s.io/v1 true ResourceClaim wgAZaHcZxUg=
resourceclaimtemplates - resource.k8s.io/v1 true ResourceClaimTemplate TuzjC49aUfM=
resourceslices - resource.k8s.io/v1 false ResourceSlice KsC072WgaEY=
flowschemas - flowcontrol.apiserver.k8s.io/v1 false FlowSchema GJVAJZSZBIw=
prioritylevelconfigurations - flowcontrol.apiserver.k8s.io/v1 false PriorityLevelConfiguration Kir5PVfvNeI=
`;

test('every kind has upstream’s names, scope and storage hash', () => {
  const lines = resources.map(
    ({ name, shortNames = [], group, namespaced, kind, storageVersionHash = '-' }) =>
      `${name} ${shortNames.join(',') || '-'} ${group} ${namespaced} ${kind} ${storageVersionHash}`,
  );
  expect(lines.join('\n')).toBe(golden.trim());
});

test('categories gather what belongs together', () => {
  const of = (category: string) =>
    [...new Set(resources.filter(({ categories }) => categories?.includes(category)).map(({ name }) => name))].sort();
  expect(of('all')).toEqual([
    'cronjobs',
    'daemonsets',
    'deployments',
    'horizontalpodautoscalers',
    'jobs',
    'pods',
    'replicasets',
    'replicationcontrollers',
    'services',
    'statefulsets',
  ]);
  expect(of('api-extensions')).toEqual([
    'apiservices',
    'customresourcedefinitions',
    'mutatingadmissionpolicies',
    'mutatingadmissionpolicybindings',
    'mutatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
    'validatingwebhookconfigurations',
  ]);
});

test('only the lists of the core group do not say their version', () => {
  expect(Object.keys(resourceList(kinds, { group: '', version: 'v1' }) ?? {})).not.toContain('apiVersion');
  expect(resourceList(kinds, { group: 'apps', version: 'v1' })).toMatchObject({ apiVersion: 'v1' });
  expect(legacyVersions('h')).not.toHaveProperty('apiVersion');
  expect(groupList(kinds)).toMatchObject({ apiVersion: 'v1' });
});

test('the aggregated document tells groups and versions of bodies only where they are others', () => {
  const document = aggregated(kinds, { core: false, apiVersion: 'apidiscovery.k8s.io/v2' });
  const { items } = document as { items: { metadata: object; versions: { resources: { resource: string }[] }[] }[] };
  const apps = items.find(({ metadata }) => 'name' in metadata && metadata.name === 'apps');
  expect(apps?.metadata).toEqual({ name: 'apps' });
  expect(apps?.versions[0]?.resources.find(({ resource }) => resource === 'deployments')).toEqual({
    resource: 'deployments',
    responseKind: { group: '', version: '', kind: 'Deployment' },
    scope: 'Namespaced',
    singularResource: 'deployment',
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: [
      {
        subresource: 'scale',
        responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
        verbs: ['get', 'patch', 'update'],
      },
      {
        subresource: 'status',
        responseKind: { group: '', version: '', kind: 'Deployment' },
        verbs: ['get', 'patch', 'update'],
      },
    ],
  });
});

test('every group version but the aggregation layer’s own is registered as an APIService', () => {
  const services = localApiServices(kinds).map(({ metadata: { name }, spec }) => [
    name,
    spec.groupPriorityMinimum,
    spec.versionPriority,
  ]);
  expect(services).toContainEqual(['v1.', 18_000, 1]);
  expect(services).toContainEqual(['v2.autoscaling', 17_500, 30]);
  expect(services).toContainEqual(['v1.storage.k8s.io', 16_800, 15]);
  expect(services).toHaveLength(21);
  const custom = { ...(kinds[1] as (typeof kinds)[number]), group: 'x.example.com', version: 'v1' };
  expect(localApiServices([custom])).toEqual([
    expect.objectContaining({
      metadata: { name: 'v1.x.example.com', labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
      spec: { group: 'x.example.com', version: 'v1', groupPriorityMinimum: 1_000, versionPriority: 100 },
    }),
  ]);
});

describe('a document of discovery', () => {
  test.each(['/api', '/apis', '/apis/apps', '/apis/apps/v1', '/api/v1'])(
    '%s comes as JSON, YAML and protobuf',
    async (path) => {
      const world = await apiWorld();
      for (const type of ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']) {
        const answer = await world.ask(path, { headers: { accept: type } });
        expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
        if (type.endsWith('protobuf')) expect(answer.bytes.subarray(0, 4)).toEqual(Buffer.from([0x6b, 0x38, 0x73, 0]));
      }
      expect((await world.ask(path, { headers: { accept: 'text/html' } })).status).toBe(406);
      await world.stop();
    },
  );
});

test('component statuses are computed, selected and tabled', async () => {
  const world = await apiWorld();
  const list = await world.ok<{ items: { metadata: { name: string } }[] }>('/api/v1/componentstatuses');
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['scheduler', 'controller-manager', 'etcd-0']);
  const one = await world.ok<{ items: object[] }>('/api/v1/componentstatuses?fieldSelector=metadata.name%3Detcd-0');
  expect(one.items).toHaveLength(1);
  const table = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
  const answer = await world.ask('/api/v1/componentstatuses/scheduler', { headers: table });
  expect((answer.json.rows as { cells: unknown[] }[]).map(({ cells }) => cells)).toEqual([
    ['scheduler', 'Healthy', 'ok', ''],
  ]);
  expect(answer.headers.warning).toEqual(['299 - "v1 ComponentStatus is deprecated in v1.19+"']);
  expect(await world.refused('/api/v1/componentstatuses/x')).toMatchObject({ code: 404 });
  expect(await world.refused('/api/v1/componentstatuses', { method: 'POST', body: {} })).toMatchObject({ code: 405 });
  await world.stop();
});
