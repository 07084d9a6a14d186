// Kinds that are another kind's second face: events.k8s.io/v1 Events are stored as core/v1 Events. Conversion happens
// at the edge, both ways; between the edges there is only the stored kind. Custom resources are decided about in the
// version a request names: the registry shows them in it, and stores them in the one their definition stores.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import type { Kind } from '../kinds/kind.ts';
import { kindOf } from '../kinds/kinds.ts';

/** The kind whose objects stand in the log for this one. */
export function storedKind(kind: Kind): Kind {
  return isEventsGroup(kind) ? (kindOf('', 'events') ?? kind) : kind;
}

export function isStoredKind(kind: Kind): boolean {
  return !isEventsGroup(kind);
}

/** A stored object as the kind the client named. */
export function asKind(object: AnyObject, kind: Kind): AnyObject {
  if (kind.custom !== undefined) return kind.custom.read(object);
  return isEventsGroup(kind) && object.apiVersion === 'v1' ? toEventsGroup(object) : object;
}

/** A client's object as it is stored. */
export function asStored(object: AnyObject, kind: Kind): AnyObject {
  return isEventsGroup(kind) && object.apiVersion === 'events.k8s.io/v1' ? fromEventsGroup(object) : object;
}

/** A recorded version of an object as a kind shows it; of built-in kinds the very same. */
export function shown(stored: StoredObject, { custom }: Kind): StoredObject {
  return custom === undefined ? stored : custom.show(stored);
}

/** An object of a kind as it goes to the log. */
export function toStorage(object: AnyObject, { custom }: Kind): AnyObject {
  return custom === undefined ? object : custom.store(object);
}

function isEventsGroup({ group, resource }: Kind): boolean {
  return group === 'events.k8s.io' && resource === 'events';
}

/** core field → events.k8s.io field; the rest have the same name in both. */
const renamed: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
};

const restored = Object.fromEntries(Object.entries(renamed).map(([core, events]) => [events, core]));

function toEventsGroup(object: AnyObject): AnyObject {
  return rename(object, renamed, 'events.k8s.io/v1');
}

function fromEventsGroup(object: AnyObject): AnyObject {
  return rename(object, restored, 'v1');
}

function rename(object: AnyObject, names: Readonly<Record<string, string>>, apiVersion: string): AnyObject {
  const entries = Object.entries(object).map(([key, value]) => [names[key] ?? key, value]);
  return { ...Object.fromEntries(entries), apiVersion } as AnyObject;
}
