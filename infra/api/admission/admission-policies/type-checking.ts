// Whether the expressions of a validating policy fit the kinds it is about: types say more than a policy's author may
// have noticed. What does not fit is told in the policy's status, and changes nothing about the policy.

import { compile } from '../../cel/cel.ts';
import { KindTypes } from '../../cel/kind-types.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { KindTable } from '../../kinds/kind-table.ts';
import { compileVariables } from './compiled-policy.ts';
import type { ResourceRule, ValidatingPolicy } from './policy.ts';
import { type PolicyVariables, policyEnvironment } from './policy-types.ts';

export type ExpressionWarning = { readonly fieldRef: string; readonly warning: string };

const KINDS_MAX = 10;

export function expressionWarnings({ spec }: ValidatingPolicy, table: KindTable): readonly ExpressionWarning[] {
  const kinds = kindsOf(spec.matchConstraints?.resourceRules ?? [], table);
  const params =
    spec.paramKind === undefined ? undefined : table.byApiVersion(spec.paramKind.apiVersion, spec.paramKind.kind);
  const scopes = kinds.map((kind) => ({ kind, variables: typed(kind, params, spec) }));
  const warnings: ExpressionWarning[] = [];
  const check = (expression: string, fieldRef: string): void => {
    const found = scopes.flatMap(({ kind, variables }) => {
      const outcome = compile(expression, policyEnvironment(variables));
      return outcome.kind === 'rejected' ? [`${gvkText(kind)}: ${outcome.text}\n`] : [];
    });
    if (found.length > 0) warnings.push({ fieldRef, warning: found.join('\n') });
  };
  for (const [index, { expression, messageExpression }] of (spec.validations ?? []).entries()) {
    check(expression, `spec.validations[${index}].expression`);
    if (messageExpression) check(messageExpression, `spec.validations[${index}].messageExpression`);
  }
  return warnings;
}

function typed(
  kind: Kind,
  params: Kind | undefined,
  { paramKind, variables }: ValidatingPolicy['spec'],
): PolicyVariables {
  const types = new KindTypes();
  const given: PolicyVariables = {
    params: paramKind !== undefined,
    authorizer: true,
    object: types.typeOf(kind.schema),
    ...(params && { paramsType: types.typeOf(params.schema) }),
    structures: types,
  };
  return { ...given, composed: compileVariables(variables ?? [], given).types };
}

/** The kinds the rules name one by one; stars stand for too many. */
function kindsOf(rules: readonly ResourceRule[], table: KindTable): readonly Kind[] {
  const found = new Set<Kind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue;
    for (const group of [...apiGroups].sort())
      for (const version of [...apiVersions].sort())
        for (const resource of [...resources].sort()) {
          const kind = /[*/]/.test(resource) ? undefined : table.byResource(group, version, resource);
          if (kind !== undefined && found.size < KINDS_MAX) found.add(kind);
        }
  }
  return [...found].sort((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1));
}

function sortKey({ group, version, kind }: Kind): string {
  return `${group}\0${version}\0${kind}`;
}

/** As Go prints it, e.g. `apps/v1, Kind=Deployment`. */
function gvkText({ group, version, kind }: Kind): string {
  return `${group}/${version}, Kind=${kind}`;
}
