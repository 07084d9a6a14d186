// Golden table: each kind's golden object made wrong in one way (a merge patch), and the texts it is refused with.

import { describe, expect, test } from 'vitest';
import { applyMergePatch } from '../../../../infra/api/patch/merge-patch.ts';
import { percentText } from '../../../../infra/api/validation/formats.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { goldenOf } from '../../../kit/golden-kinds.ts';
import { created, updated } from '../../../kit/written.ts';

type Case = readonly [change: object, ...problems: string[]];

const notNegative = 'must be greater than or equal to 0';
const fixed = 'field is immutable';
const rolling = (more: object) => ({ spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: more } } });
const template = (spec: object) => ({ spec: { template: { spec } } });
const indexed = (more: object) => ({ spec: { completionMode: 'Indexed', completions: 5, ...more } });
const failures = (rule: object) => ({ spec: { podFailurePolicy: { rules: [rule] } } });
const job = (spec: object) => ({ spec: { jobTemplate: { spec } } });
const metric = (more: object) => ({ spec: { metrics: [{ type: 'Resource', ...more }] } });
const cpu = (target: object) => metric({ resource: { name: 'cpu', target } });
const hard = (more: object, rest: object = {}) => ({ spec: { hard: more, ...rest } });
const limit = (more: object) => ({ spec: { limits: [{ type: 'Container', ...more }] } });
const rules = (more: object) => ({
  spec: { behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }], ...more } } },
});
const noTZ = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';

// biome-ignore format: a table is read by columns
const creations: Readonly<Record<string, readonly Case[]>> = {
  ReplicationController: [
    [{ spec: { replicas: -1 } }, `spec.replicas: Invalid value: -1: ${notNegative}`],
    [{ spec: { selector: { b: 'c' } } }, 'spec.template.metadata.labels: Invalid value: {"app":"golden"}: `selector` does not match template `labels`'],
    [{ spec: { template: null, selector: null } }, 'spec.selector: Required value', 'spec.template: Required value'],
  ],
  StatefulSet: [
    [{ spec: { podManagementPolicy: 'Random' } }, "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    [{ spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } } }, "spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'"],
    [rolling({ partition: -1 }), `spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: ${notNegative}`],
    [rolling({ maxUnavailable: 0 }), 'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0'],
    [{ spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Maybe' } } }, 'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Maybe": supported values: "Retain", "Delete"'],
    [{ spec: { volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: {} }] } }, 'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required', 'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value'],
    [{ spec: { selector: { matchLabels: null } } }, 'spec.selector: Invalid value: {}: empty selector is invalid for statefulset'],
    [template({ activeDeadlineSeconds: 5 }), 'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported'],
  ],
  DaemonSet: [
    [{ spec: { updateStrategy: { type: 'Now' } } }, 'spec.updateStrategy: Unsupported value: {"type":"Now"}: supported values: "RollingUpdate", "OnDelete"'],
    [rolling({ maxUnavailable: 1, maxSurge: 1 }), 'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
    [rolling({ maxUnavailable: 0 }), 'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    [rolling({ maxUnavailable: '101%' }), 'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    [template({ restartPolicy: 'OnFailure' }), 'spec.template.spec.restartPolicy: Unsupported value: "OnFailure": supported values: "Always"'],
  ],
  ControllerRevision: [
    [{ data: null }, 'data: Required value: data is mandatory'],
    [{ revision: -1 }, `revision: Invalid value: -1: ${notNegative}`],
  ],
  PodTemplate: [
    [{ template: { spec: { containers: [] } } }, 'template.spec.containers: Required value'],
  ],
  Job: [
    [{ spec: { parallelism: -1 } }, `spec.parallelism: Invalid value: -1: ${notNegative}`],
    [template({ restartPolicy: 'Always' }), 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    [{ spec: { completionMode: 'Indexed', completions: null } , metadata: { name: 'j' } }],
    [indexed({ parallelism: 100_001 }), 'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed'],
    [indexed({ maxFailedIndexes: 6 }), 'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified', 'spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions'],
    [{ spec: { backoffLimitPerIndex: 1 } }, 'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
    [{ spec: { managedBy: 'me' } }, 'spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    [{ spec: { successPolicy: { rules: [{ succeededCount: 1 }] } } }, 'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode'],
    [indexed({ successPolicy: { rules: [{ succeededIndexes: '0-9' }] } }), 'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-9": error parsing succeededIndexes: too large index: "9"'],
    [indexed({ successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 3 }] } }), 'spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)'],
    [failures({ action: 'Count' }), 'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required'],
    [failures({ onExitCodes: { operator: 'In', values: [0, 3, 1] } }), 'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]', 'spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator', 'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [0,3,1]: must be ordered'],
    [failures({ action: 'FailIndex', onPodConditions: [{ type: 'X', status: 'Perhaps' }] }), 'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set', 'spec.podFailurePolicy.rules[0].onPodConditions[0].status: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"'],
    [{ spec: { podReplacementPolicy: 'Never' } }, 'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"'],
  ],
  CronJob: [
    [{ spec: { schedule: '' } }, 'spec.schedule: Required value'],
    [{ spec: { schedule: '* * *' } }, 'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]'],
    [{ spec: { schedule: '60 * * * *' } }, 'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60'],
    [{ spec: { schedule: '*/0 * * * *' } }, 'spec.schedule: Invalid value: "*/0 * * * *": step of range should be a positive number: */0'],
    [{ spec: { schedule: '@often' } }, 'spec.schedule: Invalid value: "@often": unrecognized descriptor: @often'],
    [{ spec: { schedule: '1-5/2 0 L * mon-fri' } }, 'spec.schedule: Invalid value: "1-5/2 0 L * mon-fri": failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'],
    [{ spec: { schedule: 'TZ=UTC 0 0 * * *' } }, `spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": ${noTZ}`],
    [{ spec: { schedule: '0,30 8-18/2 * jan-dec mon-fri', timeZone: 'Europe/Berlin' } }],
    [{ spec: { timeZone: 'Mars/Base' } }, 'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'],
    [{ spec: { concurrencyPolicy: 'Queue' } }, 'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"'],
    [job({ selector: { matchLabels: { a: 'b' } } }), 'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated'],
    [{ metadata: { name: 'x'.repeat(53) } }, `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`],
  ],
  HorizontalPodAutoscaler: [
    [{ spec: { minReplicas: 0 } }, 'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1', 'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas'],
    [{ spec: { maxReplicas: 0 } }, 'spec.maxReplicas: Required value: must be set and greater than 0', 'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`'],
    [{ spec: { scaleTargetRef: { apiVersion: 'v1' } } }, 'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'],
    [cpu({ type: 'Utilization' }), 'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization'],
    [cpu({ type: 'Value', averageValue: '-1' }), 'spec.metrics[0].resource.target.averageValue: Invalid value: "-1": must be positive'],
    [metric({}), 'spec.metrics[0].resource: Required value: must populate information for the given metric source'],
    [{ spec: { metrics: [{ type: 'Guess' }] } }, ...Array(2).fill('spec.metrics[0].type: Unsupported value: "Guess": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"') as string[]],
    [rules({ stabilizationWindowSeconds: 3601 }), 'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600'],
    [rules({ policies: [{ type: 'Pods', value: 0, periodSeconds: 1801 }] }), 'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero', 'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800'],
    [rules({ selectPolicy: 'Median' }), 'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Median": supported values: "Disabled", "Max", "Min"'],
  ],
  PodDisruptionBudget: [
    [{ spec: { minAvailable: 1, maxUnavailable: 1, selector: null } }, 'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set'],
    [{ spec: { minAvailable: '' } }, `spec.minAvailable: Invalid value: "": ${percentText}`],
    [{ spec: { minAvailable: '101%' } }, 'spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
    [{ spec: { unhealthyPodEvictionPolicy: 'Never' } }, 'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"'],
  ],
  ResourceQuota: [
    [hard({ gold: '1' }), 'spec.hard[gold]: Invalid value: "gold": must be a standard resource type or fully qualified', 'spec.hard[gold]: Invalid value: "gold": must be a standard resource for quota'],
    [hard({ pods: '-1' }), `spec.hard[pods]: Invalid value: "-1": ${notNegative}`],
    [hard({ pods: '1500m' }), 'spec.hard[pods]: Invalid value: "1500m": must be an integer'],
    [hard({ 'count/widgets.example.com': '1' })],
    [hard({ services: '1' }, { scopes: ['Terminating'] }), 'spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource'],
    [hard({ pods: '1' }, { scopes: ['BestEffort', 'NotBestEffort'] }), 'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
    [hard({ pods: '1' }, { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } }), "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"],
  ],
  LimitRange: [
    [limit({ min: { cpu: '2' }, max: { cpu: '1' } }), 'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1', 'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1', 'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1'],
    [limit({ default: { cpu: '1' }, defaultRequest: { cpu: '2' } }), 'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1'],
    [limit({ maxLimitRequestRatio: { cpu: '500m' } }), 'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'],
    [{ spec: { limits: [{ type: 'Pod', default: { cpu: '1' } }] } }, "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
    [{ spec: { limits: [{ type: 'Cluster' }] } }, 'spec.limits[0].type: Invalid value: "Cluster": must be a standard limit type or fully qualified'],
    [{ spec: { limits: [{ type: 'PersistentVolumeClaim' }] } }, 'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided'],
  ],
  Lease: [
    [{ spec: { leaseDurationSeconds: 0 } }, 'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
  ],
  Secret: [
    [{ type: 'kubernetes.io/tls' }, 'data[tls.crt]: Required value', 'data[tls.key]: Required value'],
    [{ type: 'kubernetes.io/dockerconfigjson' }, 'data[.dockerconfigjson]: Required value'],
    [{ type: 'kubernetes.io/basic-auth' }, 'data[username]: Required value', 'data[password]: Required value'],
    [{ type: 'kubernetes.io/ssh-auth' }, 'data[ssh-privatekey]: Required value'],
    [{ type: 'kubernetes.io/service-account-token' }, 'metadata.annotations[kubernetes.io/service-account.name]: Required value'],
  ],
  Service: [
    [{ spec: { sessionAffinity: 'Cookie' } }, 'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
    [{ spec: { externalIPs: ['127.0.0.1'], externalTrafficPolicy: 'Cluster' } }, 'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    [{ spec: { loadBalancerSourceRanges: ['10.0.0.0/8'] } }, "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    [{ spec: { trafficDistribution: 'Far' } }, 'spec.trafficDistribution: Unsupported value: "Far": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"'],
  ],
};

// biome-ignore format: a table is read by columns
const updates: Readonly<Record<string, readonly Case[]>> = {
  StatefulSet: [
    [{ spec: { replicas: 7, minReadySeconds: 3, template: { metadata: { annotations: { a: 'b' } } } } }],
    [{ spec: { serviceName: 'other' } }, "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"],
  ],
  DaemonSet: [[{ spec: { selector: { matchLabels: { app: 'golden', b: 'c' } }, template: { metadata: { labels: { b: 'c' } } } } }, `spec.selector: Invalid value: {"matchLabels":{"app":"golden","b":"c"}}: ${fixed}`]],
  ControllerRevision: [[{ data: { other: 1 } }, expect.stringMatching(/^data: Invalid value: .*: field is immutable$/) as unknown as string]],
  Job: [
    [{ spec: { parallelism: 3, activeDeadlineSeconds: 9 } }],
    [{ spec: { completions: 4 } }, `spec.completions: Invalid value: 4: ${fixed}`],
    [{ spec: { template: { metadata: { annotations: { a: 'b' } } } } }, expect.stringMatching(/^spec.template: Invalid value: .*: field is immutable$/) as unknown as string],
    [{ spec: { completionMode: 'Indexed' } }, `spec.completionMode: Invalid value: "Indexed": ${fixed}`],
  ],
  ResourceQuota: [[{ spec: { scopes: ['Terminating'], hard: null } }, `spec.scopes: Invalid value: ["Terminating"]: ${fixed}`]],
};

function changed<T extends object>(object: T, change: object): T {
  const outcome = applyMergePatch(object as never, change as never);
  if (outcome.kind === 'invalid') throw new Error(outcome.message);
  return outcome.object as unknown as T;
}

describe.each(Object.entries(creations))('a new %s', (kind, cases) => {
  test.each(cases.map(([change, ...problems]) => [problems[0] ?? JSON.stringify(change), change, problems] as const))(
    '%s',
    (_, change, problems) => expect(created(changed(goldenOf(kind), change)).problems).toEqual(problems),
  );
});

describe.each(Object.entries(updates))('an update of a %s', (kind, cases) => {
  test.each(cases.map(([change, ...problems]) => [change, problems] as const))('%j', (change, problems) => {
    const before = created(goldenOf(kind)).object;
    expect(updated(before, changed(before, change)).problems).toEqual(problems);
  });
});

describe('a job’s status', () => {
  const before = created(goldenOf('Job')).object;
  const status = (next: object, was: object = {}) =>
    updated({ ...before, status: was } as AnyObject, { ...before, status: next }, 'status').problems;
  const holds = (...types: string[]) => ({ conditions: types.map((type) => ({ type, status: 'True' })) });
  const over = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:00:01Z' };

  const statuses: readonly Case[] = [
    [{ ...holds('Complete', 'SuccessCriteriaMet'), ...over, succeeded: 1 }],
    [
      { ...holds('Complete'), ...over },
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
    [holds('Failed', 'FailureTarget'), 'status.startTime: Required value: startTime is required for finished job'],
    [
      { completedIndexes: '1' },
      'status.completedIndexes: Invalid value: "1": error parsing completedIndexes: too large index: "1"',
      'status.completedIndexes: Invalid value: "1": cannot set non-empty completedIndexes when non-indexed completion mode',
    ],
    [{ active: 1, ready: 2 }, 'status.ready: Invalid value: 2: cannot set more ready pods than active'],
  ];

  test.each(statuses.map(([next, ...problems]) => [next, problems] as const))('%j', (next, problems) =>
    expect(status(next)).toEqual(problems),
  );

  test('never takes an end back', () => {
    const was = { ...holds('Failed', 'FailureTarget'), startTime: over.startTime, failed: 2 };
    expect(status({ failed: 1 }, was)).toEqual([
      'status.conditions: Invalid value: cannot disable the terminal Failed=True condition',
      'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
      'status.failed: Invalid value: 1: cannot decrease the failed counter',
    ]);
  });
});
