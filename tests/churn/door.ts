// The cluster as churn reaches it, and how it draws what to do. The same seed draws the same operations.

import type { Random } from '../../streams/base/random.ts';

export type Answered = { readonly status: number; readonly body: unknown };

/** The cluster as operations reach it. */
export type Door = {
  ask(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Answered>;
  readonly nodes: readonly string[];
  crash(node: string): Promise<void>;
  restart(node: string): Promise<void>;
};

export type Operation = {
  readonly name: string;
  readonly weight: number;
  run(draw: Draw, door: Door): Promise<void>;
};

/** The namespaces the churn lives in. */
export const namespaces = ['churn-a', 'churn-b', 'churn-c'];
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

const groups = {
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  daemonsets: '/apis/apps/v1',
  jobs: '/apis/batch/v1',
  cronjobs: '/apis/batch/v1',
  horizontalpodautoscalers: '/apis/autoscaling/v2',
  poddisruptionbudgets: '/apis/policy/v1',
  resourcequotas: '/api/v1',
  persistentvolumeclaims: '/api/v1',
  pods: '/api/v1',
} as const;
export type Place = keyof typeof groups;

export function pathOf(resource: Place, namespace: string, name = ''): string {
  return `${groups[resource]}/namespaces/${namespace}/${resource}${name === '' ? '' : `/${name}`}`;
}

export type Listed = {
  readonly metadata: {
    readonly name: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly ownerReferences?: unknown;
  };
};

export async function list<T extends Listed>(door: Door, path: string): Promise<readonly T[]> {
  const { body } = await door.ask('GET', path);
  return (body as { items?: readonly T[] }).items ?? [];
}

/** Makes it, or changes what is there of that name. */
export async function put(
  door: Door,
  path: string,
  object: { metadata: { name: string }; spec: object },
): Promise<void> {
  const made = await door.ask('POST', path, object);
  if (made.status === 409) await door.ask('PATCH', `${path}/${object.metadata.name}`, { spec: object.spec });
}
