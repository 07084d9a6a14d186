// The admission chain in upstream's order. What others add (webhooks, admission policies) comes before ResourceQuota,
// which has to see what will really be stored; addresses are given out last, to what has passed everything else.

import type { Authorizer } from '../auth/authorize.ts';
import type { AdmissionChain, AdmissionPlugin } from './admission.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificate-requests.ts';
import { defaultIngressClass, defaultStorageClass } from './default-classes.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { taintNodesByCondition } from './node-taints.ts';
import { podResizeValidator } from './pod-resize.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priorityAdmission } from './priority.ts';
import { persistentVolumeClaimResize } from './pvc-resize.ts';
import type { QuotaPorts } from './quota-ledger.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClassAdmission } from './runtime-class.ts';
import { serviceAccountAdmission } from './service-account.ts';
import { serviceAddresses } from './service-addresses.ts';
import { storageObjectInUseProtection } from './storage-object-in-use.ts';

export type AdmissionPorts = QuotaPorts & {
  readonly authorizer: Authorizer;
  /** Admission policies and webhooks. */
  readonly policies?: readonly AdmissionPlugin[];
};

/** A chain of its own for each API server, because some plugins remember what they gave out. */
export function admissionPlugins(ports: AdmissionPorts): AdmissionChain {
  const { authorizer, policies = [] } = ports;
  return [
    namespaceLifecycle,
    limitRanger,
    serviceAccountAdmission,
    nodeRestriction,
    taintNodesByCondition,
    podSecurity,
    priorityAdmission,
    defaultTolerationSeconds,
    defaultStorageClass,
    storageObjectInUseProtection,
    persistentVolumeClaimResize,
    runtimeClassAdmission,
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass,
    podTopologyLabels,
    podResizeValidator,
    ...policies,
    resourceQuota(ports),
    serviceAddresses(ports),
  ];
}
