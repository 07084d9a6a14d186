// All controllers of the cluster, in the order they are started: what a namespace needs before pods can be made in it
// comes first. A controller more is a line more.

import type { Controller } from '../kit/controller.ts';
import { bootstrapSigner, type SignDetached, tokenCleaner } from './bootstrap/bootstrap-tokens.ts';
import { certificateControllers } from './certificates/certificates.ts';
import type { CertificatePorts } from './certificates/signing-request.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation.ts';
import { cronJobController } from './cronjob/cronjob.ts';
import { daemonSetController } from './daemonset/daemon-set.ts';
import { deploymentController } from './deployment.ts';
import { disruptionController } from './disruption.ts';
import { endpointSliceController } from './endpoint-slice.ts';
import { endpointSliceMirroringController } from './endpoint-slice-mirroring.ts';
import { endpointsController } from './endpoints.ts';
import { flowSchemaController } from './flow-schema.ts';
import { garbageCollector } from './garbage-collector.ts';
import {
  type AutoscalerOptions,
  type AutoscalerPorts,
  autoscalerDefaults,
  horizontalPodAutoscalerController,
} from './hpa/horizontal.ts';
import { ipAddressController } from './ip-addresses.ts';
import { jobController } from './job/job.ts';
import { legacyTokenCleaner, legacyTokenTracking } from './legacy-tokens.ts';
import { namespaceController } from './namespace.ts';
import { type NodeIpamOptions, nodeIpamController, nodeIpamDefaults } from './node-ipam.ts';
import { type NodeLifecycleOptions, nodeLifecycleController, nodeLifecycleDefaults } from './node-lifecycle.ts';
import type { ResourceOf } from './owner-graph.ts';
import {
  type PodGarbageCollectorOptions,
  podGarbageCollector,
  podGarbageCollectorDefaults,
} from './pod-garbage-collector.ts';
import { type ResourceQuotaOptions, resourceQuotaController, resourceQuotaDefaults } from './quota/resource-quota.ts';
import { replicaSetController } from './replicaset.ts';
import { replicationControllerController } from './replication-controller.ts';
import { resourceClaimController } from './resourceclaim/resource-claim.ts';
import { rootCaPublisher } from './root-ca-publisher.ts';
import { serviceAccountController } from './service-account.ts';
import { serviceAccountTokenController, type TokenControllerOptions } from './service-account-token.ts';
import { serviceCidrController } from './service-cidr.ts';
import { statefulSetController } from './statefulset/stateful-set.ts';
import { taintEvictionController } from './taint-eviction.ts';
import { ttlAfterFinishedController } from './ttl-after-finished.ts';
import { type VolumeOptions, volumeControllers } from './volumes/volume-controllers.ts';

export type ControllersOptions = {
  /** The cluster's CA certificate (PEM), published to every namespace. */
  readonly ca: string;
  /** Signs the tokens kept in Secrets. */
  readonly mintToken: TokenControllerOptions['mint'];
  /** Signs kube-public/cluster-info for those who join; without it nobody does. */
  readonly signDetached?: SignDetached | undefined;
  /** Without them nobody approves or signs certificate requests. */
  readonly certificates?: CertificatePorts | undefined;
  /** Where objects of a kind are kept: the garbage collector follows owner references with it. */
  readonly resourceOf: ResourceOf;
  /** What autoscalers read and scale; without it nobody looks after them. */
  readonly autoscaler?: AutoscalerPorts & Partial<AutoscalerOptions>;
  /** Periods and rates; Kubernetes' defaults where left out. */
  readonly nodeLifecycle?: Partial<NodeLifecycleOptions>;
  readonly nodeIpam?: Partial<NodeIpamOptions>;
  readonly podGarbageCollector?: Partial<PodGarbageCollectorOptions>;
  readonly resourceQuota?: Partial<ResourceQuotaOptions>;
  readonly volumes?: VolumeOptions;
};

export function allControllers(options: ControllersOptions): readonly Controller[] {
  return [
    namespaceController(),
    serviceAccountController(),
    serviceAccountTokenController({ ca: options.ca, mint: options.mintToken }),
    legacyTokenTracking(),
    legacyTokenCleaner(),
    rootCaPublisher(options.ca),
    ...(options.certificates === undefined ? [] : certificateControllers(options.certificates)),
    ...(options.signDetached === undefined ? [] : [bootstrapSigner(options.signDetached)]),
    tokenCleaner(),
    clusterRoleAggregationController(),
    resourceQuotaController({ ...resourceQuotaDefaults, ...options.resourceQuota }),
    garbageCollector({ resourceOf: options.resourceOf }),
    deploymentController(),
    replicaSetController(),
    jobController(),
    cronJobController(),
    ttlAfterFinishedController(),
    replicationControllerController(),
    statefulSetController(),
    daemonSetController(),
    endpointsController(),
    endpointSliceController(),
    endpointSliceMirroringController(),
    serviceCidrController(),
    ipAddressController(),
    flowSchemaController(),
    nodeLifecycleController({ ...nodeLifecycleDefaults, ...options.nodeLifecycle }),
    nodeIpamController({ ...nodeIpamDefaults, ...options.nodeIpam }),
    disruptionController({ resourceOf: options.resourceOf }),
    ...(options.autoscaler === undefined
      ? []
      : [horizontalPodAutoscalerController({ ...autoscalerDefaults, ...options.autoscaler })]),
    taintEvictionController(),
    ...volumeControllers(options.volumes),
    resourceClaimController(),
    podGarbageCollector({ ...podGarbageCollectorDefaults, ...options.podGarbageCollector }),
  ];
}
