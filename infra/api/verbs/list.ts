// LIST: the objects of one revision, all of them or a page. The first page fixes the revision; the following ones are
// read at exactly that revision, or answered with 410 and a token to go on inconsistently once it has left the window.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Revision } from '../../../streams/base/brand.ts';
import type { Clock } from '../../../streams/base/clock.ts';
import { sleep } from '../../../streams/base/clock.ts';
import type { StreamName } from '../../../streams/log/event.ts';
import { streamOf } from '../../../streams/log/subjects.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { expired, tooLargeResourceVersion } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import { encodeContinue, type ListOptions } from './list-options.ts';
import type { Selection } from './selection.ts';

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
  const present = view.revision(stream);
  const resource = view.resource(kind);
  const candidates =
    exact === undefined || exact === present
      ? selection.candidates(resource, token?.after)
      : past({ kind, view, exact, after: token?.after });
  // Versions do not change: once they are at hand, looking through them may take as long as it likes.
  const sure = exact === undefined && !selection.selective;
  const found = sure ? candidates : await matching([...candidates], { selection, limit, clock });
  return page(found, { revision: exact ?? present, limit, selection });
}

const sliceMsMax = 4;

type Matching = { readonly selection: Selection; readonly limit: number; readonly clock: Clock };

/** What is selected of a long list, without holding up others; of a page that ends early, one more than it takes. */
async function matching(
  candidates: readonly StoredObject[],
  { selection, limit, clock }: Matching,
): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = [];
  let sinceMs = clock.monotonic();
  for (const [index, stored] of candidates.entries()) {
    if (selection.matches(stored)) found.push(stored);
    if (selection.selective && limit > 0 && found.length > limit) break;
    if (index % 32 !== 31 || clock.monotonic() - sinceMs < sliceMsMax) continue;
    await nextTurn();
    sinceMs = clock.monotonic();
  }
  return found;
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

function* past({
  kind,
  view,
  exact,
  after,
}: {
  kind: Kind;
  view: ObjectView;
  exact: Revision;
  after: string | undefined;
}): Generator<StoredObject> {
  const objects = view.resource(kind).at(exact);
  if (objects === undefined) {
    if (after === undefined) throw expired('The resourceVersion for the provided list is too old.');
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      encodeContinue({ revision: -1, after }),
    );
  }
  for (const [key, stored] of objects) {
    if (after === undefined || key > after) yield stored;
  }
}

function page(
  found: Iterable<StoredObject>,
  { revision, limit, selection }: { revision: Revision; limit: number; selection: Selection },
): Listed {
  if (limit === 0) return { revision, items: [...found] };
  const items: StoredObject[] = [];
  let rest = 0;
  for (const stored of found) {
    if (items.length < limit) items.push(stored);
    else {
      rest++;
      // A selector makes the count costly to know; upstream does not tell it then.
      if (selection.selective) break;
    }
  }
  const last = items.at(-1);
  if (rest === 0 || last === undefined) return { revision, items };
  return {
    revision,
    items,
    continue: encodeContinue({ revision, after: last.key }),
    ...(selection.selective ? undefined : { remainingItemCount: rest }),
  };
}
