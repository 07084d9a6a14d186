// The controller of admission policies that runs with the API server: it checks the types of new expressions and tells
// what does not fit, because only the API server knows the schemas of all kinds.

import { type Controller, nothingToDo } from '../../actors/kit/controller.ts';
import { policyResources, type ValidatingPolicy } from '../api/admission/admission-policies/policy.ts';
import { expressionWarnings } from '../api/admission/admission-policies/type-checking.ts';
import type { KindTable } from '../api/kinds/kind-table.ts';
import { ControllerHost, type ControllerPorts } from '../host/controller-host.ts';

type Checked = ValidatingPolicy & { readonly status?: { readonly observedGeneration?: number } };

export function policyStatusController(kinds: KindTable): Controller {
  const resource = policyResources.validating;
  return {
    name: 'validatingadmissionpolicy-status-controller',
    user: 'system:serviceaccount:kube-system:validatingadmissionpolicy-status-controller',
    workers: 5,
    watches: [{ resource, keys: ({ ref }) => [ref.name] }],
    reconcile({ world, key }) {
      const policy = world.get<Checked>(resource, { name: key });
      const generation = policy?.metadata.generation ?? 0;
      if (policy === undefined || (policy.status?.observedGeneration ?? -1) >= generation) return nothingToDo;
      const warnings = expressionWarnings(policy, kinds);
      const typeChecking = warnings.length === 0 ? {} : { expressionWarnings: warnings };
      const object = { ...policy, status: { ...policy.status, observedGeneration: generation, typeChecking } };
      return { writes: [{ kind: 'update', resource, subresource: 'status', object }] };
    },
  };
}

export function startPolicies({ kinds, ...ports }: ControllerPorts & { readonly kinds: KindTable }): {
  stop(): Promise<void>;
} {
  const host = new ControllerHost(policyStatusController(kinds), { ...ports, random: ports.random.stream('policies') });
  host.start();
  return host;
}
