// The door through which everything in this process changes the cluster: the API server's own decide path, without
// HTTP. A Writer decides, appends, and answers once the view has taken the event in, so the asker then reads its write.

import type { Note, Write, WriteOutcome } from '../../actors/kit/write.ts';
import type { Cause } from '../../streams/log/event.ts';

export type WriteContext = {
  /** The user the event is recorded under. */
  readonly user: string;
  /** Field manager, e.g. `kube-controller-manager`. */
  readonly agent?: string;
  /** The event that made the asker act. */
  readonly cause: Cause | null;
};

export type Writer = {
  /** Never rejects for what a request may run into: outcomes are data. `Unavailable` means the log did not answer. */
  write(write: Write, context: WriteContext): Promise<WriteOutcome>;
  /** Records a core Event, joined with its like; best effort, as Kubernetes' events are. */
  note(note: Note, context: WriteContext): void;
};
