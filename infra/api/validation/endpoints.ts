// What makes Endpoints or an EndpointSlice invalid: whoever programs a network from them reads addresses and ports
// without asking again.

import { isIPv4, isIPv6 } from 'node:net';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { nameProblem } from '../registry/names.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { dnsLabel, dnsSubdomain, labels, labelValue, portNumber, qualifiedName } from './formats.ts';
import {
  absentRule,
  all,
  atMost,
  each,
  fields,
  immutable,
  type Json,
  oneOf,
  required,
  sameValue,
  unique,
} from './rules.ts';

const protocol = required(oneOf('SCTP', 'TCP', 'UDP'));
const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const addressesMax = 100;

/** The API server's own service: on a machine of its own it may be reached at a loopback address alone. */
const ownService = Symbol('default/kubernetes');

function isOwnService({ metadata }: AnyObject): boolean {
  return metadata.name === 'kubernetes' && metadata.namespace === 'default';
}

/** An address something can be reached at: no wildcard, no loopback, no link-local one. */
export const reachableAddress: Rule<string> = (ip, check) => {
  if (!isIPv4(ip) && !isIPv6(ip)) return check.invalid(ip, notAnAddress);
  const v6 = ip.toLowerCase();
  if (ip === '0.0.0.0' || v6 === '::') check.invalid(ip, `may not be unspecified (${ip})`);
  if ((/^127\./.test(ip) || v6 === '::1') && check.scope !== ownService)
    check.invalid(ip, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (/^169\.254\./.test(ip) || /^fe[89ab][0-9a-f]:/.test(v6))
    check.invalid(ip, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if (/^224\.0\.0\./.test(ip) || /^ff02:/.test(v6))
    check.invalid(ip, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
};

const notAnAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

const address: Rule<object> = fields({
  ip: absentRule(reachableAddress, (check) => check.invalid('', notAnAddress)),
  hostname: dnsLabel,
  nodeName: dnsSubdomain,
});

const port: Rule<Json> = fields({
  name: dnsLabel,
  port: absentRule<number>(portNumber, (check) => portNumber(0, check)),
  protocol,
  appProtocol: qualifiedName,
});

const ports: Rule<readonly Json[]> = all<readonly Json[]>((list, check) => {
  for (let i = 0; list.length > 1 && i < list.length; i++)
    if (isAbsent(list[i]?.name)) check.required('', `[${i}].name`);
}, each(port));

const subset: Rule<Json> = (one, check) => {
  if (isAbsent(one.addresses) && isAbsent(one.notReadyAddresses))
    check.required('must specify `addresses` or `notReadyAddresses`');
  subsetFields(one, check);
};
const subsetFields = fields({ addresses: each(address), notReadyAddresses: each(address), ports });
const subsets = fields({ subsets: each(subset) });

/** Subsets that stay may be what they were when the rules were less strict. */
export const endpoints: Rule<AnyObject> = (object, check, before) => {
  if (check.updating && sameValue(object.subsets, before?.subsets)) return;
  if (isOwnService(object)) check.scope = ownService;
  subsets(object, check);
};

const slicePort: Rule<Json> = fields({ name: dnsLabel, protocol, appProtocol: qualifiedName, port: portNumber });

/** An address by its type; that it is of another family is told of the list. */
const addressOf: Readonly<Record<string, Rule<string>>> = {
  IPv4: reachableAddress,
  IPv6: reachableAddress,
  FQDN: (value, check) => {
    const name = value.endsWith('.') ? value.slice(0, -1) : value;
    const problem = nameProblem(name, 'subdomain');
    if (problem !== undefined) return check.invalid(name, problem);
    const parts = name.split('.');
    if (parts.length < 2) return check.invalid(name, 'should be a domain with at least two segments separated by dots');
    for (const part of parts) dnsLabel(part, check);
  },
};

const hints = (name: Rule<string>) =>
  all<readonly { readonly name: string }[]>(
    atMost(8),
    unique(({ name: own }) => own, '.name'),
    each(fields({ name })),
  );

const endpoint: Rule<Json> = fields({
  nodeName: dnsSubdomain,
  deprecatedTopology: labels,
  hostname: dnsLabel,
  hints: fields({ forZones: hints(labelValue), forNodes: hints(dnsSubdomain) }),
});

type Slice = { readonly addressType?: string; readonly endpoints?: readonly Json[] };

const slice: Rule<Slice> = fields<Slice>({
  addressType: required(oneOf(...addressTypes)),
  ports: all<readonly { readonly name?: string }[]>(atMost(20_000), each(slicePort), uniqueNames),
});

export const endpointSlice: Rule<AnyObject> = (object, check, before) => {
  if (isOwnService(object)) check.scope = ownService;
  slice(object as Slice, check);
  const { addressType = '', endpoints: list } = object as Slice;
  if (!isAbsent(list) && !(check.updating && sameValue(list, before?.endpoints))) {
    check.enter('endpoints');
    if (list.length > 1000) check.tooMany(list.length, 1000);
    else
      for (let i = 0; i < list.length; i++) {
        check.enter(i);
        addresses(list[i]?.addresses as readonly string[] | undefined, addressType, check);
        endpoint(list[i] ?? {}, check);
        check.leave();
      }
    check.leave();
  }
  check.enter('addressType');
  immutable(addressType, check, before?.addressType);
  check.leave();
};

function addresses(list: readonly string[] | undefined, type: string, check: Check): void {
  const rule = addressOf[type];
  check.enter('addresses');
  if (isAbsent(list)) check.required('must contain at least 1 address');
  else {
    if (list.length > addressesMax) check.tooMany(list.length, addressesMax);
    for (const address of list) {
      const other = type === 'IPv4' ? isIPv6(address) : type === 'IPv6' && isIPv4(address);
      if (other) check.invalid(address, `must be an ${type} address`);
    }
    if (rule !== undefined) each(rule)(list, check);
  }
  check.leave();
}

/** Two ports without a name have the same one. */
function uniqueNames(list: readonly { readonly name?: string }[], check: Check): void {
  if (list.length < 2) return;
  const seen = new Set<string>();
  for (const [i, { name = '' }] of list.entries()) {
    if (seen.has(name)) check.duplicate(name, `[${i}].name`);
    seen.add(name);
  }
}
