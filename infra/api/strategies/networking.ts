// Ingresses, network policies, and the objects addresses of services are given out by.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { canonicalAddressProblem } from '../validation/addresses.ts';
import type { Rule } from '../validation/check.ts';
import { ingress, ingressStatus, ingressStatusWarnings, ingressWarnings } from '../validation/ingress.ts';
import {
  ingressClass,
  ipAddress,
  networkPolicy,
  networkPolicyWarnings,
  serviceCidr,
} from '../validation/networking.ts';
import { all } from '../validation/rules.ts';
import { at, checked, checkedUpdate, filled, inTurn, type Particulars, withStatus } from './checked.ts';

type PolicySpec = { readonly policyTypes?: readonly string[]; readonly egress?: readonly unknown[] };

/** A policy is about what comes in; about what goes out only where it says so. */
function policyTypes(value: object): object {
  const spec = value as PolicySpec;
  if ((spec.policyTypes ?? []).length > 0) return value;
  return { ...spec, policyTypes: (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'] };
}

const tcp = { protocol: 'TCP' };

/** An address object is named by its address, in its one right spelling. */
const addressName: Rule<AnyObject> = ({ metadata }, check) => {
  const problem = canonicalAddressProblem(metadata.name);
  if (problem !== undefined) check.invalid(metadata.name, problem, '.metadata.name');
};

export const networkingStrategies: Readonly<Record<string, Particulars>> = {
  'ingresses.networking.k8s.io': {
    generation: true,
    ...withStatus({ loadBalancer: {} }),
    subresources: {
      status: { ...checkedUpdate(ingressStatus), warnings: ({ status }) => ingressStatusWarnings(status) },
    },
    ...checked(ingress),
    warnings: (next, before) => ingressWarnings(next, before === undefined),
  },
  'ingressclasses.networking.k8s.io': {
    generation: true,
    defaults: filled('spec.parameters', { scope: 'Cluster' }),
    ...checked(ingressClass),
  },
  'networkpolicies.networking.k8s.io': {
    generation: true,
    defaults: inTurn(
      at('spec', policyTypes),
      filled('spec.ingress.*.ports.*', tcp),
      filled('spec.egress.*.ports.*', tcp),
    ),
    warnings: ({ spec }) => networkPolicyWarnings(spec as Readonly<Record<string, unknown>> | undefined),
    ...checked(networkPolicy),
  },
  'ipaddresses.networking.k8s.io': { names: 'path-segment', ...checked(all(addressName as Rule, ipAddress)) },
  'servicecidrs.networking.k8s.io': {
    statusKeepsMetadata: true,
    ...withStatus({}),
    ...checked(serviceCidr),
  },
};
