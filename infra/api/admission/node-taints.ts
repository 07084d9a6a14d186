// A node that has just joined takes no pods before its health is known (TaintNodesByCondition).

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { NodeSpec } from '../../../streams/resources/node.ts';
import type { AdmissionPlugin } from './admission.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit({ operation, kind, subresource, object }) {
    if (operation !== 'create' || kind.group !== '' || kind.resource !== 'nodes' || subresource !== undefined)
      return object;
    const spec = (object.spec ?? {}) as NodeSpec;
    const taints = spec.taints ?? [];
    if (taints.some((taint) => taint.key === notReady.key && taint.effect === notReady.effect)) return object;
    return { ...object, spec: { ...spec, taints: [...taints, notReady] } } as AnyObject;
  },
};
