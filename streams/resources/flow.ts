// Which requests count as one flow, and what they may ask at a time.

import type { Condition, KubeObject } from './meta.ts';

export type FlowSchema = KubeObject & {
  readonly spec: { readonly priorityLevelConfiguration: { readonly name: string } };
  readonly status?: { readonly conditions?: readonly Condition[] };
};
