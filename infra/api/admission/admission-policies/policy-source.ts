// Which policies, through which bindings and with which parameters, are about a request. Policies are asked in the order
// of their names. They are never about themselves: a policy that denies everything can still be deleted.

import type { KubeObject, ResourceName } from '../../../../streams/resources/meta.ts';
import type { KindTable } from '../../kinds/kind-table.ts';
import type { AdmissionRequest } from '../admission.ts';
import { matchesRequest } from './match-request.ts';
import { paramsOf } from './params.ts';
import { type Binding, type Policy, policyResources } from './policy.ts';

/** A policy to be asked, or one that cannot be asked as it stands. */
export type Invocation<P extends Policy> =
  | { readonly kind: 'ask'; readonly policy: P; readonly binding: Binding; readonly params: KubeObject | undefined }
  | { readonly kind: 'misconfigured'; readonly policy: P; readonly binding: Binding; readonly message: string };

export type PolicySource = {
  readonly policies: ResourceName;
  readonly bindings: ResourceName;
};

const EXEMPT: ReadonlySet<string> = new Set(Object.values(policyResources).map(({ resource }) => resource));

export function invocations<P extends Policy>(
  source: PolicySource,
  request: AdmissionRequest,
  kinds: KindTable,
): Iterable<Invocation<P>> {
  const { world, kind } = request;
  if (kind.group === policyResources.validating.group && EXEMPT.has(kind.resource)) return [];
  const bindings = world.list<Binding>(source.bindings);
  return bindings.length === 0 ? [] : through(bindings, { policies: world.list<P>(source.policies), request, kinds });
}

function* through<P extends Policy>(
  bindings: readonly Binding[],
  { policies, request, kinds }: { policies: readonly P[]; request: AdmissionRequest; kinds: KindTable },
): Generator<Invocation<P>> {
  for (const policy of byName(policies)) {
    const bound = bindings.filter(({ spec }) => spec.policyName === policy.metadata.name);
    if (bound.length === 0 || !matchesRequest(policy.spec.matchConstraints, request)) continue;
    for (const binding of byName(bound)) {
      if (!matchesRequest(binding.spec.matchResources, request)) continue;
      const found = paramsOf(policy, binding, request, kinds);
      if (found.kind === 'misconfigured') {
        yield { kind: 'misconfigured', policy, binding, message: `failed to configure binding: ${found.message}` };
        continue;
      }
      for (const params of found.params) yield { kind: 'ask', policy, binding, params };
    }
  }
}

function byName<T extends KubeObject>(objects: readonly T[]): readonly T[] {
  if (objects.length < 2) return objects;
  return [...objects].sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
}

/** What an error in a policy means. */
export function ignoresFailures({ spec }: Policy): boolean {
  return spec.failurePolicy === 'Ignore';
}
