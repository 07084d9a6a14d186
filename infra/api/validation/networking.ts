// What makes network policies, ingress classes, and the addresses of services invalid. Ingresses are in ingress.ts.

import { nameProblem } from '../registry/names.ts';
import { canonicalNetwork, familyOf, isStrictlyWithin, network, networkWarning, parseNetwork } from './addresses.ts';
import type { Check, Rule } from './check.ts';
import { dnsSubdomain, pathSegment, portName, portNumber } from './formats.ts';
import { labelSelector } from './label-selector.ts';
import { all, each, fields, immutable, type Json, maxBytes, oneOf, required } from './rules.ts';

type PolicyPort = { readonly port?: number | string | null; readonly endPort?: number | null };
type IpBlock = { readonly cidr?: string; readonly except?: readonly string[] | null };

const protocols = ['TCP', 'UDP', 'SCTP'];

const policyPort: Rule<PolicyPort> = fields<PolicyPort>(
  { protocol: oneOf(...protocols) },
  ({ port, endPort }, check) => {
    if (typeof port === 'number') {
      at(check, 'port', () => portNumber(port, check));
      if (endPort == null) return;
      if (endPort < port) check.invalid(port, 'must be greater than or equal to `port`', '.endPort');
      at(check, 'endPort', () => portNumber(endPort, check));
      return;
    }
    if (endPort != null) {
      const why = port == null ? 'is not specified' : 'is non-numeric';
      check.invalid(endPort, `may not be specified when \`port\` ${why}`, '.endPort');
    }
    if (port != null) at(check, 'port', () => portName(port, check));
  },
);

const peer: Rule<Json> = (value, check) => {
  const { podSelector, namespaceSelector, ipBlock } = value;
  peerParts(value, check);
  if (podSelector == null && namespaceSelector == null && ipBlock == null) check.required('must specify a peer');
  else if (ipBlock != null && (podSelector != null || namespaceSelector != null))
    check.forbidden('may not specify both ipBlock and another peer');
};

const peerParts: Rule<Json> = fields({
  podSelector: labelSelector,
  namespaceSelector: labelSelector,
  ipBlock: fields({ cidr: required(network) }, excepted),
});

function excepted({ cidr, except }: IpBlock, check: Check): void {
  const whole = parseNetwork(cidr ?? '');
  if (whole === undefined) return;
  for (const [index, text] of (except ?? []).entries()) {
    at(check, `except[${index}]`, () => network(text, check));
    const part = parseNetwork(text);
    if (part !== undefined && !isStrictlyWithin(part, whole))
      check.invalid(text, 'must be a strict subset of `cidr`', `.except[${index}]`);
  }
}

export const networkPolicy: Rule = fields({
  spec: fields({
    podSelector: labelSelector,
    ingress: each(fields({ ports: each(policyPort), from: each(peer) })),
    egress: each(fields({ ports: each(policyPort), to: each(peer) })),
    policyTypes: (types: readonly string[], check) => {
      if (types.length > 2) check.invalid(types, 'may not specify more than two policyTypes');
      else policyTypes(types, check);
    },
  }),
});

const policyTypes: Rule<readonly string[]> = each(oneOf('Ingress', 'Egress'));

export function networkPolicyWarnings(spec: Json | undefined): readonly string[] {
  const warnings: string[] = [];
  const look = (path: string, cidr: string): void => {
    const warning = networkWarning(cidr);
    if (warning !== undefined) warnings.push(`${path}: ${warning}`);
  };
  for (const [direction, side] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [i, rule] of ((spec?.[direction] ?? []) as readonly Json[]).entries()) {
      for (const [j, { ipBlock }] of ((rule[side] ?? []) as readonly { ipBlock?: IpBlock }[]).entries()) {
        const path = `spec.${direction}[${i}].${side}[${j}].ipBlock`;
        look(`${path}.cidr`, ipBlock?.cidr ?? '');
        for (const [k, except] of (ipBlock?.except ?? []).entries()) look(`${path}.except[${k}]`, except);
      }
    }
  }
  return warnings;
}

const controllerBytesMax = 250;
const httpPath = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

const controller: Rule<string> = all<string>(maxBytes(controllerBytesMax), (value, check) => {
  const slash = value.indexOf('/');
  const [host, path] = [value.slice(0, slash), value.slice(slash + 1)];
  if (slash <= 0 || path === '') {
    check.invalid(value, 'must be a domain-prefixed path (such as "acme.io/foo")');
    return;
  }
  dnsSubdomain(host, check);
  if (!httpPath.test(path))
    check.invalid(path, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
});

type ClassParameters = { readonly scope?: string | null; readonly namespace?: string };

const classParameters: Rule<ClassParameters> = fields<ClassParameters>(
  { apiGroup: dnsSubdomain, kind: required(pathSegment), name: required(pathSegment) },
  ({ scope, namespace }, check) => {
    if (scope == null) check.required('', '.scope');
    else if (scope === 'Namespace') {
      const problem = namespace === undefined ? undefined : nameProblem(namespace, 'label');
      if (namespace === undefined) check.required("`parameters.scope` is set to 'Namespace'", '.namespace');
      else if (problem !== undefined) check.invalid(namespace, problem, '.namespace');
    } else if (scope !== 'Cluster') check.notSupported(scope, ['Cluster', 'Namespace'], '.scope');
    else if (namespace !== undefined) check.forbidden("`parameters.scope` is set to 'Cluster'", '.namespace');
  },
);

export const ingressClass: Rule = all(
  fields({ spec: fields({ controller: immutable }) }),
  fields({ spec: required(fields({ controller: required(controller), parameters: classParameters })) }),
);

export const ipAddress: Rule = fields({
  spec: required(
    fields({
      parentRef: all<Json>(
        required(
          fields({
            group: dnsSubdomain,
            resource: required(pathSegment),
            name: required(pathSegment),
            namespace: pathSegment,
          }),
        ),
        immutable,
      ),
    }),
  ),
});

type Cidrs = readonly string[];

const newCidrs: Rule<Cidrs> = (cidrs, check) => {
  if (cidrs.length > 2) {
    check.invalid({ cidrs }, 'may only hold up to 2 values');
    return;
  }
  eachNetwork(cidrs, check);
  const [first, second] = cidrs.map(parseNetwork);
  if (first === undefined || second === undefined || familyOf(first) !== familyOf(second)) return;
  const detail = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
  check.invalid(cidrs, detail);
};

const eachNetwork: Rule<Cidrs> = each(canonicalNetwork);

/** A range stays; one of the other family may join it. */
const cidrs: Rule<Cidrs> = (value, check, before) => {
  if (!check.updating || before === undefined) return newCidrs(value, check);
  const joined = before.length === 1 && value.length === 2;
  if (value.length !== before.length && !joined) {
    check.invalid(value, 'field is immutable');
    return;
  }
  for (const [index, cidr] of before.entries())
    if (value[index] !== cidr) check.invalid(value[index], 'field is immutable', `[${index}]`);
  if (joined) newCidrs(value, check);
};

export const serviceCidr: Rule = fields({
  spec: required(fields({ cidrs: required(cidrs, 'at least one CIDR required') })),
});

function at(check: Check, field: string, rule: () => void): void {
  check.enter(field);
  rule();
  check.leave();
}
