// What the controllers that make endpoint slices share: how slices are labelled and named, and when ports are the same.

import { nameSuffix, type Random } from '../../streams/base/random.ts';
import type { EndpointPort } from '../../streams/resources/service.ts';
import { sameJson } from '../kit/same-json.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';

/** Generated names are cut so that the suffix still fits. */
const nameBaseMax = 58;

export function sliceName(service: string, random: Random): { readonly name: string; readonly generateName: string } {
  const generateName = `${service}-`;
  return { name: `${generateName.slice(0, nameBaseMax)}${nameSuffix(random)}`, generateName };
}

export function samePorts(a: readonly EndpointPort[], b: readonly EndpointPort[]): boolean {
  // A stored port without a name has an empty one: what the API server fills in is no difference.
  const texts = (ports: readonly EndpointPort[]) =>
    ports.map(
      ({ name = '', protocol = 'TCP', port, appProtocol = '' }) => `${name} ${protocol} ${port} ${appProtocol}`,
    );
  return sameJson(texts(a).sort(), texts(b).sort());
}
