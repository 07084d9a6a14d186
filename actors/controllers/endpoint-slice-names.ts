// What the controllers that make endpoint slices share: how slices are labelled, named and made, and when ports are the
// same.

import { nameSuffix, type Random } from '../../streams/base/random.ts';
import type { KubeObject, Labels } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { EndpointPort, EndpointSlice } from '../../streams/resources/service.ts';
import { controllerReference } from '../kit/owners.ts';
import { sameJson } from '../kit/same-json.ts';
import type { CreateWrite } from '../kit/write.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';

/** Generated names are cut so that the suffix still fits. */
const nameBaseMax = 58;

function sliceName(service: string, random: Random): { readonly name: string; readonly generateName: string } {
  const generateName = `${service}-`;
  return { name: `${generateName.slice(0, nameBaseMax)}${nameSuffix(random)}`, generateName };
}

/** A slice of the owner's, named after it and gone with it. */
export function newSlice(
  owner: KubeObject,
  {
    labels,
    annotations,
    random,
    ...addresses
  }: Pick<EndpointSlice, 'addressType' | 'endpoints' | 'ports'> & {
    readonly labels: Labels;
    readonly annotations: Labels | undefined;
    readonly random: Random;
  },
): CreateWrite {
  const { name, namespace = '' } = owner.metadata;
  const object = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...sliceName(name, random),
      namespace,
      labels,
      ...(annotations && { annotations }),
      ownerReferences: [controllerReference(owner)],
    },
    ...addresses,
  };
  return { kind: 'create', resource: resources.endpointSlices, object };
}

export function samePorts(a: readonly EndpointPort[], b: readonly EndpointPort[]): boolean {
  // A stored port without a name has an empty one: what the API server fills in is no difference.
  const texts = (ports: readonly EndpointPort[]) =>
    ports.map(
      ({ name = '', protocol = 'TCP', port, appProtocol = '' }) => `${name} ${protocol} ${port} ${appProtocol}`,
    );
  return sameJson(texts(a).sort(), texts(b).sort());
}
