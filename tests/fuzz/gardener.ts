// Puts back what the fuzz has spoilt: what was taken may be in the way of all that follows (a quota of nothing, a
// deleted definition), and a request that is refused for that reason says little.

import { corpus, gadgetDefinition, gadgetsPath, policedNamespace } from './corpus.ts';
import {
  collectionPath,
  type FuzzRequest,
  freshNames,
  jsonBody,
  jsonType,
  kindOfBody,
  rootPath,
  type TypedBody,
} from './request.ts';

export type Send = (request: FuzzRequest) => Promise<{ readonly status: number }>;

/** After so many requests the garden is tended. */
export const tendEvery = 500;

/** Tells what could not be put back. */
export async function tend(send: Send): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const path of inTheWay) await send({ method: 'DELETE', path, headers: {} });
  await send(put(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }));
  for (const { collection, object } of corpus) {
    const created = await send({ method: 'POST', path: collection, headers: jsonType, body: jsonBody(object) });
    const last = created.status === 409 ? await send(put(collection, object)) : created;
    if (last.status >= 300) refused.push(`${last.status} ${collection}`);
  }
  return refused;
}

function put(collection: string, object: TypedBody): FuzzRequest {
  const { name } = object.metadata as { readonly name: string };
  return { method: 'PUT', path: `${collection}/${name}`, headers: jsonType, body: jsonBody(object) };
}

const namespaces = `${rootPath('v1')}/namespaces`;
const definitions = collectionPath(kindOfBody(gadgetDefinition));
const at = (apiVersion: string, resource: string) => `${rootPath(apiVersion)}/namespaces/default/${resource}`;

/** What makes pods, the pods themselves, what limits everybody, and what would only pile up. */
const inTheWay = [
  ...['deployments', 'replicasets', 'statefulsets', 'daemonsets'].map((resource) => at('apps/v1', resource)),
  ...['cronjobs', 'jobs'].map((resource) => at('batch/v1', resource)),
  ...['replicationcontrollers', 'pods', 'limitranges'].map((resource) => at('v1', resource)),
  ...freshNames.map((name) => at('v1', `resourcequotas/${name}`)),
  `${namespaces}/${policedNamespace}/configmaps`,
  gadgetsPath,
  at('v1', 'events'),
  ...[0, 1, 2, 3].flatMap((n) => [
    `${definitions}/rules${n}.fuzz.example.com`,
    `${definitions}/things${n}.fuzz.example.com`,
  ]),
].map((path) => `${path}?propagationPolicy=Background&gracePeriodSeconds=0`);
