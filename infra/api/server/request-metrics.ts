// Counts every request under upstream's stable names (apiserver_request_total and its kin), by what was asked and how it
// was answered. Measuring must stay far below a microsecond: series are found by one key, and only once per request.

import type { Clock } from '../../../streams/base/clock.ts';
import type { CounterSeries, HistogramSeries, Metrics } from '../../metrics/metrics.ts';
import type { ApiResponse, ResponseHead, ResponseStream } from '../http/exchange.ts';
import type { RequestInfo } from '../http/request-info.ts';

// Upstream's buckets of the same metrics.
const seconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const bytes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

const shape = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];

export type RequestMetrics = {
  /** Wraps the answer of a request that has just come. */
  begin(response: ApiResponse): MeasuredResponse;
  /** What the request is about is known, and it will be served. */
  serving(measured: MeasuredResponse, info: RequestInfo): void;
  /** The request has been answered, or its stream has ended. */
  end(measured: MeasuredResponse, dryRun: boolean): void;
};

/** Where requests are counted that were asked and answered alike. */
type Series = {
  readonly total: CounterSeries;
  readonly duration: HistogramSeries | undefined;
  readonly sizes: HistogramSeries | undefined;
};

export type MetricsPorts = {
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Says which resources exist: anybody can ask for others, and each would be a series for ever. */
  readonly isServed: (resource: Pick<RequestInfo, 'group' | 'version' | 'resource' | 'subresource'>) => boolean;
};

export function requestMetrics({ metrics, clock, isServed }: MetricsPorts): RequestMetrics {
  const total = metrics.counter({
    name: 'apiserver_request_total',
    help: 'Requests answered.',
    labels: ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component', 'code'],
  });
  const duration = metrics.histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'From the request to its answer; watches are not counted.',
    labels: ['verb', 'dry_run', ...shape.slice(1)],
    buckets: seconds,
  });
  const sizes = metrics.histogram({
    name: 'apiserver_response_sizes',
    help: 'Bytes of answers, before compression.',
    labels: shape,
    buckets: bytes,
  });
  const inflight = { mutating: 0, readOnly: 0 };
  metrics.gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests being answered now, watches not counted.',
    labels: ['request_kind'],
    read: () => [
      [['mutating'], inflight.mutating],
      [['readOnly'], inflight.readOnly],
    ],
  });
  const streams = new Map<string, number>();
  metrics.gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and followed logs that are open now.',
    labels: shape,
    read: () => Array.from(streams, ([key, count]) => [key.split('\u0000'), count] as const),
  });
  const known = new Map<string, Series>();
  const seriesOf = ({ labels, counted, status }: MeasuredResponse, dry: string): Series => {
    // Nothing sent: the HTTP server answers 500 for a handler that failed.
    const code = String(status || 500);
    const key = `${labels.join('\u0000')}\u0000${counted}\u0000${dry}\u0000${code}`;
    let series = known.get(key);
    if (series === undefined) {
      const [verb = '', ...rest] = labels;
      series = {
        total: total.at(verb, dry, ...rest, code),
        duration: counted === 'stream' ? undefined : duration.at(verb, dry, ...rest),
        sizes: counted === 'readOnly' ? sizes.at(...labels) : undefined,
      };
      known.set(key, series);
    }
    return series;
  };
  const count = ({ labels, counted }: MeasuredResponse, by: 1 | -1): void => {
    if (counted === 'stream') {
      const key = labels.join('\u0000');
      streams.set(key, (streams.get(key) ?? 0) + by);
    } else if (counted !== undefined) inflight[counted] += by;
  };
  return {
    begin: (response) => new MeasuredResponse(response, clock.monotonic()),
    serving(measured, info) {
      measured.labels = info.isResourceRequest && !isServed(info) ? unnamed : labelsOf(info);
      measured.counted = isLongRunning(info) ? 'stream' : readOnly.has(info.verb) ? 'readOnly' : 'mutating';
      count(measured, 1);
    },
    end(measured, dryRun) {
      count(measured, -1);
      const series = seriesOf(measured, dryRun ? 'All' : '');
      series.total.add();
      series.duration?.observe((clock.monotonic() - measured.startMs) / 1_000);
      series.sizes?.observe(measured.bytes);
    },
  };
}

/** Requests that stay open as long as the client likes, and hold no seat meanwhile. */
export function isLongRunning({ isResourceRequest, verb, subresource }: RequestInfo): boolean {
  return isResourceRequest && (verb === 'watch' || subresource === 'log');
}

const readOnly: ReadonlySet<string> = new Set(['get', 'list', 'head', 'watch']);

/** Notes what is answered on its way through. */
export class MeasuredResponse implements ApiResponse {
  readonly startMs: number;
  labels = unnamed;
  counted: 'mutating' | 'readOnly' | 'stream' | undefined;
  status = 0;
  bytes = 0;
  /** Added to the head of the answer. */
  headers: ResponseHead['headers'] | undefined;
  readonly #response: ApiResponse;

  constructor(response: ApiResponse, startMs: number) {
    this.#response = response;
    this.startMs = startMs;
  }

  send(head: ResponseHead, body: Buffer | string): void {
    this.#response.send(this.#with(head), body);
    this.status = head.status;
    this.bytes = body.length;
  }

  open(head: ResponseHead): ResponseStream {
    const stream = this.#response.open(this.#with(head));
    this.status = head.status;
    return stream;
  }

  #with(head: ResponseHead): ResponseHead {
    return this.headers === undefined ? head : { ...head, headers: { ...head.headers, ...this.headers } };
  }
}

/** In the order of `shape`. */
function labelsOf(info: RequestInfo): readonly string[] {
  const { verb, group, version, resource, subresource, isResourceRequest } = info;
  const method = verbs.get(verb) ?? 'other';
  if (!isResourceRequest) return [method, '', '', '', plainPath(info.path), '', component];
  return [method, group, version, resource, subresource, scopeOf(info), component];
}

const component = 'apiserver';
const unnamed: readonly string[] = ['', '', '', '', '', '', component];

/** As upstream: anybody can ask with a method of their own, and some verbs are counted under their method. */
const verbs: ReadonlyMap<string, string> = new Map([
  ['create', 'POST'],
  ['update', 'PUT'],
  ...['connect', 'delete', 'deletecollection', 'get', 'list', 'patch', 'post', 'proxy', 'put', 'watch'].map(
    (verb) => [verb, verb.toUpperCase()] as const,
  ),
]);

function scopeOf({ name, namespace, verb }: RequestInfo): string {
  if (name !== '' && verb !== 'list' && verb !== 'watch') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}

const roots: ReadonlySet<string> = new Set([
  'api',
  'apis',
  'healthz',
  'livez',
  'metrics',
  'openapi',
  'readyz',
  'version',
]);

function plainPath(path: string): string {
  const [, root = ''] = path.split('/');
  return roots.has(root) ? `/${root}` : '';
}
