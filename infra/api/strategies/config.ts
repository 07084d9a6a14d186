// ConfigMaps, Secrets, ServiceAccounts, Leases, core Events, Endpoints and EndpointSlices.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { EndpointSlice, Endpoints } from '../../../streams/resources/service.ts';
import { setKey } from '../codec/own-key.ts';
import { equal } from '../registry/equal.ts';
import type { Strategy } from '../registry/strategy.ts';
import { problemsOf } from '../validation/check.ts';
import { configMap, event, lease, secret } from '../validation/config.ts';
import { endpointSlice, endpoints } from '../validation/endpoints.ts';
import { tlsWarnings } from '../warnings/secret.ts';
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
  warnings: tlsWarnings,
};

export const serviceAccountStrategy: Omit<Strategy, 'lifecycle'> = {
  deleteReturnsObject: true,
  prepareCreate: withSecretNames,
  prepareUpdate: withSecretNames,
  warnings: (next, before) => (restrictsMounts(next) && !(before && restrictsMounts(before)) ? [mountWarning] : []),
};

const mountAnnotation = 'kubernetes.io/enforce-mountable-secrets';
const mountWarning = `metadata.annotations[${mountAnnotation}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`;

function restrictsMounts({ metadata }: AnyObject): boolean {
  return metadata.annotations !== undefined && Object.hasOwn(metadata.annotations, mountAnnotation);
}

type Holder = AnyObject & { readonly secrets?: readonly { readonly name?: string }[] };

/** Secrets are in the account's namespace: of a reference only the name is kept. */
function withSecretNames(object: AnyObject): AnyObject {
  return within(object as Holder, 'secrets', (secrets) =>
    mapSame(secrets, (secret) =>
      Object.keys(secret).every((key) => key === 'name')
        ? secret
        : secret.name === undefined
          ? {}
          : { name: secret.name },
    ),
  );
}

export const leaseStrategy: Omit<Strategy, 'lifecycle'> = {
  prepareCreate: withoutElection,
  prepareUpdate: withoutElection,
  unconditionalUpdate: false,
  createOnUpdate: true,
  validate: (next, before) => problemsOf(lease, next, before),
};

type Elected = AnyObject & { readonly spec?: { readonly strategy?: unknown; readonly preferredHolder?: unknown } };

/** Fields of coordinated leader election, which is not yet on by default. */
function withoutElection(object: AnyObject): AnyObject {
  return within(object as Elected, 'spec', (spec) => {
    const { strategy, preferredHolder, ...kept } = spec;
    return strategy === undefined && preferredHolder === undefined ? spec : kept;
  });
}

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
  generation: '*',
  prepareCreate: withoutTopology,
  prepareUpdate: (next, before) => (equal(next.endpoints, before.endpoints) ? next : withoutTopology(next)),
  warnings: (next, before) =>
    before === undefined && next.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [],
  defaults: (object) =>
    within(object as EndpointSlice & AnyObject, 'ports', (ports) =>
      mapSame(ports, (port) => fill(fill(port, tcp), { name: '' })),
    ),
  validate: (next, before) => problemsOf(endpointSlice, next, before),
};

type Placed = AnyObject & { readonly endpoints?: readonly { readonly deprecatedTopology?: unknown }[] };

/** A field of v1beta1 that v1 does not write. */
function withoutTopology(object: AnyObject): AnyObject {
  return within(object as Placed, 'endpoints', (endpoints) =>
    mapSame(endpoints, (endpoint) => {
      const { deprecatedTopology, ...kept } = endpoint;
      return deprecatedTopology === undefined ? endpoint : kept;
    }),
  );
}

const tcp = { protocol: 'TCP' };

/** `stringData` is a convenience of writers: it is merged into `data` and never stored. */
function withStringData<T extends object>(object: T, stringData: Readonly<Record<string, string>>): T {
  const data: Record<string, string> = { ...(object as { data?: Readonly<Record<string, string>> }).data };
  for (const key in stringData) setKey(data, key, Buffer.from(stringData[key] ?? '').toString('base64'));
  return { ...object, data };
}
