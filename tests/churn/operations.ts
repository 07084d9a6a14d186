// What users and accidents do to a cluster, drawn at random: workloads come, grow, change and go in every way Kubernetes
// has for it, and nodes fail. Each operation is a few requests; one that is refused (a lost race, a name that is taken) is
// part of life.

import { type Door, type Draw, list, namespaces, type Operation, type Place, pathOf } from './door.ts';
import { guards } from './guards.ts';
import { troubles } from './troubles.ts';
import { cronJob, daemonSet, deployment, job, type Made, statefulSet } from './workloads.ts';

const prefixes = { deployments: 'd-', statefulsets: 's-', daemonsets: 'ds-', jobs: 'j-', cronjobs: 'c-' } as const;
type Workload = keyof typeof prefixes & Place;

/** One of the workloads that are there; undefined where there is none. */
async function existing(draw: Draw, door: Door, resource: Workload): Promise<string | undefined> {
  const namespace = draw.namespace;
  const items = await list(door, pathOf(resource, namespace));
  const own = items.filter(({ metadata }) => metadata.name.startsWith(prefixes[resource]));
  return own.length === 0 ? undefined : pathOf(resource, namespace, draw.of(own).metadata.name);
}

function create(resource: Workload, weight: number, make: (draw: Draw) => Made): Operation {
  return {
    name: `create ${resource}`,
    weight,
    async run(draw, door) {
      const { namespace, object } = make(draw);
      await door.ask('POST', pathOf(resource, namespace), object);
    },
  };
}

function patch(name: string, weight: number, resource: Workload, change: (draw: Draw) => object): Operation {
  return {
    name,
    weight,
    async run(draw, door) {
      const path = await existing(draw, door, resource);
      if (path !== undefined) await door.ask('PATCH', path, change(draw));
    },
  };
}

function remove(resource: Workload, weight: number): Operation {
  return {
    name: `delete ${resource}`,
    weight,
    async run(draw, door) {
      const path = await existing(draw, door, resource);
      const propagationPolicy = draw.of(['Background', 'Background', 'Foreground', 'Orphan']);
      if (path === undefined) return;
      await door.ask('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy });
    },
  };
}

const newTemplate = (draw: Draw) => ({
  spec: { template: { metadata: { annotations: { turn: String(draw.below(1_000)) } } } },
});
const often = (draw: Draw) => draw.below(3) === 0;

export const operations: readonly Operation[] = [
  create('deployments', 6, deployment),
  create('statefulsets', 3, statefulSet),
  create('daemonsets', 1, daemonSet),
  create('jobs', 4, job),
  create('cronjobs', 1, cronJob),
  patch('scale deployment', 8, 'deployments', (draw) => ({ spec: { replicas: draw.below(12) } })),
  patch('scale stateful set', 4, 'statefulsets', (draw) => ({ spec: { replicas: draw.below(6) } })),
  patch('roll deployment out', 8, 'deployments', newTemplate),
  patch('roll stateful set out', 3, 'statefulsets', newTemplate),
  patch('roll daemon set out', 1, 'daemonsets', newTemplate),
  patch('pause or resume', 3, 'deployments', (draw) => ({ spec: { paused: often(draw) } })),
  patch('suspend or resume', 2, 'jobs', (draw) => ({ spec: { suspend: often(draw) } })),
  remove('deployments', 3),
  remove('statefulsets', 2),
  remove('daemonsets', 1),
  remove('jobs', 1),
  remove('cronjobs', 1),
  ...guards,
  ...troubles,
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
