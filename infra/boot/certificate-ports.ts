// What the controllers of certificate requests need of the world: the cluster's authority, and what askers may do.

import { X509Certificate } from 'node:crypto';
import type { CertificatePorts } from '../../actors/controllers/certificates/signing-request.ts';
import { defined } from '../../streams/base/assert.ts';
import type { Random } from '../../streams/base/random.ts';
import type { Authorizer } from '../api/auth/authorize.ts';
import { type CertificateRequest, parseCertificateRequest } from '../pki/certificate-request.ts';
import type { KeyPair } from '../pki/pem-files.ts';
import { requestSigner } from '../pki/sign-request.ts';

export function certificatePorts(options: {
  readonly authority: KeyPair;
  readonly authorizer: Authorizer;
  readonly random: Random;
}): CertificatePorts {
  const { authority, authorizer, random } = options;
  const signer = requestSigner(authority, random);
  return {
    read,
    sign(text, terms) {
      const request = defined(read(text), 'a request is read before it is signed');
      return Buffer.from(signer.sign({ request, ...terms })).toString('base64');
    },
    endOf(certificate) {
      try {
        return new X509Certificate(Buffer.from(certificate, 'base64')).validToDate.getTime();
      } catch {
        // Somebody else's signer may have put anything there.
        return undefined;
      }
    },
    mayCreate(asker, subresource) {
      const { username, groups, extra, uid } = asker;
      const user = { username, groups, extra, ...(uid !== undefined && { uid }) };
      const request = {
        isResourceRequest: true,
        path: '',
        verb: 'create',
        group: 'certificates.k8s.io',
        namespace: '',
        resource: 'certificatesigningrequests',
        subresource,
        name: '',
        fieldSelector: '',
        labelSelector: '',
      } as const;
      return authorizer.authorize({ user, request }).kind === 'allowed';
    },
  };
}

function read(text: string): CertificateRequest | undefined {
  const parsed = parseCertificateRequest(Buffer.from(text, 'base64'));
  return parsed.kind === 'parsed' ? parsed.request : undefined;
}
