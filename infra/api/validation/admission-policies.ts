// What makes admission policies and their bindings invalid, but for their expressions: those are compiled by whoever knows
// CEL, which adds its problems to these.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { nameProblem, qualifiedNameProblem } from '../registry/names.ts';
import {
  failurePolicy,
  matchConditions,
  matchResources,
  neededText,
  onlyMutating,
  reinvocationPolicy,
} from './admission-rules.ts';
import type { Check, Rule } from './check.ts';
import { dnsSubdomain } from './formats.ts';
import { labelSelector } from './label-selector.ts';
import { all, each, fields, type Json, oneOf, required } from './rules.ts';

const annotationsMax = 20;
const annotationBytesMax = 5 * 1024;
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const identifier: Rule<string> = (value, check) => {
  if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(value) || reserved.has(value))
    check.invalid(value, 'must be a valid CEL identifier');
};

/** Blanks are no expression. */
function expression(detail = ''): Rule<string> {
  return required<string>((value, check) => {
    if (value.trim() === '') check.required(detail);
  }, detail);
}

type ParamKind = { readonly apiVersion?: string; readonly kind?: string };

const paramKind: Rule<ParamKind> = ({ apiVersion = '', kind = '' }, check) => {
  const parts = apiVersion.split('/');
  const [version = '', group = ''] = parts.toReversed();
  const [groupProblem, versionProblem] = [nameProblem(group, 'subdomain'), nameProblem(version, 'service')];
  if (apiVersion === '') check.required('', '.apiVersion');
  else if (parts.length > 2) check.invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`, '.apiVersion');
  else {
    if (group !== '' && groupProblem !== undefined) check.invalid(group, groupProblem, '.apiVersion');
    if (version === '') check.invalid(apiVersion, 'version must be specified', '.apiVersion');
    else if (versionProblem !== undefined) check.invalid(version, versionProblem, '.apiVersion');
  }
  const problem = nameProblem(kind.toLowerCase(), 'service');
  if (kind === '') check.required('', '.kind');
  else if (problem !== undefined)
    check.invalid(kind, `may have mixed case, but should otherwise match: ${problem}`, '.kind');
};

const variable = fields({
  name: required(identifier, 'name is not specified'),
  expression: expression('expression is not specified'),
});

const matchConstraints: Rule<Json> = required(
  all<Json>(matchResources, (match, check) => {
    if (((match.resourceRules ?? []) as readonly unknown[]).length === 0) check.required('', '.resourceRules');
  }),
);

type Validation = { readonly message?: string; readonly messageExpression?: string };

const nonBlank = 'must be non-empty if specified';

const validation: Rule<Validation> = fields<Validation>(
  { expression: expression('expression is not specified') },
  ({ message = '', messageExpression = '' }, check) => {
    if (messageExpression !== '' && messageExpression.trim() === '')
      check.invalid(messageExpression, nonBlank, '.messageExpression');
    if (message !== '' && message.trim() === '') check.invalid(message, nonBlank, '.message');
    else if (/[\n\r]/.test(message.trim())) check.invalid(message, 'must not contain line breaks', '.message');
  },
  fields<Validation>({ reason: oneOf('Forbidden', 'Invalid', 'RequestEntityTooLarge') }),
);

type AuditAnnotation = { readonly key?: string; readonly valueExpression?: string };

function auditAnnotations(list: readonly AuditAnnotation[], policy: string, check: Check): void {
  if (list.length > annotationsMax) check.invalid(list, `must not have more than ${annotationsMax} auditAnnotations`);
  const seen = new Set<string>();
  for (const [index, { key = '', valueExpression = '' }] of list.entries()) {
    const name = `${policy}/${key}`;
    const problem = qualifiedNameProblem(name);
    if (problem !== undefined) check.invalid(name, problem, `[${index}].key`);
    const value = valueExpression.trim();
    if (value === '') check.required('valueExpression is not specified', `[${index}].valueExpression`);
    else if (value.length > annotationBytesMax)
      check.required(`must not exceed ${annotationBytesMax} bytes in length`, `[${index}].valueExpression`);
    if (seen.has(key)) check.duplicate(key, `[${index}].key`);
    seen.add(key);
  }
}

const common = {
  failurePolicy: required(failurePolicy),
  paramKind,
  matchConstraints,
};

export const validatingPolicy: Rule<AnyObject> = (object, check) => {
  const spec = (object.spec ?? {}) as Json;
  const [validations, annotations] = [spec.validations, spec.auditAnnotations].map(
    (list) => (list ?? []) as readonly AuditAnnotation[],
  );
  check.enter('spec');
  validatingFields(spec, check);
  if (validations?.length === 0 && annotations?.length === 0) {
    const detail = 'validations or auditAnnotations must contain at least one item';
    check.required(detail, '.validations');
    check.required(detail, '.auditAnnotations');
  } else {
    validationsRule(spec, check);
    check.enter('auditAnnotations');
    auditAnnotations(annotations ?? [], object.metadata.name, check);
    check.leave();
  }
  check.leave();
};

const validatingFields: Rule<Json> = fields({ ...common, matchConditions, variables: each(variable) });
const validationsRule: Rule<Json> = fields({ validations: each(validation) });

type Mutation = Json & { readonly patchType?: string };

/** Patch type → the field with its expression. */
const patchFields = { JSONPatch: 'jsonPatch', ApplyConfiguration: 'applyConfiguration' } as const;

const mutation: Rule<Mutation> = (value, check) => {
  const { patchType = '' } = value;
  const field = patchFields[patchType as keyof typeof patchFields];
  if (patchType === '') check.required('', '.patchType');
  else if (field === undefined) check.notSupported(patchType, ['ApplyConfiguration', 'JSONPatch'], '.patchType');
  else {
    const other = field === 'jsonPatch' ? 'applyConfiguration' : 'jsonPatch';
    const given = value[field] as { readonly expression?: string } | undefined;
    if (given == null) check.required(`must be specified when patchType is ${patchType}`, `.${field}`);
    else if ((given.expression ?? '').trim() === '') check.required('', `.${field}.expression`);
    if (value[other] != null)
      check.invalid(`{${other}}`, `must not be specified when patchType is ${patchType}`, `.${other}`);
  }
};

export const mutatingPolicy: Rule = fields({
  spec: required(
    all<Json>(
      fields(common),
      onlyMutating('matchConstraints'),
      fields({
        matchConditions,
        variables: each(variable),
        mutations: required(each(mutation), 'mutations must contain at least one item'),
        reinvocationPolicy: required(reinvocationPolicy),
      }),
    ),
  ),
});

type ParamRef = { readonly name?: string; readonly selector?: object | null };

const paramRef: Rule<ParamRef> = (value, check) => {
  const { name = '', selector } = value;
  const exclusive = 'name and selector are mutually exclusive';
  const problem = name === '' ? undefined : nameProblem(name, 'path-segment');
  if (problem !== undefined) check.invalid(name, problem, '.name');
  if (name !== '' && selector != null) check.forbidden(exclusive, '.name');
  selectorOf(value, check);
  if (name !== '' && selector != null) check.forbidden(exclusive, '.selector');
  if (name === '' && selector == null) check.required('one of name or selector must be specified');
  actionOf(value, check);
};
const selectorOf: Rule<ParamRef> = fields<ParamRef>({ selector: labelSelector });
const actionOf: Rule<ParamRef> = fields<ParamRef>({ parameterNotFoundAction: required(oneOf('Deny', 'Allow')) });

const actions = ['Audit', 'Deny', 'Warn'];

const validationActions: Rule<readonly string[]> = required<readonly string[]>((list, check) => {
  for (const [index, action] of list.entries()) {
    if (!actions.includes(action)) check.notSupported(action, actions, `[${index}]`);
    if (list.indexOf(action) < index) check.duplicate(action, `[${index}]`);
  }
  if (list.includes('Deny') && list.includes('Warn')) {
    const detail =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    check.invalid(list, detail);
  }
}, 'at least one validation action is required');

const bindingFields = { policyName: required(dnsSubdomain), paramRef, matchResources };

export const validatingPolicyBinding: Rule = fields({
  spec: required(fields({ ...bindingFields, validationActions })),
});

export const mutatingPolicyBinding: Rule = fields({
  spec: required(all<Json>(fields(bindingFields), onlyMutating('matchResources'))),
});

export const policyStatus: Rule = fields({
  status: fields({
    typeChecking: fields({
      expressionWarnings: each(fields({ warning: neededText, fieldRef: neededText })),
    }),
  }),
});

const staticSuffix = '.static.k8s.io';

/** Of webhooks, policies and bindings alike: such names belong to files beside the server. */
export function staticNameWarnings({ metadata }: AnyObject): readonly string[] {
  if (!metadata.name.endsWith(staticSuffix)) return [];
  return [
    `metadata.name: names ending with "${staticSuffix}" are reserved for static manifest-based configurations and cannot be managed via the API`,
  ];
}
