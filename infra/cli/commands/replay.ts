// `shiplog replay`: the cluster as the log alone says it was, at any instant that is retained.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Revision } from '../../../streams/base/brand.ts';
import type { Instant } from '../../../streams/history/past-events.ts';
import { type CliContext, CommandFailed } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { ClusterOptions } from '../find-log.ts';
import { onStopSignals } from '../stop-signals.ts';
import { defaultDataDir } from '../up-options.ts';
import { parseSince } from './events.ts';

export type ReplayCommandOptions = ClusterOptions & {
  /** The instant to rebuild; undefined: the present. */
  readonly to: Instant | undefined;
  /** Print the events on the way, this many times as fast as they happened. */
  readonly speed: number | undefined;
  readonly verify: boolean;
  readonly output: 'text' | 'wide' | 'json';
};

export function configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode> {
  command
    .option(
      '--to <instant>',
      'the revision (1042), moment (2026-01-31T12:00:00Z) or time ago (10m) to rebuild',
      (text) => parseInstant(text, context.clock.now()),
    )
    .addOption(
      new Option('--speed <n>', 'print what happened on the way, n times as fast as it did')
        .argParser(positiveNumber)
        .conflicts('verify'),
    )
    .option('--verify', 'check every recorded event, and the rebuilt state against the live one')
    .addOption(
      new Option('-o, --output <format>', 'text, wide, or json: every object of every kind')
        .choices(['text', 'wide', 'json'])
        .default('text'),
    )
    .option('--kubeconfig <file>', 'the cluster to read')
    .option('--data-dir <dir>', 'the data directory of the cluster', defaultDataDir);
  return async (parsed) => {
    const raw = parsed.opts<Partial<ReplayCommandOptions>>();
    const stop = new AbortController();
    const forget = onStopSignals(context.clock, {
      stop: () => stop.abort(new CommandFailed('Interrupted before the end of the replay.')),
      force: () => process.exit(exitCodes.interrupted),
    });
    try {
      const { replayLog } = await import('../replay-log.ts');
      return await replayLog({
        options: {
          dataDir: raw.dataDir ?? defaultDataDir,
          dataDirNamed: parsed.getOptionValueSource('dataDir') === 'cli',
          kubeconfig: raw.kubeconfig,
          to: raw.to,
          speed: raw.speed,
          verify: raw.verify ?? false,
          output: raw.output ?? 'text',
        },
        context,
        signal: stop.signal,
      });
    } finally {
      forget();
    }
  };
}

function parseInstant(text: string, nowMs: number): Instant {
  const instant = parseSince(text, nowMs);
  return instant.kind === 'time' ? instant : { kind: 'revision', revision: instant.revision as Revision };
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a number above zero, such as 0.5, 1 or 60.');
  }
  return value;
}
