// What makes a FlowSchema or a PriorityLevelConfiguration invalid. The mandatory objects are compared as wholes.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { mandatorySpec } from '../flow/bootstrap.ts';
import { nameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import { dnsSubdomain } from './formats.ts';
import { each, fields, type Json, required, sameValue } from './rules.ts';

const precedenceMax = 10_000;
const queuesMax = 10_000_000;
/** Bits of the hash a hand is dealt from. */
const hashBitsMax = 60;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const sharesAnnotation = 'flowcontrol.k8s.io/preserve-zero-concurrency-shares';

type Named = { readonly name?: string; readonly namespace?: string };
type Subject = {
  readonly kind?: string;
  readonly user?: Named | null;
  readonly group?: Named | null;
  readonly serviceAccount?: Named | null;
};

/** Kind → the field that says who; the others must not be there. */
const subjectFields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

const subject: Rule<Subject> = (value, check) => {
  const field = subjectFields[value.kind as keyof typeof subjectFields];
  if (field === undefined) {
    check.notSupported(value.kind, ['Group', 'ServiceAccount', 'User'], '.kind');
    return;
  }
  const who = value[field];
  if (who == null) check.required(`${field} is required when subject kind is '${value.kind}'`, `.${field}`);
  else if (!who.name) check.required('', `.${field}.name`);
  if (field === 'serviceAccount' && who != null) accountRule(who, check);
  for (const [kind, other] of Object.entries(subjectFields)) {
    if (other !== field && value[other] != null)
      check.forbidden(`${other} is forbidden when subject kind is not '${kind}'`, `.${other}`);
  }
};

function accountRule({ name = '', namespace = '' }: Named, check: Check): void {
  const problem = name === '' || name === '*' ? undefined : nameProblem(name, 'subdomain');
  if (problem !== undefined) check.invalid(name, problem, '.serviceAccount.name');
  const why = nameProblem(namespace, 'label');
  if (namespace === '') check.required('must specify namespace for service account', '.serviceAccount.namespace');
  else if (why !== undefined) check.invalid(namespace, why, '.serviceAccount.namespace');
}

const all = '*';
const verbList = required<readonly string[]>((list, check) => {
  if (list.includes(all)) alone(list, 'verbs', check);
  else if (list.some((verb) => !verbs.includes(verb))) check.notSupported(list, verbs);
}, 'verbs must contain at least one value');

function wildcardList(what: string, missing: string): Rule<readonly string[]> {
  return required<readonly string[]>((list, check) => {
    if (list.includes(all)) alone(list, what, check);
  }, missing);
}

function alone(list: readonly string[], what: string, check: Check): void {
  if (list.length > 1) check.invalid(list, `if '*' is present, must not specify other ${what}`);
}

type ResourceRule = { readonly namespaces?: readonly string[] | null; readonly clusterScope?: boolean };

const resourceRule: Rule<ResourceRule> = fields<ResourceRule>(
  {
    verbs: verbList,
    apiGroups: wildcardList('api groups', 'resource rules must supply at least one api group'),
    resources: wildcardList('resources', 'resource rules must supply at least one resource'),
  },
  ({ namespaces, clusterScope }, check) => {
    const list = namespaces ?? [];
    check.enter('namespaces');
    if (list.length === 0) {
      if (clusterScope !== true)
        check.required('resource rules that are not cluster scoped must supply at least one namespace');
    } else if (list.includes(all)) alone(list, 'namespaces', check);
    else {
      for (const [index, name] of list.entries()) {
        const problem = nameProblem(name, 'label');
        const detail = `each member of this list must be '*' or a DNS-1123 label; ${problem}`;
        if (problem !== undefined) check.invalid(name, detail, `[${index}]`);
      }
    }
    check.leave();
  },
);

const path: Rule<string> = (value, check) => {
  const stars = value.split(all).length - 1;
  if (value === '/') return;
  if (value === '') check.invalid(value, 'must not be empty');
  else if (!value.startsWith('/')) check.invalid(value, 'must start with slash');
  else if (value.includes(' ')) check.invalid(value, 'must not contain white-space');
  else if (value.includes('//')) check.invalid(value, 'must not contain double slash');
  else if (stars > 1 || (stars === 1 && !value.endsWith('/*')))
    check.invalid(value, 'wildcard can only do suffix matching');
};
const eachPath = each(path);

const nonResourceRule: Rule = fields({
  verbs: verbList,
  nonResourceURLs: required<readonly string[]>((list, check) => {
    if (list.includes(all)) alone(list, 'non-resource URLs', check);
    else eachPath(list, check);
  }, 'nonResourceURLs must contain at least one value'),
});

const flowRule: Rule<Json> = (value, check) => {
  subjectsOf(value, check);
  const none = [value.resourceRules, value.nonResourceRules].every((list) => ((list ?? []) as unknown[]).length === 0);
  if (none) check.required('at least one of resourceRules and nonResourceRules has to be non-empty');
  rulesOf(value, check);
};
const subjectsOf: Rule<Json> = fields({
  subjects: required(each(subject), 'subjects must contain at least one value'),
});
const rulesOf: Rule<Json> = fields({
  resourceRules: each<ResourceRule>(resourceRule),
  nonResourceRules: each(nonResourceRule),
});

type SchemaSpec = { readonly matchingPrecedence?: number; readonly distinguisherMethod?: { readonly type?: string } };

export const flowSchema: Rule<AnyObject> = (object, check) => {
  const spec = (object.spec ?? {}) as Json & SchemaSpec;
  const { matchingPrecedence: precedence = 0, distinguisherMethod: method } = spec;
  check.enter('spec');
  const field = '.matchingPrecedence';
  if (precedence <= 0) check.invalid(precedence, 'must be a positive value', field);
  if (precedence > precedenceMax) check.invalid(precedence, `must not be greater than ${precedenceMax}`, field);
  if (precedence === 1 && object.metadata.name !== 'exempt')
    check.invalid(precedence, "only the schema named 'exempt' may have matchingPrecedence 1", field);
  if (method != null && method.type !== 'ByNamespace' && method.type !== 'ByUser')
    check.notSupported(method, ['ByNamespace', 'ByUser'], '.distinguisherMethod.type');
  schemaFields(spec, check);
  const fixed = mandatorySpec('FlowSchema', object.metadata.name);
  if (fixed !== undefined && !sameValue(spec, fixed))
    check.invalid(spec, `spec of '${object.metadata.name}' must equal the fixed value`);
  check.leave();
};

const schemaFields: Rule<Json> = fields({
  priorityLevelConfiguration: required(
    fields({ name: required(dnsSubdomain, 'must reference a priority level') }),
    'must reference a priority level',
  ),
  rules: each(flowRule),
});

type LevelSpec = {
  readonly type?: string;
  readonly limited?: Limited | null;
  readonly exempt?: Json | null;
};
type Limited = Json & {
  readonly nominalConcurrencyShares?: number;
  readonly lendablePercent?: number;
  readonly borrowingLimitPercent?: number;
  readonly limitResponse?: { readonly type?: string; readonly queuing?: Queuing | null };
};
type Queuing = { readonly queues?: number; readonly handSize?: number; readonly queueLengthLimit?: number };

export const priorityLevel: Rule<AnyObject> = (object, check) => {
  const { name, annotations } = object.metadata;
  const spec = (object.spec ?? {}) as LevelSpec;
  if (annotations?.[sharesAnnotation] !== undefined)
    check.forbidden(`annotation '${sharesAnnotation}' is forbidden`, '.metadata.annotations');
  check.enter('spec');
  levelSpec(name, spec, check);
  const fixed = mandatorySpec('PriorityLevelConfiguration', name);
  if (fixed !== undefined) {
    const free = name === 'exempt' ? 'exempt' : undefined;
    const given = free === undefined ? spec : { ...spec, [free]: fixed[free] };
    const except = free === undefined ? '' : " except the 'spec.exempt' field";
    if (!sameValue(given, fixed)) check.invalid(spec, `spec of '${name}'${except} must equal the fixed value`);
  }
  check.leave();
};

function levelSpec(name: string, { type = '', limited, exempt }: LevelSpec, check: Check): void {
  if ((name === 'exempt') !== (type === 'Exempt'))
    check.invalid(type, "must be 'Exempt' if and only if `name` is 'exempt'", '.type');
  if (type === 'Exempt') {
    if (limited != null) check.forbidden('must be nil if the type is not Limited', '.limited');
    if (exempt != null) within(check, 'exempt', () => sharesRule(exempt as Limited, check));
  } else if (type === 'Limited') {
    if (exempt != null) check.forbidden('must be nil if the type is Limited', '.exempt');
    if (limited == null) check.required('must not be empty when type is Limited', '.limited');
    else within(check, 'limited', () => limitedRule(limited, check));
  } else check.notSupported(type, ['Exempt', 'Limited'], '.type');
}

function sharesRule({ nominalConcurrencyShares: shares = 0 }: Limited, check: Check): void {
  if (shares < 0) check.invalid(shares, 'must be a non-negative integer', '.nominalConcurrencyShares');
}

function limitedRule(limited: Limited, check: Check): void {
  const { lendablePercent: lendable = 0, borrowingLimitPercent: borrowing = 0, limitResponse = {} } = limited;
  sharesRule(limited, check);
  const { type = '', queuing } = limitResponse;
  const field = '.limitResponse.queuing';
  if (type === 'Reject') {
    if (queuing != null) check.forbidden('must be nil if limited.limitResponse.type is not Limited', field);
  } else if (type !== 'Queue') check.notSupported(type, ['Queue', 'Reject'], '.limitResponse.type');
  else if (queuing == null) check.required('must not be empty if limited.limitResponse.type is Limited', field);
  else within(check, 'limitResponse', () => within(check, 'queuing', () => queuingRule(queuing, check)));
  if (lendable < 0 || lendable > 100)
    check.invalid(lendable, 'must be between 0 and 100, inclusive', '.lendablePercent');
  if (borrowing < 0) check.invalid(borrowing, 'if specified, must be a non-negative integer', '.borrowingLimitPercent');
}

function queuingRule({ queues = 0, handSize = 0, queueLengthLimit = 0 }: Queuing, check: Check): void {
  if (queueLengthLimit <= 0) check.invalid(queueLengthLimit, 'must be positive', '.queueLengthLimit');
  if (queues <= 0) check.invalid(queues, 'must be positive', '.queues');
  else if (queues > queuesMax) check.invalid(queues, `must not be greater than ${queuesMax}`, '.queues');
  const field = '.handSize';
  const bits = Math.ceil(Math.log2(queues) * handSize);
  if (handSize <= 0) check.invalid(handSize, 'must be positive', field);
  else if (handSize > queues) check.invalid(handSize, `should not be greater than queues (${queues})`, field);
  else if (bits > hashBitsMax) {
    const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBitsMax}`;
    check.invalid(handSize, detail, field);
  }
}

type Condition = { readonly type?: string };

/** Of the status of either kind. */
export const flowStatus: Rule = fields({
  status: fields({
    conditions: (conditions: readonly Condition[], check) => {
      const seen = new Set<string>();
      for (const [index, { type = '' }] of conditions.entries()) {
        if (seen.has(type)) check.duplicate(type, `[${index}].type`);
        seen.add(type);
        if (type === '') check.required('', `[${index}].type`);
      }
    },
  }),
});

function within(check: Check, field: string, rule: () => void): void {
  check.enter(field);
  rule();
  check.leave();
}
