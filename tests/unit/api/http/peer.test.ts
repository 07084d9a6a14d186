import { once } from 'node:events';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Peer } from '../../../../infra/api/http/exchange.ts';
import type { HttpServerOptions } from '../../../../infra/api/http/server.ts';
import type { Clock } from '../../../../streams/base/clock.ts';
import { systemClock } from '../../../../streams/base/clock.ts';
import { type Authority, daysFromNow, type Identity, newAuthority } from './certificates.ts';
import { type Client, h1Client, h2Client, onCleanup, type Started, startFrontEnd, testAuthority } from './front-end.ts';

const clients = [
  ['HTTP/1.1', (server: Started, identity: Identity | undefined): Client => h1Client(server, identity)],
  ['HTTP/2', (server: Started, identity: Identity | undefined): Client => h2Client(server, identity)],
] as const;

function peerServer(options: Partial<HttpServerOptions> = {}): Promise<Started> {
  return startFrontEnd(async ({ peer }, response) => {
    response.send({ status: 200, headers: {} }, JSON.stringify(peer));
  }, options);
}

describe.each(clients)('the peer over %s', (_, clientOf) => {
  const peerSeenBy = async (server: Started, identity: Identity | undefined): Promise<Peer> =>
    JSON.parse((await clientOf(server, identity).call({})).body);

  it('has no certificate where the client sent none', async () => {
    expect(await peerSeenBy(await peerServer(), undefined)).toEqual({ address: '127.0.0.1' });
  });

  it('has the subject of a certificate signed by the authority', async () => {
    const server = await peerServer();
    const identity = await server.authority.client({ name: 'CN=jane, O=devs, O=system:masters' });
    expect((await peerSeenBy(server, identity)).certificate).toEqual({
      commonName: 'jane',
      organizations: ['devs', 'system:masters'],
    });
  });

  it('keeps special characters of the subject apart from its structure', async () => {
    const server = await peerServer();
    const identity = await server.authority.client({ name: 'CN="eve\\, O=system:masters", O=a\\+b' });
    expect((await peerSeenBy(server, identity)).certificate).toEqual({
      commonName: 'eve, O=system:masters',
      organizations: ['a+b'],
    });
  });

  const strangers: readonly [string, string, (own: Authority) => Promise<Identity>][] = [
    ['of another authority', 'CERT_SIGNATURE_FAILURE', async () => (await newAuthority()).client(admin)],
    ['that has expired', 'CERT_HAS_EXPIRED', (own) => own.client({ ...admin, notAfter: daysFromNow(-0.5) })],
    ['that is not valid yet', 'CERT_NOT_YET_VALID', (own) => own.client({ ...admin, notBefore: daysFromNow(1) })],
    ['made for servers', 'INVALID_PURPOSE', (own) => own.client({ ...admin, usage: 'server' })],
  ];
  it.each(strangers)('does not count a certificate %s, and says why', async (_what, error, make) => {
    const server = await peerServer();
    const peer = await peerSeenBy(server, await make(await testAuthority()));
    expect(peer.certificate).toBeUndefined();
    expect(peer.certificateError).toBe(error);
  });

  it('loses its certificate when that expires on an open connection', async () => {
    let aheadMs = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    const server = await peerServer({ clock });
    const client = clientOf(server, await server.authority.client(admin));
    const before: Peer = JSON.parse((await client.call({})).body);
    aheadMs = 8 * 86_400_000;
    const after: Peer = JSON.parse((await client.call({})).body);
    expect(before.certificate?.commonName).toBe('admin');
    expect(after).toEqual({ address: '127.0.0.1', certificateError: 'CERT_HAS_EXPIRED' });
  });
});

describe('a resumed TLS session', () => {
  /** Fetches `/` twice over two connections, the second of which resumes the first one's session. */
  async function resumed(server: Started, identity: Partial<Identity>): Promise<{ reused: boolean; peer: Peer }> {
    const options = { ca: server.authority.ca, servername: 'localhost', ALPNProtocols: ['http/1.1'], ...identity };
    const first = tlsConnect({ port: server.port, host: '127.0.0.1', ...options });
    const [session] = (await Promise.all([once(first, 'session'), get(first)]))[0] as [Buffer];
    const second = tlsConnect({ port: server.port, host: '127.0.0.1', session, ...options });
    const body = await get(second);
    return { reused: second.isSessionReused(), peer: JSON.parse(body) };
  }

  async function get(socket: TLSSocket): Promise<string> {
    onCleanup(() => void socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'end');
    return Buffer.concat(chunks).toString().split('\r\n\r\n')[1] ?? '';
  }

  it('has the certificate of the first', async () => {
    const server = await peerServer();
    const { reused, peer } = await resumed(server, await server.authority.client(admin));
    expect(reused).toBe(true);
    expect(peer.certificate?.commonName).toBe('admin');
  });

  it('without a certificate has none', async () => {
    const { reused, peer } = await resumed(await peerServer(), {});
    expect(reused).toBe(true);
    expect(peer).toEqual({ address: '127.0.0.1' });
  });

  it('with a certificate that does not verify has none', async () => {
    const stranger = await (await newAuthority()).client(admin);
    const { reused, peer } = await resumed(await peerServer(), stranger);
    expect(reused).toBe(true);
    expect(peer.certificate).toBeUndefined();
    expect(peer.certificateError).toBeDefined();
  });
});

const admin = { name: 'CN=admin, O=system:masters' };
