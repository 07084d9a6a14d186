// What must hold at every moment whatever a cluster goes through, checked event by event from the log alone. A controller
// decides by what it has seen: an event says which revision that was (`seen`), so a bound is held against the most that
// was allowed at any moment from then on, and nothing is excused beyond that.

import { rolloutBounds } from '../../actors/controllers/deployment-bounds.ts';
import { isPodReady } from '../../actors/pod/pod-conditions.ts';
import type { ClusterEvent } from '../../infra/library/cluster-event.ts';
import { controllerOf, type KubeObject } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import { milliValue, quantityOf, wholeValue } from '../../streams/resources/quantity.ts';
import type { Deployment, ReplicaSet } from '../../streams/resources/workload.ts';
import { type Amounts, exceeds, plus, zero } from './amounts.ts';
import { AutoscalerLaw } from './autoscaler-law.ts';
import { BudgetLaw } from './budget-law.ts';
import { DaemonLaw } from './daemon-law.ts';
import { History } from './history.ts';
import { kindOf, type Law } from './law.ts';
import { NamespaceLaw } from './namespace-law.ts';
import { StorageLaw } from './storage-law.ts';

type PodFacts = {
  readonly pod: Pod;
  readonly node: string;
  /** Not over, and not on its way out. */
  readonly active: boolean;
  /** Takes place on its node. */
  readonly placed: boolean;
  readonly ready: boolean;
  readonly owner: string;
};

type Sized = {
  readonly spec: { readonly replicas?: number; readonly parallelism?: number; readonly completions?: number };
};

export class Invariants {
  /** What was broken, in words, with the revision that broke it. */
  readonly broken: string[] = [];
  /** How many events of which kind were looked at. */
  events = 0;
  #revision = 0;
  readonly #pods = new Map<string, PodFacts>();
  readonly #podsByOwner = new Map<string, Set<string>>();
  readonly #usedOn = new Map<string, Amounts>();
  readonly #nodes = new Map<string, Node>();
  readonly #replicaSets = new Map<string, ReplicaSet>();
  readonly #deployments = new Map<string, History<number>>();
  readonly #sizes = new Map<string, History<number>>();
  readonly #succeeded = new Map<string, number>();
  readonly #readiness = new Map<string, History<boolean>>();
  readonly #podLimits = new Map<string, History<number>>();
  readonly budgets = new BudgetLaw((event, wrong) => this.#complain(event, wrong));
  readonly storage = new StorageLaw((event, wrong) => this.#complain(event, wrong));
  readonly namespaces = new NamespaceLaw((event, wrong) => this.#complain(event, wrong));
  readonly autoscalers = new AutoscalerLaw((event, wrong) => this.#complain(event, wrong));
  readonly #laws: readonly Law[] = [
    this.budgets,
    this.storage,
    this.namespaces,
    this.autoscalers,
    new DaemonLaw((event, wrong) => this.#complain(event, wrong)),
  ];

  take(event: ClusterEvent): void {
    this.events++;
    if (event.revision <= this.#revision) this.#complain(event, `comes after revision ${this.#revision}`);
    this.#revision = event.revision;
    if (event.anomaly !== undefined) this.#complain(event, `is an anomaly: ${event.anomaly}`);
    const { object } = event;
    if (object === undefined) return;
    for (const law of this.#laws) law.take(event, object);
    switch (kindOf(event)) {
      case 'pods.':
        this.#pod(event, object as unknown as Pod);
        break;
      case 'nodes.':
        if (event.to === null) this.#nodes.delete(event.name);
        else this.#nodes.set(event.name, object as unknown as Node);
        break;
      case 'deployments.apps':
        this.#deployment(event, object as unknown as Deployment);
        break;
      case 'replicasets.apps':
        this.#replicaSet(event, object as unknown as ReplicaSet);
        break;
      case 'jobs.batch':
        this.#job(event, object);
        break;
      case 'statefulsets.apps':
        this.#size(event, object, (object as unknown as Sized).spec.replicas ?? 1);
        break;
      case 'resourcequotas.':
        this.#quota(event, object);
        break;
    }
  }

  #complain(event: ClusterEvent, wrong: string): void {
    const name = event.namespace === '' ? event.name : `${event.namespace}/${event.name}`;
    this.broken.push(`revision ${event.revision}: ${event.type} ${name} by ${event.author.user} ${wrong}`);
  }

  #pod(event: ClusterEvent, pod: Pod): void {
    const key = `${event.namespace}/${event.name}`;
    const before = this.#pods.get(key);
    const gone = event.to === null;
    if (before !== undefined && before.pod.metadata.uid === pod.metadata.uid) this.#compare(event, before, pod);
    if (before !== undefined) this.#forget(key, before);
    if (gone) {
      this.#readinessOf(key).set(event.revision, false);
      return;
    }
    const phase = pod.status?.phase ?? 'Pending';
    const over = phase === 'Succeeded' || phase === 'Failed';
    const facts: PodFacts = {
      pod,
      node: pod.spec.nodeName ?? '',
      active: !over && pod.metadata.deletionTimestamp === undefined,
      placed: !over && (pod.spec.nodeName ?? '') !== '',
      ready: isPodReady(pod),
      owner: controllerOf(pod)?.uid ?? '',
    };
    this.#remember(key, facts);
    this.#readinessOf(key).set(event.revision, facts.ready && facts.active);
    if (facts.placed && before?.placed !== true) this.#checkNode(event, facts);
    if (before === undefined) this.#checkCreation(event, facts);
  }

  #compare(event: ClusterEvent, { pod: before }: PodFacts, after: Pod): void {
    const [was, is] = [before.status?.phase, after.status?.phase];
    if ((was === 'Succeeded' || was === 'Failed') && is !== was) this.#complain(event, `leads from ${was} to ${is}`);
    const [from, to] = [before.spec.nodeName ?? '', after.spec.nodeName ?? ''];
    if (from !== '' && to !== from) this.#complain(event, `moves from ${from} to ${to}`);
    for (const status of before.status?.containerStatuses ?? []) {
      const now = after.status?.containerStatuses?.find(({ name }) => name === status.name);
      if (now !== undefined && now.restartCount < status.restartCount) {
        this.#complain(event, `forgets restarts of ${status.name}: ${status.restartCount} → ${now.restartCount}`);
      }
    }
  }

  #checkNode(event: ClusterEvent, { node }: PodFacts): void {
    const allocatable = this.#nodes.get(node)?.status?.allocatable;
    if (allocatable === undefined) return;
    const used = this.#usedOn.get(node) ?? zero;
    const limits: Amounts = {
      cpu: milliValue(quantityOf(allocatable.cpu ?? '0')),
      memory: wholeValue(quantityOf(allocatable.memory ?? '0')),
      pods: wholeValue(quantityOf(allocatable.pods ?? '0')),
    };
    const wrong = exceeds(used, limits);
    if (wrong !== undefined) this.#complain(event, `brings ${node} over its ${wrong}`);
  }

  #checkCreation(event: ClusterEvent, facts: PodFacts): void {
    const { pod, owner } = facts;
    const reference = controllerOf(pod);
    const siblings = [...(this.#podsByOwner.get(owner) ?? [])].flatMap((key) => this.#pods.get(key) ?? []);
    const active = siblings.filter((sibling) => sibling.active);
    if (facts.active && (reference?.kind === 'ReplicaSet' || reference?.kind === 'Job')) {
      const most = this.#sizes.get(owner)?.mostSince(event.seen);
      if (most !== undefined && active.length > most) {
        this.#complain(event, `is one of ${active.length} active pods where ${most} are wanted`);
      }
    }
    const index = pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'];
    if (reference?.kind === 'Job' && index !== undefined) {
      const same = active.filter(
        (sibling) => sibling.pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === index,
      );
      if (same.length > 1) this.#complain(event, `is one of ${same.length} active pods of index ${index}`);
    }
    if (reference?.kind === 'StatefulSet') this.#checkOrder(event, pod);
    const limit = this.#podLimits.get(event.namespace)?.mostSince(event.seen);
    if (limit !== undefined) {
      const there = [...this.#pods.values()].filter(
        ({ pod: other }) => other.metadata.namespace === event.namespace && isCharged(other, event.time.getTime()),
      );
      if (there.length > limit) this.#complain(event, `is pod ${there.length} where the quota allows ${limit}`);
    }
  }

  /** Each pod of an ordered set comes when all before it are ready. */
  #checkOrder(event: ClusterEvent, pod: Pod): void {
    const at = pod.metadata.name.lastIndexOf('-');
    const ordinal = Number(pod.metadata.name.slice(at + 1));
    const parallel = pod.metadata.labels?.['churn/policy'] === 'Parallel';
    for (let earlier = 0; earlier < ordinal && !parallel; earlier++) {
      const key = `${event.namespace}/${pod.metadata.name.slice(0, at)}-${earlier}`;
      if (this.#readiness.get(key)?.hasSince(event.seen, true) !== true) {
        this.#complain(event, `comes before ${key} is ready`);
      }
    }
  }

  #deployment(event: ClusterEvent, deployment: Deployment): void {
    const { uid } = deployment.metadata;
    if (event.to === null) {
      this.#deployments.delete(uid);
      return;
    }
    const { replicas, maxSurge } = rolloutBounds(deployment);
    const history = this.#deployments.get(uid) ?? new History<number>();
    history.set(event.revision, replicas + maxSurge);
    this.#deployments.set(uid, history);
  }

  #replicaSet(event: ClusterEvent, set: ReplicaSet): void {
    const { uid } = set.metadata;
    const before = this.#replicaSets.get(uid);
    if (event.to === null) {
      this.#replicaSets.delete(uid);
      this.#sizes.delete(uid);
      return;
    }
    this.#replicaSets.set(uid, set);
    const wanted = set.spec.replicas ?? 1;
    this.#size(event, set, wanted);
    const deployment = controllerOf(set);
    if (deployment?.kind !== 'Deployment' || wanted <= (before?.spec.replicas ?? 0)) return;
    const most = this.#deployments.get(deployment.uid)?.mostSince(event.seen);
    let total = 0;
    for (const sibling of this.#replicaSets.values()) {
      if (controllerOf(sibling)?.uid === deployment.uid) total += sibling.spec.replicas ?? 1;
    }
    if (most !== undefined && total > most) {
      this.#complain(event, `brings ${deployment.name} to ${total} pods where ${most} are allowed`);
    }
  }

  #job(event: ClusterEvent, object: KubeObject): void {
    const { uid } = object.metadata;
    if (event.to === null) {
      this.#succeeded.delete(uid);
      this.#sizes.delete(uid);
      return;
    }
    const { spec } = object as unknown as Sized;
    const { status } = object as unknown as { status?: { succeeded?: number } };
    this.#size(event, object, spec.parallelism ?? 1);
    const [was, is] = [this.#succeeded.get(uid) ?? 0, status?.succeeded ?? 0];
    if (is < was) this.#complain(event, `has succeeded ${is} times after ${was}`);
    if (spec.completions !== undefined && is > spec.completions) {
      this.#complain(event, `has succeeded ${is} times of ${spec.completions}`);
    }
    this.#succeeded.set(uid, is);
  }

  #size(event: ClusterEvent, { metadata: { uid } }: KubeObject, wanted: number): void {
    const history = this.#sizes.get(uid) ?? new History<number>();
    history.set(event.revision, wanted);
    this.#sizes.set(uid, history);
  }

  #quota(event: ClusterEvent, object: KubeObject): void {
    const { spec } = object as unknown as { spec?: { hard?: Readonly<Record<string, string>> } };
    const pods = spec?.hard?.pods;
    const history = this.#podLimits.get(event.namespace) ?? new History<number>();
    const limit = event.to === null || pods === undefined ? Number.POSITIVE_INFINITY : wholeValue(quantityOf(pods));
    history.set(event.revision, limit);
    this.#podLimits.set(event.namespace, history);
  }

  #remember(key: string, facts: PodFacts): void {
    this.#pods.set(key, facts);
    const owned = this.#podsByOwner.get(facts.owner) ?? new Set();
    this.#podsByOwner.set(facts.owner, owned.add(key));
    if (facts.placed) this.#usedOn.set(facts.node, plus(this.#usedOn.get(facts.node) ?? zero, facts.pod, 1));
  }

  #forget(key: string, { owner, placed, node, pod }: PodFacts): void {
    this.#pods.delete(key);
    const owned = this.#podsByOwner.get(owner);
    owned?.delete(key);
    if (owned?.size === 0) this.#podsByOwner.delete(owner);
    if (placed) this.#usedOn.set(node, plus(this.#usedOn.get(node) ?? zero, pod, -1));
  }

  #readinessOf(key: string): History<boolean> {
    let history = this.#readiness.get(key);
    if (history === undefined) {
      history = new History();
      this.#readiness.set(key, history);
    }
    return history;
  }
}

/** Quotas count pods until they are over, or should long be gone (pkg/quota/v1/evaluator/core/pods.go, QuotaV1Pod). */
function isCharged({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  return deletionTimestamp === undefined || nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}
