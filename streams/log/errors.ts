// Failures of the log itself, one class each. A lost race is not among them: it is an outcome.

/** The log cannot be reached or did not answer in time; what was being appended may or may not be recorded. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}

/** The stream's quota is used up: nothing more is accepted until it is raised. */
export class LogFull extends Error {
  override readonly name = 'LogFull';
}

export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
  readonly bytes: number;
  readonly bytesMax: number;
  constructor({ bytes, bytesMax }: { bytes: number; bytesMax: number }) {
    super(`an event of ${bytes} bytes exceeds the limit of ${bytesMax} bytes`);
    this.bytes = bytes;
    this.bytesMax = bytesMax;
  }
}

/** The log was closed by its owner. */
export class LogClosed extends Error {
  override readonly name = 'LogClosed';
}

/** A stored message is not an event of a version this program reads. */
export class EventUnreadable extends Error {
  override readonly name = 'EventUnreadable';
}

/** The asked range begins before the oldest retained event. */
export class HistoryTrimmed extends Error {
  override readonly name = 'HistoryTrimmed';
}

/** The log ends before a revision that was already seen: revisions may be issued again. Whatever was built from it must be rebuilt. */
export class LogRewound extends Error {
  override readonly name = 'LogRewound';
}

/** An object's name makes a subject longer than the log takes. */
export class SubjectTooLong extends Error {
  override readonly name = 'SubjectTooLong';
}
