// `GET /shiplog/v1/controllers`: which controllers there are, who runs them, and how each of them is doing.

import { methodNotAllowed, unknownPath } from '../api/errors.ts';
import { sendJson } from '../api/http/status.ts';
import type { OwnPath } from '../api/server/own-paths.ts';
import type { ControllerRow } from '../host/controller-manager.ts';

export type ControllerList = {
  /** Who runs them, as the Lease kube-controller-manager says; empty for nobody. */
  readonly leader: string;
  /** True where this server's process runs them: only then are states and counts told. */
  readonly here: boolean;
  readonly items: readonly ControllerRow[];
};

export function controllersPath(list: () => ControllerList): OwnPath {
  return ({ request, response }, rest) => {
    if (rest.length > 0) throw unknownPath();
    if (request.method !== 'GET') throw methodNotAllowed();
    sendJson(response, 200, list());
  };
}
