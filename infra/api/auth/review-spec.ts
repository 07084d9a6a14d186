// What an access review asks, as the authorizer is asked it, and what makes one invalid.

import { parseLabelSelector } from '../../../streams/resources/labels.ts';
import type { AnyObject, LabelSelectorRequirement } from '../../../streams/resources/meta.ts';
import { type FieldError, invalid } from '../errors.ts';
import { parseFieldSelector } from '../verbs/field-selector.ts';
import type { Attributes } from './authorize.ts';
import type { UserInfo } from './user.ts';

type SelectorSpec<Requirement> = {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[] | null;
} | null;

type ResourceAttributes = {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly fieldSelector?: SelectorSpec<LabelSelectorRequirement>;
  readonly labelSelector?: SelectorSpec<LabelSelectorRequirement>;
};

export type ReviewSpec = {
  readonly resourceAttributes?: ResourceAttributes | null;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string } | null;
  readonly user?: string;
  readonly groups?: readonly string[] | null;
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>> | null;
};

export type ReviewScope = 'anybody' | 'self' | { readonly namespace: string };

const group = 'authorization.k8s.io';

/** Throws Invalid with everything that is wrong with the review. */
export function checkReview({ metadata, spec }: AnyObject, scope: ReviewScope): void {
  const review = (spec ?? {}) as ReviewSpec;
  const errors = [...specProblems(review, scope), ...metadataProblems(metadata ?? {}, scope)];
  if (typeof scope === 'object') errors.push(...localProblems(review, scope.namespace));
  // The kind has been taken off the object by then, upstream.
  if (errors.length > 0) throw invalid({ group, kind: '' }, '', errors);
}

export type Asked = {
  readonly request: Attributes;
  /** What of the question was not understood and is left out of account. */
  readonly ignored: readonly string[];
};

export function attributesOf({ resourceAttributes, nonResourceAttributes }: ReviewSpec): Asked {
  if (resourceAttributes == null) {
    const { path = '', verb = '' } = nonResourceAttributes ?? {};
    return { request: { ...noResource, path, verb }, ignored: [] };
  }
  const {
    namespace = '',
    verb = '',
    group: apiGroup = '',
    resource = '',
    subresource = '',
    name = '',
  } = resourceAttributes;
  const fields = fieldSelectorOf(resourceAttributes.fieldSelector ?? null);
  const labels = labelSelectorOf(resourceAttributes.labelSelector ?? null);
  const request = {
    ...noResource,
    isResourceRequest: true,
    namespace,
    verb,
    group: apiGroup,
    resource,
    subresource,
    name,
  };
  const told = (field: string, { text, broken }: Selector) =>
    broken ? [`spec.resourceAttributes.${field} ${text === '' ? '' : 'partially '}ignored due to parse error`] : [];
  return {
    request: { ...request, fieldSelector: fields.text, labelSelector: labels.text },
    ignored: [...told('fieldSelector', fields), ...told('labelSelector', labels)],
  };
}

export function subjectOf({ user = '', groups, uid, extra }: ReviewSpec): UserInfo {
  return { username: user, groups: groups ?? [], ...(uid !== undefined && uid !== '' && { uid }), extra: extra ?? {} };
}

const noResource: Attributes = {
  isResourceRequest: false,
  path: '',
  verb: '',
  group: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  fieldSelector: '',
  labelSelector: '',
};

function specProblems({ resourceAttributes, nonResourceAttributes, user, groups }: ReviewSpec, scope: ReviewScope) {
  const errors: FieldError[] = [];
  if (resourceAttributes != null && nonResourceAttributes != null) {
    const detail = 'cannot be specified in combination with resourceAttributes';
    errors.push({ type: 'Invalid', field: 'spec.nonResourceAttributes', value: nonResourceAttributes, detail });
  }
  if (resourceAttributes == null && nonResourceAttributes == null) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push({ type: 'Invalid', field: 'spec.resourceAttributes', value: null, detail });
  }
  if (scope !== 'self' && (user ?? '') === '' && (groups ?? []).length === 0) {
    const detail = 'at least one of user or group must be specified';
    errors.push({ type: 'Invalid', field: 'spec.user', value: '', detail });
  }
  for (const name of ['fieldSelector', 'labelSelector'] as const) {
    errors.push(...selectorProblems(resourceAttributes?.[name] ?? null, `spec.resourceAttributes.${name}`));
  }
  return errors;
}

function selectorProblems(selector: SelectorSpec<LabelSelectorRequirement>, path: string): FieldError[] {
  if (selector === null) return [];
  const raw = selector.rawSelector ?? '';
  const listed = (selector.requirements ?? []).length > 0;
  if (raw !== '' && listed) {
    const detail = 'may not specified at the same time as requirements';
    return [{ type: 'Invalid', field: `${path}.rawSelector`, value: raw, detail }];
  }
  if (raw !== '' || listed) return [];
  const detail = `when ${path} is specified, requirements or rawSelector is required`;
  return [{ type: 'Required', field: `${path}.requirements`, detail }];
}

function metadataProblems(metadata: Partial<AnyObject['metadata']>, scope: ReviewScope): FieldError[] {
  const { managedFields: _, namespace, ...rest } = metadata;
  const local = typeof scope === 'object';
  const given = local || namespace === undefined || namespace === '' ? rest : { ...rest, namespace };
  const isSet = Object.values(given).some((value) => value !== undefined && value !== null && value !== '');
  if (!isSet) return [];
  const detail = local ? 'must be empty except for namespace' : 'must be empty';
  return [{ type: 'Invalid', field: 'metadata', value: metadata, detail }];
}

function localProblems({ resourceAttributes, nonResourceAttributes }: ReviewSpec, namespace: string): FieldError[] {
  const errors: FieldError[] = [];
  if (resourceAttributes != null && (resourceAttributes.namespace ?? '') !== namespace) {
    const value = resourceAttributes.namespace ?? '';
    const detail = 'must match metadata.namespace';
    errors.push({ type: 'Invalid', field: 'spec.resourceAttributes.namespace', value, detail });
  }
  if (nonResourceAttributes != null) {
    const detail = 'disallowed on this kind of request';
    errors.push({ type: 'Invalid', field: 'spec.nonResourceAttributes', value: nonResourceAttributes, detail });
  }
  return errors;
}

/** A selector as the query writes it; what of it cannot be read is left out, which asks for more and not for less. */
type Selector = { readonly text: string; readonly broken: boolean };

function fieldSelectorOf(selector: SelectorSpec<LabelSelectorRequirement>): Selector {
  const raw = selector?.rawSelector ?? '';
  if (raw !== '') return isFieldSelector(raw) ? { text: raw, broken: false } : unreadable;
  const requirements = selector?.requirements ?? [];
  const terms = requirements.flatMap(({ key, operator, values = [] }) => {
    const sign = operator === 'In' ? '=' : operator === 'NotIn' ? '!=' : undefined;
    const [value = ''] = values;
    return sign === undefined || values.length !== 1 ? [] : [`${key}${sign}${value.replace(/[\\,=]/g, '\\$&')}`];
  });
  return { text: terms.join(','), broken: terms.length < requirements.length };
}

const unreadable: Selector = { text: '', broken: true };

function isFieldSelector(text: string): boolean {
  try {
    parseFieldSelector(text);
    return true;
  } catch {
    return false;
  }
}

const setOperators: Readonly<Record<string, (key: string, values: readonly string[]) => string>> = {
  In: (key, values) => `${key} in (${values.join(',')})`,
  NotIn: (key, values) => `${key} notin (${values.join(',')})`,
  Exists: (key) => key,
  DoesNotExist: (key) => `!${key}`,
};

function labelSelectorOf(selector: SelectorSpec<LabelSelectorRequirement>): Selector {
  const raw = selector?.rawSelector ?? '';
  if (raw !== '') return isLabelSelector(raw) ? { text: raw, broken: false } : unreadable;
  const requirements = selector?.requirements ?? [];
  const terms = requirements
    .map(({ key, operator, values = [] }) => setOperators[operator]?.(key, values) ?? '')
    .filter((term) => term !== '' && isLabelSelector(term));
  return { text: terms.join(','), broken: terms.length < requirements.length };
}

function isLabelSelector(text: string): boolean {
  return parseLabelSelector(text).kind !== 'invalid';
}
