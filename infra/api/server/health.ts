// /healthz, /livez and /readyz: one line per check with ?verbose, 500 and the failing check otherwise.

import { unknownPath } from '../errors.ts';
import type { Call } from './call.ts';

export type HealthCheck = {
  readonly name: string;
  /** Only /readyz asks it: a server that is not ready may well be alive. */
  readonly readinessOnly: boolean;
  /** Undefined where all is well, otherwise why not. */
  check(): string | undefined;
};

export type Health = {
  answer(call: Call, asked: { root: string; checks: readonly string[] }): void;
};

export function health(checks: readonly HealthCheck[]): Health {
  return {
    answer({ request, response }, { root, checks: named }) {
      const excluded = new Set(request.query.getAll('exclude'));
      const asked = checks.filter(
        ({ name, readinessOnly }) =>
          (named.length === 0 ? !readinessOnly || root === 'readyz' : named.includes(name)) && !excluded.has(name),
      );
      if (named.length > 0 && asked.length === 0) throw unknownPath();
      const lines: string[] = [];
      let failed = false;
      for (const entry of asked) {
        const why = entry.check();
        lines.push(why === undefined ? `[+]${entry.name} ok` : `[-]${entry.name} failed: ${why}`);
        failed ||= why !== undefined;
      }
      const verbose = request.query.has('verbose');
      const verdict = failed ? `${root} check failed` : `${root} check passed`;
      const body = failed || verbose ? `${lines.join('\n')}\n${verdict}\n` : 'ok';
      response.send({ status: failed ? 500 : 200, headers: { 'content-type': 'text/plain; charset=utf-8' } }, body);
    },
  };
}
