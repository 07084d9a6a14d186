// What clients are warned of in a pod or a template, though it is valid (facts: upstream's warnings of pods). Runs for
// every creation: nothing is made where nothing is to be told.

import type { Pod, PodSpec } from '../../../streams/resources/pod.ts';
import { isAbsent } from '../validation/check.ts';
import type { CheckedSpec } from '../validation/pod-scope.ts';
import { amountOf } from '../validation/resources.ts';

type Texts = Readonly<Record<string, string>>;
type Template = { readonly metadata?: { readonly annotations?: Texts }; readonly spec?: PodSpec };
type Tell = (text: string) => void;
type Variable = { readonly name?: string; readonly value?: string; readonly valueFrom?: unknown };
type Warned = {
  readonly name?: string;
  readonly env?: readonly Variable[];
  readonly resources?: { readonly limits?: Texts; readonly requests?: Texts };
  readonly ports?: readonly Port[];
  readonly securityContext?: { readonly seccompProfile?: unknown };
};
type Port = {
  readonly name?: string;
  readonly containerPort?: number;
  readonly protocol?: string;
  readonly hostPort?: number;
  readonly hostIP?: string;
};

const none: readonly string[] = [];

export function podWarnings(pod: Pod): readonly string[] {
  return templateWarnings(pod, '');
}

/** Warnings of a template at `path`, or of a pod at ''. */
export function templateWarnings({ metadata, spec }: Template, path: string): readonly string[] {
  let warnings: string[] | undefined;
  const tell = (text: string): void => {
    warnings ??= [];
    warnings.push(path === '' ? text : `${path}.${text}`);
  };
  if (isAbsent(spec)) return none;
  labelWarnings(spec, tell);
  volumeWarnings(spec as CheckedSpec, tell);
  duplicates(spec as unknown as Record<string, readonly Texts[]>, 'hostAliases', { key: 'ip', tell });
  duplicates(spec as unknown as Record<string, readonly Texts[]>, 'imagePullSecrets', { key: 'name', tell });
  annotationWarnings(metadata?.annotations, spec as CheckedSpec, tell);
  for (const list of ['initContainers', 'containers'] as const) {
    const containers = spec[list] as readonly Warned[] | undefined;
    if (isAbsent(containers)) continue;
    for (let i = 0; i < containers.length; i++)
      containerWarnings(containers[i] as Warned, { at: `spec.${list}`, i, tell });
  }
  portWarnings(spec, { path, tell });
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    tell('spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1');
  return warnings ?? none;
}

const deprecatedLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
]);

function labelWarnings(spec: PodSpec, tell: Tell): void {
  for (const key in spec.nodeSelector) {
    const why = deprecatedLabels.get(key);
    if (why !== undefined) tell(`spec.nodeSelector[${key}]: ${why}`);
  }
  const { nodeAffinity } = spec.affinity ?? {};
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const [i, term] of required.entries())
    for (const [j, { key }] of (term.matchExpressions ?? []).entries()) {
      const why = deprecatedLabels.get(key);
      const at = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
      if (why !== undefined) tell(`${at}[${i}].matchExpressions[${j}].key: ${key} is ${why}`);
    }
  for (const [i, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const at = `spec.topologySpreadConstraints[${i}]`;
    const why = deprecatedLabels.get(topologyKey);
    if (why !== undefined) tell(`${at}.topologyKey: ${topologyKey} is ${why}`);
    if (isAbsent(labelSelector)) tell(`${at}.labelSelector: a null labelSelector results in matching no pod`);
  }
}

const deprecatedVolumes: ReadonlyMap<string, readonly [path: string, why: string]> = new Map([
  ['photonPersistentDisk', ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+']],
  ['gitRepo', ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+']],
  ['scaleIO', ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+']],
  ['flocker', ['flocker', 'deprecated in v1.22, non-functional in v1.25+']],
  ['storageos', ['storageOS', 'deprecated in v1.22, non-functional in v1.25+']],
  ['quobyte', ['quobyte', 'deprecated in v1.22, non-functional in v1.25+']],
  ['glusterfs', ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+']],
  ['cephfs', ['cephfs', 'deprecated in v1.28, non-functional in v1.31+']],
  ['rbd', ['rbd', 'deprecated in v1.28, non-functional in v1.31+']],
]);

function volumeWarnings({ volumes }: CheckedSpec, tell: Tell): void {
  if (isAbsent(volumes)) return;
  for (let i = 0; i < volumes.length; i++) {
    const volume = volumes[i] ?? {};
    for (const source in volume) {
      const deprecated = deprecatedVolumes.get(source);
      if (deprecated !== undefined && !isAbsent(volume[source]))
        tell(`spec.volumes[${i}].${deprecated[0]}: ${deprecated[1]}`);
    }
  }
}

function duplicates(
  spec: Readonly<Record<string, readonly Texts[] | null | undefined>>,
  list: string,
  { key, tell }: { key: string; tell: Tell },
): void {
  const items = spec[list];
  if (isAbsent(items)) return;
  for (let i = 0; i < items.length; i++) {
    const value = items[i]?.[key] ?? '';
    if (value === '' && key === 'name') tell(`spec.${list}[${i}].name: invalid empty name ""`);
    for (let j = 0; j < i; j++)
      if ((items[j]?.[key] ?? '') === value) {
        tell(`spec.${list}[${i}].${key}: duplicate ${key} ${JSON.stringify(value)}`);
        break;
      }
  }
}

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const deprecatedAnnotations: ReadonlyMap<string, string> = new Map([
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]);

function annotationWarnings(annotations: Texts | undefined, spec: CheckedSpec, tell: Tell): void {
  for (const key in annotations) {
    const at = `metadata.annotations[${key}]`;
    const why = deprecatedAnnotations.get(key);
    if (why !== undefined) tell(`${at}: ${why}`);
    const own = key.startsWith(seccompContainer) ? key.slice(seccompContainer.length) : undefined;
    const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])] as readonly Warned[];
    const unused =
      key === seccompPod
        ? isAbsent(spec.securityContext?.seccompProfile)
        : containers.some(({ name, securityContext }) => name === own && isAbsent(securityContext?.seccompProfile));
    if (unused) tell(`${at}: non-functional in v1.27+; use the "seccompProfile" field instead`);
  }
}

function containerWarnings(container: Warned, { at, i, tell }: { at: string; i: number; tell: Tell }): void {
  const { resources, env } = container;
  for (const list of ['limits', 'requests'] as const) {
    for (const name of ['memory', 'ephemeral-storage']) {
      const text = resources?.[list]?.[name];
      if (text === undefined || !text.endsWith('m') || (amountOf(text)?.nano ?? 0n) % 1_000_000_000n === 0n) continue;
      const detail = `fractional byte value ${JSON.stringify(text)} is invalid, must be an integer`;
      tell(`${at}[${i}].resources.${list}[${name}]: ${detail}`);
    }
  }
  if (isAbsent(env)) return;
  for (let j = 1; j < env.length; j++) {
    const { name = '', value = '', valueFrom } = env[j] ?? {};
    const reference = `$(${name})`;
    for (let k = 0; k < j; k++) {
      if (env[k]?.name !== name) continue;
      if (!isAbsent(valueFrom) || value === reference || !value.includes(reference))
        tell(
          `${at}[${i}].env[${j}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
        );
      break;
    }
  }
}

/** Calls `see` with every port of the pod, and with how many stood before it, until it returns true. */
function eachPort(spec: PodSpec, see: (port: Port, list: string, at: readonly [number, number]) => boolean): void {
  for (const list of ['initContainers', 'containers'] as const) {
    const containers = spec[list] as readonly Warned[] | undefined;
    if (isAbsent(containers)) continue;
    for (let i = 0; i < containers.length; i++) {
      const ports = containers[i]?.ports;
      if (isAbsent(ports)) continue;
      for (let j = 0; j < ports.length; j++) if (see(ports[j] as Port, list, [i, j])) return;
    }
  }
}

/** True where no two ports have the same number or name: then there is nothing to warn of. */
function portsDiffer(spec: PodSpec): boolean {
  let differ = true;
  eachPort(spec, (port) => {
    let same = 0;
    if (port.hostIP && !port.hostPort) differ = false;
    eachPort(spec, (other) => {
      const number = other.containerPort === port.containerPort && other.protocol === port.protocol;
      if (number || (port.name !== undefined && port.name !== '' && other.name === port.name)) same++;
      return same > 1;
    });
    if (same > 1) differ = false;
    return !differ;
  });
  return differ;
}

type PlacedPort = { readonly at: string; readonly port: Port };

function portWarnings(spec: PodSpec, { path, tell }: { path: string; tell: Tell }): void {
  if (portsDiffer(spec)) return;
  const all: PlacedPort[] = [];
  const names = new Map<string, string>();
  const full = (at: string) => (path === '' ? at : `${path}.${at}`);
  eachPort(spec, (port, list, [i, j]) => {
    const at = `spec.${list}[${i}].ports[${j}]`;
    if (port.hostIP && !port.hostPort) tell(`${at}: hostIP set without hostPort: ${JSON.stringify(port)}`);
    for (const other of all) portConflict({ at, port }, other, { full, tell });
    all.push({ at, port });
    const taken = port.name ? names.get(port.name) : undefined;
    if (taken !== undefined) {
      const use = `services and probes that select ports by name will use ${full(taken)}`;
      tell(`${at}: duplicate port name ${JSON.stringify(port.name)} with ${full(taken)}, ${use}`);
    } else if (port.name) names.set(port.name, at);
    return false;
  });
}

function portConflict(
  { at, port }: PlacedPort,
  { at: otherAt, port: other }: PlacedPort,
  { full, tell }: { full: (at: string) => string; tell: Tell },
): void {
  if (port.containerPort !== other.containerPort || port.protocol !== other.protocol) return;
  const [ip, otherIp] = [port.hostIP ?? '', other.hostIP ?? ''];
  const [host, otherHost] = [port.hostPort ?? 0, other.hostPort ?? 0];
  if (ip === otherIp && host === otherHost) tell(`${at}: duplicate port definition with ${full(otherAt)}`);
  else if (host === 0 || otherHost === 0) tell(`${at}: overlapping port definition with ${full(otherAt)}`);
  else if (host === otherHost && (ip === '') !== (otherIp === ''))
    tell(`${at}: dangerously ambiguous port definition with ${full(otherAt)}`);
}
