// Which secrets a pod names, and whether its service account lets it: an account that says so shares no secrets but the
// ones it lists. The texts are upstream's.

import type { ServiceAccount } from '../../../streams/resources/config.ts';

type Named = { readonly name?: string };

type EnvContainer = {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly valueFrom?: { readonly secretKeyRef?: Named } }[];
  readonly envFrom?: readonly { readonly secretRef?: Named }[];
};

type Volume = {
  readonly secret?: { readonly secretName?: string };
  readonly projected?: {
    readonly sources?: readonly { readonly serviceAccountToken?: unknown; readonly secret?: unknown }[];
  };
};

/** The parts of a pod's spec that may name a secret; read with care. */
type Referring = {
  readonly serviceAccountName?: string | undefined;
  readonly imagePullSecrets?: readonly Named[];
  readonly containers?: unknown;
  readonly initContainers?: unknown;
  readonly ephemeralContainers?: unknown;
  readonly volumes?: unknown;
};

/** Why the pod (or just its ephemeral containers) may not name a secret it names. */
export function mountableProblem(
  spec: Referring,
  account: ServiceAccount,
  what: 'pod' | 'ephemeral containers',
): string | undefined {
  const allowed = new Set((account.secrets ?? []).map(({ name }) => name));
  const { name: accountName } = account.metadata;
  const suffix = `is not allowed because service account ${accountName} does not reference that`;
  if (what === 'ephemeral containers') {
    return envProblem('ephemeral container', list<EnvContainer>(spec.ephemeralContainers), { allowed, suffix });
  }
  for (const { secret } of list<Volume>(spec.volumes)) {
    if (secret === undefined || allowed.has(secret.secretName)) continue;
    return `volume with secret.secretName="${secret.secretName ?? ''}" ${suffix} secret`;
  }
  const env =
    envProblem('init container', list<EnvContainer>(spec.initContainers), { allowed, suffix }) ??
    envProblem('container', list<EnvContainer>(spec.containers), { allowed, suffix });
  if (env !== undefined) return env;
  const pullable = new Set((account.imagePullSecrets ?? []).map(({ name }) => name));
  for (const [index, { name = '' }] of (spec.imagePullSecrets ?? []).entries()) {
    if (!pullable.has(name)) return `imagePullSecrets[${index}].name="${name}" ${suffix} imagePullSecret`;
  }
  return undefined;
}

/** A mirror pod stands for one that runs without the API server, so it shares nothing of it. */
export function mirrorProblem(spec: Referring): string | undefined {
  if ((spec.serviceAccountName ?? '') !== '') return 'a mirror pod may not reference service accounts';
  const volumes = list<Volume>(spec.volumes);
  const sources = volumes.flatMap(({ projected }) => projected?.sources ?? []);
  const containers = [...list<EnvContainer>(spec.initContainers), ...list<EnvContainer>(spec.containers)];
  const names =
    (spec.imagePullSecrets?.length ?? 0) > 0 ||
    volumes.some(({ secret }) => secret !== undefined) ||
    sources.some(({ secret }) => secret !== undefined) ||
    containers.some((container) => secretsOf(container).length > 0);
  if (names) return 'a mirror pod may not reference secrets';
  return sources.some(({ serviceAccountToken }) => serviceAccountToken !== undefined)
    ? 'a mirror pod may not use ServiceAccountToken volume projections'
    : undefined;
}

function envProblem(
  what: string,
  containers: readonly EnvContainer[],
  { allowed, suffix }: { readonly allowed: ReadonlySet<string | undefined>; readonly suffix: string },
): string | undefined {
  for (const container of containers) {
    for (const { where, secret } of secretsOf(container)) {
      if (allowed.has(secret)) continue;
      return `${what} ${container.name} with ${where} referencing secret.secretName="${secret}" ${suffix} secret`;
    }
  }
  return undefined;
}

function secretsOf({ env = [], envFrom = [] }: EnvContainer): { readonly where: string; readonly secret: string }[] {
  return [
    ...env.flatMap(({ name, valueFrom }) =>
      valueFrom?.secretKeyRef === undefined
        ? []
        : [{ where: `envVar ${name}`, secret: valueFrom.secretKeyRef.name ?? '' }],
    ),
    ...envFrom.flatMap(({ secretRef }) =>
      secretRef === undefined ? [] : [{ where: 'envFrom', secret: secretRef.name ?? '' }],
    ),
  ];
}

function list<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
