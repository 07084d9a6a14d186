// Whether a toleration covers a taint, by Kubernetes' rules: an empty effect covers every effect, an empty key with
// `Exists` covers every taint.

import type { Taint } from '../../streams/resources/node.ts';
import type { Toleration } from '../../streams/resources/pod.ts';

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  for (const toleration of tolerations) if (covers(toleration, taint)) return true;
  return false;
}

function covers({ key = '', operator = 'Equal', value = '', effect = '' }: Toleration, taint: Taint): boolean {
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return key !== '' && value === (taint.value ?? '');
}
