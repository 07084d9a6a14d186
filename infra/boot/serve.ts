// Puts the API on a port: authentication, authorization, reviews, health, OpenAPI and the HTTPS server around a stack.

import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { authenticator } from '../api/auth/authenticate.ts';
import { basicAuthorizer } from '../api/auth/authorize.ts';
import { tokenIssuer } from '../api/auth/service-account-tokens.ts';
import { type BoundKind, tokenVerifier } from '../api/auth/token-verifier.ts';
import { type HttpServer, startHttpServer } from '../api/http/server.ts';
import { openApi } from '../api/openapi/documents.ts';
import { createApi } from '../api/server/api.ts';
import { type HealthCheck, health } from '../api/server/health.ts';
import { reviews } from '../api/server/reviews.ts';
import type { PodLogs } from '../api/verbs/pod-logs.ts';
import type { ClusterPki } from '../pki/cluster-pki.ts';
import type { ApiStack } from './api-stack.ts';
import { urlHost } from './listen-address.ts';

export type ServeOptions = {
  readonly stack: ApiStack;
  readonly log: ClusterLog;
  readonly pki: ClusterPki;
  readonly logs: PodLogs;
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Further conditions for /readyz: the control plane has started. */
  readonly checks: readonly HealthCheck[];
};

export async function serve(options: ServeOptions): Promise<HttpServer> {
  const { stack, log, pki, clock, random, logger, host } = options;
  const { registry, deleter, view } = stack;
  const tokens = tokenIssuer({ privateKey: pki.serviceAccount.privateKey, clock, random: random.stream('tokens') });
  const verifier = tokenVerifier({
    issuer: tokens.issuer,
    audiences: tokens.audiences,
    keys: tokens.keys,
    clock,
    lookup: lookupIn(view),
  });
  const authentication = authenticator({ tokens: verifier });
  let port = options.port;
  const handler = createApi({
    registry,
    deleter,
    view,
    log,
    clock,
    random: random.stream('api'),
    logs: options.logs,
    reviews: reviews({ authorizer: basicAuthorizer, authenticator: authentication, tokens }),
    health: health([ping, logCheck(log), ...options.checks]),
    openApi: openApi(),
    tokens,
    address: () => `${urlHost(host)}:${port}`,
    authenticator: authentication,
    authorizer: basicAuthorizer,
  });
  const tls = { key: pki.server.key, cert: pki.server.certificate, ca: pki.ca };
  const server = await startHttpServer({ handler, port, host, tls, clock, logger });
  port = server.port;
  return server;
}

const ping: HealthCheck = { name: 'ping', readinessOnly: false, check: () => undefined };

/** A server whose log does not answer serves reads and refuses writes: alive, not ready. */
function logCheck(log: ClusterLog): HealthCheck {
  return {
    name: 'log',
    readinessOnly: true,
    check: () => {
      const status = log.status();
      return status.kind === 'ok' ? undefined : status.reason;
    },
  };
}

const boundResources: Readonly<Record<BoundKind, (typeof resources)[keyof typeof resources]>> = {
  Node: resources.nodes,
  Pod: resources.pods,
  Secret: resources.secrets,
  ServiceAccount: resources.serviceAccounts,
};

function lookupIn(view: ObjectView) {
  return ({ kind, namespace, name }: { kind: BoundKind; namespace: string; name: string }) => {
    const metadata = view.get(boundResources[kind], { namespace, name })?.metadata;
    if (metadata === undefined) return undefined;
    const { uid, deletionTimestamp } = metadata;
    return deletionTimestamp === undefined ? { uid } : { uid, deletionTimestampMs: Date.parse(deletionTimestamp) };
  };
}
