// The admission chain in upstream's order.

import type { AdmissionPlugin } from './admission.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { taintNodesByCondition } from './node-taints.ts';
import { defaultTolerationSeconds, priorityAdmission } from './pod-defaults.ts';
import { serviceAccountAdmission } from './service-account.ts';
import { serviceAddresses } from './service-addresses.ts';

/** A chain of its own for each API server, because the address allocator remembers what it gave out. */
export function admissionPlugins(): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle,
    serviceAccountAdmission,
    taintNodesByCondition,
    priorityAdmission,
    defaultTolerationSeconds,
    serviceAddresses(),
  ];
}
