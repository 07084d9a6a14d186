// client-go and controller-runtime as they are: the program in go/ is what anybody would write, and each line it prints
// is something it saw.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunningCluster, run } from '../../kit/running-cluster.ts';
import { build, factsOf, prepare, sourceOf } from './program.ts';

const source = sourceOf('go');
const buildMs = 600_000;

/** Go's own caches keep the modules; the directory is for the program. */
const directory = await prepare({
  client: 'go',
  needs: ['go'],
  manifests: ['go.mod', 'go.sum'],
  download: () => run('go', ['mod', 'download'], { cwd: source }),
});

describe.skipIf(directory === undefined)('client-go and controller-runtime', () => {
  const cluster = new RunningCluster();
  const program = join(directory ?? '', 'client');
  const facts = (command: string) => factsOf(cluster, [program, command]);

  beforeAll(async () => {
    await Promise.all([
      cluster.start(),
      build(['go', 'build', '-o', program, '.'], { cwd: source, env: { GOFLAGS: '-p=2' } }),
    ]);
  }, buildMs);
  afterAll(() => cluster.dispose());

  test('twenty shared informers follow hundreds of objects on streaming lists, all in protobuf', async () => {
    expect(await facts('informers')).toEqual([
      'objects made before: 100',
      'informers synced: 20, by streaming lists: 20, by lists: 0',
      'all answers protobuf: true, all over HTTP/2: true',
      'objects made after: 200, all bodies protobuf: true',
      'caches equal to lists: 20',
      'objects that came once, changed and, if removed, went once: 300',
    ]);
  });

  test('one of three candidates leads; when it steps down or is cut off another takes over', async () => {
    expect(await facts('election')).toEqual([
      'one of three candidates leads',
      'it steps down and another leads: true',
      'that one is cut off and the last leads: true',
      'the lease names the leader: true, leaders before: 2',
      'two led at once: false',
    ]);
  });

  test('an operator of built-in kinds owns deployments, protobuf all the way', async () => {
    expect(await facts('labelled')).toEqual([
      'available as asked for: 2',
      'available as asked for: 3',
      'available as asked for: 1',
      'removed with its deployment',
      'streaming lists: 2, lists: 0, all bodies protobuf: true',
    ]);
  });

  test('an operator with a kind of its own defines it, serves it and cleans up after it', async () => {
    expect(await facts('operator')).toEqual([
      'the definition is established and served',
      'made with a default: replicas 2',
      'ready at generation 1, its deployment has 2 replicas, owned by Website',
      'ready at generation 2, its deployment has 3 replicas, owned by Website',
      'shrunk: Invalid [FieldValueForbidden spec.replicas]',
      'ten: Invalid [FieldValueInvalid spec.replicas]',
      'a deployment somebody removes is made again',
      'removed, the deployment is collected',
      'its event: home 3 replicas go',
      'streaming lists: 2, lists: 0, protobuf on: true',
    ]);
  });

  test('server-side apply shares an object, its status, its scale and its lists between managers', async () => {
    expect(await facts('apply')).toEqual([
      'apply creates: replicas 0, managers [ship]',
      "applied again, the spec's generation: 1",
      'a field of another manager: [FieldManagerConflict .spec.replicas]',
      'forced: replicas 2, managers [ship tug]',
      'left out: labels 0, replicas 2',
      "extracted of the tug's: replicas 2, template nil: true",
      'status applied: painted true, by [painter]',
      'scale applied: 1, by [scaler]',
      'ports of two managers: [80 443], then [443 8080]',
    ]);
  });

  test('patches of every kind change a deployment, and what cannot be patched says why', async () => {
    expect(await facts('patches')).toEqual([
      'strategic, a second container: [side=busybox main=nginx], generation 2',
      'strategic, the first changed: [side=busybox main=nginx:1.28], generation 3',
      'strategic, the second deleted: [main=nginx:1.28], generation 4',
      'merge, the list replaced: [other=nginx:1.29], generation 5',
      'json, tested and replaced: [other=nginx:1.30], generation 6',
      'json, a test that fails: Invalid',
      'json, no list: BadRequest',
      'merge, a stale revision: Conflict',
      'merge, the selector: Invalid [FieldValueInvalid spec.template.metadata.labels FieldValueInvalid spec.selector]',
      'a patch of no kind: UnsupportedMediaType',
      'the status alone: spec 0, status 7',
    ]);
  });

  test('writes collide, are refused for the right reasons, have no effect when tried, and end in their own time', async () => {
    expect(await facts('writes')).toEqual([
      'a generated name: true 5',
      'made twice: AlreadyExists, the same name: true',
      'an update that changes nothing keeps the revision: true',
      'another uid: Conflict',
      'an update of nothing: NotFound',
      'a namespace that is not there: NotFound namespaces "nowhere" not found',
      'counted by 5 writers: 50',
      'a stale revision: Conflict Operation cannot be fulfilled on configmaps "counter": the object has been modified; please apply your changes to the latest version and try again',
      'a name that is none: Invalid [FieldValueInvalid metadata.name]',
      'an empty deployment: Invalid [FieldValueRequired spec.selector FieldValueInvalid spec.template.metadata.labels FieldValueRequired spec.template.spec.containers]',
      'an odd service: Invalid [FieldValueInvalid spec.ports[0].port FieldValueInvalid spec.ports[0].targetPort FieldValueNotSupported spec.type]',
      'tried without effect: uid true, then NotFound',
      'half a trial: Invalid',
      'removed under another uid: Conflict',
      'held by a finalizer: true',
      'let go: NotFound',
      'left of the collection: 1',
    ]);
  });

  test('reads come in pages of one revision, of the past, by selectors and as metadata', async () => {
    expect(await facts('reads')).toEqual([
      'objects in pages of 20: 46, remaining [26 6], revisions: 1',
      'a continue token nobody gave: BadRequest',
      'a revision of the future: Timeout [ResourceVersionTooLarge ]',
      'a match without a revision: Invalid [FieldValueForbidden resourceVersionMatch]',
      'objects the library pages through: 44',
      'objects more than before: exactly then 0, not older than now 1',
      'labels third=0: 15',
      'labels third in (0,1): 29',
      'labels third notin (0,1): 15',
      'labels !third: 1',
      'labels third,third!=2: 29',
      'a name as a field: 1',
      'a field nobody selects by: BadRequest field label not supported: data.key',
      'half a selector: BadRequest',
      'an object that is not there: NotFound configmaps "nobody" not found',
      'metadata only: 10 and page-00, protobuf: true',
      'an object that wanders: [ADDED MODIFIED DELETED ADDED]',
    ]);
  });

  test('a watch whose connection is cut again and again misses nothing and repeats nothing', async () => {
    expect(await facts('resume')).toEqual([
      'changes told in order over 8 cuts of the connection: 200',
      'initial events without a match: Invalid [FieldValueForbidden resourceVersionMatch]',
    ]);
  });

  test('kinds without types are written, applied and followed', async () => {
    expect(await facts('dynamic')).toEqual([
      'ConfigMap: updated once, patched b, applied d by [applier]',
      'Job: updated once, patched b, applied d by [applier]',
      'NetworkPolicy: updated once, patched b, applied d by [applier]',
      'a dynamic informer, by streaming lists: 1, saw 3 secrets come and go',
    ]);
  });

  test('discovery, aggregated and plain, leads from short names to resources and their schemas', async () => {
    expect(await facts('discovery')).toEqual([
      'version 1.36',
      'groups: true, aggregated in requests: 2, plain discovery tells the same: true',
      'resources without a verb: [], preferred listed twice: []',
      'deploy is Deployment of apps/v1, namespace',
      'po is Pod of v1, namespace',
      'cm is ConfigMap of v1, namespace',
      'sts is StatefulSet of apps/v1, namespace',
      'hpa is HorizontalPodAutoscaler of autoscaling/v2, namespace',
      'netpol is NetworkPolicy of networking.k8s.io/v1, namespace',
      'pdb is PodDisruptionBudget of policy/v1, namespace',
      'sc is StorageClass of storage.k8s.io/v1, root',
      'crd is CustomResourceDefinition of apiextensions.k8s.io/v1, root',
      'csr is CertificateSigningRequest of certificates.k8s.io/v1, root',
      'events is Event of v1, namespace',
      'ingress is Ingress of networking.k8s.io/v1, namespace',
      'pods.v1. is Pod of v1, namespace',
      'jobs.batch is Job of batch/v1, namespace',
      'mapped lazily: deployments; of no kind: true',
      'OpenAPI v2 has Deployment: true, Pod: true',
      'OpenAPI v3 of apps/v1 has StatefulSetSpec: true, by hash: true',
    ]);
  });

  test('subresources scale, debug, resize and evict, and make tokens that speak for accounts', async () => {
    expect(await facts('subresources')).toEqual([
      'scaled to 2, selector app=none, stale: Conflict',
      "scaled as any kind to 0, the set's replicas: 0, generation 3",
      'a pod runs, its log is read to the end',
      'the log of no container: BadRequest',
      'ephemeral containers: 1',
      'resources changed as part of the pod: Invalid [FieldValueForbidden spec]',
      'resized to 200m, changes of the spec: 2',
      'evicted against a budget: TooManyRequests [DisruptionBudget ]',
      'evicted without one: gone',
      'the token is of system:serviceaccount:go-subresources:default in [system:serviceaccounts system:serviceaccounts:go-subresources system:authenticated]',
      'reviewed: true go-subresources:default',
    ]);
  });

  test('an impersonated user may do nothing until a role says so', async () => {
    expect(await facts('access')).toEqual([
      'an administrator may delete deployments: true',
      'jo may list pods: false, asks all the same: pods is forbidden: User "jo" cannot list resource "pods" in API group "" in the namespace "go-access"',
      'with a role: true, sees pods: 0',
      'but no secrets: Forbidden',
      'anybody of the crew may watch: true, the rules tell so: true',
    ]);
  });
});
