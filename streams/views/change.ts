// What one event did to the view: the form in which watches, controllers and subscribers hear of it.

import type { EventFacts } from '../log/event.ts';
import type { ObjectRef } from '../log/subjects.ts';
import type { StoredObject } from './stored-object.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export type Change = {
  readonly type: ChangeType;
  readonly ref: ObjectRef;
  /** The new version; for DELETED the last state of the object, at the revision of its deletion. */
  readonly current: StoredObject;
  readonly previous: StoredObject | undefined;
  /** Without the object, whose bytes `current` holds. */
  readonly event: EventFacts;
};
