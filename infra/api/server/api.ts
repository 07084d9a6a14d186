// The API's front door: every request is told apart, authenticated, authorized and handed on; whatever refuses it
// becomes a Status. A bug answers 500 and leaves the process alive.

import { accessOf } from '../auth/access.ts';
import type { Authenticator } from '../auth/authenticate.ts';
import type { Authorizer } from '../auth/authorize.ts';
import { ApiError, badRequest } from '../errors.ts';
import type { FlowControl } from '../flow/flow-control.ts';
import type { ApiHandler, ApiRequest } from '../http/exchange.ts';
import { requestInfoOf } from '../http/request-info.ts';
import { sendStatus } from '../http/status.ts';
import { sendError } from './answer.ts';
import type { Call } from './call.ts';
import { type PlainPorts, plainRequest } from './plain-paths.ts';
import { isLongRunning, type MeasuredResponse, type RequestMetrics } from './request-metrics.ts';
import { type ResourcePorts, resourceRequest } from './resource-requests.ts';

export type ApiPorts = ResourcePorts &
  PlainPorts & {
    readonly authenticator: Authenticator;
    readonly authorizer: Authorizer;
    readonly flow: FlowControl;
    readonly traffic: RequestMetrics;
  };

export function createApi(ports: ApiPorts): ApiHandler {
  return async (request, response) => {
    const warnings: string[] = [];
    const measured = ports.traffic.begin(response);
    try {
      await handle(request, measured, { ports, warnings });
    } catch (error) {
      // Anything else is answered by the HTTP server, which knows what of the answer has been sent already.
      if (!(error instanceof ApiError)) throw error;
      sendError({ response: measured, warnings }, error);
    } finally {
      ports.traffic.end(measured, measured.counted === 'mutating' && request.query.has('dryRun'));
    }
  };
}

async function handle(
  request: ApiRequest,
  response: MeasuredResponse,
  { ports, warnings }: { ports: ApiPorts; warnings: string[] },
): Promise<void> {
  const outcome = requestInfoOf(request);
  if (outcome.kind === 'badRequest') throw badRequest(outcome.message);
  const { info } = outcome;
  const authentication = ports.authenticator.authenticate(request);
  const known = authentication instanceof Promise ? await authentication : authentication;
  const access = accessOf(known, { request: info, headers: request.headers, authorizer: ports.authorizer });
  if (access.kind === 'refused') return sendStatus(response, access.status);
  ports.traffic.serving(response, info);
  const entering = ports.flow.enter({ user: access.user, info });
  const seat = entering instanceof Promise ? await entering : entering;
  response.headers = seat.headers;
  if (isLongRunning(info)) seat.release();
  try {
    const { user, impersonator } = access;
    const call: Call = { request, response, info, user, ...(impersonator && { impersonator }), warnings };
    if (info.isResourceRequest) await resourceRequest(call, ports);
    else await plainRequest(call, ports);
  } finally {
    seat.release();
  }
}
