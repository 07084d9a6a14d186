// A small consumer of @kubernetes/client-node as it is: typed calls, patches of every kind, server-side apply, objects of
// any kind, a watch and an informer. Each command works in a namespace of its own and prints what it saw, one fact a line.

import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';

const config = new KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(CoreV1Api);
const apps = config.makeApiClient(AppsV1Api);
const any = KubernetesObjectApi.makeApiClient(config);

const commands = { objects, patches, apply, kinds, custom, follow };
const [command = ''] = process.argv.slice(2);
const namespace = `js-${command}`;
const labels = { app: 'web' };

await core.createNamespace({ body: { metadata: { name: namespace } } });
await commands[command]();
process.exit(0); // an informer's connection may still be open

/** Creates, reads, replaces, pages and removes through typed calls. */
async function objects() {
  const body = { metadata: { name: 'one' }, data: { key: 'värde' }, binaryData: { b: 'AP8=' } };
  const made = await core.createNamespacedConfigMap({ namespace, body });
  fact('made:', made.data.key, made.binaryData.b, made.metadata.creationTimestamp instanceof Date);
  const replaced = await core.replaceNamespacedConfigMap({
    namespace,
    name: 'one',
    body: { ...made, data: { key: 'two' } },
  });
  const stale = core.replaceNamespacedConfigMap({ namespace, name: 'one', body: made });
  fact('replaced:', replaced.data.key, 'stale:', await refusal(stale));
  fact('made twice:', await refusal(core.createNamespacedConfigMap({ namespace, body })));
  fact('not there:', await refusal(core.readNamespacedConfigMap({ namespace, name: 'nobody' })));
  fact(
    'no pod:',
    await refusal(core.createNamespacedPod({ namespace, body: { metadata: { name: 'p' }, spec: { containers: [] } } })),
  );

  for (let i = 0; i < 25; i++)
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: `p-${i}`, labels } } });
  const names = new Set();
  let pages = 0;
  let _continue;
  do {
    const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=web', limit: 10, _continue });
    for (const item of page.items) names.add(item.metadata.name);
    pages++;
    ({ _continue } = page.metadata);
  } while (_continue);
  fact('in pages:', names.size, pages);
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'app=web' });
  fact('left:', (await core.listNamespacedConfigMap({ namespace, labelSelector: 'app=web' })).items.length);
  const version = await config.makeApiClient(VersionApi).getCode();
  const may = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { namespace, verb: 'create', resource: 'pods' } } },
  });
  fact('version:', version.minor, 'may create pods:', may.status.allowed);
}

/** Patches a deployment in every way and sees its pods run. */
async function patches() {
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'nginx' }] } },
      },
    },
  });
  const patch = async (strategy, body) => {
    const options = setHeaderOptions('Content-Type', strategy);
    return apps.patchNamespacedDeployment({ namespace, name: 'web', body }, options);
  };
  const containers = ({ spec }) => spec.template.spec.containers.map(({ name }) => name).join();
  const side = { spec: { template: { spec: { containers: [{ name: 'side', image: 'busybox' }] } } } };
  fact('strategic:', containers(await patch(PatchStrategy.StrategicMergePatch, side)));
  fact(
    'json:',
    containers(await patch(PatchStrategy.JsonPatch, [{ op: 'remove', path: '/spec/template/spec/containers/1' }])),
  );
  fact('merge:', (await patch(PatchStrategy.MergePatch, { metadata: { labels } })).metadata.labels.app);
  fact(
    'a test that fails:',
    await refusal(patch(PatchStrategy.JsonPatch, [{ op: 'test', path: '/kind', value: 'Pod' }])),
  );
  const scaled = await onConflict(async () => {
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' });
    const body = { ...scale, spec: { replicas: 2 } };
    return apps.replaceNamespacedDeploymentScale({ namespace, name: 'web', body });
  });
  fact('scaled:', scaled.spec.replicas, 'by:', scaled.status.selector);
  await until(async () => {
    const { status } = await apps.readNamespacedDeploymentStatus({ namespace, name: 'web' });
    return status.availableReplicas === 2 && status.updatedReplicas === 2 && status.replicas === 2;
  });
  const pods = await core.listNamespacedPod({ namespace, fieldSelector: 'status.phase=Running' });
  // A pod of the version before stays Running while it is on its way out.
  const staying = pods.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const log = await core.readNamespacedPodLog({ namespace, name: staying[0].metadata.name });
  fact('runs:', staying.length, typeof log);
}

/** Owns fields with server-side apply. */
async function apply() {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace } };
  const applied = (manager, spec, force) =>
    any.patch({ ...service, spec }, undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  const made = await applied('one', { selector: labels, ports: [{ port: 80 }] });
  const again = await applied('one', { selector: labels, ports: [{ port: 80 }] });
  fact(
    'applied:',
    made.spec.ports[0].targetPort,
    'same revision:',
    made.metadata.resourceVersion === again.metadata.resourceVersion,
  );
  fact("another's:", await refusal(applied('two', { selector: { app: 'other' } })));
  const forced = await applied('two', { selector: { app: 'other' } }, true);
  fact(
    'forced:',
    forced.spec.selector.app,
    forced.metadata.managedFields
      .map(({ manager }) => manager)
      .sort()
      .join(),
  );
}

/** Works with objects of any kind, named in the object alone. */
async function kinds() {
  const metadata = { name: 'any', namespace };
  for (const spec of [
    { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: cronJob() },
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec: { podSelector: {} } },
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { a: 'b' } },
  ]) {
    const made = await any.create(spec);
    const patched = await any.patch(
      { ...spec, metadata: { ...metadata, labels } },
      undefined,
      undefined,
      undefined,
      undefined,
      PatchStrategy.MergePatch,
    );
    const replaced = await any.replace({ ...patched, metadata: { ...patched.metadata, annotations: { a: 'b' } } });
    const listed = await any.list(
      spec.apiVersion,
      spec.kind,
      namespace,
      undefined,
      undefined,
      undefined,
      undefined,
      'app=web',
    );
    await any.delete(spec);
    fact(
      made.kind,
      'labelled:',
      patched.metadata.labels.app,
      'annotated:',
      replaced.metadata.annotations.a,
      'listed:',
      listed.items.length,
      'removed:',
      await refusal(any.read(spec)),
    );
  }
}

function cronJob() {
  const template = { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'main', image: 'busybox' }] } };
  return { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: { template } } };
}

/** Defines a kind and works with its objects, none of which the library has a type for. */
async function custom() {
  const crew = { type: 'array', maxItems: 9, items: { type: 'string', maxLength: 20 } };
  const rule = { rule: 'self.crew.all(name, name != self.captain)', message: 'the captain is not of the crew' };
  const captain = { type: 'string', maxLength: 20 };
  const spec = {
    type: 'object',
    properties: { captain, crew },
    required: ['captain', 'crew'],
    x_kubernetes_validations: [rule],
  };
  await any.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  });
  const boat = { apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'b', namespace } };
  const objects = config.makeApiClient(CustomObjectsApi);
  const boats = { group: 'example.com', version: 'v1', namespace, plural: 'boats' };
  await until(async () => (await refusal(objects.listNamespacedCustomObject(boats))) === 'accepted');
  const made = await objects.createNamespacedCustomObject({
    ...boats,
    body: { ...boat, spec: { captain: 'jo', crew: ['al'] } },
  });
  fact('made:', made.spec.captain, made.spec.crew.join());
  const joined = { ...boat, spec: { crew: ['al', 'jo'] } };
  const patch = (body) => any.patch(body, undefined, undefined, 'js', undefined, PatchStrategy.MergePatch);
  fact('the captain as crew:', await refusal(patch(joined)));
  const patched = await patch({ ...boat, spec: { crew: ['al', 'bo'] } });
  fact('patched:', patched.spec.crew.join(), patched.metadata.generation);
  fact(
    'strategic:',
    await refusal(any.patch(joined, undefined, undefined, 'js', undefined, PatchStrategy.StrategicMergePatch)),
  );
  fact(
    'listed:',
    (await any.list('example.com/v1', 'Boat', namespace)).items.map(({ metadata }) => metadata.name).join(),
  );
}

/** Follows objects with a watch, and with an informer whose connection is given up again and again. */
async function follow() {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const first = await core.listNamespacedConfigMap({ namespace });
  const phases = [];
  const watching = await new Watch(config).watch(
    path,
    { resourceVersion: first.metadata.resourceVersion, allowWatchBookmarks: true, labelSelector: 'app=web' },
    (phase) => phases.push(phase),
    () => {},
  );
  const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: 'app=web' });
  const informer = makeInformer(config, path, list, 'app=web');
  informer.on('error', () => informer.start());
  await informer.start();
  for (let i = 0; i < 40; i++) {
    const body = { metadata: { name: `c-${i % 20}`, labels }, data: { i: String(i) } };
    if (i < 20) await core.createNamespacedConfigMap({ namespace, body });
    else if (i % 2 === 0) await core.replaceNamespacedConfigMap({ namespace, name: body.metadata.name, body });
    else await core.deleteNamespacedConfigMap({ namespace, name: body.metadata.name });
    if (i % 10 === 5) {
      await informer.stop();
      await informer.start();
    }
  }
  await until(() => phases.length === 40);
  watching.abort();
  const counted = (phase) => phases.filter((each) => each === phase).length;
  fact('watched:', counted('ADDED'), counted('MODIFIED'), counted('DELETED'));

  const versions = (items) =>
    items
      .map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)
      .sort()
      .join();
  await until(async () => versions(informer.list(namespace)) === versions((await list()).items));
  fact('the informer holds what exists:', informer.list(namespace).length);
  await informer.stop();
}

async function until(holds) {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Reads and writes again while somebody else was faster. */
async function onConflict(write) {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof ApiException) || error.code !== 409) throw error;
    }
  }
}

/** What a refused request says to programs: its code and reason. */
async function refusal(request) {
  try {
    await request;
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const body = typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
    return `${error.code} ${body.reason}`;
  }
}

function fact(...words) {
  console.log(words.join(' '));
}
