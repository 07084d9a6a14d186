// `pods/log`: the container's output, from whoever runs the pod. The API server only finds the container and checks
// the options, with upstream's texts.

import type { Pod } from '../../../streams/resources/pod.ts';
import { parseTime } from '../codec/time-text.ts';
import { badRequest, type FieldError, invalid } from '../errors.ts';
import type { ApiRequest, ApiResponse } from '../http/exchange.ts';
import { truthy } from './list-options.ts';

export type LogOptions = {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Milliseconds since the Unix epoch. */
  readonly sinceMs?: number;
};

export type LogRequest = {
  readonly pod: Pod;
  readonly container: string;
  readonly options: LogOptions;
  readonly signal: AbortSignal;
};

/** Where logs come from. `unavailable` carries the text for the client. */
export type PodLogs = (
  request: LogRequest,
) =>
  | { readonly kind: 'lines'; readonly chunks: AsyncIterable<string> }
  | { readonly kind: 'unavailable'; readonly message: string };

export async function sendLogs(
  { pod, request, response, nowMs }: { pod: Pod; request: ApiRequest; response: ApiResponse; nowMs: number },
  logs: PodLogs,
): Promise<void> {
  const { query } = request;
  const container = containerOf(pod, query.get('container') ?? '');
  const options = logOptions(pod, query, nowMs);
  if (!pod.spec.nodeName) {
    throw badRequest(
      `container "${container}" in pod "${pod.metadata.name}" is not available: pod ${pod.metadata.name} does not have a host assigned`,
    );
  }
  const found = logs({ pod, container, options, signal: request.signal });
  if (found.kind === 'unavailable') throw badRequest(found.message);
  const stream = response.open({ status: 200, headers: { 'content-type': 'text/plain' } });
  for await (const chunk of found.chunks) {
    if (stream.closed) return;
    if (!stream.write(Buffer.from(chunk))) await stream.drained();
  }
  stream.end();
}

function containerOf({ metadata, spec }: Pod, asked: string): string {
  const init = (spec.initContainers ?? []).map((container) => container.name);
  const names = spec.containers.map((container) => container.name);
  if (asked !== '') {
    if (!names.includes(asked) && !init.includes(asked))
      throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
    return asked;
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  const listed = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`;
  throw badRequest(
    `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]${listed}`,
  );
}

function logOptions({ metadata }: Pod, query: URLSearchParams, nowMs: number): LogOptions {
  const errors: FieldError[] = [];
  const number = (name: string, min: number) => {
    const value = integer(query.get(name), name);
    if (value !== undefined && value < min) {
      errors.push({ type: 'Invalid', field: name, value, detail: `must be greater than or equal to ${min}` });
    }
    return value;
  };
  const tailLines = number('tailLines', 0);
  const limitBytes = number('limitBytes', 1);
  const sinceSeconds = number('sinceSeconds', 1);
  const sinceTime = instant(query.get('sinceTime'));
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    errors.push({
      type: 'Forbidden',
      field: '',
      detail: 'at most one of `sinceTime` or `sinceSeconds` may be specified',
    });
  }
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, metadata.name, errors);
  const sinceMs = sinceSeconds === undefined ? sinceTime : nowMs - sinceSeconds * 1000;
  return {
    follow: truthy(query.get('follow')),
    previous: truthy(query.get('previous')),
    timestamps: truthy(query.get('timestamps')),
    ...(tailLines === undefined ? undefined : { tailLines }),
    ...(limitBytes === undefined ? undefined : { limitBytes }),
    ...(sinceMs === undefined ? undefined : { sinceMs }),
  };
}

function integer(text: string | null, name: string): number | undefined {
  if (text === null) return undefined;
  if (!/^[+-]?[0-9]{1,15}$/.test(text))
    throw badRequest(`${name}: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** RFC 3339, as milliseconds since the Unix epoch. */
function instant(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const parsed = parseTime(text);
  if (parsed.kind === 'malformed') throw badRequest(`sinceTime: ${parsed.message}`);
  return parsed.seconds * 1000 + Math.floor(parsed.nanos / 1e6);
}
