// What makes a pod spec invalid, a pod's own or a template's. One list of rules, in upstream's order; the parts have
// files of their own.

import { type Check, isAbsent, type Rule } from './check.ts';
import { type CheckedContainer, containers, ephemeralContainers, initContainers, paddedImage } from './containers.ts';
import { dnsLabel, dnsSubdomain, ipAddress, labels, qualifiedName } from './formats.ts';
import { podResourceConsistency } from './pod-resources.ts';
import type { CheckedSpec, PodScope } from './pod-scope.ts';
import { overhead, podResources, type Requirements } from './resources.ts';
import { absentRule, all, each, fields, type Json, oneOf, range, required, unique } from './rules.ts';
import { affinity, tolerations, topologySpread } from './scheduling.ts';
import { hostProcesses, operatingSystem, podSecurityContext } from './security-context.ts';
import { volumes } from './volumes.ts';

const dnsSearch: Rule<string> = (search, check) => {
  const name = search.endsWith('.') ? search.slice(0, -1) : search;
  if (search !== '.' && (name.length > 253 || !underscoredSubdomain.test(name))) check.invalid(name, underscoredText);
};
const underscoredSubdomain = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const underscoredText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";

const nameserversMax = 3;
const searchesMax = 32;
const searchCharsMax = 2048;

const dnsConfig: Rule<NonNullable<CheckedSpec['dnsConfig']>> = fields({
  nameservers: all<readonly string[]>((list, check) => {
    if (list.length > nameserversMax) check.invalid(list, `must not have more than ${nameserversMax} nameservers`);
  }, each(ipAddress)),
  searches: all<readonly string[]>((list, check) => {
    if (list.length > searchesMax) check.invalid(list, `must not have more than ${searchesMax} search paths`);
    if (list.join(' ').length > searchCharsMax)
      check.invalid(list, `must not have more than ${searchCharsMax} characters (including spaces) in the search list`);
  }, each(dnsSearch)),
  options: (list: readonly { readonly name?: string }[], check) => {
    for (const [i, { name }] of list.entries()) if (!name) check.required('must not be empty', `[${i}]`);
  },
});

const resourceClaim: Rule<Json> = fields<Json>(
  { name: required(dnsLabel), resourceClaimName: dnsSubdomain, resourceClaimTemplateName: dnsSubdomain },
  (claim, check) => {
    const [name, template] = [claim.resourceClaimName !== undefined, claim.resourceClaimTemplateName !== undefined];
    if (name && template)
      check.invalid(claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    if (!name && !template)
      check.invalid(claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
  },
);

type Named = { readonly name?: string };

const specFields: Rule<CheckedSpec> = fields<CheckedSpec>(
  {
    terminationGracePeriodSeconds: required(),
    volumes: (list: NonNullable<CheckedSpec['volumes']>, check) =>
      volumes(list, (check.scope as PodScope).podName ?? '', check),
    resourceClaims: all<readonly Named[]>(
      each(resourceClaim),
      unique<Named>(({ name }) => name, '.name'),
    ),
    containers: required(containers),
    initContainers,
    ephemeralContainers,
    resources: (resources: Requirements, check) => podLevelResources(resources, check),
    restartPolicy: required(oneOf('Always', 'OnFailure', 'Never')),
    dnsPolicy: required(oneOf('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None')),
    nodeSelector: labels,
    securityContext: podSecurityContext,
    affinity,
    dnsConfig,
    readinessGates: each(fields({ conditionType: absentRule(qualifiedName, (check) => qualifiedName('', check)) })),
    schedulingGates: all<readonly Named[]>(
      (gates, check) => {
        for (let i = 0; i < gates.length; i++) {
          check.enter(i);
          qualifiedName(gates[i]?.name ?? '', check);
          check.leave();
        }
      },
      unique<Named>(({ name }) => name),
    ),
    topologySpreadConstraints: topologySpread,
    serviceAccountName: dnsSubdomain,
    nodeName: dnsSubdomain,
    activeDeadlineSeconds: range(1, 2_147_483_647),
    hostname: dnsLabel,
    subdomain: dnsLabel,
    tolerations,
    hostAliases: each(
      fields({ ip: absentRule(ipAddress, (check) => ipAddress('', check)), hostnames: each(dnsSubdomain) }),
    ),
    priorityClassName: dnsSubdomain,
    runtimeClassName: dnsSubdomain,
    preemptionPolicy: oneOf('PreemptLowerPriority', 'Never'),
    overhead,
  },
  (spec, check) => {
    nameserversOfNone(spec, check);
    hostNetworkPorts(spec, check);
    hostProcesses(spec, check);
    if (spec.hostUsers === false) hostUsers(spec, check);
    if (!isAbsent(spec.hostnameOverride)) hostnameOverride(spec, check);
    if (spec.shareProcessNamespace === true && spec.hostPID === true)
      check.invalid(
        true,
        'ShareProcessNamespace and HostPID cannot both be enabled',
        '.securityContext.shareProcessNamespace',
      );
    operatingSystem(spec, check);
    fileKeyVolumes(spec, check);
  },
);

/** Checks a pod spec at the current path; `pod` is whose own it is, absent for a template's. */
export function podSpec(spec: CheckedSpec, check: Check, pod?: Omit<PodScope, 'spec'>): void {
  const outer = check.scope;
  check.scope = { spec, podName: pod?.podName, annotations: pod?.annotations } satisfies PodScope;
  specFields(spec, check);
  if (pod !== undefined) {
    for (const list of ['containers', 'initContainers'] as const) {
      const items = spec[list] as unknown as readonly CheckedContainer[] | undefined;
      if (isAbsent(items)) continue;
      check.enter(list);
      for (let i = 0; i < items.length; i++) {
        check.enter(i);
        paddedImage(items[i] as CheckedContainer, check);
        check.leave();
      }
      check.leave();
    }
  }
  check.scope = outer;
}

function podLevelResources(resources: Requirements, check: Check): void {
  const { spec } = check.scope as PodScope;
  if (spec.os?.name === 'windows') {
    check.forbidden('may not be set for a windows pod');
    return;
  }
  if (!isAbsent(resources.claims)) check.forbidden('claims may not be set for Resources at pod-level', '.claims');
  podResources(resources, check);
  podResourceConsistency(spec, resources, check);
}

function nameserversOfNone({ dnsPolicy, dnsConfig: config }: CheckedSpec, check: Check): void {
  if (dnsPolicy !== 'None') return;
  if (isAbsent(config)) check.required('must provide `dnsConfig` when `dnsPolicy` is None', '.dnsConfig');
  else if (isAbsent(config.nameservers))
    check.required('must provide at least one DNS nameserver when `dnsPolicy` is None', '.dnsConfig.nameservers');
}

function hostNetworkPorts(spec: CheckedSpec, check: Check): void {
  if (spec.hostNetwork !== true) return;
  const isPod = (check.scope as PodScope).podName !== undefined;
  for (const [i, { ports }] of (spec.containers ?? []).entries()) {
    for (const [j, { hostPort = 0, containerPort = 0 }] of (ports ?? []).entries()) {
      if ((!isPod && hostPort === 0) || hostPort === containerPort) continue;
      const sub = `.containers[${i}].ports[${j}].hostPort`;
      check.invalid(hostPort, 'must match `containerPort` when `hostNetwork` is true', sub);
    }
  }
}

function hostUsers(spec: CheckedSpec, check: Check): void {
  const text = 'when `hostUsers` is false';
  if (spec.hostNetwork === true) check.forbidden(text, '.hostNetwork');
  if (spec.hostPID === true) check.forbidden(text, '.HostPID');
  if (spec.hostIPC === true) check.forbidden(text, '.HostIPC');
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const)
    for (const [i, container] of ((spec[list] ?? []) as readonly Json[]).entries())
      if (!isAbsent(container.volumeDevices)) check.forbidden(text, `.${list}[${i}].volumeDevices`);
}

function hostnameOverride(spec: CheckedSpec, check: Check): void {
  check.enter('hostnameOverride');
  if (spec.setHostnameAsFQDN === true) check.forbidden('may not be specified when setHostnameAsFQDN is true');
  if (spec.hostNetwork === true) check.forbidden('may not be specified when hostNetwork is true');
  if ((spec.hostnameOverride ?? '').length > 64) check.tooLong(64);
  dnsSubdomain(spec.hostnameOverride ?? '', check);
  check.leave();
}

type Variable = { readonly valueFrom?: { readonly fileKeyRef?: { readonly volumeName?: string } } };

/** Files with variables lie in empty directories. */
function fileKeyVolumes(spec: CheckedSpec, check: Check): void {
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const items = spec[list] as readonly { readonly env?: readonly Variable[] }[] | undefined;
    if (isAbsent(items)) continue;
    for (let i = 0; i < items.length; i++) {
      const env = items[i]?.env;
      if (isAbsent(env)) continue;
      for (let j = 0; j < env.length; j++) {
        const name = env[j]?.valueFrom?.fileKeyRef?.volumeName;
        if (name === undefined) continue;
        const sub = `.${list}[${i}].env[${j}].valueFrom.fileKeyRef.volumeName`;
        const volume = spec.volumes?.find((one) => one.name === name);
        if (volume === undefined) check.notFound(name, sub);
        else if (isAbsent(volume.emptyDir)) check.invalid(name, 'referenced volume must be of type emptyDir', sub);
      }
    }
  }
}
