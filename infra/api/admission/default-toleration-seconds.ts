// DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or not reachable, unless it says
// otherwise for itself.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { Pod, Toleration } from '../../../streams/resources/pod.ts';
import { type AdmissionPlugin, concerns } from './admission.ts';

const graceSeconds = 300;
const taints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit(request) {
    const { operation, object } = request;
    if (!concerns(request, { group: '', resource: 'pods' })) return object;
    if (operation !== 'create' && operation !== 'update') return object;
    const spec = object.spec as Pod['spec'];
    const tolerations = spec.tolerations ?? [];
    const added = taints
      .filter((key) => !tolerations.some((toleration) => toleratesNoExecute(toleration, key)))
      .map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: graceSeconds }));
    if (added.length === 0) return object;
    return { ...object, spec: { ...spec, tolerations: [...tolerations, ...added] } } as AnyObject;
  },
};

function toleratesNoExecute({ key, effect }: Toleration, taint: string): boolean {
  const sameKey = key === taint || key === undefined || key === '';
  return sameKey && (effect === 'NoExecute' || effect === undefined || effect === '');
}
