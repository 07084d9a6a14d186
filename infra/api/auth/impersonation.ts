// Acting as somebody else (Impersonate-User, -Group, -Uid, -Extra-*). Who asks needs the right to be each of what they
// want to be: in one of the constrained ways, which also name what may be done that way (KEP-5284), or altogether. The
// constrained ways are asked first; where none allows, the first one's refusal is what is told.

import { setKey } from '../codec/own-key.ts';
import { badRequest } from '../errors.ts';
import type { ApiRequest } from '../http/exchange.ts';
import type { FailureStatus } from '../http/status.ts';
import { nameProblem } from '../registry/names.ts';
import { type Attributes, type Authorizer, forbiddenStatus } from './authorize.ts';
import {
  anonymousUser,
  groups,
  serviceAccountGroups,
  serviceAccountOf,
  type UserInfo,
  withAuthenticatedGroup,
} from './user.ts';

export type Impersonation =
  | { readonly kind: 'granted'; readonly user: UserInfo }
  | { readonly kind: 'refused'; readonly status: FailureStatus };

type Headers = ApiRequest['headers'];

/** Who the headers want to be, as they say it; undefined where they want nothing. Throws BadRequest without a user. */
export function wantedUserOf(headers: Headers): UserInfo | undefined {
  const username = headers['impersonate-user'] ?? '';
  const uid = headers['impersonate-uid'] ?? '';
  const wantedGroups = valuesOf(headers['impersonate-group']);
  const extra: Record<string, string[]> = {};
  for (const header in headers) {
    if (!header.startsWith(extraPrefix)) continue;
    const key = unescaped(header.slice(extraPrefix.length));
    const known = Object.hasOwn(extra, key) ? (extra[key] ?? []) : [];
    setKey(extra, key, [...known, ...valuesOf(headers[header])]);
  }
  if (username !== '') return { username, ...(uid !== '' && { uid }), groups: wantedGroups, extra };
  if (uid === '' && wantedGroups.length === 0 && Object.keys(extra).length === 0) return undefined;
  const shown = `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${goList(wantedGroups)}, Extra:${goMap(extra)}}`;
  throw badRequest(`requested ${shown} without impersonating a user name`);
}

/** Decides whether `requestor` may make this request as `wanted`. */
export function impersonate(
  wanted: UserInfo,
  { requestor, request, authorizer }: { requestor: UserInfo; request: Attributes; authorizer: Authorizer },
): Impersonation {
  let refusal: FailureStatus | undefined;
  for (const mode of modes) {
    if (!mode.applies(wanted, requestor)) continue;
    const check: Check = (asked) => {
      const decision = authorizer.authorize({ user: requestor, request: asked });
      return decision.kind === 'allowed' ? undefined : forbiddenStatus(requestor, asked, decision.reason);
    };
    const on = mode.constrained ? { ...request, verb: `impersonate-on:${mode.name}:${request.verb}` } : undefined;
    const status = (on === undefined ? undefined : check(on)) ?? refusalOf(wanted, { mode, requestor, check });
    if (status === undefined) return { kind: 'granted', user: actingAs(wanted, mode) };
    refusal ??= status;
  }
  return { kind: 'refused', status: refusal ?? forbiddenStatus(requestor, request) };
}

const extraPrefix = 'impersonate-extra-';

type Mode = {
  readonly name: string;
  readonly constrained: boolean;
  /** The node's name is not looked at: whoever may be their own node may be whichever node that is. */
  readonly anyNode?: boolean;
  applies(wanted: UserInfo, requestor: UserInfo): boolean;
};

type Check = (asked: Attributes) => FailureStatus | undefined;

const modes: readonly Mode[] = [
  {
    name: 'associated-node',
    constrained: true,
    anyNode: true,
    applies: (wanted, requestor) => {
      const node = nodeOf(wanted);
      if (node === undefined || !isOnlyName(wanted) || serviceAccountOf(requestor.username) === undefined) return false;
      const own = requestor.extra['authentication.kubernetes.io/node-name'] ?? [];
      return own.length === 1 && own[0] === node;
    },
  },
  {
    name: 'arbitrary-node',
    constrained: true,
    applies: (wanted) => isOnlyName(wanted) && nodeOf(wanted) !== undefined,
  },
  {
    name: 'serviceaccount',
    constrained: true,
    applies: (wanted) => isOnlyName(wanted) && serviceAccountOf(wanted.username) !== undefined,
  },
  {
    name: 'user-info',
    constrained: true,
    applies: (wanted) => nodeOf(wanted) === undefined && serviceAccountOf(wanted.username) === undefined,
  },
  { name: '', constrained: false, applies: () => true },
];

const authentication = 'authentication.k8s.io';

/** What the requestor may not be; undefined where they may be all of it. */
function refusalOf(
  wanted: UserInfo,
  { mode, requestor, check }: { mode: Mode; requestor: UserInfo; check: Check },
): FailureStatus | undefined {
  const { constrained } = mode;
  const verb = constrained ? `impersonate:${mode.name}` : 'impersonate';
  const group = constrained ? authentication : '';
  const named = (resource: string, name: string) => attributes({ verb, group, resource, name });
  const nameless = (text: string, asked: Attributes) => forbiddenStatus(requestor, asked, text);
  const account = serviceAccountOf(wanted.username);
  const node = constrained ? nodeOf(wanted) : undefined;
  const who =
    account !== undefined
      ? { ...named('serviceaccounts', account.name), namespace: account.namespace }
      : node !== undefined
        ? named('nodes', mode.anyNode === true ? '*' : node)
        : named('users', wanted.username);
  const refused = check(who);
  if (refused !== undefined) return refused;
  if (wanted.uid !== undefined) {
    const status = check(attributes({ verb, group: authentication, resource: 'uids', name: wanted.uid }));
    if (status !== undefined) return status;
  }
  for (const name of wanted.groups) {
    const asked = named('groups', name);
    if (constrained && name === '') return nameless('impersonating the empty string group is not allowed', asked);
    if (constrained && name === groups.masters)
      return nameless('impersonating the system:masters group is not allowed', asked);
    const status = check(asked);
    if (status !== undefined) return status;
  }
  for (const [key, values] of Object.entries(wanted.extra)) {
    const about = attributes({ verb, group: authentication, resource: 'userextras', name: '' });
    if (constrained && key === '') return nameless('impersonating the empty string key in extra is not allowed', about);
    for (const name of values) {
      if (constrained && name === '')
        return nameless('impersonating the empty string value in extra is not allowed', about);
      const status = check({ ...about, subresource: key, name });
      if (status !== undefined) return status;
    }
  }
  return undefined;
}

/** The user that is acted as: with the groups that follow from the name where none were asked for. */
function actingAs(wanted: UserInfo, { constrained }: Mode): UserInfo {
  const account = serviceAccountOf(wanted.username);
  const following =
    account !== undefined
      ? serviceAccountGroups(account)
      : constrained && nodeOf(wanted) !== undefined
        ? [groups.nodes]
        : [];
  const user = { ...wanted, groups: wanted.groups.length > 0 ? wanted.groups : following };
  if (user.username !== anonymousUser.username) return withAuthenticatedGroup(user);
  if (user.groups.includes(groups.unauthenticated)) return user;
  return { ...user, groups: [...user.groups, groups.unauthenticated] };
}

function attributes(asked: { verb: string; group: string; resource: string; name: string }): Attributes {
  return {
    isResourceRequest: true,
    path: '',
    namespace: '',
    subresource: '',
    fieldSelector: '',
    labelSelector: '',
    ...asked,
  };
}

function isOnlyName({ uid, groups: wantedGroups, extra }: UserInfo): boolean {
  return uid === undefined && wantedGroups.length === 0 && Object.keys(extra).length === 0;
}

function nodeOf({ username }: UserInfo): string | undefined {
  if (!username.startsWith('system:node:')) return undefined;
  const name = username.slice('system:node:'.length);
  return nameProblem(name, 'subdomain') === undefined ? name : undefined;
}

/** Repeated headers come joined. A name with a comma and a space in it is read as two, each of which must be allowed. */
function valuesOf(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(', ');
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function goList(values: readonly string[]): string {
  return values.length === 0 ? '[]string(nil)' : `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
}

function goMap(map: Readonly<Record<string, readonly string[]>>): string {
  const entries = Object.entries(map);
  if (entries.length === 0) return 'map[string][]string(nil)';
  return `map[string][]string{${entries.map(([key, values]) => `${JSON.stringify(key)}:${goList(values).slice('[]string'.length)}`).join(', ')}}`;
}
