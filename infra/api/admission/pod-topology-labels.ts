// PodTopologyLabels: a pod carries its node's zone and region as labels, so that it can learn them about itself
// through the downward API.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import type { AdmissionPlugin } from './admission.ts';

const copied = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  admit({ operation, kind, subresource, object, world }) {
    if (kind.resource !== 'pods' || kind.group !== '' || operation === 'delete' || operation === 'connect')
      return object;
    if (subresource !== undefined && subresource !== 'binding') return object;
    const { nodeName = '' } = object.spec as Pod['spec'];
    if (nodeName === '') return object;
    const node = world.get<Node>(resources.nodes, { name: nodeName });
    const labels = { ...object.metadata.labels };
    let changed = false;
    for (const key of copied) {
      const value = node?.metadata.labels?.[key];
      if (value === undefined || labels[key] === value) continue;
      labels[key] = value;
      changed = true;
    }
    return changed ? ({ ...object, metadata: { ...object.metadata, labels } } as AnyObject) : object;
  },
};
