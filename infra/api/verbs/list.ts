// LIST: the objects of one revision, all of them or a page. The first page fixes the revision; the following ones are
// read at exactly that revision, or answered with 410 and a token to go on inconsistently once it has left the window.

import type { Revision } from '../../../streams/base/brand.ts';
import type { Clock } from '../../../streams/base/clock.ts';
import { sleep } from '../../../streams/base/clock.ts';
import type { StreamName } from '../../../streams/log/event.ts';
import { streamOf } from '../../../streams/log/subjects.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import type { ResourceView } from '../../../streams/views/resource-view.ts';
import type { Ordered } from '../../../streams/views/sorted-objects.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { expired, tooLargeResourceVersion } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import { encodeContinue, type ListOptions } from './list-options.ts';
import type { Selection } from './selection.ts';
import { Turns } from './turns.ts';

export type Listed = {
  readonly revision: Revision;
  readonly items: readonly StoredObject[];
  readonly continue?: string;
  readonly remainingItemCount?: number;
};

const futureWaitMs = 3_000;

export async function list(
  { kind, selection, options }: { kind: Kind; selection: Selection; options: ListOptions },
  { view, clock }: { view: ObjectView; clock: Clock },
): Promise<Listed> {
  const stream = streamOf(kind);
  const { continue: token, limit, match, resourceVersion } = options;
  if (resourceVersion !== undefined) await notFuture({ view, clock, stream, revision: resourceVersion });
  const exact =
    token !== undefined && token.revision > 0
      ? (token.revision as Revision)
      : resourceVersion !== undefined &&
          resourceVersion > 0 &&
          (match === 'Exact' || (match === undefined && limit > 0))
        ? resourceVersion
        : undefined;
  const resource = view.resource(kind);
  if (selection.selective) await indexesCaughtUp(resource, clock);
  // No await from here until the objects are in hand, as of one moment: reading them may take as long as it likes.
  const present = view.revision(stream);
  const past = exact === undefined || exact === present ? undefined : pastOf(resource, { exact, after: token?.after });
  const revision = exact ?? present;
  const range = { prefix: selection.namespace === undefined ? '' : `${selection.namespace}/`, after: token?.after };
  if (!selection.selective) {
    const all = past ?? resource.present();
    const items = await taken(all.range(range), { limit, clock });
    const last = items.at(-1);
    const rest = limit === 0 || last === undefined ? 0 : all.count({ ...range, after: last.key });
    return page(items, { revision, rest, last, counted: true });
  }
  const candidates = past?.range(range) ?? selection.candidates(resource, range.after);
  const sure = past === undefined && selection.indexed;
  const matches = sure ? undefined : (stored: StoredObject) => selection.matches(stored, readOnce);
  const found = await taken(candidates, { limit: limit === 0 ? 0 : limit + 1, clock, matches });
  const items = limit === 0 ? found : found.slice(0, limit);
  // How many more there are is costly to know; upstream does not tell it either.
  return page(items, { revision, rest: found.length - items.length, last: items.at(-1), counted: false });
}

const readOnce = (stored: StoredObject): AnyObject => stored.readOnce();

/** The indexes of what has changed since somebody asked last are brought up without holding up others. */
export async function indexesCaughtUp(resource: ResourceView, clock: Clock): Promise<void> {
  const turns = new Turns(clock);
  while (resource.catchUpIndexes(indexedBetweenLooks)) if (turns.over) await turns.next();
}

/** Looking at the clock costs as much as looking at a few objects. */
const lookedAtBetweenLooks = 32;
const indexedBetweenLooks = 8;

type Taking = {
  /** 0 takes all. */
  readonly limit: number;
  readonly clock: Clock;
  readonly matches?: ((stored: StoredObject) => boolean) | undefined;
};

async function taken(objects: Iterable<StoredObject>, { limit, clock, matches }: Taking): Promise<StoredObject[]> {
  const items: StoredObject[] = [];
  const turns = new Turns(clock);
  let index = 0;
  for (const stored of objects) {
    if (matches === undefined || matches(stored)) items.push(stored);
    if (limit > 0 && items.length === limit) break;
    if (++index % lookedAtBetweenLooks === 0 && turns.over) await turns.next();
  }
  return items;
}

/** Waits a little for a revision that this server has not seen yet; 504 if it does not come (facts §3.8). */
export async function notFuture({
  view,
  clock,
  stream,
  revision,
}: {
  view: ObjectView;
  clock: Clock;
  stream: StreamName;
  revision: Revision;
}): Promise<void> {
  if (view.revision(stream) >= revision) return;
  const waited = new AbortController();
  await Promise.race([view.reached(stream, revision, waited.signal), sleep(clock, futureWaitMs, waited.signal)]);
  waited.abort();
  if (view.revision(stream) < revision) throw tooLargeResourceVersion(revision, view.revision(stream));
}

function pastOf(
  resource: ResourceView,
  { exact, after }: { exact: Revision; after: string | undefined },
): Ordered<StoredObject> {
  const objects = resource.at(exact);
  if (objects !== undefined) return objects;
  if (after === undefined) throw expired('The resourceVersion for the provided list is too old.');
  throw expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    encodeContinue({ revision: -1, after }),
  );
}

type Rest = {
  readonly revision: Revision;
  readonly rest: number;
  readonly last: StoredObject | undefined;
  readonly counted: boolean;
};

function page(items: readonly StoredObject[], { revision, rest, last, counted }: Rest): Listed {
  if (rest === 0 || last === undefined) return { revision, items };
  const token = encodeContinue({ revision, after: last.key });
  return { revision, items, continue: token, ...(counted ? { remainingItemCount: rest } : undefined) };
}
