// What makes a Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController or ControllerRevision invalid, and
// their statuses.

import type { AnyObject, LabelSelector, Labels } from '../../../streams/resources/meta.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { claimSpec } from './claims.ts';
import { countOrPercent, dnsLabel, noMoreThan100Percent } from './formats.ts';
import { podTemplate } from './pod.ts';
import { withFieldsOf } from './pod-updates.ts';
import { absentRule, all, fields, immutable, type Json, nonNegative, oneOf, required, sameValue } from './rules.ts';
import { foreverTemplate, noTemplate, selectorAndTemplate, selectsTemplate, type Template } from './templates.ts';

type IntOrString = number | string;
type Rolling = { readonly maxUnavailable?: IntOrString; readonly maxSurge?: IntOrString };
type Templated = { readonly selector?: LabelSelector; readonly template?: Template };

const portion = all<IntOrString>(countOrPercent, noMoreThan100Percent);

/** An object whose spec is there; without one everything the spec requires is missing. */
function withSpec(spec: Rule<Json>): Rule<AnyObject> {
  return (object, check, before) => {
    check.enter('spec');
    spec((object.spec ?? {}) as Json, check, before?.spec as Json | undefined);
    check.leave();
  };
}

const rollingDeployment: Rule<Rolling> = fields<Rolling>(
  { maxUnavailable: countOrPercent, maxSurge: countOrPercent },
  (rolling, check) => {
    if (amount(rolling.maxUnavailable) === 0 && amount(rolling.maxSurge) === 0)
      check.invalid(rolling.maxUnavailable ?? 0, 'may not be 0 when `maxSurge` is 0', '.maxUnavailable');
    check.enter('maxUnavailable');
    noMoreThan100Percent(rolling.maxUnavailable ?? 0, check);
    check.leave();
  },
);

type Strategy = { readonly type?: string; readonly rollingUpdate?: Rolling };
const deploymentStrategy: Rule<Strategy> = fields<Strategy>(
  { type: required(oneOf('Recreate', 'RollingUpdate')) },
  ({ type, rollingUpdate }, check) => {
    if (type === 'Recreate' && rollingUpdate !== undefined)
      check.forbidden("may not be specified when strategy `type` is 'Recreate'", '.rollingUpdate');
    if (type !== 'RollingUpdate') return;
    check.enter('rollingUpdate');
    if (isAbsent(rollingUpdate)) check.required('this should be defaulted and never be nil');
    else rollingDeployment(rollingUpdate, check);
    check.leave();
  },
);

const ofReplicas = selectorAndTemplate({
  kind: 'deployment',
  controller: 'ReplicaSet',
  malformed: 'invalid label selector',
});

export const deployment: Rule<AnyObject> = withSpec(
  all<Json>(
    fields({ replicas: nonNegative }),
    ofReplicas,
    fields<Json>(
      {
        strategy: deploymentStrategy,
        minReadySeconds: nonNegative,
        revisionHistoryLimit: nonNegative,
        progressDeadlineSeconds: nonNegative,
      },
      (spec, check) => {
        const { progressDeadlineSeconds: deadline, minReadySeconds } = spec as Readonly<Record<string, number>>;
        if (!isAbsent(deadline) && deadline <= (minReadySeconds ?? 0))
          check.invalid(deadline, 'must be greater than minReadySeconds', '.progressDeadlineSeconds');
      },
    ),
    fields({ selector: immutable }),
  ),
);

export const replicaSet: Rule<AnyObject> = withSpec(
  all<Json>(
    fields({ replicas: nonNegative, minReadySeconds: nonNegative }),
    ofReplicas,
    fields({ selector: immutable }),
  ),
);

const rollingDaemonSet: Rule<Rolling> = fields<Rolling>(
  { maxUnavailable: portion, maxSurge: portion },
  ({ maxUnavailable, maxSurge }, check) => {
    const [unavailable, surge] = [amount(maxUnavailable) !== 0, amount(maxSurge) !== 0];
    if (unavailable && surge) check.invalid(maxSurge, 'may not be set when maxUnavailable is non-zero', '.maxSurge');
    if (!unavailable && !surge) check.required('cannot be 0 when maxSurge is 0', '.maxUnavailable');
  },
);

const daemonSetStrategy: Rule<Strategy> = (strategy, check) => {
  const { type = '', rollingUpdate } = strategy;
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') return check.notSupported(strategy, ['RollingUpdate', 'OnDelete']);
  check.enter('rollingUpdate');
  if (isAbsent(rollingUpdate)) check.required();
  else rollingDaemonSet(rollingUpdate, check);
  check.leave();
};

export const daemonSet: Rule<AnyObject> = withSpec(
  all<Json>(
    fields({ selector: immutable }),
    selectorAndTemplate({ kind: 'daemonset', controller: 'DaemonSet', selectorRequired: false }),
    fields({ minReadySeconds: nonNegative, updateStrategy: daemonSetStrategy, revisionHistoryLimit: nonNegative }),
  ),
);

const managementPolicies = ['OrderedReady', 'Parallel'];
const retention = oneOf('Retain', 'Delete');

const statefulSetStrategy: Rule<Strategy & { readonly rollingUpdate?: object }> = (strategy, check) => {
  const { type = '', rollingUpdate } = strategy;
  if (type === '') check.required();
  else if (type === 'OnDelete') {
    if (!isAbsent(rollingUpdate))
      check.invalid(rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'", '.rollingUpdate');
  } else if (type !== 'RollingUpdate') check.invalid(strategy, "must be 'RollingUpdate' or 'OnDelete'");
  else if (!isAbsent(rollingUpdate)) {
    check.enter('rollingUpdate');
    rollingStatefulSet(rollingUpdate, check);
    check.leave();
  }
};

const rollingStatefulSet: Rule<object> = fields({
  partition: nonNegative,
  maxUnavailable: all<IntOrString>(countOrPercent, (value, check) => {
    if (amount(value) === 0) check.invalid(value, 'cannot be 0');
    noMoreThan100Percent(value, check);
  }),
});

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const changeableText =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

const statefulSetFields: Rule<Json> = fields({
  podManagementPolicy: required((policy: string, check) => {
    if (!managementPolicies.includes(policy)) check.invalid(policy, "must be 'OrderedReady' or 'Parallel'");
  }),
  updateStrategy: required(statefulSetStrategy),
  persistentVolumeClaimRetentionPolicy: fields({ whenDeleted: retention, whenScaled: retention }),
  volumeClaimTemplates: claimTemplates,
  replicas: nonNegative,
  minReadySeconds: nonNegative,
  ordinals: fields({ start: nonNegative }),
  serviceName: (name: string, check) => check.updating || dnsLabel(name, check),
});

const ofStatefulSet = selectorAndTemplate({ kind: 'statefulset', controller: 'StatefulSet', malformed: '' });

export const statefulSet: Rule<AnyObject> = withSpec((spec, check, before) => {
  statefulSetFields(spec, check);
  ofStatefulSet(withClaimVolumes(spec) as Templated, check);
  if (!check.updating || before === undefined) return;
  const masked = withFieldsOf(spec, before, changeable as unknown as (keyof Json)[]);
  for (const key of new Set([...Object.keys(masked), ...Object.keys(before)]))
    if (!sameValue(masked[key], before[key])) return check.forbidden(changeableText);
});

function claimTemplates(templates: readonly { readonly spec?: Json }[], check: Check): void {
  // They never change, so that only a creation is to be told what is wrong with them.
  if (check.updating) return;
  for (const [i, { spec = {} }] of templates.entries()) {
    check.enter(i);
    check.enter('spec');
    claimSpec(spec, check);
    check.leave();
    check.leave();
  }
}

type Named = { readonly name?: string };

/** The template as pods will have it: claims are volumes, host names are the set's to give. */
function withClaimVolumes(spec: Json): Json {
  const template = (spec.template ?? noTemplate) as Template;
  const claims = ((spec.volumeClaimTemplates ?? []) as readonly { readonly metadata?: Named }[]).map(
    ({ metadata }) => metadata?.name ?? '',
  );
  const own = template.spec;
  if (own === undefined || (claims.length === 0 && !own.hostname && !own.subdomain)) return spec;
  const volumes = [
    ...(own.volumes ?? []).filter(({ name = '' }) => !claims.includes(name)),
    ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
  ];
  const { hostname: _h, subdomain: _s, ...rest } = own;
  return { ...spec, template: { ...template, spec: { ...rest, ...(volumes.length > 0 && { volumes }) } } };
}

type RcSpec = { readonly selector?: Labels; readonly template?: Template };

export const replicationController: Rule<AnyObject> = withSpec(
  all<Json>(
    fields({ minReadySeconds: nonNegative, selector: required(notEmpty), replicas: required(nonNegative) }),
    ({ selector, template }: RcSpec, check) => {
      if (isAbsent(template)) {
        check.required('', '.template');
        return;
      }
      check.enter('template');
      selectsTemplate({ matchLabels: selector ?? {} }, template, check);
      foreverTemplate(template, 'ReplicationController', check);
      check.leave();
    },
  ),
);

function notEmpty(labels: Labels, check: Check): void {
  if (Object.keys(labels).length === 0) check.required();
}

export const controllerRevision: Rule<AnyObject> = fields<AnyObject>(
  { revision: nonNegative, data: immutable },
  ({ data }, check) => {
    if (check.updating) return;
    if (data === undefined || data === null) check.required('data is mandatory', '.data');
    else if (typeof data !== 'object' || Array.isArray(data))
      check.required('data must be a valid JSON object', '.data');
  },
);

export const podTemplateObject: Rule<AnyObject> = fields({
  template: absentRule<Template>(podTemplate, (check) => podTemplate(noTemplate, check)),
});

/** Counts of a status: none negative, and those named here no greater than all replicas. */
function counts(names: string, ...parts: readonly string[]): Rule<Json> {
  const all = names.split(' ');
  const nonNegatives = fields(Object.fromEntries(all.map((name) => [name, nonNegative])));
  const tell = 'cannot be greater than status.replicas';
  return (status, check) => {
    nonNegatives(status, check);
    const replicas = Number(status.replicas ?? 0);
    for (const part of parts) if (Number(status[part] ?? 0) > replicas) check.invalid(status[part], tell, `.${part}`);
  };
}

function readyBeforeAvailable(owner: string): Rule<Json> {
  return ({ availableReplicas, readyReplicas }, check) => {
    if (Number(availableReplicas ?? 0) > Number(readyReplicas ?? 0))
      check.invalid(availableReplicas, `cannot be greater than ${owner}`, '.availableReplicas');
  };
}

const collisions: Rule<Json> = ({ collisionCount }, check, before) => {
  if (Number(collisionCount ?? 0) < Number(before?.collisionCount ?? 0))
    check.invalid(collisionCount ?? 0, 'cannot be decremented', '.collisionCount');
};

function statusOf(...rules: readonly Rule<Json>[]): Rule<AnyObject> {
  return fields({ status: all<Json>(...rules) });
}

const setParts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];
const setCounts = counts(`replicas ${setParts.join(' ')} terminatingReplicas observedGeneration`, ...setParts);

export const replicaSetStatus: Rule<AnyObject> = statusOf(setCounts, readyBeforeAvailable('readyReplicas'));
export const deploymentStatus: Rule<AnyObject> = statusOf(
  counts(
    'observedGeneration replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas terminatingReplicas collisionCount',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
  ),
  readyBeforeAvailable('readyReplicas'),
  collisions,
);
export const statefulSetStatus: Rule<AnyObject> = statusOf(
  counts(
    'replicas readyReplicas currentReplicas updatedReplicas availableReplicas observedGeneration collisionCount',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
  ),
  readyBeforeAvailable('status.readyReplicas'),
  collisions,
);
export const daemonSetStatus: Rule<AnyObject> = statusOf(
  counts(
    'currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady observedGeneration updatedNumberScheduled numberAvailable numberUnavailable collisionCount',
  ),
  collisions,
);

/** The number in a count or a percentage. */
function amount(value: IntOrString | undefined): number {
  return typeof value === 'number' ? value : Number.parseInt(value ?? '0', 10) || 0;
}
