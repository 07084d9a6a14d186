// Admission webhooks and policies, flow control, and the registered API services.

import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import {
  mutatingPolicyExpressions,
  validatingPolicyExpressions,
  webhookExpressions,
} from '../admission/admission-policies/expression-problems.ts';
import {
  mutatingPolicy,
  mutatingPolicyBinding,
  policyStatus,
  staticNameWarnings,
  validatingPolicy,
  validatingPolicyBinding,
} from '../validation/admission-policies.ts';
import { apiService, apiServiceStatus } from '../validation/api-service.ts';
import type { Rule } from '../validation/check.ts';
import { flowSchema, flowStatus, priorityLevel } from '../validation/flow-control.ts';
import { all } from '../validation/rules.ts';
import { webhookConfiguration } from '../validation/webhooks.ts';
import { at, checked, checkedUpdate, filled, inTurn, type Particulars, withStatus } from './checked.ts';
import { fill } from './fill.ts';

const fail = { failurePolicy: 'Fail' };
const matching = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} };
const everyScope = { scope: '*' };
const https = { port: 443 };

/** A policy's or a binding's choice of resources. */
function matchDefaults(path: string): readonly ((object: AnyObject) => AnyObject)[] {
  return [
    filled(path, matching),
    filled(`${path}.resourceRules.*`, everyScope),
    filled(`${path}.excludeResourceRules.*`, everyScope),
  ];
}

function webhooks(more: Readonly<Record<string, unknown>>): Particulars {
  return {
    generation: 'webhooks',
    unconditionalUpdate: false,
    defaults: inTurn(
      filled('webhooks.*', { ...fail, ...matching, timeoutSeconds: 10, ...more }),
      filled('webhooks.*.rules.*', everyScope),
      filled('webhooks.*.clientConfig.service', https),
    ),
    warnings: staticNameWarnings,
    ...checked(all(webhookConfiguration as Rule, webhookExpressions as Rule)),
  };
}

const policy: Particulars = { generation: true, unconditionalUpdate: false, warnings: staticNameWarnings };
const binding: Particulars = { ...policy, defaults: inTurn(...matchDefaults('spec.matchResources')) };
const policyDefaults = inTurn(filled('spec', fail), ...matchDefaults('spec.matchConstraints'));

/** Go's zeros are nobody's choice here. */
function filledZeros(path: string, defaults: Readonly<Record<string, number>>): (object: AnyObject) => AnyObject {
  return at(path, (value) => {
    const zeros = Object.keys(defaults).filter((key) => value[key] === 0);
    if (zeros.length === 0) return fill(value, defaults);
    return { ...fill(value, defaults), ...Object.fromEntries(zeros.map((key) => [key, defaults[key]])) };
  });
}

const flow: Particulars = { generation: true, statusKeepsMetadata: true, ...withStatus({}, flowStatus) };

/** A group version this very server answers for is there as soon as it is registered. */
function available(object: AnyObject, nowMs: number): AnyObject {
  const { service } = (object.spec ?? {}) as { readonly service?: unknown };
  if (service !== undefined && service !== null) return { ...object, status: {} } as AnyObject;
  const condition = {
    type: 'Available',
    status: 'True',
    lastTransitionTime: timestamp(nowMs),
    reason: 'Local',
    message: 'Local APIServices are always available',
  };
  return { ...object, status: { conditions: [condition] } } as AnyObject;
}

export const policyStrategies: Readonly<Record<string, Particulars>> = {
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhooks({}),
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhooks({ reinvocationPolicy: 'Never' }),
  'validatingadmissionpolicies.admissionregistration.k8s.io': {
    ...policy,
    defaults: policyDefaults,
    statusKeepsMetadata: true,
    ...withStatus({}, policyStatus),
    ...checked(all(validatingPolicy as Rule, validatingPolicyExpressions as Rule)),
  },
  'mutatingadmissionpolicies.admissionregistration.k8s.io': {
    ...policy,
    defaults: policyDefaults,
    ...checked(all(mutatingPolicy, mutatingPolicyExpressions as Rule)),
  },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': { ...binding, ...checked(validatingPolicyBinding) },
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': { ...binding, ...checked(mutatingPolicyBinding) },
  'flowschemas.flowcontrol.apiserver.k8s.io': {
    ...flow,
    defaults: filledZeros('spec', { matchingPrecedence: 1_000 }),
    ...checked(flowSchema as Rule),
  },
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': {
    ...flow,
    defaults: inTurn(
      filled('spec.exempt', { nominalConcurrencyShares: 0, lendablePercent: 0 }),
      filled('spec.limited', { nominalConcurrencyShares: 30, lendablePercent: 0 }),
      filledZeros('spec.limited.limitResponse.queuing', { handSize: 8, queues: 64, queueLengthLimit: 50 }),
    ),
    ...checked(priorityLevel as Rule),
  },
  'apiservices.apiregistration.k8s.io': {
    names: 'path-segment',
    unconditionalUpdate: false,
    status: true,
    statusKeepsMetadata: true,
    defaults: filled('spec.service', https),
    prepareCreate: (object, { nowMs }) => available(object, nowMs),
    subresources: { status: checkedUpdate(apiServiceStatus) },
    ...checked(apiService as Rule),
  },
};
