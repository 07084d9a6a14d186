// Services: their defaults and what a change of type means for them. Addresses and node ports are given out by the
// allocator (admission), because two services must never get the same.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Service, ServicePort, ServiceSpec } from '../../../streams/resources/service.ts';
import type { Strategy } from '../registry/strategy.ts';
import { problemsOf } from '../validation/check.ts';
import { service, serviceStatus } from '../validation/service.ts';
import { fill, mapSame, within } from './fill.ts';

export const serviceStrategy: Omit<Strategy, 'lifecycle'> = {
  names: 'service',
  status: true,
  deleteReturnsObject: true,
  createOnUpdate: true,
  defaults: (object) => within(object as Service & AnyObject, 'spec', defaultService),
  prepareCreate: (object) => ({ ...object, status: { loadBalancer: {} } }) as AnyObject,
  prepareUpdate(next, before) {
    const prepared = within(next as Service & AnyObject, 'spec', (spec) => {
      const was = before.spec as ServiceSpec;
      return withoutOutgrown(keepAddresses(spec, was), was);
    });
    // A balancer takes its time to go; clients need not see it.
    return prepared.spec?.type === 'LoadBalancer'
      ? prepared
      : within(prepared as Balanced, 'status', (status) =>
          status.loadBalancer?.ingress ? { ...status, loadBalancer: {} } : status,
        );
  },
  validate: (next, before) => problemsOf(service, next, before),
  subresources: { status: { validate: (next, before) => problemsOf(serviceStatus, next, before) } },
};

type Balanced = AnyObject & { readonly status?: { readonly loadBalancer?: { readonly ingress?: unknown } } };

/** An address stays while the service has one; node ports go with the type that needed them. */
function keepAddresses(spec: ServiceSpec, was: ServiceSpec): ServiceSpec {
  let kept = spec;
  if (spec.type !== 'ExternalName' && spec.clusterIP === undefined && was.clusterIP !== undefined) {
    const clusterIPs = was.clusterIPs === undefined ? undefined : { clusterIPs: was.clusterIPs };
    kept = { ...kept, clusterIP: was.clusterIP, ...clusterIPs };
  }
  if (usesNodePorts(was)) {
    const change = usesNodePorts(spec) ? withNodePortOf : withoutNodePort;
    kept = within(kept, 'ports', (ports) => mapSame(ports, (port) => change(port, was.ports ?? [])));
  }
  return kept;
}

type TypedSpec = ServiceSpec & {
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly externalIPs?: readonly string[];
  readonly externalTrafficPolicy?: string;
  readonly loadBalancerClass?: string;
};

/** Fields only the former type had go with it, where the client has not changed them as well. */
function withoutOutgrown(spec: TypedSpec, was: TypedSpec): ServiceSpec {
  const balancer = was.type === 'LoadBalancer' && spec.type !== 'LoadBalancer';
  const outgrown = [
    ...(balancer ? (['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const) : []),
    ...(isReachable(was) && !isReachable(spec) ? (['externalTrafficPolicy'] as const) : []),
  ].filter((field) => spec[field] !== undefined && spec[field] === was[field]);
  if (outgrown.length === 0) return spec;
  const kept: Record<string, unknown> = { ...spec };
  for (const field of outgrown) delete kept[field];
  return kept as ServiceSpec;
}

function isReachable(spec: TypedSpec): boolean {
  return usesNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
}

function usesNodePorts({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

/** A port that was there before keeps its node port where the client does not name one. */
function withNodePortOf(port: ServicePort, was: readonly ServicePort[]): ServicePort {
  if (port.nodePort) return port;
  const protocol = port.protocol || 'TCP';
  const same = was.find((old) => old.port === port.port && old.protocol === protocol && old.nodePort);
  return same?.nodePort === undefined ? port : { ...port, nodePort: same.nodePort };
}

function withoutNodePort(port: ServicePort, was: readonly ServicePort[]): ServicePort {
  const { nodePort, ...rest } = port;
  return was.some((old) => old.nodePort === nodePort) ? rest : port;
}

function defaultService(spec: ServiceSpec): ServiceSpec {
  const type = spec.type ?? 'ClusterIP';
  const external = type === 'NodePort' || type === 'LoadBalancer';
  const filled = fill(spec, {
    type,
    sessionAffinity: 'None',
    ...(type === 'ExternalName' ? undefined : { internalTrafficPolicy: 'Cluster' }),
    ...(external ? { externalTrafficPolicy: 'Cluster' } : undefined),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : undefined),
  });
  const affine =
    filled.sessionAffinity === 'ClientIP' ? fill(filled, { sessionAffinityConfig: clientIpConfig }) : filled;
  return within(affine, 'ports', (ports) => mapSame(ports, defaultPort));
}

const clientIpConfig = { clientIP: { timeoutSeconds: 10_800 } };

function defaultPort(port: ServicePort): ServicePort {
  const { targetPort, ...rest } = port;
  // Go's clients send 0 for a port they did not set.
  return fill(targetPort === 0 ? rest : port, { protocol: 'TCP', targetPort: port.port });
}
