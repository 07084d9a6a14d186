// The root CA publisher: every namespace has the cluster's CA in a ConfigMap that pods mount, to know the API server by.

import type { ConfigMap } from '../../streams/resources/config.ts';
import { resources } from '../../streams/resources/names.ts';
import { type Controller, nothingToDo, type Plan, type ReconcileInput } from '../kit/controller.ts';
import { takesObjects } from './service-account.ts';

const name = 'kube-root-ca.crt';
const annotations = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
};

/** `ca` is the certificate in PEM. */
export function rootCaPublisher(ca: string): Controller {
  return {
    name: 'root-ca-certificate-publisher-controller',
    user: 'system:serviceaccount:kube-system:root-ca-cert-publisher',
    workers: 1,
    watches: [
      { resource: resources.namespaces, keys: ({ current }) => [current.ref.name] },
      { resource: resources.configMaps, keys: ({ ref }) => (ref.name === name ? [ref.namespace] : []) },
    ],
    reconcile: (input) => reconcile(input, ca),
  };
}

function reconcile({ world, key }: ReconcileInput, ca: string): Plan {
  if (!takesObjects(world, key)) return nothingToDo;
  const data = { 'ca.crt': ca };
  const current = world.get<ConfigMap>(resources.configMaps, { namespace: key, name });
  if (current === undefined) {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: key, annotations }, data };
    return { writes: [{ kind: 'create', resource: resources.configMaps, object }] };
  }
  if (current.metadata.deletionTimestamp !== undefined || isCurrent(current, ca)) return nothingToDo;
  const { binaryData: _, ...kept } = current;
  const metadata = { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } };
  const object: ConfigMap = { ...kept, metadata, data };
  return { writes: [{ kind: 'update', resource: resources.configMaps, object }] };
}

function isCurrent({ metadata, data = {}, binaryData = {} }: ConfigMap, ca: string): boolean {
  const described = Object.entries(annotations).every(([key, text]) => metadata.annotations?.[key] === text);
  return described && data['ca.crt'] === ca && Object.keys(data).length === 1 && Object.keys(binaryData).length === 0;
}
