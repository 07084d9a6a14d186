// What makes a container invalid: what every kind of container has, and what only ordinary, initializing, sidecar or
// ephemeral ones may have.

import { type Check, isAbsent, type Rule } from './check.ts';
import { envFrom, envVariable } from './env.ts';
import { dnsLabel, portName, portNumber } from './formats.ts';
import { mounts } from './mounts.ts';
import { podScope } from './pod-scope.ts';
import { lifecycleAndProbes } from './probes.ts';
import { claimNames, containerResources, type Requirements } from './resources.ts';
import { absentRule, all, each, fields, type Json, oneOf, required } from './rules.ts';
import { securityContext } from './security-context.ts';

type Port = { readonly name?: string; readonly containerPort?: number; readonly hostPort?: number };
export type CheckedContainer = Json & {
  readonly name?: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly restartPolicyRules?: readonly Json[];
  readonly ports?: readonly (Port & { readonly protocol?: string; readonly hostIP?: string })[];
  readonly resources?: Requirements;
  readonly resizePolicy?: readonly { readonly resourceName?: string; readonly restartPolicy?: string }[];
};

const port: Rule<object> = fields({
  name: portName,
  containerPort: required(
    absentRule<number>((n, check) => (n === 0 ? check.required() : portNumber(n, check)), requiredPort),
  ),
  hostPort: (n: number, check) => n === 0 || portNumber(n, check),
  protocol: required(oneOf('SCTP', 'TCP', 'UDP')),
});

function requiredPort(check: Check): void {
  check.required();
}

function uniquePortNames(list: readonly Port[], check: Check): void {
  for (let i = 1; i < list.length; i++) {
    const name = list[i]?.name;
    if (!name) continue;
    for (let j = 0; j < i; j++)
      if (list[j]?.name === name) {
        check.duplicate(name, `[${i}].name`);
        break;
      }
  }
}

function resizePolicy(list: NonNullable<CheckedContainer['resizePolicy']>, check: Check): void {
  const { restartPolicy: ofPod } = podScope(check).spec;
  const seen = new Set<string>();
  for (const [i, { resourceName = '', restartPolicy = '' }] of list.entries()) {
    if (seen.has(resourceName)) check.duplicate(resourceName, `[${i}]`);
    seen.add(resourceName);
    if (resourceName === '') check.required();
    else if (resourceName !== 'cpu' && resourceName !== 'memory') check.notSupported(resourceName, ['cpu', 'memory']);
    if (restartPolicy === '') check.required();
    else if (restartPolicy !== 'NotRequired' && restartPolicy !== 'RestartContainer')
      check.notSupported(restartPolicy, ['NotRequired', 'RestartContainer']);
    if (ofPod === 'Never' && restartPolicy !== 'NotRequired')
      check.invalid(restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
  }
}

/** What every container has. */
const common: Rule<CheckedContainer> = fields<CheckedContainer>(
  {
    name: required(dnsLabel),
    image: required(),
    terminationMessagePolicy: required(oneOf('File', 'FallbackToLogsOnError')),
    ports: all<readonly Port[]>(each(port), uniquePortNames),
    env: each(envVariable),
    envFrom,
    imagePullPolicy: required(oneOf('Always', 'IfNotPresent', 'Never')),
    resources: all<Requirements>(containerResources, ({ claims }, check) => {
      if (isAbsent(claims)) return;
      check.enter('claims');
      claimNames(
        claims,
        (podScope(check).spec.resourceClaims ?? []).map(({ name = '' }) => name),
        check,
      );
      check.leave();
    }),
    resizePolicy,
    securityContext,
  },
  mounts,
);

const restartRule = fields({
  action: required(oneOf('Restart', 'RestartAllContainers')),
  exitCodes: required(
    fields({
      operator: required(oneOf('In', 'NotIn')),
      values: (values: readonly number[], check) => values.length <= 255 || check.tooMany(values.length, 255),
    }),
    'must be specified',
  ),
});
const restartPolicies = oneOf('Always', 'Never', 'OnFailure');
const restartRules: Rule<CheckedContainer> = fields<CheckedContainer>(
  { restartPolicy: restartPolicies, restartPolicyRules: each(restartRule) },
  ({ restartPolicy, restartPolicyRules: rules }, check) => {
    if (isAbsent(rules)) return;
    if (rules.length > 20) check.tooMany(rules.length, 20, '.restartPolicyRules');
    if (restartPolicy === undefined)
      check.required('must specify restartPolicy when restart rules are used', '.restartPolicy');
  },
);

export function containers(list: readonly CheckedContainer[], check: Check): void {
  for (let i = 0; i < list.length; i++) {
    const container = list[i] as CheckedContainer;
    check.enter(i);
    common(container, check);
    if (named(list, container.name, i)) check.duplicate(container.name, '.name');
    lifecycleAndProbes(container, check);
    restartRules(container, check);
    check.leave();
  }
  hostPorts(list, check);
}

const onlyForSidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'];

export function initContainers(list: readonly CheckedContainer[], check: Check): void {
  const ordinary = podScope(check).spec.containers as unknown as readonly CheckedContainer[];
  for (let i = 0; i < list.length; i++) {
    const container = list[i] as CheckedContainer;
    check.enter(i);
    common(container, check);
    restartRules(container, check);
    if (named(list, container.name, i) || named(ordinary ?? [], container.name))
      check.duplicate(container.name, '.name');
    if (container.restartPolicy === 'Always') lifecycleAndProbes(container, check);
    else {
      for (const field of onlyForSidecars)
        if (!isAbsent(container[field]))
          check.forbidden('may not be set for init containers without restartPolicy=Always', `.${field}`);
      for (const [j, { restartPolicy }] of (container.resizePolicy ?? []).entries())
        if (restartPolicy === 'RestartContainer')
          check.invalid(
            restartPolicy,
            "must not be set to 'RestartContainer' for non-sidecar initContainers",
            `.resizePolicy[${j}].restartPolicy`,
          );
    }
    check.leave();
    hostPorts([container], check);
  }
}

const ephemeralFields = new Set(
  'name image command args workingDir env envFrom resources volumeMounts volumeDevices terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin stdinOnce tty targetContainerName'.split(
    ' ',
  ),
);
const notEphemeral = 'cannot be set for an Ephemeral Container';

export function ephemeralContainers(list: readonly CheckedContainer[], check: Check): void {
  const { spec } = podScope(check);
  const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])] as unknown as readonly CheckedContainer[];
  for (const [i, container] of list.entries()) {
    check.enter(i);
    common(container, check);
    paddedImage(container, check);
    if (named(others, container.name) || named(list, container.name, i)) check.duplicate(container.name, '.name');
    const target = container.targetContainerName as string | undefined;
    if (target && !named(others, target)) check.notFound(target, '.targetContainerName');
    for (const field in container)
      if (!ephemeralFields.has(field) && !isAbsent(container[field])) check.forbidden(notEphemeral, `.${field}`);
    if (Object.keys(container.resources ?? {}).length > 0) check.forbidden(notEphemeral, '.resources');
    const volumeMounts = (container.volumeMounts ?? []) as unknown as readonly Json[];
    for (const [j, mount] of volumeMounts.entries())
      for (const field of ['subPath', 'subPathExpr'])
        if (!isAbsent(mount[field])) check.forbidden(notEphemeral, `.volumeMounts[${j}].${field}`);
    check.leave();
  }
}

/** Pods alone are told of blanks around an image; templates keep theirs. */
export function paddedImage({ image = '' }: CheckedContainer, check: Check): void {
  if (image !== image.trim()) check.invalid(image, 'must not have leading or trailing whitespace', '.image');
}

/** A port of the node is one container's. */
function hostPorts(list: readonly CheckedContainer[], check: Check): void {
  let taken: Set<string> | undefined;
  for (let i = 0; i < list.length; i++) {
    const ports = list[i]?.ports;
    if (isAbsent(ports)) continue;
    for (let j = 0; j < ports.length; j++) {
      const port = ports[j];
      if (!port?.hostPort) continue;
      const id = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      taken ??= new Set();
      if (taken.has(id)) check.duplicate(id, `[${i}].ports[${j}].hostPort`);
      taken.add(id);
    }
  }
}

function named(list: readonly CheckedContainer[], name: string | undefined, count = list.length): boolean {
  if (!name) return false;
  for (let i = 0; i < count; i++) if (list[i]?.name === name) return true;
  return false;
}
