// CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may approve or sign requests for a
// signer is a right of its own, and nobody gets a certificate of the administrators' group by asking for it.

import type { Attributes, Authorizer } from '../auth/authorize.ts';
import { forbidden } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';
import { csrOrganizations } from './csr-subject.ts';

type Spec = { readonly signerName?: string; readonly request?: string };
type Status = { readonly certificate?: string; readonly conditions?: readonly unknown[] };

const requests = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const clientSigner = 'kubernetes.io/kube-apiserver-client';
const masters = 'system:masters';

export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    validate(request) {
      if (concerns(request, { ...requests, sub: 'approval' })) checkRight(request, { verb: 'approve', authorizer });
    },
  };
}

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    validate(request) {
      if (!concerns(request, { ...requests, sub: 'status' })) return;
      const now = (request.object.status ?? {}) as Status;
      const was = (request.before?.status ?? {}) as Status;
      if (now.certificate === was.certificate && equal(now.conditions ?? [], was.conditions ?? [])) return;
      checkRight(request, { verb: 'sign', authorizer });
    },
  };
}

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate(request) {
    if (request.operation !== 'create' || !concerns(request, requests)) return;
    const { kind, name, object } = request;
    const { signerName, request: csr = '' } = (object.spec ?? {}) as Spec;
    if (signerName !== clientSigner) return;
    const organizations = csrOrganizations(csr);
    if (organizations === undefined)
      throw forbidden(kind, name, 'failed to parse CSR: PEM block type must be CERTIFICATE REQUEST');
    if (organizations.includes(masters)) {
      throw forbidden(kind, name, `use of ${clientSigner} signer with ${masters} group is not allowed`);
    }
  },
};

/** The signer named before the change counts: an approval cannot name another one. */
function checkRight(
  request: AdmissionRequest,
  { verb, authorizer }: { readonly verb: 'approve' | 'sign'; readonly authorizer: Authorizer },
): void {
  const { kind, name, before, context } = request;
  if (context.inProcess === true) return;
  const { signerName = '' } = (before?.spec ?? {}) as Spec;
  // A right to a whole domain is given as `example.com/*`.
  const names = [signerName, `${signerName.split('/', 1)[0]}/*`];
  if (names.some((signer) => mayDo(authorizer, { verb, signer, request }))) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`;
  throw forbidden(kind, name, why);
}

function mayDo(
  authorizer: Authorizer,
  { verb, signer, request }: { readonly verb: string; readonly signer: string; readonly request: AdmissionRequest },
): boolean {
  const user = { extra: {}, ...request.context.user };
  const { group } = requests;
  const asked: Attributes = {
    isResourceRequest: true,
    path: '',
    verb,
    group,
    namespace: '',
    resource: 'signers',
    subresource: '',
    name: signer,
    fieldSelector: '',
    labelSelector: '',
  };
  return authorizer.authorize({ user, request: asked }).kind === 'allowed';
}
