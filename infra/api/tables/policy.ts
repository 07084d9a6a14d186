// `kubectl get` of who may do what (RBAC, certificates), of what may pass (admission, flow control), and of the classes
// pods refer to.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { column, humanDuration, none, selectorText, wide } from './cells.ts';
import { aged, counted, type Entry, field, list, named, tabled, text, value } from './entries.ts';

type Subject = { readonly kind?: string; readonly namespace?: string; readonly name?: string };
type Condition = { readonly type?: string; readonly status?: string; readonly reason?: string };

export const bindingTable = tabled(
  named,
  [column('Role'), (object) => `${text(object, 'roleRef.kind')}/${text(object, 'roleRef.name')}`],
  aged,
  subjects('Users', 'User'),
  subjects('Groups', 'Group'),
  subjects('ServiceAccounts', 'ServiceAccount'),
);

function subjects(label: string, kind: string): Entry {
  const shown = ({ namespace = '', name = '' }: Subject) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name);
  return [
    wide(label),
    (object) =>
      list<Subject>(object, 'subjects')
        .filter((subject) => subject.kind === kind)
        .map(shown)
        .join(', '),
  ];
}

export const certificateSigningRequestTable = tabled(
  named,
  aged,
  field('SignerName', 'spec.signerName', none),
  field('Requestor', 'spec.username'),
  [
    column('RequestedDuration'),
    (object) => {
      const seconds = value(object, 'spec.expirationSeconds');
      return typeof seconds === 'number' ? humanDuration(seconds * 1_000) : none;
    },
  ],
  [column('Condition'), requestCondition],
);

/** A denial outweighs an approval; what became of it follows. */
function requestCondition(object: AnyObject): string {
  const types = new Set(list<Condition>(object, 'status.conditions').map(({ type }) => type));
  const verdict = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  const issued = text(object, 'status.certificate') === '' ? '' : ',Issued';
  return `${verdict}${types.has('Failed') ? ',Failed' : ''}${issued}`;
}

export const webhookConfigurationTable = tabled(named, counted('Webhooks', 'webhooks'), aged);

const paramKind: Entry = [
  column('ParamKind'),
  (object) =>
    value(object, 'spec.paramKind') === undefined
      ? '<unset>'
      : `${text(object, 'spec.paramKind.apiVersion')}/${text(object, 'spec.paramKind.kind')}`,
];

export const validatingPolicyTable = tabled(named, counted('Validations', 'spec.validations'), paramKind, aged);
export const mutatingPolicyTable = tabled(named, counted('Mutations', 'spec.mutations'), paramKind, aged);

export const policyBindingTable = tabled(
  named,
  field('PolicyName', 'spec.policyName'),
  [column('ParamRef'), paramRef],
  aged,
);

/** Whether the parameter lies in a namespace is not known here, so one without a namespace may lie in any. */
function paramRef(object: AnyObject): string {
  const name = text(object, 'spec.paramRef.name');
  if (name !== '') return `${text(object, 'spec.paramRef.namespace') || '*'}/${name}`;
  const selector = value(object, 'spec.paramRef.selector') as Parameters<typeof selectorText>[0];
  return selector === undefined ? '<unset>' : selectorText(selector);
}

export const flowSchemaTable = tabled(
  named,
  field('PriorityLevel', 'spec.priorityLevelConfiguration.name'),
  field('MatchingPrecedence', 'spec.matchingPrecedence', 0),
  field('DistinguisherMethod', 'spec.distinguisherMethod.type', none),
  aged,
  [column('MissingPL'), (object) => conditionOf(object, 'Dangling')?.status ?? '?'],
);

export const priorityLevelTable = tabled(
  named,
  field('Type', 'spec.type'),
  field('NominalConcurrencyShares', 'spec.limited.nominalConcurrencyShares', none),
  field('Queues', 'spec.limited.limitResponse.queuing.queues', none),
  field('HandSize', 'spec.limited.limitResponse.queuing.handSize', none),
  field('QueueLengthLimit', 'spec.limited.limitResponse.queuing.queueLengthLimit', none),
  aged,
);

export const apiServiceTable = tabled(named, [column('Service'), service], [column('Available'), available], aged);

function service(object: AnyObject): string {
  if (value(object, 'spec.service') === undefined) return 'Local';
  return `${text(object, 'spec.service.namespace')}/${text(object, 'spec.service.name')}`;
}

function available(object: AnyObject): string {
  const condition = conditionOf(object, 'Available');
  if (condition === undefined) return 'Unknown';
  const { status = '', reason = '' } = condition;
  return status === 'True' || reason === '' ? status : `${status} (${reason})`;
}

export const priorityClassTable = tabled(
  named,
  field('Value', 'value', 0, 'integer'),
  field('Global-Default', 'globalDefault', false, 'boolean'),
  aged,
  field('PreemptionPolicy', 'preemptionPolicy'),
);

export const runtimeClassTable = tabled(named, field('Handler', 'handler'), aged);

function conditionOf(object: AnyObject, type: string): Condition | undefined {
  return list<Condition>(object, 'status.conditions').find((condition) => condition.type === type);
}
