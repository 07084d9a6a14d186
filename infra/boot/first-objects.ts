// What every cluster has from its first second on: the four namespaces, the two priority classes of the system, the
// network of services, and the `kubernetes` service with its endpoints. Created where absent, left alone otherwise.

import type { Draft, KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import { defaultServiceCidrName, defaultServiceNetwork } from '../../streams/resources/service-network.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { WriteContext, Writer } from '../host/writer.ts';

export const systemNamespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const;

/** The API server's own address inside the cluster: the first of the service range. */
export const kubernetesServiceIp = '10.96.0.1';

const context: WriteContext = { user: 'system:apiserver', agent: 'kube-apiserver', cause: null };

type FirstObject = Draft<KubeObject> & Readonly<Record<string, unknown>>;

export async function ensureFirstObjects({
  world,
  writer,
  port,
}: {
  world: ObjectReader;
  writer: Writer;
  port: number;
}): Promise<void> {
  const ensure = async (resource: ResourceName, object: Draft<KubeObject>): Promise<void> => {
    const { namespace = '', name = '' } = object.metadata;
    if (world.get(resource, { namespace, name }) !== undefined) return;
    const outcome = await writer.write({ kind: 'create', resource, object }, context);
    if (outcome.kind === 'failed' && outcome.reason !== 'AlreadyExists') {
      throw new Error(`cannot create ${resource.resource} ${name}: ${outcome.message}`);
    }
  };
  await Promise.all([
    ...systemNamespaces.map((name) => ensure(resources.namespaces, namespace(name))),
    ...systemPriorityClasses.map((each) => ensure(resources.priorityClasses, each)),
    ensure(resources.serviceCidrs, serviceNetwork),
  ]);
  await Promise.all([
    ensure(resources.services, kubernetesService()),
    ensure(resources.endpoints, kubernetesEndpoints(port)),
    ensure(resources.endpointSlices, kubernetesSlice(port)),
  ]);
}

function namespace(name: string): FirstObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Pods of these classes are the last to be evicted (upstream's scheduling.SystemPriorityClasses). */
const systemPriorityClasses: readonly FirstObject[] = [
  priorityClass(
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
  priorityClass(
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
];

function priorityClass(name: string, value: number, description: string): FirstObject {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    preemptionPolicy: 'PreemptLowerPriority',
    description,
  };
}

const serviceNetwork: FirstObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name: defaultServiceCidrName },
  spec: { cidrs: [defaultServiceNetwork] },
};

const labels = { component: 'apiserver', provider: 'kubernetes' };

function kubernetesService(): FirstObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: kubernetesServiceIp,
      clusterIPs: [kubernetesServiceIp],
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
    },
  };
}

function kubernetesEndpoints(port: number): FirstObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
}

function kubernetesSlice(port: number): FirstObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
}
