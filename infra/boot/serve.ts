// Puts the API on a port: authentication, authorization, reviews, health, OpenAPI and the HTTPS server around a stack.

import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { authenticator } from '../api/auth/authenticate.ts';
import { bootstrapTokens } from '../api/auth/bootstrap-tokens.ts';
import { legacyTokens } from '../api/auth/legacy-tokens.ts';
import { tokenIssuer } from '../api/auth/service-account-tokens.ts';
import { anyToken } from '../api/auth/token-authenticators.ts';
import { type BoundKind, tokenVerifier } from '../api/auth/token-verifier.ts';
import { FlowControl } from '../api/flow/flow-control.ts';
import { flowMetrics } from '../api/flow/flow-metrics.ts';
import type { ApiHandler } from '../api/http/exchange.ts';
import { type HttpServer, startHttpServer } from '../api/http/server.ts';
import type { KindTable } from '../api/kinds/kind-table.ts';
import { openApi } from '../api/openapi/documents.ts';
import { createApi } from '../api/server/api.ts';
import { type HealthCheck, health } from '../api/server/health.ts';
import type { OwnPaths } from '../api/server/own-paths.ts';
import { type MetricsPorts, requestMetrics } from '../api/server/request-metrics.ts';
import { noUsage } from '../api/server/resource-metrics.ts';
import { reviews } from '../api/server/reviews.ts';
import { versionInfo } from '../api/server/version.ts';
import { FanOut } from '../api/verbs/fan-out.ts';
import type { PodLogs } from '../api/verbs/pod-logs.ts';
import { buildMetrics, healthMetrics, storageMetrics } from '../metrics/cluster-metrics.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { UsageReader } from '../nodes/usage.ts';
import type { ClusterPki } from '../pki/cluster-pki.ts';
import type { ApiStack } from './api-stack.ts';
import { urlHost } from './listen-address.ts';

type Shared = {
  readonly stack: ApiStack;
  readonly log: ClusterLog;
  readonly logs: PodLogs;
  /** What nodes and pods use; without it nothing is known of any. */
  readonly usage?: UsageReader;
  readonly clock: Clock;
  readonly random: Random;
  /** What `/metrics` tells; others may have added to it. */
  readonly metrics?: Metrics;
  /** What Shiplog answers beyond Kubernetes, by name below `/shiplog/v1`. */
  readonly own?: OwnPaths;
  /** Further conditions for /readyz: the control plane has started. */
  readonly checks: readonly HealthCheck[];
};

export type ServeOptions = Shared & {
  readonly pki: ClusterPki;
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
};

export type HandlerOptions = Shared & {
  /** PEM of the key that signs service-account tokens. */
  readonly signingKey: string;
  /** `host:port` clients reach the server at. */
  readonly address: () => string;
};

export async function serve(options: ServeOptions): Promise<HttpServer> {
  const { pki, clock, logger, host } = options;
  let port = options.port;
  const handler = apiHandler({
    ...options,
    signingKey: pki.serviceAccount.privateKey,
    address: () => `${urlHost(host)}:${port}`,
  });
  const tls = { key: pki.server.key, cert: pki.server.certificate, ca: pki.ca };
  const server = await startHttpServer({ handler, port, host, tls, clock, logger });
  port = server.port;
  return server;
}

/** The API without a socket: everything behind the port. */
export function apiHandler(options: HandlerOptions): ApiHandler {
  const { stack, log, clock, random } = options;
  const { kinds, registry, deleter, view } = stack;
  const tokens = tokenIssuer({ privateKey: options.signingKey, clock, random: random.stream('tokens') });
  const { audiences } = tokens;
  const verifier = anyToken([
    bootstrapTokens({ world: view, clock, audiences }),
    legacyTokens({ world: view, privateKey: options.signingKey, audiences, clock, writer: stack.writer }),
    tokenVerifier({ issuer: tokens.issuer, audiences, keys: tokens.keys, clock, lookup: lookupIn(view) }),
  ]);
  const metrics = options.metrics ?? new Metrics();
  const checks = [ping, logCheck(log), ...options.checks];
  storageMetrics(metrics, view);
  healthMetrics(metrics, checks);
  buildMetrics(metrics, versionInfo);
  const authentication = authenticator({ tokens: verifier });
  return createApi({
    kinds,
    registry,
    deleter,
    view,
    fanOut: new FanOut({ view, clock }),
    log,
    clock,
    random: random.stream('api'),
    logs: options.logs,
    usage: options.usage ?? noUsage,
    reviews: reviews({ authorizer: stack.authorizer, tokens, verifier, world: view, now: () => clock.now() }),
    health: health(checks),
    openApi: openApi(kinds),
    metrics,
    traffic: requestMetrics({ metrics, clock, isServed: isServedBy(kinds) }),
    flow: new FlowControl({ view, clock, metrics: flowMetrics(metrics) }),
    tokens,
    address: options.address,
    own: options.own ?? new Map(),
    authenticator: authentication,
    authorizer: stack.authorizer,
  });
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

function isServedBy(kinds: KindTable): MetricsPorts['isServed'] {
  return ({ group, version, resource, subresource }) => {
    const kind = kinds.byResource(group, version, resource);
    return kind !== undefined && (subresource === '' || kind.subresources.some(({ name }) => name === subresource));
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
