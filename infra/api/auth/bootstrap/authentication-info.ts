// What an API server beside this one needs to know its callers by: the CA of client certificates, published in
// kube-system for whoever is bound to `extension-apiserver-authentication-reader`.

import type { Write } from '../../../../actors/kit/write.ts';
import type { ConfigMap } from '../../../../streams/resources/config.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { PolicyPorts } from './ensure-policy.ts';

const metadata = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
const caKey = 'client-ca-file';

/** `ca` is the certificate in PEM. Other keys stay as they are. */
export async function ensureAuthenticationInfo({ world, writer }: PolicyPorts, ca: string): Promise<void> {
  const resource = resources.configMaps;
  const found = world.get<ConfigMap>(resource, metadata);
  if (found?.data?.[caKey] === ca) return;
  const data = { ...found?.data, [caKey]: ca };
  const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
  const changed = { ...found, data } as ConfigMap;
  const write: Write =
    found === undefined ? { kind: 'create', resource, object: made } : { kind: 'update', resource, object: changed };
  const outcome = await writer.write(write, { user: 'system:apiserver', agent: 'kube-apiserver', cause: null });
  if (outcome.kind === 'failed') throw new Error(`cannot make configmap ${metadata.name}: ${outcome.message}`);
}
