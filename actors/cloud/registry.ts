// The controllers of the cloud-controller-manager, which live apart from the others: they know the cloud, and lead by a lease
// of their own.

import type { Controller } from '../kit/controller.ts';
import { cloudNodeController, cloudNodeLifecycleController, nodeRouteController } from './cloud-nodes.ts';
import type { CloudProvider } from './provider.ts';
import { serviceLoadBalancerController } from './service-load-balancer.ts';

export function cloudControllers(cloud: CloudProvider): readonly Controller[] {
  return [
    cloudNodeController(cloud),
    cloudNodeLifecycleController(cloud),
    nodeRouteController(cloud),
    serviceLoadBalancerController(cloud),
  ];
}
