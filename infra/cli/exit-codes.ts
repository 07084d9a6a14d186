// What the exit code of `shiplog` tells. `shiplog --help` prints this list.

export const exitCodes = {
  /** Done; for `up`, stopped as asked. */
  done: 0,
  /** It failed, or the answer is no (`replay --verify` found a difference). */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The machine could not be set up (infra/setup uses the same number). */
  setUpFailed: 3,
  /** Ended by a second Ctrl-C before everything was written. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
