// ConfigMaps, Secrets, ServiceAccounts, Leases, core Events, Endpoints and EndpointSlices.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { EndpointSlice, Endpoints } from '../../../streams/resources/service.ts';
import { setKey } from '../codec/own-key.ts';
import type { Strategy } from '../registry/strategy.ts';
import { problemsOf } from '../validation/check.ts';
import { configMap, event, lease, secret } from '../validation/config.ts';
import { endpointSlice, endpoints } from '../validation/endpoints.ts';
import { fill, mapSame, within } from './fill.ts';

export const configMapStrategy: Omit<Strategy, 'lifecycle'> = {
  validate: (next, before) => problemsOf(configMap, next, before),
};

export const secretStrategy: Omit<Strategy, 'lifecycle'> = {
  defaults: (object) => fill(object, { type: 'Opaque' }),
  prepareCreate(object) {
    const { stringData, ...rest } = object as typeof object & { stringData?: Readonly<Record<string, string>> };
    return stringData === undefined ? object : withStringData(rest as typeof object, stringData);
  },
  prepareUpdate(next) {
    const { stringData, ...rest } = next as typeof next & { stringData?: Readonly<Record<string, string>> };
    return stringData === undefined ? next : withStringData(rest as typeof next, stringData);
  },
  validate: (next, before) => problemsOf(secret, next, before),
};

export const serviceAccountStrategy: Omit<Strategy, 'lifecycle'> = { deleteReturnsObject: true };

export const leaseStrategy: Omit<Strategy, 'lifecycle'> = {
  unconditionalUpdate: false,
  createOnUpdate: true,
  validate: (next, before) => problemsOf(lease, next, before),
};

export const eventStrategy: Omit<Strategy, 'lifecycle'> = {
  createOnUpdate: true,
  validate: (next, before) => problemsOf(event, next, before),
};

export const endpointsStrategy: Omit<Strategy, 'lifecycle'> = {
  createOnUpdate: true,
  defaults: (object) =>
    within(object as Endpoints & AnyObject, 'subsets', (subsets) =>
      mapSame(subsets, (subset) => within(subset, 'ports', (ports) => mapSame(ports, (port) => fill(port, tcp)))),
    ),
  validate: (next, before) => problemsOf(endpoints, next, before),
};

export const endpointSliceStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: true,
  defaults: (object) =>
    within(object as EndpointSlice & AnyObject, 'ports', (ports) =>
      mapSame(ports, (port) => fill(fill(port, tcp), { name: '' })),
    ),
  validate: (next, before) => problemsOf(endpointSlice, next, before),
};

const tcp = { protocol: 'TCP' };

/** `stringData` is a convenience of writers: it is merged into `data` and never stored. */
function withStringData<T extends object>(object: T, stringData: Readonly<Record<string, string>>): T {
  const data: Record<string, string> = { ...(object as { data?: Readonly<Record<string, string>> }).data };
  for (const key in stringData) setKey(data, key, Buffer.from(stringData[key] ?? '').toString('base64'));
  return { ...object, data };
}
