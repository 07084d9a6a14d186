// What makes probes and lifecycle hooks invalid: exactly one handler each, and thresholds that make sense.

import { type Check, isAbsent, type Rule } from './check.ts';
import { httpHeaderName, portNumber, portNumberOrName } from './formats.ts';
import type { PodScope } from './pod-scope.ts';
import { absentRule, all, fields, type Json, nonNegative, oneOf, required } from './rules.ts';

/** Absent ports are port 0. */
const port = absentRule<number | string>(portNumberOrName, (check, _, value) =>
  portNumberOrName(value === '' ? '' : 0, check),
);

const headers: Rule<readonly { readonly name?: string }[]> = (list, check) => {
  for (const { name = '' } of list) httpHeaderName(name, check);
};

// Sleep is for lifecycle hooks alone, gRPC for probes alone; the schema keeps them apart.
const handlers: Readonly<Record<string, Rule>> = {
  exec: fields({ command: required() }),
  httpGet: fields({ path: required(), port, scheme: required(oneOf('HTTP', 'HTTPS')), httpHeaders: headers }),
  tcpSocket: fields({ port }),
  grpc: fields({ port: absentRule<number>(portNumber, (check) => portNumber(0, check)) }),
  sleep: (sleep: { readonly seconds?: number }, check) => sleepSeconds(sleep.seconds ?? 0, check),
};
const handlerNames = Object.keys(handlers);

const handler: Rule<Json> = (action, check) => {
  let found = false;
  for (const name of handlerNames) {
    const given = action[name];
    if (isAbsent(given)) continue;
    check.enter(name);
    if (found) check.forbidden('may not specify more than 1 handler type');
    else handlers[name]?.(given, check);
    check.leave();
    found = true;
  }
  if (!found) check.required('must specify a handler type');
};

const thresholds = fields({
  initialDelaySeconds: nonNegative,
  timeoutSeconds: nonNegative,
  periodSeconds: nonNegative,
  successThreshold: nonNegative,
  failureThreshold: nonNegative,
  terminationGracePeriodSeconds: (seconds: number, check) => {
    if (seconds <= 0) check.invalid(seconds, 'must be greater than 0');
  },
});

const probe: Rule<Json> = all<Json>(handler, thresholds);

const succeedsOnce: Rule<Json> = ({ successThreshold }, check) => {
  if (successThreshold !== 1) check.invalid(successThreshold ?? 0, 'must be 1', '.successThreshold');
};

const noGraceOfItsOwn: Rule<Json> = ({ terminationGracePeriodSeconds: seconds }, check) => {
  if (!isAbsent(seconds))
    check.invalid(seconds, 'must not be set for readinessProbes', '.terminationGracePeriodSeconds');
};

const linuxSignals = new Set(
  [
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP',
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX',
    ...Array.from({ length: 15 }, (_, i) => `RTMIN+${i + 1}`),
    ...Array.from({ length: 14 }, (_, i) => `RTMAX-${i + 1}`),
  ]
    .join(' ')
    .split(' ')
    .map((name) => `SIG${name}`),
);

function stopSignal(signal: string, check: Check): void {
  const os = (check.scope as PodScope).spec.os?.name;
  if (os === undefined) check.forbidden('may not be set for containers with empty `spec.os.name`');
  else if (os === 'windows' && signal !== 'SIGKILL' && signal !== 'SIGTERM')
    check.notSupported(signal, ['SIGKILL', 'SIGTERM']);
  else if (os === 'linux' && !linuxSignals.has(signal)) check.notSupported(signal, [...linuxSignals].sort());
}

function sleepSeconds(seconds: number, check: Check): void {
  const grace = (check.scope as PodScope).spec.terminationGracePeriodSeconds;
  if (grace === undefined || (seconds >= 0 && seconds <= grace)) return;
  check.invalid(seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`);
}

/** What runs beside a container: hooks and probes, for every container but those that only initialize. */
export const lifecycleAndProbes: Rule<object> = fields({
  lifecycle: fields({ postStart: handler, preStop: handler, stopSignal }),
  livenessProbe: all<Json>(probe, succeedsOnce),
  readinessProbe: all<Json>(probe, noGraceOfItsOwn),
  startupProbe: all<Json>(probe, succeedsOnce),
});
