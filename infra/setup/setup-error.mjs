// What the set-up throws when the machine cannot be made ready.
//
// Its message is complete: it names the cause and the way out, so callers print it alone, without a stack.

export class SetupError extends Error {
  /** @param {string} message @param {{ cause?: unknown }} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = 'SetupError';
  }
}

/**
 * A failure in one line, for lists of ways that were tried.
 *
 * @param {unknown} error
 */
export function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
