// Rules between pods over random histories, checked by plain counting: no pod is bound where anti-affinity, affinity or a
// hard spread forbids it, and when all is quiet no pod waits that would fit: no wake-up is lost.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Node } from '../../../../streams/resources/node.ts';
import type { Pod } from '../../../../streams/resources/pod.ts';
import { SchedulerWorld } from '../../../kit/scheduler-world.ts';
import { aNode, aPod, type PodTraits } from '../../../kit/scheduling.ts';

const zone = 'topology.kubernetes.io/zone';
const host = 'kubernetes.io/hostname';
const nodeMilliCpu = 1_000;

const rules = [
  'none',
  'apart on hosts',
  'apart in zones',
  'together in a zone',
  'spread over zones',
  'spread over hosts',
] as const;
type Rule = (typeof rules)[number];

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('pod' as const),
      rule: fc.constantFrom(...rules),
      app: fc.constantFrom('x', 'y'),
      target: fc.constantFrom('x', 'y'),
      cpu: fc.constantFrom(0, 200, 500),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('work' as const), pods: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), refuse: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('relabel' as const), at: fc.nat(), app: fc.constantFrom('x', 'y') }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('node' as const), name: fc.nat(3), zone: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeNode' as const), name: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function traitsOf({ rule, app, target, cpu }: Extract<Step, { kind: 'pod' }>): PodTraits {
  const term = (topologyKey: string) => [{ topologyKey, labelSelector: { matchLabels: { app: target } } }];
  const required = (topologyKey: string) => ({ requiredDuringSchedulingIgnoredDuringExecution: term(topologyKey) });
  const spread = (topologyKey: string): PodTraits => ({
    topologySpreadConstraints: [
      { topologyKey, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: target } } },
    ],
  });
  const byRule: Record<Rule, PodTraits> = {
    none: {},
    'apart on hosts': { affinity: { podAntiAffinity: required(host) } },
    'apart in zones': { affinity: { podAntiAffinity: required(zone) } },
    'together in a zone': { affinity: { podAffinity: required(zone) } },
    'spread over zones': spread(zone),
    'spread over hosts': spread(host),
  };
  return { labels: { app }, cpu: `${cpu}m`, ...byRule[rule] };
}

type Place = { readonly pod: Pod; readonly node: Node };

/** What the pod's own rules and those of the pods that stand there say, by going through all of them. */
function forbids(pod: Pod, node: Node, places: readonly Place[], nodes: readonly Node[]): string | undefined {
  const here = places.filter((place) => place.node.metadata.name === node.metadata.name);
  if (here.reduce((sum, place) => sum + milliCpu(place.pod), milliCpu(pod)) > nodeMilliCpu) return 'no room';
  const value = (of: Node, key: string) => of.metadata.labels?.[key];
  const same = (other: Node, key: string) => value(other, key) !== undefined && value(other, key) === value(node, key);
  for (const { topologyKey, labelSelector } of terms(pod, 'podAntiAffinity')) {
    if (places.some((place) => same(place.node, topologyKey) && selects(labelSelector, place.pod)))
      return 'own anti-affinity';
  }
  for (const place of places) {
    for (const { topologyKey, labelSelector } of terms(place.pod, 'podAntiAffinity')) {
      if (same(place.node, topologyKey) && selects(labelSelector, pod)) return "another's anti-affinity";
    }
  }
  for (const { topologyKey, labelSelector } of terms(pod, 'podAffinity')) {
    if (value(node, topologyKey) === undefined) return 'affinity';
    const wanted = places.filter(
      (place) => selects(labelSelector, place.pod) && value(place.node, topologyKey) !== undefined,
    );
    const first = wanted.length === 0 && selects(labelSelector, pod);
    if (!first && !wanted.some((place) => same(place.node, topologyKey))) return 'affinity';
  }
  for (const { topologyKey, labelSelector, maxSkew } of pod.spec.topologySpreadConstraints ?? []) {
    if (value(node, topologyKey) === undefined) return 'spread';
    const count = (of: string) =>
      places.filter((place) => value(place.node, topologyKey) === of && selects(labelSelector, place.pod)).length;
    const domains = new Set(nodes.flatMap((other) => value(other, topologyKey) ?? []));
    const least = Math.min(...Array.from(domains, count));
    const own = selects(labelSelector, pod) ? 1 : 0;
    if (count(value(node, topologyKey) ?? '') + own - least > maxSkew) return 'spread';
  }
  return undefined;
}

const milliCpu = ({ spec }: Pod) => Number.parseInt(spec.containers[0]?.resources?.requests?.cpu ?? '0', 10);
const selects = (selector: { matchLabels?: Record<string, string> } | undefined, { metadata }: Pod) =>
  selector?.matchLabels?.app === metadata.labels?.app;
const terms = ({ spec }: Pod, which: 'podAffinity' | 'podAntiAffinity') =>
  spec.affinity?.[which]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

class History {
  readonly world: SchedulerWorld;
  readonly #seen = new Set<unknown>();
  #pods = 0;

  constructor(seed: number) {
    this.world = new SchedulerWorld({ seed, bindingsMax: 3 }).sync({ nodes: [theNode(0, 0), theNode(1, 1)] });
  }

  take(action: Step): void {
    const { world } = this;
    const pods = [...world.pods.values()];
    switch (action.kind) {
      case 'pod':
        world.pod(aPod(`p${this.#pods++}`, traitsOf(action)));
        break;
      case 'work':
        if (world.state === 'running.scheduling')
          world.send({ type: 'work', podsMax: action.pods, nowMs: world.nowMs });
        break;
      case 'answer': {
        const write = world.writes[0];
        const refused = { kind: 'failed', reason: 'Forbidden', message: 'no' } as const;
        if (write !== undefined)
          world.answer(write, action.refuse && write.write.kind === 'bind' ? refused : undefined);
        break;
      }
      case 'delete': {
        const pod = pods[action.at % Math.max(1, pods.length)];
        if (pod !== undefined) world.removePod(pod.metadata.uid);
        break;
      }
      case 'relabel': {
        const pod = pods[action.at % Math.max(1, pods.length)];
        if (pod !== undefined) world.pod({ ...pod, metadata: { ...pod.metadata, labels: { app: action.app } } });
        break;
      }
      case 'node':
        world.node(theNode(action.name, action.zone));
        break;
      case 'removeNode':
        world.removeNode(`n${action.name}`);
        break;
      default:
        world.nowMs += action.ms;
    }
    this.check();
  }

  settle(): void {
    for (let round = 0; round < 8; round++) {
      while (this.world.writes.length > 0) this.world.answer();
      if (this.world.state === 'running.scheduling') this.take({ kind: 'work', pods: 50 });
      // Less than what brings pods back unasked.
      else this.world.advance(11_000);
    }
  }

  /** Every binding that is new is lawful, in the order they were asked for. */
  check(): void {
    const { world } = this;
    const fresh = world.writes.filter((asked) => asked.write.kind === 'bind' && !this.#seen.has(asked));
    const places = this.places(new Set(fresh));
    for (const asked of fresh) {
      this.#seen.add(asked);
      if (asked.write.kind !== 'bind') continue;
      const pod = world.pods.get(asked.write.uid);
      const node = world.nodes.get(asked.write.node);
      if (pod === undefined || node === undefined) continue;
      const against = forbids(pod, node, places, [...world.nodes.values()]);
      expect({ pod: pod.metadata.name, node: node.metadata.name, against }).toEqual({
        pod: pod.metadata.name,
        node: node.metadata.name,
        against: undefined,
      });
      places.push({ pod, node });
    }
  }

  /** Pods that stand, and those whose binding is asked for. */
  places(without: ReadonlySet<unknown> = new Set()): Place[] {
    const { pods, nodes, writes } = this.world;
    const at = new Map<string, string>();
    for (const { metadata, spec } of pods.values())
      if (spec.nodeName !== undefined) at.set(metadata.uid, spec.nodeName);
    for (const asked of writes) {
      if (asked.write.kind === 'bind' && !without.has(asked)) at.set(asked.write.uid, asked.write.node);
    }
    return [...at].flatMap(([uid, name]) => {
      const [pod, node] = [pods.get(uid), nodes.get(name)];
      return pod === undefined || node === undefined ? [] : [{ pod, node }];
    });
  }
}

function theNode(name: number, inZone: number): Node {
  return aNode(`n${name}`, { cpu: `${nodeMilliCpu}m`, ...(inZone < 2 && { labels: { [zone]: `z${inZone}` } }) });
}

test('no rule between pods is broken by a binding, and no pod is left behind that fits', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (seed, steps) => {
      const history = new History(seed);
      for (const action of steps) history.take(action);
      history.settle();
      const { world } = history;
      const nodes = [...world.nodes.values()];
      for (const pod of world.pods.values()) {
        if (pod.spec.nodeName !== undefined) continue;
        const fits = nodes.filter((node) => forbids(pod, node, history.places(), nodes) === undefined);
        expect({ pod: pod.metadata.name, fits: fits.map(({ metadata }) => metadata.name) }).toEqual({
          pod: pod.metadata.name,
          fits: [],
        });
      }
    }),
    { numRuns: 200, endOnFailure: true },
  );
});
