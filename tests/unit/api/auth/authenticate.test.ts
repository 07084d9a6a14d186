import { describe, expect, it } from 'vitest';
import { authenticator } from '../../../../infra/api/auth/authenticate.ts';
import type { TokenVerifier } from '../../../../infra/api/auth/token-authenticators.ts';
import type { Peer } from '../../../../infra/api/http/exchange.ts';

const tokenUser = { username: 'system:serviceaccount:ns:sa', groups: [], extra: {} };
const tokens: TokenVerifier = {
  verify: (token) =>
    token === 'good'
      ? {
          kind: 'authenticated',
          user: tokenUser,
          audiences: [],
        }
      : { kind: 'rejected', message: `bad token ${token}` },
};

function authenticate({ authorization, ...peer }: Partial<Peer> & { authorization?: string | undefined }) {
  const headers = authorization === undefined ? {} : { authorization };
  return authenticator({ tokens }).authenticate({ headers, peer: { address: '127.0.0.1', ...peer } });
}

function certificate(commonName: string, ...organizations: string[]): Pick<Peer, 'certificate'> {
  return { certificate: { commonName, organizations } };
}

describe('a request', () => {
  it('with a client certificate is from its common name, in its organizations', () => {
    expect(authenticate(certificate('jane', 'devs', 'ops'))).toEqual({
      kind: 'authenticated',
      user: { username: 'jane', groups: ['devs', 'ops', 'system:authenticated'], extra: {} },
    });
  });

  it('with a good token is from its service account', () => {
    expect(authenticate({ authorization: 'Bearer good' })).toMatchObject({ kind: 'authenticated', user: tokenUser });
    expect(authenticate({ authorization: 'bearer good ' })).toMatchObject({ kind: 'authenticated', user: tokenUser });
  });

  it('with a bad token is rejected', () => {
    expect(authenticate({ authorization: 'Bearer bad' })).toEqual({ kind: 'rejected', message: 'bad token bad' });
  });

  it('with a certificate that does not verify is rejected, unless a token proves somebody', () => {
    const certificateError = 'CERT_HAS_EXPIRED';
    expect(authenticate({ certificateError })).toEqual({
      kind: 'rejected',
      message: 'client certificate: CERT_HAS_EXPIRED',
    });
    expect(authenticate({ certificateError, authorization: 'Bearer good' })).toMatchObject({ user: tokenUser });
    expect(authenticate({ certificateError, authorization: 'Bearer bad' })).toMatchObject({ kind: 'rejected' });
  });

  it('with a certificate and a token is from the certificate', () => {
    const both = { ...certificate('jane'), authorization: 'Bearer bad' };
    expect(authenticate(both)).toMatchObject({ user: { username: 'jane' } });
  });

  it.each([undefined, '', 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer  good', 'good'])(
    'with Authorization: %s and no certificate is anonymous',
    (authorization) => {
      expect(authenticate({ authorization })).toEqual({ kind: 'anonymous' });
    },
  );

  it('with a certificate without a common name is anonymous', () => {
    expect(authenticate(certificate('', 'system:masters'))).toEqual({ kind: 'anonymous' });
  });

  it('whose certificate says to be nobody is not in system:authenticated', () => {
    expect(authenticate(certificate('system:anonymous'))).toMatchObject({
      user: { username: 'system:anonymous', groups: [] },
    });
  });

  it('of the same connection gives the same user', () => {
    const peer = certificate('jane', 'devs');
    const first = authenticate(peer);
    expect(authenticate(peer)).toBe(first);
    expect(authenticate(certificate('jane', 'ops'))).not.toEqual(first);
  });
});
