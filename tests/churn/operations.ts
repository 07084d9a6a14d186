// What users and accidents do to a cluster, drawn at random: workloads come, grow, change and go in every way Kubernetes
// has for it, and nodes fail. Each operation is a few requests; one that is refused (a lost race, a name that is taken) is
// part of life. The same seed draws the same operations.

import type { Random } from '../../streams/base/random.ts';

export type Answered = { readonly status: number; readonly body: unknown };

/** The cluster as operations reach it. */
export type Door = {
  ask(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Answered>;
  readonly nodes: readonly string[];
  crash(node: string): Promise<void>;
  restart(node: string): Promise<void>;
};

type Operation = {
  readonly name: string;
  readonly weight: number;
  run(draw: Draw, door: Door): Promise<void>;
};

const namespaces = ['churn-a', 'churn-b', 'churn-c'];
const images = ['app:1', 'app:2', 'app:3'];
const names = ['one', 'two', 'three', 'four'];

/** Draws with the few shapes that operations need. */
export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(count: number): number {
    return this.#random.int(count);
  }

  of<T>(list: readonly T[]): T {
    return list[this.#random.int(list.length)] as T;
  }

  get namespace(): string {
    return this.of(namespaces);
  }

  get name(): string {
    return this.of(names);
  }
}

const workloads = {
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  daemonsets: '/apis/apps/v1',
  jobs: '/apis/batch/v1',
  cronjobs: '/apis/batch/v1',
} as const;
type Workload = keyof typeof workloads;

const pathOf = (resource: Workload, namespace: string, name = '') =>
  `${workloads[resource]}/namespaces/${namespace}/${resource}${name === '' ? '' : `/${name}`}`;

function template(draw: Draw, labels: object, spec: object = {}, annotations: object = {}): object {
  const cpu = draw.of(['20m', '50m', '200m']);
  return {
    metadata: { labels, annotations },
    spec: {
      containers: [
        { name: 'c', image: draw.of(images), resources: { requests: { cpu, memory: draw.of(['32Mi', '128Mi']) } } },
      ],
      terminationGracePeriodSeconds: draw.of([0, 1, 5]),
      ...spec,
    },
  };
}

async function create(door: Door, resource: Workload, namespace: string, object: object): Promise<void> {
  await door.ask('POST', pathOf(resource, namespace), object);
}

const deployment = (draw: Draw) => {
  const [name, namespace] = [`d-${draw.name}`, draw.namespace];
  const labels = { app: name };
  const rolling = { maxSurge: draw.of([0, 1, '25%', '100%']), maxUnavailable: draw.of([1, '25%', '50%']) };
  const strategy = draw.below(5) === 0 ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: rolling };
  const spec = {
    replicas: draw.below(12),
    selector: { matchLabels: labels },
    strategy,
    minReadySeconds: draw.below(3),
  };
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } };
  return { namespace, object: { ...object, spec: { ...spec, template: template(draw, labels) } } };
};

const statefulSet = (draw: Draw) => {
  const [name, namespace] = [`s-${draw.name}`, draw.namespace];
  const podManagementPolicy = draw.of(['OrderedReady', 'OrderedReady', 'Parallel']);
  const labels = { app: name };
  const rollingUpdate = { partition: draw.of([0, 0, 1]) };
  const spec = {
    replicas: draw.below(6),
    serviceName: name,
    podManagementPolicy,
    selector: { matchLabels: labels },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    template: template(draw, { ...labels, 'churn/policy': podManagementPolicy }),
  };
  return { namespace, object: { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name }, spec } };
};

const job = (draw: Draw) => {
  const [name, namespace] = [`j-${draw.name}-${draw.below(1_000)}`, draw.namespace];
  const completions = 1 + draw.below(6);
  const fails = draw.below(4) === 0;
  const annotations = {
    'simulation.shiplog.dev/run': fails ? 'fail' : 'complete',
    'simulation.shiplog.dev/duration': draw.of(['200ms', '1s', '3s']),
  };
  const spec = {
    completions,
    parallelism: 1 + draw.below(completions),
    completionMode: draw.of(['Indexed', 'NonIndexed']),
    backoffLimit: draw.below(3),
    ttlSecondsAfterFinished: draw.of([1, 5, 30]),
    template: template(draw, {}, { restartPolicy: 'Never' }, annotations),
  };
  return { namespace, object: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec } };
};

const daemonSet = (draw: Draw) => {
  const [name, namespace] = [`ds-${draw.name}`, draw.namespace];
  const labels = { app: name };
  const rollingUpdate = draw.of([{ maxUnavailable: 1 }, { maxUnavailable: 0, maxSurge: 1 }]);
  const spec = {
    selector: { matchLabels: labels },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    template: template(draw, labels),
  };
  return { namespace, object: { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name }, spec } };
};

const cronJob = (draw: Draw) => {
  const [name, namespace] = [`c-${draw.name}`, draw.namespace];
  const annotations = { 'simulation.shiplog.dev/duration': draw.of(['500ms', '4s']) };
  const jobTemplate = { spec: { template: template(draw, {}, { restartPolicy: 'Never' }, annotations) } };
  const spec = { schedule: '@every 3s', concurrencyPolicy: draw.of(['Allow', 'Forbid', 'Replace']), jobTemplate };
  return { namespace, object: { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec } };
};

const prefixes: Readonly<Record<Workload, string>> = {
  deployments: 'd-',
  statefulsets: 's-',
  daemonsets: 'ds-',
  jobs: 'j-',
  cronjobs: 'c-',
};

/** One of the workloads that are there; undefined where there is none. */
async function existing(draw: Draw, door: Door, resource: Workload): Promise<string | undefined> {
  const namespace = draw.namespace;
  const { body } = await door.ask('GET', pathOf(resource, namespace));
  const items = (body as { items?: readonly { metadata: { name: string } }[] }).items ?? [];
  const own = items.filter(({ metadata }) => metadata.name.startsWith(prefixes[resource]));
  return own.length === 0 ? undefined : pathOf(resource, namespace, draw.of(own).metadata.name);
}

const patch = (resource: Workload, change: (draw: Draw) => object) => async (draw: Draw, door: Door) => {
  const path = await existing(draw, door, resource);
  if (path !== undefined) await door.ask('PATCH', path, change(draw));
};

const remove = (resource: Workload) => async (draw: Draw, door: Door) => {
  const path = await existing(draw, door, resource);
  const propagationPolicy = draw.of(['Background', 'Background', 'Foreground', 'Orphan']);
  if (path !== undefined)
    await door.ask('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy });
};

const newImage = (draw: Draw) => ({
  spec: { template: { metadata: { annotations: { turn: String(draw.below(1_000)) } } } },
});

export const operations: readonly Operation[] = [
  ...(
    [
      ['deployments', deployment, 6],
      ['statefulsets', statefulSet, 3],
      ['daemonsets', daemonSet, 1],
      ['jobs', job, 4],
      ['cronjobs', cronJob, 1],
    ] as const
  ).map(
    ([resource, make, weight]): Operation => ({
      name: `create ${resource}`,
      weight,
      run: async (draw, door) => {
        const { namespace, object } = make(draw);
        await create(door, resource, namespace, object);
      },
    }),
  ),
  {
    name: 'scale deployment',
    weight: 8,
    run: patch('deployments', (draw) => ({ spec: { replicas: draw.below(12) } })),
  },
  {
    name: 'scale stateful set',
    weight: 4,
    run: patch('statefulsets', (draw) => ({ spec: { replicas: draw.below(6) } })),
  },
  { name: 'roll deployment out', weight: 8, run: patch('deployments', newImage) },
  { name: 'roll stateful set out', weight: 3, run: patch('statefulsets', newImage) },
  { name: 'roll daemon set out', weight: 1, run: patch('daemonsets', newImage) },
  {
    name: 'pause or resume',
    weight: 3,
    run: patch('deployments', (draw) => ({ spec: { paused: draw.below(3) === 0 } })),
  },
  { name: 'suspend or resume', weight: 2, run: patch('jobs', (draw) => ({ spec: { suspend: draw.below(3) === 0 } })) },
  { name: 'delete deployment', weight: 3, run: remove('deployments') },
  { name: 'delete stateful set', weight: 2, run: remove('statefulsets') },
  { name: 'delete daemon set', weight: 1, run: remove('daemonsets') },
  { name: 'delete job', weight: 1, run: remove('jobs') },
  { name: 'delete cron job', weight: 1, run: remove('cronjobs') },
  {
    name: 'delete a pod',
    weight: 6,
    async run(draw, door) {
      const path = `/api/v1/namespaces/${draw.namespace}/pods`;
      const { body } = await door.ask('GET', path);
      const { items = [] } = body as { items?: readonly { metadata: { name: string } }[] };
      if (items.length > 0) await door.ask('DELETE', `${path}/${draw.of(items).metadata.name}`);
    },
  },
  {
    name: 'crash a node',
    weight: 1,
    run: (draw, door) => door.crash(draw.of(door.nodes)),
  },
  {
    name: 'restart a node',
    weight: 2,
    run: (draw, door) => door.restart(draw.of(door.nodes)),
  },
  {
    name: 'cordon or uncordon a node',
    weight: 2,
    async run(draw, door) {
      await door.ask('PATCH', `/api/v1/nodes/${draw.of(door.nodes)}`, {
        spec: { unschedulable: draw.below(3) === 0 || null },
      });
    },
  },
  {
    name: 'set a quota',
    weight: 1,
    async run(draw, door) {
      const path = `/api/v1/namespaces/${draw.namespace}/resourcequotas`;
      const hard = { pods: String(5 + draw.below(40)) };
      const made = await door.ask('POST', path, {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'q' },
        spec: { hard },
      });
      if (made.status === 409) await door.ask('PATCH', `${path}/q`, { spec: { hard } });
    },
  },
];

const weights = operations.reduce((sum, { weight }) => sum + weight, 0);

/** The namespaces the churn lives in. */
export async function prepare(door: Door): Promise<void> {
  for (const name of namespaces) {
    await door.ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
}

/** One operation drawn at random; its name. */
export async function churn(draw: Draw, door: Door): Promise<string> {
  let left = draw.below(weights);
  for (const { name, weight, run } of operations) {
    left -= weight;
    if (left >= 0) continue;
    await run(draw, door);
    return name;
  }
  return '';
}

/** Ends what would keep the cluster from coming to rest: quotas, crashed and cordoned nodes, pauses, cron jobs, and orphans, for which there may be no room. */
export async function calm(door: Door): Promise<void> {
  for (const node of door.nodes) {
    await door.restart(node);
    await door.ask('PATCH', `/api/v1/nodes/${node}`, { spec: { unschedulable: null } });
  }
  for (const namespace of namespaces) {
    await door.ask('DELETE', `/api/v1/namespaces/${namespace}/resourcequotas/q`);
    for (const [resource, change] of [
      ['deployments', { spec: { paused: false } }],
      ['jobs', { spec: { suspend: false } }],
      ['cronjobs', { spec: { suspend: true } }],
    ] as const) {
      const { body } = await door.ask('GET', pathOf(resource, namespace));
      const { items = [] } = body as { items?: readonly { metadata: { name: string } }[] };
      for (const { metadata } of items) await door.ask('PATCH', pathOf(resource, namespace, metadata.name), change);
    }
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const { body } = await door.ask('GET', pods);
    const { items = [] } = body as { items?: readonly { metadata: { name: string; ownerReferences?: unknown } }[] };
    for (const { metadata } of items) {
      if (metadata.ownerReferences === undefined) await door.ask('DELETE', `${pods}/${metadata.name}`);
    }
  }
}

type Resting = {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
};

/** What has not come to rest yet, in words; empty once everything is as it was declared. */
export async function unrest(door: Door): Promise<readonly string[]> {
  const restless: string[] = [];
  const each = async (resource: Workload, rests: (item: Resting) => boolean) => {
    for (const namespace of namespaces) {
      const { body } = await door.ask('GET', pathOf(resource, namespace));
      for (const item of (body as { items?: readonly Resting[] }).items ?? []) {
        if (!rests(item))
          restless.push(`${resource} ${namespace}/${item.metadata.name}: ${JSON.stringify(item.status)}`);
      }
    }
  };
  const observed = ({ metadata, status }: Resting) => status?.observedGeneration === metadata.generation;
  await each('deployments', (item) => {
    const { spec, status = {} } = item;
    const wanted = spec.replicas ?? 1;
    const counts = [status.replicas ?? 0, status.updatedReplicas ?? 0, status.availableReplicas ?? 0];
    return observed(item) && counts.every((count) => count === wanted);
  });
  await each('statefulsets', (item) => {
    const { spec, status = {} } = item;
    const wanted = spec.replicas ?? 1;
    return observed(item) && (status.replicas ?? 0) === wanted && (status.availableReplicas ?? 0) === wanted;
  });
  await each('daemonsets', (item) => {
    const {
      desiredNumberScheduled: wanted,
      updatedNumberScheduled: updated = 0,
      numberAvailable: available = 0,
    } = item.status ?? {};
    return observed(item) && updated === wanted && available === wanted;
  });
  await each('jobs', ({ status }) => status?.conditions?.some((one) => isEnd(one)) === true);
  for (const namespace of namespaces) {
    const { body } = await door.ask('GET', `/api/v1/namespaces/${namespace}/pods?fieldSelector=status.phase=Pending`);
    for (const { metadata, status } of (body as { items?: readonly Resting[] }).items ?? [])
      restless.push(`pod ${namespace}/${metadata.name} is pending: ${JSON.stringify(status?.conditions)}`);
  }
  return restless;
}

function isEnd({ type, status }: { readonly type: string; readonly status: string }): boolean {
  return status === 'True' && (type === 'Complete' || type === 'Failed');
}
