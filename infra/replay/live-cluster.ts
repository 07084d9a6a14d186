// The present as the API server tells it: lists over HTTPS with the administrator's certificate, page by page at one
// revision. Its own file because it is the only part of verification that the log does not feed.

import { parseRevision, type Revision, revisionZero } from '../../streams/base/brand.ts';
import type { AnyObject } from '../../streams/resources/meta.ts';
import type { Kind } from '../api/kinds/kind.ts';
import { type Answer, apiClient, messageOf } from '../client/api-client.ts';
import type { ClusterAccess } from '../pki/find-cluster.ts';

export type LivePage = {
  /** The revision the whole list is of. */
  readonly revision: Revision;
  readonly items: readonly AnyObject[];
  /** Where the next page begins; undefined for the last one. */
  readonly next: string | undefined;
};

export type LiveCluster = {
  /** `https://host:port` */
  readonly server: string;
  /** `from` is the end of the page before; without it the list begins, at a revision not older than the one given. */
  page(kind: Kind, list: { readonly notOlderThan: Revision; readonly from?: string | undefined }): Promise<LivePage>;
  close(): void;
};

/** The API server did not answer a list; `code` is the HTTP status, 410 for a list that took too long. */
export class ListRefused extends Error {
  override readonly name = 'ListRefused';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const pageItems = 500;

export function liveCluster(access: ClusterAccess): LiveCluster {
  const client = apiClient(access);
  return liveClusterBehind({
    server: client.server,
    get: (path) => client.ask('GET', path),
    close: () => client.close(),
  });
}

/** `get` answers a GET of the path; `close` ends what it needs. */
export function liveClusterBehind(door: {
  readonly server: string;
  readonly get: (path: string) => Promise<Answer>;
  readonly close: () => void;
}): LiveCluster {
  const { server, close } = door;
  return {
    server,
    close,
    async page(kind, { notOlderThan, from }) {
      const query = new URLSearchParams({ limit: String(pageItems) });
      if (from !== undefined) query.set('continue', from);
      else if (notOlderThan > revisionZero) {
        query.set('resourceVersion', String(notOlderThan));
        query.set('resourceVersionMatch', 'NotOlderThan');
      }
      const path = `${pathOf(kind)}?${query}`;
      const { status, text } = await door.get(path);
      if (status !== 200) throw new ListRefused(status, `${server}${path} answered ${status}: ${messageOf(text)}`);
      return pageOf(text);
    },
  };
}

function pathOf({ group, version, resource }: Kind): string {
  return group === '' ? `/api/${version}/${resource}` : `/apis/${group}/${version}/${resource}`;
}

type List = {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly AnyObject[] | null;
};

function pageOf(text: string): LivePage {
  const { metadata = {}, items } = JSON.parse(text) as List;
  const revision = parseRevision(metadata.resourceVersion ?? '');
  if (revision === undefined) throw new ListRefused(200, `a list came without a revision: ${text.slice(0, 200)}`);
  return { revision, items: items ?? [], next: metadata.continue === '' ? undefined : metadata.continue };
}
