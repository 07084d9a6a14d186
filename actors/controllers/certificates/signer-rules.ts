// What Kubernetes' four own signers sign (pkg/apis/certificates/helpers.go, pkg/controller/certificates/signer): the
// names and usages a request must have, in upstream's order and words.

import { type RequestedNames, signers } from './signing-request.ts';

type Rule = (names: RequestedNames, usages: readonly string[]) => string | undefined;

const nodesGroup = 'system:nodes';
const nodePrefix = 'system:node:';

const kubeletNames = ({ organizations }: RequestedNames): string | undefined =>
  organizations.length === 1 && organizations[0] === nodesGroup
    ? undefined
    : 'subject organization is not system:nodes';

const nodeName = ({ commonName }: RequestedNames): string | undefined =>
  commonName.startsWith(nodePrefix) ? undefined : 'subject common name does not begin with system:node:';

const none = (values: readonly string[], kind: string): string | undefined =>
  values.length === 0 ? undefined : `${kind} subjectAltNames are not allowed`;

/** Key encipherment may be left out: only RSA keys have a use for it. */
function exactly(usages: readonly string[], purpose: string): string | undefined {
  const given = new Set(usages);
  const wanted = ['digital signature', purpose];
  given.delete('key encipherment');
  const same = given.size === wanted.length && wanted.every((usage) => given.has(usage));
  const all = [...wanted, 'key encipherment'].sort();
  return same ? undefined : `usages did not match [${all.join(' ')}]`;
}

const kubeletClient: Rule = (names, usages) =>
  kubeletNames(names) ??
  none(names.dns, 'DNS') ??
  none(names.emails, 'Email') ??
  none(names.ips, 'IP') ??
  none(names.uris, 'URI') ??
  nodeName(names) ??
  exactly(usages, 'client auth');

const kubeletServing: Rule = (names, usages) =>
  kubeletNames(names) ??
  (names.dns.length + names.ips.length === 0 ? 'DNS or IP subjectAltName is required' : undefined) ??
  none(names.emails, 'Email') ??
  none(names.uris, 'URI') ??
  exactly(usages, 'server auth') ??
  nodeName(names);

const client: Rule = (_, usages) => {
  const odd = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
};

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [signers.client, client],
  [signers.kubeletClient, kubeletClient],
  [signers.kubeletServing, kubeletServing],
  [signers.legacy, () => undefined],
]);

/** Why the signer does not sign; `none of ours` where it is not one of Kubernetes' own. */
export function signerProblem(
  signerName: string,
  names: RequestedNames,
  usages: readonly string[],
): { readonly kind: 'signs' } | { readonly kind: 'refuses'; readonly message: string } | { readonly kind: 'foreign' } {
  const rule = rules.get(signerName);
  if (rule === undefined) return { kind: 'foreign' };
  const message = rule(names, usages);
  return message === undefined ? { kind: 'signs' } : { kind: 'refuses', message };
}

/** A kubelet that asks for the certificate it talks to the API server with. */
export function isKubeletClient(names: RequestedNames, usages: readonly string[]): boolean {
  return kubeletClient(names, usages) === undefined;
}
