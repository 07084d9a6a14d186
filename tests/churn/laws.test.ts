// Each law of churn hears what breaks it: a few events of a history that must not be.

import { expect, test } from 'vitest';
import { ClusterEvent } from '../../infra/library/cluster-event.ts';
import type { Revision } from '../../streams/base/brand.ts';
import type { EventId } from '../../streams/log/event.ts';
import { subjectOf } from '../../streams/log/subjects.ts';
import { encodeObject } from '../../streams/resources/encode.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resourceByKind } from '../kit/given-world.ts';
import { controlledBy, meta } from '../kit/workloads.ts';
import { Invariants } from './invariants.ts';

type Step = {
  readonly object: KubeObject;
  readonly type?: string;
  readonly from?: string;
  readonly gone?: true;
  readonly user?: string;
  /** What its author had seen; the event before where absent. */
  readonly seen?: number;
};

/** What is said of a history of these steps, without revisions. */
function said(...steps: readonly Step[]): string[] {
  const invariants = new Invariants();
  steps.forEach(({ object, type = 'changed', from = null, gone, user = 'test', seen }, i) => {
    const resource = resourceByKind[object.kind] ?? { group: '', resource: '' };
    const { namespace = '', name } = object.metadata;
    const event = new ClusterEvent({
      id: `e${i}` as EventId,
      type,
      from,
      to: gone ? null : 'There',
      timeMs: i * 1_000,
      author: { user },
      cause: null,
      seen: (seen ?? i) as Revision,
      object: encodeObject(object),
      stream: 'LOG',
      subject: subjectOf({ group: resource.group, resource: resource.resource, namespace, name }),
      revision: (i + 1) as Revision,
    });
    invariants.take(event);
  });
  return invariants.broken.map((line) => line.replace(/^revision \d+: /, ''));
}

function anObject(kind: string, name: string, more: object = {}, change: Parameters<typeof meta>[1] = {}): KubeObject {
  return { apiVersion: 'v1', kind, metadata: meta(name, change), ...more } as KubeObject;
}

const aReadyPod = (name: string) =>
  anObject(
    'Pod',
    name,
    { spec: { containers: [] }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    { labels: { app: 'web' } },
  );

test('evictions beyond what a budget allows', () => {
  const controller = 'system:serviceaccount:kube-system:disruption-controller';
  const budget = (disruptedPods: object) =>
    anObject('PodDisruptionBudget', 'b', {
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      status: { disruptedPods },
    });
  const begin = [{ object: aReadyPod('a') }, { object: aReadyPod('b') }, { object: budget({}) }];
  const counted = { object: budget({}), user: controller };
  const evicted = (...pods: readonly string[]) => ({
    object: budget(Object.fromEntries(pods.map((pod) => [pod, '']))),
    user: 'system:apiserver',
  });
  expect(said(...begin, counted, evicted('a'))).toEqual([]);
  expect(said(...begin, counted, evicted('a'), evicted('a', 'b'))).toEqual([
    'changed default/b by system:apiserver promises 2 of at most 2 healthy pods, of which 1 must stay',
  ]);
});

test('a second pod of a daemon set on a node', () => {
  const set = (maxSurge: number) =>
    anObject('DaemonSet', 'ds', { spec: { updateStrategy: { rollingUpdate: { maxSurge } } } });
  const pod = (name: string) => ({
    object: anObject(
      'Pod',
      name,
      { spec: { containers: [], nodeName: 'n1' } },
      { ownerReferences: [controlledBy(set(0))] },
    ),
  });
  expect(said({ object: set(1) }, pod('a'), pod('b'))).toEqual([]);
  expect(said({ object: set(0) }, pod('a'), pod('b'))).toEqual([
    'changed default/b by test is one of 2 active pods of ds on n1',
  ]);
});

test('claims that move, share a volume, or go for no reason', () => {
  const claim = (name: string, volumeName: string) => anObject('PersistentVolumeClaim', name, { spec: { volumeName } });
  expect(said({ object: claim('a', 'v1') }, { object: claim('a', 'v2'), from: 'There' })).toEqual([
    'changed default/a by test goes from volume v1 to v2',
  ]);
  expect(said({ object: claim('a', 'v1') }, { object: claim('b', 'v1') })).toEqual([
    'changed default/b by test shares volume v1',
  ]);
  expect(said({ object: claim('a', 'v1') }, { object: claim('a', 'v1'), from: 'There', gone: true })).toEqual([
    'changed default/a by test is deleted though nothing it belongs to ends',
  ]);
});

test('a pod away from its volume', () => {
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', values: ['n2'] }] }] };
  const volume = anObject('PersistentVolume', 'v1', { spec: { nodeAffinity: { required } } }, { namespace: '' });
  const claim = anObject('PersistentVolumeClaim', 'a', { spec: { volumeName: 'v1' } });
  const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'a' } }];
  const pod = (nodeName: string) => anObject('Pod', 'p', { spec: { containers: [], nodeName, volumes } });
  const begin = [{ object: volume }, { object: claim }];
  expect(said(...begin, { object: pod('n2'), type: 'pod.scheduled' })).toEqual([]);
  expect(said(...begin, { object: pod('n1'), type: 'pod.scheduled' })).toEqual([
    'pod.scheduled default/p by test runs on n1, and its volume is on n2',
  ]);
});

test('a namespace that ends with something in it', () => {
  const namespace = anObject('Namespace', 'default', {}, { namespace: '' });
  const steps = [{ object: namespace }, { object: anObject('ConfigMap', 'left') }];
  expect(said(...steps, { object: namespace, from: 'There', gone: true })).toEqual([
    'changed default by test leaves configmaps. default/left behind',
  ]);
});

test('an autoscaler beyond its bounds', () => {
  const user = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
  const autoscaler = anObject('HorizontalPodAutoscaler', 'd', { spec: { minReplicas: 2, maxReplicas: 4 } });
  const scaled = (replicas: number) => ({ object: anObject('Deployment', 'd', { spec: { replicas } }), user });
  expect(said({ object: autoscaler }, scaled(4))).toEqual([]);
  expect(said({ object: autoscaler }, scaled(5))).toEqual([
    `changed default/d by ${user} is scaled to 5 where 2 to 4 are allowed`,
  ]);
});
