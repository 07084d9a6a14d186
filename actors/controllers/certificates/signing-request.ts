// CertificateSigningRequests as their controllers read them, and the ports through which they read what is asked for and
// have it signed.

import type { Condition, KubeObject } from '../../../streams/resources/meta.ts';
import { holds } from '../../kit/conditions.ts';

export type CertificateSigningRequest = KubeObject & {
  readonly spec: {
    /** PEM, base64. */
    readonly request: string;
    readonly signerName: string;
    readonly usages?: readonly string[];
    readonly expirationSeconds?: number;
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    /** PEM, base64. */
    readonly certificate?: string;
  };
};

/** The names a request asks for; addresses as hexadecimal digits. */
export type RequestedNames = {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dns: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
};

export type CertificatePorts = {
  /** What is asked for; undefined where the request cannot be read. `request` is `spec.request`. */
  readonly read: (request: string) => RequestedNames | undefined;
  /** The signed certificate as `status.certificate` holds it. */
  readonly sign: (
    request: string,
    terms: { readonly usages: readonly string[]; readonly notBeforeMs: number; readonly notAfterMs: number },
  ) => string;
  /** When the certificate ends, in milliseconds since the Unix epoch. `certificate` is `status.certificate`. */
  readonly endOf: (certificate: string) => number | undefined;
  /** Whether the asker may create this subresource of certificatesigningrequests. */
  readonly mayCreate: (asker: Asker, subresource: string) => boolean;
};

export type Asker = {
  readonly username: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
};

export const signers = {
  client: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacy: 'kubernetes.io/legacy-unknown',
} as const;

export function isApproved({ status }: CertificateSigningRequest): boolean {
  return holds(status?.conditions, 'Approved') && !isDenied(status?.conditions);
}

export function isDecided({ status }: CertificateSigningRequest): boolean {
  return (status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');
}

function isDenied(conditions: readonly Condition[] = []): boolean {
  return conditions.some(({ type }) => type === 'Denied');
}
