// CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may approve or sign requests for a
// signer is a right of its own, and nobody gets a certificate of the administrators' group by asking for it.

import { forbidden } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';
import { csrOrganizations } from './csr-subject.ts';

/** Whether the requester may do this to a signer of that name. */
export type SignerRights = (
  request: AdmissionRequest,
  right: { readonly verb: 'approve' | 'sign'; readonly signerName: string },
) => boolean;

type Spec = { readonly signerName?: string; readonly request?: string };
type Status = { readonly certificate?: string; readonly conditions?: readonly unknown[] };

const requests = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const clientSigner = 'kubernetes.io/kube-apiserver-client';
const masters = 'system:masters';

export function certificateApproval(mayDo: SignerRights): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    validate(request) {
      if (concerns(request, { ...requests, sub: 'approval' })) checkRight(request, { verb: 'approve', mayDo });
    },
  };
}

export function certificateSigning(mayDo: SignerRights): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    validate(request) {
      if (!concerns(request, { ...requests, sub: 'status' })) return;
      const now = (request.object.status ?? {}) as Status;
      const was = (request.before?.status ?? {}) as Status;
      if (now.certificate === was.certificate && equal(now.conditions ?? [], was.conditions ?? [])) return;
      checkRight(request, { verb: 'sign', mayDo });
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
  { verb, mayDo }: { readonly verb: 'approve' | 'sign'; readonly mayDo: SignerRights },
): void {
  const { kind, name, before } = request;
  const signerName = ((before?.spec ?? {}) as Spec).signerName ?? '';
  if (mayDo(request, { verb, signerName })) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`;
  throw forbidden(kind, name, why);
}
