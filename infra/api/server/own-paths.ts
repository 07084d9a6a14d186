// Paths that Shiplog answers beyond Kubernetes: `/shiplog/v1/<name>/…`. They are non-resource URLs: authorized by RBAC
// like /metrics, so administrators have them and others are granted them by a ClusterRole's nonResourceURLs.

import { unknownPath } from '../errors.ts';
import type { Call } from './call.ts';

/** Answers what is below its name; `rest` are the segments after it. */
export type OwnPath = (call: Call, rest: readonly string[]) => void | Promise<void>;

/** By name. Parts of the process add themselves while it starts. */
export type OwnPaths = Map<string, OwnPath>;

export async function ownRequest(call: Call, paths: OwnPaths, [version, name = '', ...rest]: readonly string[]) {
  const path = version === 'v1' ? paths.get(name) : undefined;
  if (path === undefined) throw unknownPath();
  await path(call, rest);
}
