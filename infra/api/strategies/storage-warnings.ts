// What a writer of volumes, claims and storage kinds is warned of: what is deprecated, and what will not do what it says.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { milliValue } from '../../../streams/resources/quantity.ts';
import { equal } from '../registry/equal.ts';
import { amountOf } from '../validation/resources.ts';
import { deprecatedNodeLabel, nodeTermWarnings } from './node-label-warnings.ts';

const none: readonly string[] = [];
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const optionsAnnotation = 'volume.beta.kubernetes.io/mount-options';

/** Source → when it was deprecated, and since when it does nothing. */
const gonePlugins: Readonly<Record<string, string>> = {
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};
const classText = 'deprecated since v1.8; use "storageClassName" attribute instead';

type Term = { readonly matchExpressions?: readonly { readonly key: string }[] };
type VolumeSpec = Readonly<Record<string, unknown>> & {
  readonly persistentVolumeReclaimPolicy?: string;
  readonly nodeAffinity?: { readonly required?: { readonly nodeSelectorTerms?: readonly Term[] } };
};

export function volumeWarnings({ metadata, spec: given }: AnyObject): readonly string[] {
  const spec = (given ?? {}) as VolumeSpec;
  const warnings: string[] = [];
  if (metadata.annotations?.[classAnnotation] !== undefined)
    warnings.push(`metadata.annotations[${classAnnotation}]: ${classText}`);
  if (metadata.annotations?.[optionsAnnotation] !== undefined) {
    const detail = 'deprecated since v1.31; use "mountOptions" attribute instead';
    warnings.push(`metadata.annotations[${optionsAnnotation}]: ${detail}`);
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    const detail =
      'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';
    warnings.push(`spec.persistentVolumeReclaimPolicy: ${detail}`);
  }
  for (const [index, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries())
    warnings.push(...nodeTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`));
  for (const plugin in gonePlugins)
    if (spec[plugin] !== undefined) warnings.push(`spec.${plugin}: ${gonePlugins[plugin]}`);
  return warnings;
}

type Amounts = { readonly storage?: string };
type ClaimSpec = { readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts } };

export function claimWarnings({ metadata, spec }: AnyObject): readonly string[] {
  const warnings: string[] = [];
  if (metadata.annotations?.[classAnnotation] !== undefined)
    warnings.push(`metadata.annotations[${classAnnotation}]: ${classText}`);
  for (const list of ['requests', 'limits'] as const) {
    const storage = (spec as ClaimSpec | undefined)?.resources?.[list]?.storage;
    const amount = storage === undefined ? undefined : amountOf(storage);
    if (amount === undefined || milliValue(amount) % 1_000 === 0) continue;
    warnings.push(`spec.resources.${list}[storage]: fractional byte value "${storage}" is invalid, must be an integer`);
  }
  return warnings;
}

type TopologyTerm = { readonly matchLabelExpressions?: readonly { readonly key: string }[] };

export function storageClassWarnings({ allowedTopologies }: AnyObject): readonly string[] {
  const warnings: string[] = [];
  for (const [i, { matchLabelExpressions }] of ((allowedTopologies ?? []) as readonly TopologyTerm[]).entries()) {
    for (const [j, { key }] of (matchLabelExpressions ?? []).entries()) {
      const text = deprecatedNodeLabel(key);
      if (text !== undefined)
        warnings.push(`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${key} is ${text}`);
    }
  }
  return warnings;
}

type Selector = Term & { readonly matchLabels?: Readonly<Record<string, string>> };

export function topologyWarnings({ nodeTopology }: AnyObject): readonly string[] {
  const selector = nodeTopology as Selector | undefined;
  if (selector === undefined) return none;
  const warnings = nodeTermWarnings(selector, 'nodeTopology');
  for (const label in selector.matchLabels) {
    const text = deprecatedNodeLabel(label);
    if (text !== undefined) warnings.push(`nodeTopology.matchLabels.${label}: ${text}`);
  }
  return warnings;
}

type DriverSpec = { readonly tokenRequests?: readonly unknown[]; readonly serviceAccountTokenInSecrets?: boolean };

export function tokenWarnings(next: AnyObject, before: AnyObject | undefined): readonly string[] {
  const [is, was] = [next.spec as DriverSpec | undefined, before?.spec as DriverSpec | undefined];
  if ((is?.tokenRequests ?? none).length === 0 || is?.serviceAccountTokenInSecrets !== undefined) return none;
  if (before !== undefined && equal(is?.tokenRequests, was?.tokenRequests)) return none;
  return [
    'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
  ];
}
