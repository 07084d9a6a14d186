// Nodes and pods for scheduling tests in few words, and plugins asked directly.

import { ClusterSnapshot } from '../../actors/scheduler/cluster-snapshot.ts';
import { CycleState } from '../../actors/scheduler/cycle-state.ts';
import type { FilterPlugin, ScorePlugin } from '../../actors/scheduler/framework.ts';
import type { NodeInfo } from '../../actors/scheduler/node-info.ts';
import { PodShapes } from '../../actors/scheduler/pod-shape.ts';
import type { Labels, OwnerReference } from '../../streams/resources/meta.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import type { Container, Pod, PodSpec, PodStatus, Quantities } from '../../streams/resources/pod.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

export type NodeTraits = {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly more?: Quantities;
  readonly labels?: Labels;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  readonly images?: Readonly<Record<string, number>>;
};

export function aNode(name: string, traits: NodeTraits = {}): Node {
  const { cpu = '4', memory = '32Gi', pods = '110', more, labels, taints, unschedulable, images = {} } = traits;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-of-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints && { taints }), ...(unschedulable === undefined ? undefined : { unschedulable }) },
    status: {
      allocatable: { cpu, memory, pods, ...more },
      images: Object.entries(images).map(([image, sizeBytes]) => ({ names: [image], sizeBytes })),
    },
  };
}

export type PodTraits = Partial<PodSpec> & {
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Labels;
  readonly cpu?: string;
  readonly memory?: string;
  readonly more?: Quantities;
  readonly image?: string;
  readonly hostPort?: number;
  readonly owner?: string;
  readonly generation?: number;
  readonly deleting?: boolean;
  readonly status?: PodStatus;
};

export function aPod(name: string, traits: PodTraits = {}): Pod {
  const {
    namespace = 'default',
    uid = `uid-of-${name}`,
    labels,
    owner,
    generation = 1,
    deleting,
    status,
    ...rest
  } = traits;
  const { cpu, memory, more, image = 'app:1', hostPort, ...spec } = rest;
  const requests = { ...(cpu && { cpu }), ...(memory && { memory }), ...more };
  const container: Container = {
    name: 'main',
    image,
    resources: { requests },
    ...(hostPort === undefined ? undefined : { ports: [{ containerPort: hostPort, hostPort, protocol: 'TCP' }] }),
  };
  const owners: OwnerReference[] = [
    { apiVersion: 'apps/v1', kind: owner ?? '', name: 'owner', uid: 'uid-of-owner', controller: true },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid,
      generation,
      ...(labels && { labels }),
      ...(owner !== undefined && { ownerReferences: owners }),
      ...(deleting && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: { schedulerName: 'default-scheduler', containers: [container], ...spec },
    status: status ?? { phase: 'Pending' },
  };
}

export type Given = {
  readonly nodes: readonly Node[];
  /** Pods that already stand somewhere: their spec names the node. */
  readonly placed?: readonly Pod[];
  readonly namespaces?: Readonly<Record<string, Labels>>;
  /** Objects of other kinds, see given-world.ts. */
  readonly world?: ObjectReader;
};

export type Scene = { readonly cluster: ClusterSnapshot; readonly shapes: PodShapes };

export function aScene({ nodes, placed = [], namespaces = {}, world }: Given): Scene {
  const cluster = new ClusterSnapshot(world);
  const shapes = new PodShapes();
  for (const [name, labels] of Object.entries(namespaces)) cluster.setNamespace(name, labels);
  for (const node of nodes) cluster.setNode(node);
  for (const pod of placed) cluster.place(shapes.acquire(pod), pod.spec.nodeName ?? '');
  return { cluster, shapes };
}

/** Node → `ok` or the reasons, as the plugin alone sees it; a single text where it rejects the pod outright. */
export function verdicts(plugin: FilterPlugin, pod: Pod, given: Given): Readonly<Record<string, string>> | string {
  const { cluster, shapes } = aScene(given);
  const info = shapes.acquire(pod);
  const result =
    plugin.scope === 'node' ? plugin.preFilter(info.shape) : plugin.preFilter(info, cluster, new CycleState());
  if (result.kind === 'reject') return result.rejection.reasons.join('; ');
  return Object.fromEntries(
    cluster.nodes.map((node) => {
      if (result.kind === 'skip') return [node.name, 'ok'];
      if (result.nodes !== undefined && !result.nodes.has(node.name)) return [node.name, 'not asked'];
      const rejection = result.filter(node);
      if (rejection === undefined) return [node.name, 'ok'];
      return [node.name, `${rejection.reasons.join('; ')}${rejection.resolvable ? '' : ' (unresolvable)'}`];
    }),
  );
}

/** Node → score from 0 to 100, normalised among all nodes; undefined where the plugin has nothing to say. */
export function scores(plugin: ScorePlugin, pod: Pod, given: Given): Readonly<Record<string, number>> | undefined {
  const { cluster, shapes } = aScene(given);
  const info = shapes.acquire(pod);
  const nodes: readonly NodeInfo[] = cluster.nodes;
  const scorer =
    plugin.scope === 'node' ? plugin.preScore(info.shape) : plugin.preScore(info, cluster, nodes, new CycleState());
  if (scorer === undefined) return undefined;
  const values = Float64Array.from(nodes, (node) => scorer(node));
  plugin.normalizeScore?.(values);
  return Object.fromEntries(nodes.map(({ name }, i) => [name, values[i] ?? Number.NaN]));
}
