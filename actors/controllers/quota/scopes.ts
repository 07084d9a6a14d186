// Which objects a ResourceQuota is about: a quota with scopes counts only those that are in all of them.

import { matchesSelector } from '../../../streams/resources/labels.ts';
import type { KubeObject, LabelSelectorRequirement, ResourceName } from '../../../streams/resources/meta.ts';
import type { Pod, PodAffinityTerms } from '../../../streams/resources/pod.ts';
import type { ResourceQuota, ScopeRequirement } from '../../../streams/resources/quota.ts';

type ScopedPodSpec = Pod['spec'] & { readonly priorityClassName?: string };

type ScopedClaim = {
  readonly spec?: { readonly volumeAttributesClassName?: string };
  readonly status?: {
    readonly currentVolumeAttributesClassName?: string;
    readonly modifyVolumeStatus?: { readonly targetVolumeAttributesClassName?: string };
  };
};

export function inScopes({ spec }: ResourceQuota, of: ResourceName, object: KubeObject): boolean {
  for (const scopeName of spec?.scopes ?? []) {
    if (!inScope({ scopeName, operator: 'Exists' }, of, object)) return false;
  }
  for (const requirement of spec?.scopeSelector?.matchExpressions ?? []) {
    if (!inScope(requirement, of, object)) return false;
  }
  return true;
}

function inScope(requirement: ScopeRequirement, { group, resource }: ResourceName, object: KubeObject): boolean {
  if (group !== '') return false;
  if (resource === 'persistentvolumeclaims') return claimInScope(requirement, object as ScopedClaim);
  return resource === 'pods' && podInScope(requirement, (object as unknown as Pod).spec);
}

function podInScope(requirement: ScopeRequirement, spec: ScopedPodSpec): boolean {
  switch (requirement.scopeName) {
    case 'Terminating':
      return ends(spec);
    case 'NotTerminating':
      return !ends(spec);
    case 'BestEffort':
      return isBestEffort(spec);
    case 'NotBestEffort':
      return !isBestEffort(spec);
    case 'PriorityClass':
      return named(requirement, spec.priorityClassName);
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(spec.affinity?.podAffinity) || looksAcrossNamespaces(spec.affinity?.podAntiAffinity);
    default:
      return false;
  }
}

/** A claim on its way from one class to another is in the scope of each. */
function claimInScope(requirement: ScopeRequirement, { spec, status }: ScopedClaim): boolean {
  if (requirement.scopeName !== 'VolumeAttributesClass') return false;
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name) => name !== undefined && name !== '');
  return names.length === 0 ? named(requirement, undefined) : names.some((name) => named(requirement, name));
}

function named({ scopeName: key, operator, values = [] }: ScopeRequirement, name: string | undefined): boolean {
  const requirement = { key, operator, values } as LabelSelectorRequirement;
  const labels = name === undefined || name === '' ? {} : { [key]: name };
  return matchesSelector({ matchExpressions: [requirement] }, labels);
}

function ends({ activeDeadlineSeconds }: ScopedPodSpec): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;
}

/** Nobody in the pod asks for processor or memory. */
function isBestEffort(spec: ScopedPodSpec): boolean {
  const asked = [spec.resources, ...spec.containers.map(of), ...(spec.initContainers ?? []).map(of)];
  return !asked.some((given) => asksFor(given?.requests) || asksFor(given?.limits));
}

function of({ resources }: Pod['spec']['containers'][number]) {
  return resources;
}

function asksFor(amounts: Readonly<Record<string, string>> | undefined): boolean {
  return ['cpu', 'memory'].some((name) => amounts?.[name] !== undefined && amounts[name] !== '0');
}

function looksAcrossNamespaces(terms: PodAffinityTerms | undefined): boolean {
  const all = [
    ...(terms?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(terms?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ];
  return all.some(
    ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
  );
}
