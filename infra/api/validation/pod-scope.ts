// What the rules for the parts of a pod spec look back at: the whole spec, and whether it is a pod's own or a template's.

import type { PodSpec } from '../../../streams/resources/pod.ts';
import type { Check } from './check.ts';
import type { Volume } from './volumes.ts';

/** The pod spec as far as validation reads it beyond what the program itself does. */
export type CheckedSpec = Omit<PodSpec, 'volumes'> & {
  readonly volumes?: readonly Volume[];
  readonly ephemeralContainers?: readonly object[];
  readonly os?: { readonly name?: string };
  readonly hostUsers?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly shareProcessNamespace?: boolean;
  readonly setHostnameAsFQDN?: boolean;
  readonly hostnameOverride?: string;
  readonly dnsPolicy?: string;
  readonly dnsConfig?: { readonly nameservers?: readonly string[]; readonly searches?: readonly string[] };
  readonly resourceClaims?: readonly { readonly name?: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
};

export type PodScope = {
  readonly spec: CheckedSpec;
  /** The pod's name; undefined in a template. */
  readonly podName: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
};

export function podScope(check: Check): PodScope {
  return check.scope as PodScope;
}
