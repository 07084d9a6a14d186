// Namespaces and nodes.

import type { Namespace } from '../../../streams/resources/config.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { Strategy } from '../registry/strategy.ts';
import { nodeProblems } from '../validation/cluster.ts';
import { fill, within } from './fill.ts';

const nameLabel = 'kubernetes.io/metadata.name';

export const namespaceStrategy: Omit<Strategy, 'lifecycle'> = {
  names: 'label',
  status: true,
  deleteReturnsObject: true,
  defaults(object) {
    const { name, labels } = object.metadata;
    if (labels?.[nameLabel] === name || name === '') return object;
    return { ...object, metadata: { ...object.metadata, labels: { ...labels, [nameLabel]: name } } } as AnyObject;
  },
  prepareCreate: (object) =>
    ({ ...object, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }) as AnyObject,
  /** Only /finalize touches the finalizers in the spec. */
  prepareUpdate(next, before) {
    const { spec: _, ...rest } = next as Namespace & AnyObject;
    return { ...rest, spec: before.spec } as AnyObject;
  },
};

export const nodeStrategy: Omit<Strategy, 'lifecycle'> = {
  status: true,
  deleteReturnsObject: false,
  defaults: (object) =>
    within(fill(object as Node & AnyObject, { spec: {} }), 'status', (status) =>
      status.capacity === undefined ? status : fill(status, { allocatable: status.capacity }),
    ),
  validate: (next, before) => nodeProblems(next as unknown as Node, before as unknown as Node | undefined),
};
