// What a cloud-controller-manager asks of a cloud, as questions about the world that are answered at once: a provider holds
// no state of its own, so what it has given out is on the log (load balancers' addresses, instances' names).

import type { Node } from '../../streams/resources/node.ts';
import type { Service } from '../../streams/resources/service.ts';

export type Ingress = {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: 'VIP' | 'Proxy';
  readonly ports?: readonly object[];
};

/** A Service as far as load balancers are concerned. */
export type BalancedService = Service & {
  readonly spec: Service['spec'] & { readonly loadBalancerClass?: string; readonly loadBalancerIP?: string };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly Ingress[] } } & Readonly<
    Record<string, unknown>
  >;
};

export type InstanceMetadata = {
  readonly providerID: string;
  readonly instanceType: string;
  readonly zone: string;
  readonly region: string;
};

/** `gone` for an instance nobody has any more, `shutdown` for one that exists and does not run. */
export type InstanceState = 'running' | 'shutdown' | 'gone';

export type CloudProvider = {
  readonly name: string;
  /** Undefined for nodes that are none of this cloud's. */
  instance(node: Node): InstanceMetadata | undefined;
  state(node: Node): InstanceState;
  /** Where the service's load balancer is; `others` are the services that may hold addresses already. */
  loadBalancer(
    service: BalancedService,
    others: readonly BalancedService[],
  ):
    | { readonly kind: 'ensured'; readonly ingress: readonly Ingress[] }
    | { readonly kind: 'failed'; readonly message: string };
};

/** Whether the cloud's own load balancers are wanted: another class is another controller's (KEP-1959). */
export function wantsLoadBalancer({ spec }: BalancedService): boolean {
  return spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;
}
