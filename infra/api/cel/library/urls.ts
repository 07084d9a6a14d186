// URLs as Go's net/url reads a request's: absolute, or a path from the root.

import { hasFormat } from '../../crd/formats.ts';
import { ArrayList, EntryMap } from '../collections.ts';
import { CelError, type Result } from '../values.ts';
import { kubernetesType, Opaque } from './opaque.ts';
import type { Library } from './signature.ts';

const TYPE = kubernetesType('URL');

class Url extends Opaque {
  readonly type = TYPE;
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;

  constructor(text: string) {
    super();
    this.text = text;
    const [beforeFragment = ''] = text.split('#', 1);
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(beforeFragment)?.[1] ?? '';
    const rest = scheme === '' ? beforeFragment : beforeFragment.slice(scheme.length + 1);
    const question = rest.indexOf('?');
    const [place, query] = question < 0 ? [rest, ''] : [rest.slice(0, question), rest.slice(question + 1)];
    const authority = place.startsWith('//') && !place.startsWith('///') ? /^\/\/([^/]*)/.exec(place)?.[1] : undefined;
    this.scheme = scheme.toLowerCase();
    this.query = query;
    this.host = decode((authority ?? '').replace(/^.*@/, ''));
    this.path = authority === undefined ? place : place.slice(authority.length + 2);
  }

  get hostname(): string {
    const bracketed = /^\[([^\]]*)\]/.exec(this.host)?.[1];
    return bracketed ?? this.host.replace(/:\d*$/, '');
  }

  get port(): string {
    return /:(\d*)$/.exec(this.host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? '';
  }

  protected same(other: Url): boolean {
    return this.text === other.text;
  }
}

export const URLS: Library = {
  url: { 'string_to_url(string) kubernetes.URL': read },
  isURL: { 'is_url_string(string) bool': (text: string) => uriProblem(text) === undefined },
  getScheme: { '.url_get_scheme(kubernetes.URL) string': ({ scheme }: Url) => scheme },
  getHost: { '.url_get_host(kubernetes.URL) string': ({ host }: Url) => host },
  getHostname: { '.url_get_hostname(kubernetes.URL) string': ({ hostname }: Url) => hostname },
  getPort: { '.url_get_port(kubernetes.URL) string': ({ port }: Url) => port },
  getEscapedPath: { '.url_get_escaped_path(kubernetes.URL) string': ({ path }: Url) => escapePath(path) },
  getQuery: { '.url_get_query(kubernetes.URL) map(string, list(string))': queryOf },
};

function read(text: string): Result {
  const problem = uriProblem(text);
  return problem === undefined
    ? new Url(text)
    : new CelError(`URL parse error during conversion from string: ${problem}`);
}

/** Go's text for what is no URL of a request. */
export function uriProblem(text: string): string | undefined {
  const quoted = `parse ${JSON.stringify(text)}`;
  if (text === '') return `${quoted}: empty url`;
  const host = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/.exec(text)?.[1] ?? '';
  const port = /:[^:\]]*$/.exec(host)?.[0] ?? '';
  if (!/^(?::\d*)?$/.test(port)) return `${quoted}: invalid port ${JSON.stringify(port)} after host`;
  return hasFormat('uri', text) ? undefined : `${quoted}: invalid URI for request`;
}

/** What may stand in a path stays as it was written; the rest is escaped. */
function escapePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-_.~$&+,/:;=@%!'()*[\]]+/gu, (part) => encodeURIComponent(part));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Pairs that are no pairs are left out. */
function queryOf({ query }: Url): Result {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';') || /%(?![\da-fA-F]{2})/.test(pair)) continue;
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const key = decode(name.replaceAll('+', ' '));
    values.set(key, [...(values.get(key) ?? []), decode(value.replaceAll('+', ' '))]);
  }
  const map = new EntryMap();
  for (const [key, list] of values) map.insert(key, new ArrayList(list));
  return map;
}
