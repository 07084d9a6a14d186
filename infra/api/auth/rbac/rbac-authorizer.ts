// Role-based access control: what no role bound to a user allows is not allowed. Decisions are shared objects: the
// reason of an allowance is put together once per binding and user.

import type { Attributes, Authorizer, Decision } from '../authorize.ts';
import type { Grant, Grants, PolicyIndex } from './policy-index.ts';
import { ruleAllows } from './rule.ts';

export function rbacAuthorizer(index: PolicyIndex): Authorizer {
  return {
    authorize({ user, request }) {
      const cluster = index.clusterGrants(user);
      const allowing = grantFor(cluster, request);
      if (allowing !== undefined) return allowance(allowing);
      const local = index.namespaceGrants(user, request.namespace);
      const locally = grantFor(local, request);
      if (locally !== undefined) return allowance(locally);
      if (cluster.missing.length + local.missing.length === 0) return noOpinion;
      return { kind: 'denied', reason: `RBAC: ${joined([...cluster.missing, ...local.missing])}` };
    },
    rulesFor(user, namespace) {
      const { rules, missing } = index.rulesFor(user, namespace);
      return { rules, incomplete: false, ...(missing.length > 0 && { error: joined(missing) }) };
    },
  };
}

export const noOpinion: Decision = { kind: 'denied', reason: '' };

/** Several failures as Go's aggregate prints them: each once. */
export function joined(texts: readonly string[]): string {
  const different = [...new Set(texts)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}

const allowances = new WeakMap<Grant, Decision>();

function allowance(grant: Grant): Decision {
  let decision = allowances.get(grant);
  if (decision === undefined) {
    decision = { kind: 'allowed', reason: `RBAC: allowed by ${grant.source}` };
    allowances.set(grant, decision);
  }
  return decision;
}

function grantFor({ granted }: Grants, request: Attributes): Grant | undefined {
  for (const grant of granted) for (const rule of grant.rules) if (ruleAllows(rule, request)) return grant;
  return undefined;
}
