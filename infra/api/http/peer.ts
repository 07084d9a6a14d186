// Who is at the other end of a TLS connection. The certificate is read once per connection, because parsing it costs
// more than a whole request; only its expiry is looked at again. Invariant: `certificate` is present only while a
// certificate that the cluster's CA signed for client use is valid, whether the handshake was full or resumed.

import type { TLSSocket } from 'node:tls';
import type { Peer } from './exchange.ts';

export type ConnectionPeer = {
  /** The peer as of an instant (ms since the epoch). */
  at(nowMs: number): Peer;
};

export function connectionPeer(socket: TLSSocket): ConnectionPeer {
  const address = socket.remoteAddress ?? '';
  const presented = socket.getPeerCertificate(false);
  // Node returns an empty object, or null once the connection has gone, where no certificate was sent.
  if (!presented?.subject) return constantPeer({ address });

  if (!socket.authorized) {
    return constantPeer({ address, certificateError: String(socket.authorizationError ?? 'unverified') });
  }
  const commonName = valuesOf(presented.subject.CN).at(-1) ?? '';
  const valid: Peer = { address, certificate: { commonName, organizations: valuesOf(presented.subject.O) } };
  const expired: Peer = { address, certificateError: 'CERT_HAS_EXPIRED' };
  const validToMs = Date.parse(presented.valid_to);
  return { at: (nowMs) => (nowMs <= validToMs ? valid : expired) };
}

function constantPeer(peer: Peer): ConnectionPeer {
  return { at: () => peer };
}

function valuesOf(attribute: string | readonly string[] | undefined): readonly string[] {
  if (attribute === undefined) return [];
  return typeof attribute === 'string' ? [attribute] : attribute;
}
