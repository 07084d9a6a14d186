// What an autoscaler scales: anything with a scale subresource, read through a port because kinds are data of the API
// server; and which pods those are. Invariant: pods are scaled by one autoscaler at most.

import type { HorizontalPodAutoscaler, ObjectTarget, Scale } from '../../../streams/resources/autoscaling.ts';
import { matchesRequirements, parseLabelSelector, type Requirement } from '../../../streams/resources/labels.ts';
import type { ResourceName } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';

export type FoundScale =
  | { readonly kind: 'found'; readonly resource: ResourceName; readonly scale: Scale }
  /** The message is the API server's. */
  | { readonly kind: 'failed'; readonly message: string };

/** The scale of an object of any kind, as a GET of its subresource would answer. */
export type ScaleReader = (
  world: ObjectReader,
  of: { readonly namespace: string; readonly target: ObjectTarget },
) => FoundScale;

export function scaleOf(world: ObjectReader, scales: ScaleReader, { metadata, spec }: HorizontalPodAutoscaler) {
  return scales(world, { namespace: metadata.namespace ?? '', target: spec.scaleTargetRef });
}

export type Selection =
  | { readonly kind: 'selected'; readonly selector: readonly Requirement[]; readonly pods: readonly Pod[] }
  | {
      readonly kind: 'failed';
      /** Of the event and, with its own reason where they differ, of the condition. */
      readonly event: { readonly reason: string; readonly message: string };
      readonly condition: { readonly reason: string; readonly message: string };
    };

/** The pods behind a scale. */
export function selection(
  world: ObjectReader,
  scales: ScaleReader,
  { autoscaler, scale }: { readonly autoscaler: HorizontalPodAutoscaler; readonly scale: Scale },
): Selection {
  const text = scale.status?.selector ?? '';
  if (text === '') {
    return {
      kind: 'failed',
      event: { reason: 'SelectorRequired', message: 'selector is required' },
      condition: { reason: 'InvalidSelector', message: "the HPA target's scale is missing a selector" },
    };
  }
  const parsed = parseLabelSelector(text);
  if (parsed.kind === 'invalid') {
    const message = `couldn't convert selector into a corresponding internal selector object: ${parsed.message}`;
    const why = { reason: 'InvalidSelector', message };
    return { kind: 'failed', event: why, condition: why };
  }
  const { requirements: selector } = parsed;
  const namespace = autoscaler.metadata.namespace ?? '';
  const pods = podsBy(world, namespace, selector);
  const rivals = rivalsOf(world, scales, { autoscaler, pods });
  if (rivals.length > 0) {
    const names = [autoscaler.metadata.name, ...rivals].sort().map((name) => `{${name} ${namespace}}`);
    const message = `pods by selector ${text} are controlled by multiple HPAs: [${names.join(' ')}]`;
    const why = { reason: 'AmbiguousSelector', message };
    return { kind: 'failed', event: why, condition: why };
  }
  return { kind: 'selected', selector, pods };
}

function podsBy(world: ObjectReader, namespace: string, selector: readonly Requirement[]): readonly Pod[] {
  const plain = selector.filter(({ operator }) => operator === '=');
  const labels = Object.fromEntries(plain.map(({ key, values }) => [key, values[0] ?? '']));
  const some = world.list<Pod>(resources.pods, { namespace, ...(plain.length > 0 && { labels }) });
  if (plain.length === selector.length) return some;
  return some.filter(({ metadata }) => matchesRequirements(selector, metadata.labels));
}

/** Other autoscalers whose targets select one of the pods. */
function rivalsOf(
  world: ObjectReader,
  scales: ScaleReader,
  { autoscaler, pods }: { readonly autoscaler: HorizontalPodAutoscaler; readonly pods: readonly Pod[] },
): string[] {
  const { namespace = '', uid } = autoscaler.metadata;
  if (pods.length === 0) return [];
  const others = world.list<HorizontalPodAutoscaler>(resources.horizontalPodAutoscalers, { namespace });
  return others
    .filter((other) => other.metadata.uid !== uid && selectsOne(scaleOf(world, scales, other), pods))
    .map(({ metadata }) => metadata.name);
}

function selectsOne(found: FoundScale, pods: readonly Pod[]): boolean {
  const selector = found.kind === 'found' ? selectorOf(found.scale) : undefined;
  return selector !== undefined && pods.some(({ metadata }) => matchesRequirements(selector, metadata.labels));
}

/** Selectors that have been read: every autoscaler looks at all the others of its namespace. */
const read = new WeakMap<Scale, readonly Requirement[]>();

function selectorOf(scale: Scale): readonly Requirement[] | undefined {
  const known = read.get(scale);
  if (known !== undefined) return known;
  const text = scale.status?.selector ?? '';
  const parsed = parseLabelSelector(text);
  if (text === '' || parsed.kind === 'invalid') return undefined;
  read.set(scale, parsed.requirements);
  return parsed.requirements;
}
