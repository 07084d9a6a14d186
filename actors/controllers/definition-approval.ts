// Groups under k8s.io and kubernetes.io belong to the community: a definition there says in an annotation where its API was
// approved, or that it was not (KEP-1111).

import type { Condition } from '../../streams/resources/meta.ts';

export const approvalAnnotation = 'api-approved.kubernetes.io';

type Annotated = {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly group: string };
};

export type Approval = {
  readonly state: 'approved' | 'bypassed' | 'missing' | 'invalid';
  readonly message: string;
};

export function isProtectedGroup(group: string): boolean {
  return ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

export function approvalOf({ metadata }: Pick<Annotated, 'metadata'>): Approval {
  const text = metadata.annotations?.[approvalAnnotation] ?? '';
  const wanted = `protected groups must have approval annotation ${JSON.stringify(approvalAnnotation)}`;
  const where = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (text === '') return { state: 'missing', message: `${wanted}, ${where}` };
  if (text.startsWith('unapproved')) return { state: 'bypassed', message: `not approved: ${JSON.stringify(text)}` };
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+/.test(text)) return { state: 'approved', message: `approved in ${text}` };
  return { state: 'invalid', message: `${wanted} with either a URL or a reason starting with "unapproved", ${where}` };
}

const reasons: Readonly<Record<Approval['state'], readonly [status: Condition['status'], reason: string]>> = {
  approved: ['True', 'ApprovedAnnotation'],
  bypassed: ['False', 'UnapprovedAnnotation'],
  missing: ['False', 'MissingAnnotation'],
  invalid: ['False', 'InvalidAnnotation'],
};

/** Undefined for groups that need no approval. */
export function approvalCondition(definition: Annotated): Condition | undefined {
  if (!isProtectedGroup(definition.spec.group)) return undefined;
  const { state, message } = approvalOf(definition);
  const [status, reason] = reasons[state];
  return { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message };
}
