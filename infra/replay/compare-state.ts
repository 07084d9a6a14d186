// Holds the replayed state against the present, object by object: against the API server's lists, each at the exact
// revision the list is of, or, where no API server runs, against the last event of every subject in the log. Nothing
// stands still meanwhile, so the replay is moved on to a list's revision before it is compared.

import type { Revision } from '../../streams/base/brand.ts';
import type { PastLog } from '../../streams/history/past-events.ts';
import type { ReplayedState } from '../../streams/history/replayed-state.ts';
import { isTombstone, type RecordedEvent } from '../../streams/log/event.ts';
import { parseSubject, streamOf } from '../../streams/log/subjects.ts';
import { keyOf, StoredObject } from '../../streams/views/stored-object.ts';
import { kindsAmong } from '../api/crd/custom-kinds.ts';
import { definitionsResource } from '../api/crd/definition.ts';
import type { Kind } from '../api/kinds/kind.ts';
import { kindOf } from '../api/kinds/kinds.ts';
import { shown } from '../api/render/convert.ts';
import { type Difference, objectDifferences } from './compare-objects.ts';
import { Tally } from './finding.ts';
import { ListRefused, type LiveCluster } from './live-cluster.ts';

export type Comparison =
  | { readonly with: 'nothing' }
  | (Compared & { readonly with: 'log' })
  | (Compared & {
      readonly with: 'apiServer';
      readonly server: string;
      /** Resources on the log that this program cannot list. */
      readonly unlisted: readonly string[];
    });

type Compared = {
  /** How many objects either side has. */
  readonly objects: number;
  readonly differences: Tally<Difference>;
};

/** A list whose pages outlive the server's memory of its revision is begun again. */
const attemptsMax = 3;

export type LiveRequest = {
  readonly live: LiveCluster;
  readonly state: ReplayedState;
  /** Replays, and verifies, up to the revision. */
  readonly advanceTo: (revision: Revision) => Promise<void>;
  readonly keepMax: number;
  readonly onResource: (resource: string) => void;
};

/** Rejects with ApiServerDown or ListRefused. */
export async function compareWithLive(request: LiveRequest): Promise<Comparison> {
  const { live, state, keepMax, onResource } = request;
  const kinds = listedKinds(state);
  const differences = new Tally<Difference>(keepMax);
  let objects = 0;
  for (const kind of kinds) {
    onResource(kind.resource);
    const compared = await compareKind(kind, request);
    objects += compared.objects;
    differences.addAll(compared.differences);
  }
  const listed = new Set(kinds.map(({ group, resource }) => `${resource}.${group}`));
  const unlisted = state.resources().map(({ group, resource }) => `${resource}.${group}`);
  return {
    with: 'apiServer',
    server: live.server,
    objects,
    differences,
    unlisted: unlisted.filter((id) => !listed.has(id)),
  };
}

/** One kind of every resource the log holds; of custom resources the version they are preferably shown in. */
function listedKinds(state: ReplayedState): readonly Kind[] {
  const kinds = kindsAmong(state.list(definitionsResource).map(({ object }) => object));
  return kinds.all().filter((kind) => {
    // What cannot be watched is made up when it is asked for (component statuses) and is on no log.
    if (!kind.verbs.includes('watch') || kind.storedAs !== undefined || streamOf(kind) !== 'LOG') return false;
    return kind.custom === undefined || kinds.preferred(kind.group, kind.resource) === kind;
  });
}

async function compareKind(kind: Kind, request: LiveRequest): Promise<Compared> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await compareList(kind, request);
    } catch (error) {
      if (!(error instanceof ListRefused) || error.code !== 410 || attempt >= attemptsMax) throw error;
    }
  }
}

async function compareList(kind: Kind, { live, state, advanceTo, keepMax }: LiveRequest): Promise<Compared> {
  const differences = new Tally<Difference>(keepMax);
  let page = await live.page(kind, { notOlderThan: state.revision });
  if (page.revision < state.revision) {
    const wanted = `${live.server} lists ${kind.resource} at revision ${page.revision}, though asked for ${state.revision} or newer`;
    throw new ListRefused(200, wanted);
  }
  await advanceTo(page.revision);
  const replayed = new Map(state.list(kind).map((stored) => [stored.key, stored]));
  let objects = 0;
  for (;;) {
    for (const item of page.items) {
      const { namespace = '', name } = item.metadata;
      const key = keyOf({ namespace, name });
      const object = nameOf(kind, { namespace, name });
      const stored = replayed.get(key);
      objects++;
      if (stored === undefined) differences.add({ object, path: '', replayed: undefined, live: item });
      else
        for (const difference of objectDifferences(shown(stored, kind), item))
          differences.add({ object, ...difference });
      replayed.delete(key);
    }
    if (page.next === undefined) break;
    page = await live.page(kind, { notOlderThan: state.revision, from: page.next });
  }
  for (const stored of replayed.values()) {
    differences.add({ object: nameOf(kind, stored.ref), path: '', replayed: stored.object, live: undefined });
  }
  return { objects: objects + replayed.size, differences };
}

/** What is written meanwhile is newer than the state and says nothing about it. */
export async function compareWithLog({
  log,
  state,
  keepMax,
}: {
  log: PastLog;
  state: ReplayedState;
  keepMax: number;
}): Promise<Comparison> {
  const differences = new Tally<Difference>(keepMax);
  const met = new Set<string>();
  let objects = 0;
  for await (const batch of log.latest()) {
    for (const event of batch) {
      met.add(event.subject);
      if (event.revision > state.revision) continue;
      const replayed = state.last(event.subject);
      const live = isTombstone(event) ? undefined : event;
      if (replayed !== undefined || live !== undefined) objects++;
      for (const difference of eventDifferences(replayed, live)) differences.add(difference);
    }
  }
  for (const event of state.lastEvents()) {
    if (met.has(event.subject)) continue;
    objects++;
    for (const difference of eventDifferences(event, undefined)) differences.add(difference);
  }
  return { with: 'log', objects, differences };
}

function* eventDifferences(
  replayed: RecordedEvent | undefined,
  live: RecordedEvent | undefined,
): Generator<Difference> {
  const ref = parseSubject((replayed ?? live)?.subject ?? '');
  if (ref === undefined) return;
  const object = nameOf(ref, ref);
  const [was, is] = [replayed, live].map((event) => (event === undefined ? undefined : new StoredObject(ref, event)));
  if (was !== undefined && is !== undefined) {
    for (const difference of objectDifferences(was, is.object)) yield { object, ...difference };
  } else if (was !== is) yield { object, path: '', replayed: was?.object, live: is?.object };
}

function nameOf(
  { group, resource }: Pick<Kind, 'group' | 'resource'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string {
  const named = `${kindOf(group, resource)?.singular ?? `${resource}.${group}`}/${name}`;
  return namespace === '' ? named : `${namespace} ${named}`;
}
