// Services: their defaults and what a change of type means for them. Addresses and node ports are given out by the
// allocator (admission), because two services must never get the same.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Service, ServicePort, ServiceSpec } from '../../../streams/resources/service.ts';
import type { Strategy } from '../registry/strategy.ts';
import { serviceProblems } from '../validation/service.ts';
import { fill, mapSame, within } from './fill.ts';

export const serviceStrategy: Omit<Strategy, 'lifecycle'> = {
  names: 'service',
  status: true,
  deleteReturnsObject: true,
  defaults: (object) => within(object as Service & AnyObject, 'spec', defaultService),
  prepareCreate: (object) => ({ ...object, status: { loadBalancer: {} } }) as AnyObject,
  prepareUpdate(next, before) {
    const was = before.spec as ServiceSpec;
    return within(next as Service & AnyObject, 'spec', (spec) => {
      if (spec.type === 'ExternalName' || spec.clusterIP !== undefined) return spec;
      return {
        ...spec,
        ...(was.clusterIP === undefined ? undefined : { clusterIP: was.clusterIP }),
        ...(was.clusterIPs === undefined ? undefined : { clusterIPs: was.clusterIPs }),
      };
    });
  },
  validate: (next, before) => serviceProblems(next as unknown as Service, before as unknown as Service | undefined),
};

function defaultService(spec: ServiceSpec): ServiceSpec {
  const type = spec.type ?? 'ClusterIP';
  const external = type === 'NodePort' || type === 'LoadBalancer';
  const filled = fill(spec, {
    type,
    sessionAffinity: 'None',
    ...(type === 'ExternalName'
      ? undefined
      : { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' }),
    ...(external ? { externalTrafficPolicy: 'Cluster' } : undefined),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : undefined),
  });
  return within(filled, 'ports', (ports) => mapSame(ports, defaultPort));
}

function defaultPort(port: ServicePort): ServicePort {
  return fill(port, { protocol: 'TCP', targetPort: port.port });
}
