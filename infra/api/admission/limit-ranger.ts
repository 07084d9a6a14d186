// LimitRanger: the LimitRanges of a namespace give containers the requests and limits they left out, and refuse pods
// and claims outside of their bounds.

import type { AnyObject, KubeObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Container, Pod, Quantities } from '../../../streams/resources/pod.ts';
import { podLimits, podRequests } from '../../../streams/resources/pod-resources.ts';
import {
  compareQuantity,
  formatQuantity,
  milliValue,
  type Quantity,
  quantityOf,
} from '../../../streams/resources/quantity.ts';
import type { ObjectReader } from '../../../streams/views/object-reader.ts';
import { forbidden } from '../errors.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';

type Limit = {
  readonly type: string;
  readonly min?: Quantities;
  readonly max?: Quantities;
  readonly default?: Quantities;
  readonly defaultRequest?: Quantities;
  readonly maxLimitRequestRatio?: Quantities;
};

type LimitRange = KubeObject & { readonly spec?: { readonly limits?: readonly Limit[] } };
type Amounts = { readonly requests?: Quantities | undefined; readonly limits?: Quantities | undefined };

const annotation = 'kubernetes.io/limit-ranger';
const pods = { group: '', resource: 'pods' };

export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  admit(request) {
    const { operation, object, world, namespace } = request;
    if (operation !== 'create' || !concerns(request, pods)) return object;
    let admitted = object;
    for (const limits of limitsOf(world, namespace)) admitted = withDefaults(admitted, limits);
    return admitted;
  },
  validate(request) {
    const { kind, name, world, namespace } = request;
    const check = checkFor(request);
    if (check === undefined) return;
    for (const limits of limitsOf(world, namespace)) {
      const problems = limits.flatMap(check);
      if (problems.length === 0) continue;
      const distinct = [...new Set(problems)];
      throw forbidden(kind, name, distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`);
    }
  },
};

function checkFor(request: AdmissionRequest): ((limit: Limit) => string[]) | undefined {
  const { operation, object } = request;
  const resizes = operation === 'update' && concerns(request, { ...pods, sub: 'resize' });
  if (resizes || (operation === 'create' && concerns(request, pods))) {
    return (limit) => podProblems((object as unknown as Pod).spec, limit);
  }
  if (!concerns(request, resources.persistentVolumeClaims) || (operation !== 'create' && operation !== 'update')) {
    return undefined;
  }
  const { resources: asked } = (object.spec ?? {}) as { readonly resources?: Amounts };
  return (limit) => (limit.type === 'PersistentVolumeClaim' ? claimProblems(asked?.requests ?? {}, limit) : []);
}

function limitsOf(world: ObjectReader, namespace: string): (readonly Limit[])[] {
  return world.list<LimitRange>(resources.limitRanges, { namespace }).map(({ spec }) => spec?.limits ?? []);
}

function withDefaults(object: AnyObject, limits: readonly Limit[]): AnyObject {
  const defaults = { requests: {} as Quantities, limits: {} as Quantities };
  for (const limit of limits) {
    if (limit.type !== 'Container') continue;
    defaults.requests = { ...defaults.requests, ...limit.defaultRequest };
    defaults.limits = { ...defaults.limits, ...limit.default };
  }
  const told: string[] = [];
  const fill = (what: string) => (container: Container) => filled(container, { what, defaults, told });
  const spec = object.spec as Pod['spec'];
  const next = {
    ...spec,
    ...(spec.containers && { containers: spec.containers.map(fill('container')) }),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(fill('init container')) }),
  };
  if (told.length === 0) return object;
  const annotations = { ...object.metadata.annotations, [annotation]: `LimitRanger plugin set: ${told.join('; ')}` };
  return { ...object, metadata: { ...object.metadata, annotations }, spec: next } as AnyObject;
}

function filled(
  container: Container,
  { what, defaults, told }: { what: string; defaults: { requests: Quantities; limits: Quantities }; told: string[] },
): Container {
  const { requests = {}, limits = {} } = container.resources ?? {};
  const missing = (given: Quantities, from: Quantities) => Object.keys(from).filter((key) => given[key] === undefined);
  const noRequest = missing(requests, defaults.requests).sort();
  const noLimit = missing(limits, defaults.limits).sort();
  if (noRequest.length > 0) told.push(`${noRequest.join(', ')} request for ${what} ${container.name}`);
  if (noLimit.length > 0) told.push(`${noLimit.join(', ')} limit for ${what} ${container.name}`);
  if (noRequest.length === 0 && noLimit.length === 0) return container;
  const amounts = {
    ...(Object.keys(limits).length + noLimit.length > 0 && { limits: { ...defaults.limits, ...limits } }),
    ...(Object.keys(requests).length + noRequest.length > 0 && { requests: { ...defaults.requests, ...requests } }),
  };
  return { ...container, resources: { ...container.resources, ...amounts } };
}

function podProblems(spec: Pod['spec'], limit: Limit): string[] {
  if (limit.type === 'Container') {
    const all = [...spec.containers, ...(spec.initContainers ?? [])];
    return all.flatMap((container) => problems(container.resources ?? {}, limit));
  }
  if (limit.type !== 'Pod') return [];
  return problems({ requests: podRequests(spec), limits: podLimits(spec) }, limit);
}

function problems(amounts: Amounts, limit: Limit): string[] {
  return [
    ...each(limit.min, (name, bound) => minimum(name, bound, { amounts, type: limit.type })),
    ...each(limit.max, (name, bound) => maximum(name, bound, { amounts, type: limit.type })),
    ...each(limit.maxLimitRequestRatio, (name, bound) => ratio(name, bound, { amounts, type: limit.type })),
  ];
}

function claimProblems(requests: Quantities, { type, min, max }: Limit): string[] {
  return [
    ...each(min, (name, bound) => minimum(name, bound, { amounts: { requests }, type })),
    ...each(max, (name, bound) => {
      const text = `maximum ${name} usage per ${type} is ${shown(bound)}`;
      const request = requests[name];
      if (request === undefined) return `${text}.  No request is specified`;
      return compare(request, bound) > 0 ? `${text}, but request is ${shown(request)}` : undefined;
    }),
  ];
}

type Subject = { readonly amounts: Amounts; readonly type: string };

function minimum(name: string, bound: string, { amounts, type }: Subject): string | undefined {
  const text = `minimum ${name} usage per ${type} is ${shown(bound)}`;
  const [request, limit] = [amounts.requests?.[name], amounts.limits?.[name]];
  if (request === undefined) return `${text}.  No request is specified`;
  if (compare(request, bound) < 0) return `${text}, but request is ${shown(request)}`;
  return limit !== undefined && compare(limit, bound) < 0 ? `${text}, but limit is ${shown(limit)}` : undefined;
}

function maximum(name: string, bound: string, { amounts, type }: Subject): string | undefined {
  const text = `maximum ${name} usage per ${type} is ${shown(bound)}`;
  const [request, limit] = [amounts.requests?.[name], amounts.limits?.[name]];
  if (limit === undefined) return `${text}.  No limit is specified`;
  if (compare(limit, bound) > 0) return `${text}, but limit is ${shown(limit)}`;
  return request !== undefined && compare(request, bound) > 0 ? `${text}, but request is ${shown(request)}` : undefined;
}

function ratio(name: string, bound: string, { amounts, type }: Subject): string | undefined {
  const text = `${name} max limit to request ratio per ${type} is ${shown(bound)}`;
  const request = quantity(amounts.requests?.[name]);
  const limit = quantity(amounts.limits?.[name]);
  if (request.nano === 0n) return `${text}, but no request is specified or request is 0`;
  if (limit.nano === 0n) return `${text}, but no limit is specified or limit is 0`;
  const observed = milliValue(limit) / milliValue(request);
  return observed * 1_000 > milliValue(quantity(bound))
    ? `${text}, but provided ratio is ${observed.toFixed(6)}`
    : undefined;
}

function each(bounds: Quantities = {}, check: (name: string, bound: string) => string | undefined): string[] {
  return Object.entries(bounds)
    .map(([name, bound]) => check(name, bound))
    .filter((problem) => problem !== undefined);
}

function compare(a: string, b: string): number {
  return compareQuantity(quantityOf(a), quantityOf(b));
}

function quantity(text: string | undefined): Quantity {
  return quantityOf(text ?? '0');
}

function shown(text: string): string {
  return formatQuantity(quantityOf(text));
}
