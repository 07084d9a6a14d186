// ListOptions from the query, with the combinations upstream refuses refused in its words (facts §3.8).

import { parseRevision, type Revision } from '../../../streams/base/brand.ts';
import { badRequest, type FieldError, invalid } from '../errors.ts';

export type RevisionMatch = 'Exact' | 'NotOlderThan';

export type ListOptions = {
  readonly watch: boolean;
  /** Absent where the client asks for the most recent. */
  readonly resourceVersion: Revision | undefined;
  readonly match: RevisionMatch | undefined;
  readonly limit: number;
  readonly continue: ContinueToken | undefined;
  readonly bookmarks: boolean;
  readonly initialEvents: boolean | undefined;
  readonly timeoutSeconds: number | undefined;
};

export type ContinueToken = {
  /** The snapshot's revision; -1 for a list that goes on inconsistently at the present. */
  readonly revision: number;
  /** The last key of the page before. */
  readonly after: string;
};

const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' };

export function parseListOptions(query: URLSearchParams): ListOptions {
  const watch = truthy(query.get('watch'));
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  const token = query.get('continue') ?? '';
  const initial = query.get('sendInitialEvents');
  const initialEvents = initial === null ? undefined : truthy(initial);
  const errors = problems({ watch, version, match, token, initialEvents });
  if (errors.length > 0) throw invalid(listOptions, '', errors);
  const resourceVersion = parseResourceVersion(version);
  if (token !== '' && version !== '' && version !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return {
    watch,
    resourceVersion,
    match: match === '' ? undefined : (match as RevisionMatch),
    limit: count(query.get('limit'), 'limit') ?? 0,
    continue: token === '' ? undefined : decodeContinue(token),
    bookmarks: truthy(query.get('allowWatchBookmarks')),
    initialEvents,
    timeoutSeconds: count(query.get('timeoutSeconds'), 'timeoutSeconds'),
  };
}

/** The `resourceVersion` parameter; undefined where the client does not care. */
export function parseResourceVersion(text: string): Revision | undefined {
  if (text === '') return undefined;
  const revision = parseRevision(text);
  if (revision !== undefined) return revision;
  const quoted = JSON.stringify(text);
  throw badRequest(`resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`);
}

export function encodeContinue({ revision, after }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after })).toString('base64url');
}

function decodeContinue(token: string): ContinueToken {
  const refused = (why: string) => badRequest(`continue key is not valid: ${why}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  const value = (parsed ?? {}) as { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown };
  if (value.v !== 'meta.k8s.io/v1')
    throw refused(`server does not recognize this encoded version ${JSON.stringify(value.v)}`);
  if (typeof value.rv !== 'number' || typeof value.start !== 'string')
    throw refused('incorrect encoded start resourceVersion');
  return { revision: value.rv, after: value.start };
}

type Given = {
  readonly watch: boolean;
  readonly version: string;
  readonly match: string;
  readonly token: string;
  readonly initialEvents: boolean | undefined;
};

function problems({ watch, version, match, token, initialEvents }: Given): FieldError[] {
  const errors: FieldError[] = [];
  const forbidden = (field: string, detail: string) => errors.push({ type: 'Forbidden', field, detail });
  if (!watch && initialEvents !== undefined) forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  if (watch && initialEvents !== undefined && match === '') {
    forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (match === '') return errors;
  if (watch && initialEvents === undefined)
    forbidden(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  if (!watch && version === '')
    forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (token !== '') forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  const supported = watch ? ['NotOlderThan'] : ['Exact', 'NotOlderThan'];
  if (!supported.includes(match))
    errors.push({ type: 'NotSupported', field: 'resourceVersionMatch', value: match, supported });
  else if (match === 'Exact' && version === '0') {
    forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  return errors;
}

/** Kubernetes' reading of a boolean parameter: whatever is neither `false` nor `0` is true, even nothing. */
export function truthy(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function count(value: string | null, name: string): number | undefined {
  if (value === null || value === '') return undefined;
  if (!/^-?[0-9]+$/.test(value)) throw badRequest(`${name}: strconv.ParseInt: parsing "${value}": invalid syntax`);
  return Math.max(0, Number(value));
}
