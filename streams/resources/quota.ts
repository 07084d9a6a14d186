// ResourceQuota as far as the program itself reads it.

import type { KubeObject } from './meta.ts';
import type { Quantities } from './pod.ts';

export type ScopeRequirement = {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
};

export type ResourceQuota = KubeObject & {
  readonly spec?: {
    readonly hard?: Quantities;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: { readonly matchExpressions?: readonly ScopeRequirement[] };
  };
  readonly status?: { readonly hard?: Quantities; readonly used?: Quantities };
};
