// Kinds that are another kind's second face: events.k8s.io/v1 Events are stored as core/v1 Events, autoscaling/v1 as v2.
// Conversion happens at the edge, both ways; between the edges there is only the stored kind. Custom resources are
// decided about in the version a request names: the registry shows them in it, and stores them in the one their
// definition stores.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { invalid } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import { kindByGvk } from '../kinds/kinds.ts';
import { problemsOf, type Rule } from '../validation/check.ts';
import { eventsGroupRule } from '../validation/config.ts';
import { fromAutoscalingV1, toAutoscalingV1 } from './autoscaling-v1.ts';
import { fromEventsGroup, toEventsGroup } from './events-group.ts';

type Conversion = {
  readonly shown: (stored: AnyObject) => AnyObject;
  readonly stored: (shown: AnyObject) => AnyObject;
  /** What only this face asks of an object, told about it as it is stored. */
  readonly rule?: Rule<AnyObject>;
};

/** apiVersion of the second face → both ways; one group has no two such kinds. */
const conversions: ReadonlyMap<string, Conversion> = new Map([
  ['autoscaling/v1', { shown: toAutoscalingV1, stored: fromAutoscalingV1 }],
  ['events.k8s.io/v1', { shown: toEventsGroup, stored: fromEventsGroup, rule: eventsGroupRule }],
]);

/** The kind whose objects stand in the log for this one. */
export function storedKind(kind: Kind): Kind {
  const { storedAs } = kind;
  return (storedAs && kindByGvk(storedAs.group, storedAs.version, storedAs.kind)) ?? kind;
}

export function isStoredKind({ storedAs }: Pick<Kind, 'storedAs'>): boolean {
  return storedAs === undefined;
}

/** A stored object as the kind the client named. */
export function asKind(object: AnyObject, kind: Kind): AnyObject {
  if (kind.custom !== undefined) return kind.custom.read(object);
  const face = faceOf(kind);
  return face === undefined || object.apiVersion === face ? object : (conversions.get(face)?.shown(object) ?? object);
}

/** A client's object as it is stored. Throws Invalid for what this face of the kind does not take. */
export function asStored(object: AnyObject, kind: Kind, before?: AnyObject): AnyObject {
  const face = faceOf(kind);
  const conversion = face === undefined || object.apiVersion !== face ? undefined : conversions.get(face);
  if (conversion === undefined) return object;
  const stored = conversion.stored(object);
  const problems = conversion.rule === undefined ? [] : problemsOf(conversion.rule, stored, before);
  if (problems.length > 0) throw invalid(storedKind(kind), stored.metadata?.name ?? '', problems);
  return stored;
}

/** The apiVersion of a kind that is stored as another. */
function faceOf({ storedAs, group, version }: Kind): string | undefined {
  return storedAs === undefined ? undefined : `${group}/${version}`;
}

/** A recorded version of an object as a kind shows it; of built-in kinds the very same. */
export function shown(stored: StoredObject, { custom }: Kind): StoredObject {
  return custom === undefined ? stored : custom.show(stored);
}

/** An object of a kind as it goes to the log. */
export function toStorage(object: AnyObject, { custom }: Kind): AnyObject {
  return custom === undefined ? object : custom.store(object);
}
