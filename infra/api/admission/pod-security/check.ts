// The vocabulary of the Pod Security Standards' checks: a check looks at a pod's spec and says what in it is not
// allowed, in the words clients know. Versions are minor versions of Kubernetes; `latest` is above all of them.

import type { ObjectMeta } from '../../../../streams/resources/meta.ts';

export type SecurityContext = {
  readonly allowPrivilegeEscalation?: boolean;
  readonly appArmorProfile?: { readonly type?: string };
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly privileged?: boolean;
  readonly procMount?: string;
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string };
  readonly seccompProfile?: { readonly type?: string };
  readonly sysctls?: readonly { readonly name: string }[];
  readonly windowsOptions?: { readonly hostProcess?: boolean };
};

type Handler = { readonly httpGet?: { readonly host?: string }; readonly tcpSocket?: { readonly host?: string } };

export type CheckedContainer = {
  readonly name: string;
  readonly image?: string;
  readonly securityContext?: SecurityContext;
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly livenessProbe?: Handler;
  readonly readinessProbe?: Handler;
  readonly startupProbe?: Handler;
  readonly lifecycle?: { readonly postStart?: Handler; readonly preStop?: Handler };
};

export type CheckedSpec = {
  readonly containers?: readonly CheckedContainer[];
  readonly initContainers?: readonly CheckedContainer[];
  readonly ephemeralContainers?: readonly CheckedContainer[];
  readonly hostIPC?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostUsers?: boolean;
  readonly os?: { readonly name?: string };
  readonly securityContext?: SecurityContext;
  readonly volumes?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
};

/** A pod, or the pods a template would make. */
export type CheckedPod = { readonly metadata?: Partial<ObjectMeta>; readonly spec: CheckedSpec };

export type Violation = { readonly reason: string; readonly detail: string };

export type Check = {
  readonly id: string;
  /** The first version the check belongs to. */
  readonly since: number;
  /** Checks of the level below that say less than this one. */
  readonly overrides?: readonly string[];
  violation(pod: CheckedPod, minor: number): Violation | undefined;
};

/** All of a pod's containers, those that come first before the others. */
export function containersOf({ initContainers = [], containers = [], ephemeralContainers = [] }: CheckedSpec) {
  return [...initContainers, ...containers, ...ephemeralContainers];
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? one : many;
}

/** `container "a"`, `containers "a", "b"`. */
export function namedContainers(containers: readonly CheckedContainer[]): string {
  return `${plural(containers.length, 'container')} ${quoted(containers.map(({ name }) => name))}`;
}

export function sorted(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}

/** Who sets something bad in a security context: `pod and containers "a", "b"`; empty where nobody does. */
export function setters(
  spec: CheckedSpec,
  bad: (context: SecurityContext) => boolean,
): { readonly text: string; readonly contexts: readonly SecurityContext[] } {
  const texts: string[] = [];
  const contexts: SecurityContext[] = [];
  if (spec.securityContext !== undefined && bad(spec.securityContext)) {
    texts.push('pod');
    contexts.push(spec.securityContext);
  }
  const containers = containersOf(spec).filter(({ securityContext }) => securityContext && bad(securityContext));
  if (containers.length > 0) texts.push(namedContainers(containers));
  for (const { securityContext } of containers) if (securityContext !== undefined) contexts.push(securityContext);
  return { text: texts.join(' and '), contexts };
}

export const seccompAllowed: ReadonlySet<string> = new Set(['RuntimeDefault', 'Localhost']);

/** Who sets a seccomp profile that no level but the privileged one has. */
export function badSeccomp(spec: CheckedSpec): Violation | undefined {
  const isBad = ({ seccompProfile }: SecurityContext) =>
    seccompProfile !== undefined && !seccompAllowed.has(seccompProfile.type ?? '');
  const { text, contexts } = setters(spec, isBad);
  if (text === '') return undefined;
  const types = sorted(contexts.map(({ seccompProfile }) => seccompProfile?.type ?? ''));
  const detail = `${text} must not set securityContext.seccompProfile.type to ${quoted(types)}`;
  return { reason: 'seccompProfile', detail };
}

/** Root inside a user namespace is nobody outside of it: since 1.35 such pods may be root. */
export function inUserNamespace({ hostUsers }: CheckedSpec, minor: number): boolean {
  return minor >= 35 && hostUsers === false;
}
