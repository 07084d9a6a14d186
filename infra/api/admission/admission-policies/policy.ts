// Admission policies and their bindings as the API has them, as far as the server reads them.

import type { KubeObject, LabelSelector } from '../../../../streams/resources/meta.ts';

export type ResourceRule = {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
  readonly resourceNames?: readonly string[];
};

export type MatchResources = {
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly resourceRules?: readonly ResourceRule[];
  readonly excludeResourceRules?: readonly ResourceRule[];
  readonly matchPolicy?: string;
};

export type NamedExpression = { readonly name: string; readonly expression: string };

export type ParamKind = { readonly apiVersion: string; readonly kind: string };

export type ParamRef = {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
  readonly parameterNotFoundAction?: string;
};

export type Validation = {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
};

export type AuditAnnotation = { readonly key: string; readonly valueExpression: string };

export type Mutation = {
  readonly patchType: string;
  readonly applyConfiguration?: { readonly expression: string };
  readonly jsonPatch?: { readonly expression: string };
};

type PolicySpec = {
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly NamedExpression[];
  readonly variables?: readonly NamedExpression[];
  readonly failurePolicy?: string;
};

export type ValidatingPolicy = KubeObject & {
  readonly spec: PolicySpec & {
    readonly validations?: readonly Validation[];
    readonly auditAnnotations?: readonly AuditAnnotation[];
  };
};

export type MutatingPolicy = KubeObject & {
  readonly spec: PolicySpec & {
    readonly mutations?: readonly Mutation[];
    readonly reinvocationPolicy?: string;
  };
};

export type Policy = KubeObject & { readonly spec: PolicySpec };

export type Binding = KubeObject & {
  readonly spec: {
    readonly policyName: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
    readonly validationActions?: readonly string[];
  };
};

const group = 'admissionregistration.k8s.io';

export const policyResources = {
  validating: { group, resource: 'validatingadmissionpolicies' },
  validatingBindings: { group, resource: 'validatingadmissionpolicybindings' },
  mutating: { group, resource: 'mutatingadmissionpolicies' },
  mutatingBindings: { group, resource: 'mutatingadmissionpolicybindings' },
} as const;
