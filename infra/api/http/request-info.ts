// What a request is about, read from its method, path and query alone, before any route or kind is looked up:
// authorization, routing and audit all decide on this. Follows kube-apiserver's rules to the letter, because a
// request that two parties read differently is a hole (k8s.io/apiserver, endpoints/request).

import { type FieldRequirement, parseFieldSelector } from '../verbs/field-selector.ts';

export type RequestInfo = {
  readonly isResourceRequest: boolean;
  /** Decoded. */
  readonly path: string;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, `proxy`; for paths that are
   * no resources the method in lower case; empty where a resource knows no such method. */
  readonly verb: string;
  /** `api` or `apis`. */
  readonly apiPrefix: string;
  readonly group: string;
  readonly version: string;
  /** Also set for a request about a namespace itself. */
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** From the path, or from a field selector that admits one name only. */
  readonly name: string;
  /** Path segments from the resource on, e.g. what follows `proxy`. */
  readonly parts: readonly string[];
  /** As sent, for the verbs that take selectors. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
};

export type RequestInfoOutcome =
  | { readonly kind: 'info'; readonly info: RequestInfo }
  | { readonly kind: 'badRequest'; readonly message: string };

export type RequestLine = {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
};

export function requestInfoOf({ method, path: rawPath, query }: RequestLine): RequestInfoOutcome {
  const path = decodedPath(rawPath);
  if (path === undefined) return badRequest(`invalid URL escape in path ${JSON.stringify(rawPath)}`);

  const segments = segmentsOf(path);
  const apiPrefix = segments[0] ?? '';
  const grouped = apiPrefix === 'apis';
  if (!(apiPrefix === 'api' && segments.length >= 3) && !(grouped && segments.length >= 4)) {
    return info({ ...noResource, apiPrefix: prefixOf(segments), path, verb: method.toLowerCase() });
  }
  const group = grouped ? (segments[1] ?? '') : '';
  const version = segments[grouped ? 2 : 1] ?? '';
  let parts = segments.slice(grouped ? 3 : 2);

  let verb = verbOf(method);
  const special = parts[0] === 'watch' || parts[0] === 'proxy' ? parts[0] : undefined;
  if (special !== undefined) {
    if (parts.length < 2) return badRequest(`unable to determine kind and namespace from url, ${rawPath}`);
    verb = special;
    parts = parts.slice(1);
  }

  let namespace = '';
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1] ?? '';
    if (parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') parts = parts.slice(2);
  }

  const resource = parts[0] ?? '';
  let name = parts[1] ?? '';
  const subresource = verb === 'proxy' ? '' : (parts[2] ?? '');
  if (name === '' && verb === 'get') {
    verb = wantsWatch(query) ? 'watch' : 'list';
    name = onlyName(query.get('fieldSelector'));
  }
  if (name === '' && verb === 'delete') verb = 'deletecollection';

  const selects = special === undefined && (verb === 'list' || verb === 'watch' || verb === 'deletecollection');
  return info({
    isResourceRequest: true,
    path,
    verb,
    apiPrefix,
    group,
    version,
    namespace,
    resource,
    subresource,
    name,
    parts,
    fieldSelector: selects ? (query.get('fieldSelector') ?? '') : '',
    labelSelector: selects ? (query.get('labelSelector') ?? '') : '',
  });
}

const noResource = {
  isResourceRequest: false,
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  parts: [],
  fieldSelector: '',
  labelSelector: '',
} as const;

/** Decoded as a whole and then split, so that an escaped slash separates for everybody or for nobody. */
function decodedPath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function segmentsOf(path: string): readonly string[] {
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return start === end ? [] : path.slice(start, end).split('/');
}

/** Upstream leaves a group's own path with its prefix and shorter ones without. */
function prefixOf(segments: readonly string[]): string {
  return segments.length === 3 && segments[0] === 'apis' ? 'apis' : '';
}

function verbOf(method: string): string {
  switch (method) {
    case 'POST':
      return 'create';
    case 'GET':
    case 'HEAD':
      return 'get';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      return '';
  }
}

/** Kubernetes' reading of a boolean parameter: whatever is neither `false` nor `0` is true, even nothing. */
function wantsWatch(query: URLSearchParams): boolean {
  const value = query.get('watch');
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/**
 * The one name a field selector admits by `metadata.name=x`, where it can be a path segment; else empty. Reads with the
 * parser that selects the objects later: what is authorized by name must be what is listed.
 */
function onlyName(fieldSelector: string | null): string {
  if (fieldSelector === null || !fieldSelector.includes('metadata.name')) return '';
  let requirements: readonly FieldRequirement[];
  try {
    requirements = parseFieldSelector(fieldSelector);
  } catch {
    return ''; // The list itself answers with what is wrong.
  }
  const name = requirements.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value ?? '';
  return name === '.' || name === '..' || /[/%]/.test(name) ? '' : name;
}

function info(value: RequestInfo): RequestInfoOutcome {
  return { kind: 'info', info: value };
}

function badRequest(message: string): RequestInfoOutcome {
  return { kind: 'badRequest', message };
}
