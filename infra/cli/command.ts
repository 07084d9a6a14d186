// What every command of `shiplog` is made of.
//
// The table of commands is all that is loaded to print the help; a command's own file is loaded when it is called, and
// what it does only when it runs.

import { type Command, InvalidArgumentError } from 'commander';
import type { Clock } from '../../streams/base/clock.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export type CliContext = {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type CommandSpec = {
  readonly name: string;
  readonly summary: string;
  readonly example: string;
  /** The module that adds the command's options. */
  readonly load: () => Promise<CommandModule>;
};

export type CommandModule = {
  /** Adds options and arguments; the returned function runs the command with what was parsed. */
  configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode>;
};

/** A failure that is the user's to mend: its message is complete and printed without a stack. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** Parses an option that is a whole number within bounds. */
export function wholeNumber(bounds: { readonly min: number; readonly max: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < bounds.min || value > bounds.max) {
      throw new InvalidArgumentError(`It must be a whole number from ${bounds.min} to ${bounds.max}.`);
    }
    return value;
  };
}
