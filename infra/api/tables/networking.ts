// `kubectl get` of ingresses, network policies and service addresses.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { column, none } from './cells.ts';
import { aged, defaultMarked, field, joinedField, list, named, selectorField, tabled, text, value } from './entries.ts';

export const ingressTable = tabled(
  named,
  field('Class', 'spec.ingressClassName', none),
  [column('Hosts'), hosts],
  [column('Address'), addresses],
  [column('Ports'), (object) => (list(object, 'spec.tls').length > 0 ? '80, 443' : '80')],
  aged,
);

export const ingressClassTable = tabled(
  defaultMarked('ingressclass.kubernetes.io/is-default-class'),
  field('Controller', 'spec.controller'),
  [column('Parameters'), parameters],
  aged,
);

export const networkPolicyTable = tabled(named, selectorField('Pod-Selector', 'spec.podSelector'), aged);

export const ipAddressTable = tabled(named, [column('ParentRef'), parent]);

export const serviceCidrTable = tabled(named, joinedField('CIDRs', 'spec.cidrs'), aged);

const hostsMax = 3;

function hosts(object: AnyObject): string {
  const rules = list<{ readonly host?: string }>(object, 'spec.rules');
  const shown: string[] = [];
  for (const { host } of rules) {
    if (shown.length === hostsMax) return `${shown.join(',')} + ${rules.length - hostsMax} more...`;
    if (host) shown.push(host);
  }
  return shown.length === 0 ? '*' : shown.join(',');
}

function addresses(object: AnyObject): string {
  const points = list<{ readonly ip?: string; readonly hostname?: string }>(object, 'status.loadBalancer.ingress');
  const known = new Set(points.map(({ ip, hostname }) => ip || hostname || '').filter((address) => address !== ''));
  return [...known].sort().join(',');
}

function parameters(object: AnyObject): string {
  if (value(object, 'spec.parameters') === undefined) return none;
  const group = value(object, 'spec.parameters.apiGroup');
  const kind = text(object, 'spec.parameters.kind');
  return `${group === undefined ? kind : `${kind}.${group}`}/${text(object, 'spec.parameters.name')}`;
}

function parent(object: AnyObject): string {
  if (value(object, 'spec.parentRef') === undefined) return none;
  const [group, resource, namespace, name] = ['group', 'resource', 'namespace', 'name'].map((key) =>
    text(object, `spec.parentRef.${key}`),
  );
  const what = (group === '' ? `${resource}` : `${resource}.${group}`).toLowerCase();
  return [what, namespace, name].filter((part) => part !== '').join('/');
}
