// What makes a Service invalid. Which addresses and node ports it may have is the allocator's to say (admission).

import { isIPv4, isIPv6 } from 'node:net';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { reachableAddress } from './endpoints.ts';
import { dnsLabel, dnsSubdomain, labels, portNumber, portNumberOrName, qualifiedName } from './formats.ts';
import { absentRule, each, fields, type Json, oneOf, required, sameValue, unique } from './rules.ts';

type Port = { readonly name?: string; readonly port?: number; readonly protocol?: string; readonly nodePort?: number };
type Affinity = { readonly clientIP?: { readonly timeoutSeconds?: number } };
type Spec = {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalName?: string;
  readonly ports?: readonly Port[];
  readonly sessionAffinity?: string;
  readonly sessionAffinityConfig?: Affinity;
  readonly externalTrafficPolicy?: string;
  readonly internalTrafficPolicy?: string;
  readonly healthCheckNodePort?: number;
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly loadBalancerClass?: string;
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly externalIPs?: readonly string[];
  readonly ipFamilies?: readonly string[];
  readonly ipFamilyPolicy?: string;
};

const affinitySecondsMax = 86_400;
const headless = 'None';

const port: Rule<object> = fields({
  name: dnsLabel,
  port: absentRule<number>(portNumber, (check) => portNumber(0, check)),
  protocol: required(oneOf('SCTP', 'TCP', 'UDP')),
  targetPort: portNumberOrName,
  appProtocol: qualifiedName,
});

const specFields: Rule<Spec> = fields<Spec>({
  ports: portList,
  selector: labels,
  sessionAffinity: required(oneOf('ClientIP', 'None')),
  externalIPs: each(reachableAddress),
  type: required(oneOf('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort')),
  internalTrafficPolicy: oneOf('Cluster', 'Local'),
  trafficDistribution: oneOf('PreferClose', 'PreferSameZone', 'PreferSameNode'),
});

export const service: Rule<AnyObject> = (object, check, before) => {
  const spec = (object.spec ?? {}) as Spec;
  check.enter('spec');
  const external = spec.type === 'ExternalName';
  if (isAbsent(spec.ports) && !external && spec.clusterIP !== headless) check.required('', '.ports');
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && spec.clusterIP === headless)
    check.invalid(headless, `may not be set to 'None' for ${spec.type} services`, '.clusterIPs[0]');
  if (external) externalName(spec, check);
  specFields(spec, check);
  affinity(spec, check);
  clusterIPs(spec, before?.spec as Spec | undefined, check);
  typed(spec, check);
  trafficPolicies(spec, before?.spec as Spec | undefined, check);
  check.leave();
};

function externalName(spec: Spec, check: Check): void {
  for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    if (!isAbsent(spec[field])) check.forbidden('may not be set for ExternalName services', `.${field}`);
  check.enter('externalName');
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') check.required();
  else dnsSubdomain(name, check);
  check.leave();
}

const uniqueNames = unique<Port>(({ name }) => name, '.name');

function portList(list: readonly Port[], check: Check): void {
  for (let i = 0; i < list.length; i++) {
    const one = list[i] as Port;
    check.enter(i);
    if (list.length > 1 && isAbsent(one.name)) check.required('', '.name');
    port(one, check);
    check.leave();
  }
  uniqueNames(list, check);
  for (const [i, { protocol, port: number, nodePort }] of list.entries()) {
    const earlier = list.slice(0, i);
    if (nodePort && earlier.some((other) => other.nodePort === nodePort && other.protocol === protocol))
      check.duplicate(nodePort, `[${i}].nodePort`);
    if (earlier.some((other) => other.port === number && other.protocol === protocol))
      check.duplicate({ protocol, port: number }, `[${i}]`);
  }
}

function affinity({ sessionAffinity: kind, sessionAffinityConfig: config }: Spec, check: Check): void {
  const sub = '.sessionAffinityConfig';
  if (kind === 'None' && !isAbsent(config)) check.forbidden('must not be set when session affinity is None', sub);
  if (kind !== 'ClientIP') return;
  const why = 'when session affinity type is ClientIP';
  const seconds = config?.clientIP?.timeoutSeconds;
  if (isAbsent(config)) check.required(why, sub);
  else if (isAbsent(config.clientIP)) check.required(why, `${sub}.clientIP`);
  else if (isAbsent(seconds)) check.required(why, `${sub}.clientIP.timeoutSeconds`);
  else if (seconds <= 0 || seconds > affinitySecondsMax)
    check.invalid(
      seconds,
      `must be greater than 0 and less than ${affinitySecondsMax}`,
      `${sub}.clientIP.timeoutSeconds`,
    );
}

function clusterIPs(spec: Spec, was: Spec | undefined, check: Check): void {
  const own = spec.clusterIPs ?? [];
  if (own.length > 0 && spec.clusterIP !== own[0])
    check.invalid(own, 'first value must match `clusterIP`', '.clusterIPs');
  for (const [i, ip] of own.entries()) {
    if (ip === headless || isIPv4(ip) || isIPv6(ip)) continue;
    check.invalid(ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', `.clusterIPs[${i}]`);
  }
  const kept = was !== undefined && was.type !== 'ExternalName' && spec.type !== 'ExternalName';
  if (kept && was.clusterIP && spec.clusterIP !== was.clusterIP)
    check.invalid([spec.clusterIP], 'field is immutable', '.clusterIPs[0]');
}

/** What only some types have. */
function typed(spec: Spec, check: Check): void {
  const balancer = spec.type === 'LoadBalancer';
  if (spec.type === 'ClusterIP')
    for (const [i, { nodePort }] of (spec.ports ?? []).entries())
      if (nodePort) check.forbidden("may not be used when `type` is 'ClusterIP'", `.ports[${i}].nodePort`);
  const only = "may only be used when `type` is 'LoadBalancer'";
  if (!isAbsent(spec.loadBalancerSourceRanges) && !balancer) check.forbidden(only, '.LoadBalancerSourceRanges');
  for (const [i, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    if (!isCidr(range.trim()))
      check.invalid(
        range.trim(),
        'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        `.LoadBalancerSourceRanges[${i}]`,
      );
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balancer)
    check.forbidden(only, '.allocateLoadBalancerNodePorts');
  if (spec.loadBalancerClass === undefined) return;
  if (!balancer) check.forbidden(only, '.loadBalancerClass');
  check.enter('loadBalancerClass');
  qualifiedName(spec.loadBalancerClass, check);
  check.leave();
}

function trafficPolicies(spec: Spec, was: Spec | undefined, check: Check): void {
  const { type, externalTrafficPolicy: policy = '', healthCheckNodePort: health = 0 } = spec;
  const reachable =
    type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && !isAbsent(spec.externalIPs));
  if (!reachable && policy !== '')
    check.invalid(policy, 'may only be set for externally-accessible services', '.externalTrafficPolicy');
  if (reachable && policy === '') check.required('', '.externalTrafficPolicy');
  else if (reachable && policy !== 'Cluster' && policy !== 'Local')
    check.notSupported(policy, ['Cluster', 'Local'], '.externalTrafficPolicy');
  const needsCheck = type === 'LoadBalancer' && policy === 'Local';
  if (health !== 0 && !needsCheck) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    check.invalid(health, detail, '.healthCheckNodePort');
  }
  const had = was?.type === 'LoadBalancer' && was.externalTrafficPolicy === 'Local';
  if (needsCheck && had && !sameValue(was?.healthCheckNodePort, spec.healthCheckNodePort))
    check.forbidden('field is immutable', '.healthCheckNodePort');
  const internal = type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';
  if (internal && isAbsent(spec.internalTrafficPolicy)) check.required('', '.internalTrafficPolicy');
}

function isCidr(text: string): boolean {
  const [ip = '', bits = '', ...rest] = text.split('/');
  const max = isIPv4(ip) ? 32 : isIPv6(ip) ? 128 : -1;
  return rest.length === 0 && /^[0-9]{1,3}$/.test(bits) && Number(bits) <= max;
}

type Ingress = Json & { readonly ip?: string; readonly ipMode?: string; readonly hostname?: string };

export const serviceStatus: Rule<AnyObject> = fields({
  status: fields({
    loadBalancer: fields({
      ingress: each(
        fields<Ingress>(
          { ipMode: oneOf('Proxy', 'VIP'), hostname: dnsSubdomain },
          ({ ip, ipMode, hostname }, check) => {
            if (!isAbsent(ip) && isAbsent(ipMode)) check.required('must be specified when `ip` is set', '.ipMode');
            if (isAbsent(ip) && !isAbsent(ipMode))
              check.forbidden('may not be specified when `ip` is not set', '.ipMode');
            if (!isAbsent(ip) && !isIPv4(ip) && !isIPv6(ip))
              check.invalid(ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', '.ip');
            if (!isAbsent(hostname) && (isIPv4(hostname) || isIPv6(hostname)))
              check.invalid(hostname, 'must be a DNS name, not an IP address', '.hostname');
          },
        ),
      ),
    }),
  }),
});
