// What makes an Ingress invalid: hosts that are names, paths that mean one thing, and a backend for each.

import { nameProblem } from '../registry/names.ts';
import { address, addressWarning, isAddress } from './addresses.ts';
import type { Check, Rule } from './check.ts';
import { dnsLabel, dnsSubdomain, pathSegment, portName, portNumber } from './formats.ts';
import { each, fields, type Json, required } from './rules.ts';

const wildcard = /^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const wildcardText =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const refusedParts = ['//', '/./', '/../', '%2f', '%2F'];
const refusedEnds = ['/..', '/.'];
const classAnnotation = 'kubernetes.io/ingress.class';

const hostName: Rule<string> = (value, check) => {
  if (!value.includes('*')) return dnsSubdomain(value, check);
  if (value.length > 253) check.invalid(value, 'must be no more than 253 characters');
  if (!wildcard.test(value)) check.invalid(value, wildcardText);
};

const ruleHost: Rule<string> = (value, check) => {
  if (isAddress(value)) check.invalid(value, 'must be a DNS name, not an IP address');
  hostName(value, check);
};

type ServicePort = { readonly name?: string; readonly number?: number };
type Backend = {
  readonly resource?: Json | null;
  readonly service?: { readonly name?: string; readonly port?: ServicePort } | null;
};

const resourceBackend: Rule = fields({
  apiGroup: dnsSubdomain,
  kind: required(pathSegment),
  name: required(pathSegment),
});

const backend: Rule<Backend> = ({ resource, service }, check) => {
  if (resource != null && service != null) check.invalid('', 'cannot set both resource and service backends');
  else if (resource != null) at(check, ['resource'], () => resourceBackend(resource, check));
  else if (service == null) check.invalid('', 'resource or service backend is required');
  else {
    const { name, port: { name: portText = '', number = 0 } = {} } = service;
    if (!name) check.required('', '.service.name');
    else at(check, ['service', 'name'], () => dnsLabel(name, check));
    if (portText !== '' && number !== 0) check.invalid('', 'cannot set both port name & port number');
    else if (portText !== '') at(check, ['service', 'port', 'name'], () => portName(portText, check));
    else if (number !== 0) at(check, ['service', 'port', 'number'], () => portNumber(number, check));
    else check.required('port name or number is required');
  }
};

type HttpPath = { readonly path?: string; readonly pathType?: string | null; readonly backend?: Backend };

const httpPath: Rule<HttpPath> = ({ path = '', pathType, backend: to = {} }, check) => {
  if (pathType == null) return check.required('pathType must be specified', '.pathType');
  if (!pathTypes.includes(pathType)) check.notSupported(pathType, pathTypes, '.pathType');
  else if (pathType !== 'ImplementationSpecific') {
    if (!path.startsWith('/')) check.invalid(path, 'must be an absolute path', '.path');
    for (const part of refusedParts)
      if (path.includes(part)) check.invalid(path, `must not contain '${part}'`, '.path');
    for (const end of refusedEnds) if (path.endsWith(end)) check.invalid(path, `cannot end with '${end}'`, '.path');
  } else if (path !== '' && !path.startsWith('/')) check.invalid(path, 'must be an absolute path', '.path');
  at(check, ['backend'], () => backend(to, check));
};

type Ingress = {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly ingressClassName?: string };
};
type Spec = { readonly rules?: readonly unknown[] | null; readonly defaultBackend?: unknown };

const spec: Rule<Spec> = (value, check) => {
  if ((value.rules ?? []).length === 0 && value.defaultBackend == null)
    check.invalid(value.rules ?? null, 'either `defaultBackend` or `rules` must be specified');
  specFields(value, check);
};

const specFields: Rule<Spec> = fields<Spec>({
  defaultBackend: backend,
  rules: each(fields({ host: ruleHost, http: fields({ paths: required(each(httpPath)) }) })),
  tls: each(fields({ hosts: each(hostName), secretName: dnsSubdomain })),
  ingressClassName: dnsSubdomain,
});

export const ingress: Rule = fields({ spec: required(spec) }, (object, check) => {
  const { metadata, spec } = object as Ingress;
  const annotation = metadata.annotations?.[classAnnotation];
  if (check.updating || annotation === undefined || spec?.ingressClassName === undefined) return;
  if (annotation !== spec.ingressClassName)
    check.invalid(
      annotation,
      'must match `ingressClassName` when both are specified',
      `.annotations.${classAnnotation}`,
    );
});

export function ingressWarnings(object: unknown, creating: boolean): readonly string[] {
  const { metadata, spec } = object as Ingress;
  if (!creating || metadata.annotations?.[classAnnotation] === undefined || spec?.ingressClassName !== undefined)
    return [];
  return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
}

const statusHost: Rule<string> = (value, check) => {
  const problem = nameProblem(value, 'subdomain');
  if (problem !== undefined) check.invalid(value, problem);
  if (isAddress(value)) check.invalid(value, 'must be a DNS name, not an IP address');
};

export const ingressStatus: Rule = fields({
  status: fields({ loadBalancer: fields({ ingress: each(fields({ ip: address, hostname: statusHost })) }) }),
});

type Balanced = { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] | null } };

export function ingressStatusWarnings(status: unknown): readonly string[] {
  const points = (status as Balanced | undefined)?.loadBalancer?.ingress ?? [];
  return points.flatMap(({ ip = '' }, index) => {
    const warning = addressWarning(ip);
    return warning === undefined ? [] : [`status.loadBalancer.ingress[${index}]: ${warning}`];
  });
}

function at(check: Check, path: readonly string[], rule: () => void): void {
  for (const field of path) check.enter(field);
  rule();
  for (const _ of path) check.leave();
}
