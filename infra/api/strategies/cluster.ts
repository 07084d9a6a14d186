// Namespaces and nodes.

import type { Namespace } from '../../../streams/resources/config.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { Strategy } from '../registry/strategy.ts';
import { problemsOf } from '../validation/check.ts';
import { namespace, namespaceStatus, node, nodeStatus } from '../validation/cluster.ts';
import { fill, within } from './fill.ts';

const nameLabel = 'kubernetes.io/metadata.name';
const ownFinalizer = 'kubernetes';

export const namespaceStrategy: Omit<Strategy, 'lifecycle'> = {
  names: 'label',
  status: true,
  deleteReturnsObject: true,
  defaults(object) {
    const { name, labels } = object.metadata;
    if (labels?.[nameLabel] === name || name === '') return object;
    return { ...object, metadata: { ...object.metadata, labels: { ...labels, [nameLabel]: name } } } as AnyObject;
  },
  prepareCreate(object) {
    const given = (object as Namespace & AnyObject).spec?.finalizers ?? [];
    const finalizers = given.includes(ownFinalizer) ? given : [...given, ownFinalizer];
    return { ...object, spec: { finalizers }, status: { phase: 'Active' } } as AnyObject;
  },
  /** Only /finalize touches the finalizers in the spec. */
  prepareUpdate(next, before) {
    const { spec: _, ...rest } = next as Namespace & AnyObject;
    return { ...rest, spec: before.spec } as AnyObject;
  },
  validate: (next, before) => (before === undefined ? problemsOf(namespace, next) : []),
  subresources: { status: { validate: (next, before) => problemsOf(namespaceStatus, next, before) } },
};

export const nodeStrategy: Omit<Strategy, 'lifecycle'> = {
  status: true,
  statusOnCreate: true,
  deleteReturnsObject: false,
  defaults: (object) =>
    within(fill(object as Node & AnyObject, { spec: {} }), 'status', (status) =>
      status.capacity === undefined ? status : fill(status, { allocatable: status.capacity }),
    ),
  validate: (next, before) => problemsOf(node, next, before),
  subresources: { status: { validate: (next, before) => problemsOf(nodeStatus, next, before) } },
};
