// `shiplog events`: the log as people read it.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CliContext } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { onStopSignals } from '../stop-signals.ts';
import { defaultDataDir } from '../up-options.ts';

/** From where on events are printed: a moment, or a revision. */
export type Since =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'revision'; readonly revision: number };

export type EventsOptions = {
  readonly dataDir: string;
  readonly kubeconfig: string | undefined;
  readonly follow: boolean;
  readonly since: Since | undefined;
  /** `kind/name`, lower case. */
  readonly object: string | undefined;
  readonly namespace: string | undefined;
  readonly output: 'text' | 'json';
};

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode> {
  const since = (text: string) => parseSince(text, context.clock.now());
  command
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--since <when>', 'from a moment (10m, 2h, 2026-01-31T12:00:00Z) or a revision (1042) on', since)
    .option('--for <kind/name>', 'of one object only, e.g. deployment/web', objectName)
    .option('-n, --namespace <namespace>', 'of one namespace only')
    .addOption(
      new Option('-o, --output <format>', 'text, or json with one event a line')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--kubeconfig <file>', 'the cluster to read')
    .option('--data-dir <dir>', 'the data directory of the cluster', defaultDataDir);
  return async (parsed) => {
    const raw = parsed.opts<Partial<EventsOptions> & { readonly for?: string }>();
    const stop = new AbortController();
    const forget = onStopSignals(context.clock, {
      stop: () => stop.abort(),
      force: () => process.exit(exitCodes.interrupted),
    });
    const { printEvents } = await import('../print-events.ts');
    await printEvents({
      options: {
        dataDir: raw.dataDir ?? defaultDataDir,
        kubeconfig: raw.kubeconfig,
        follow: raw.follow ?? false,
        since: raw.since,
        object: raw.for,
        namespace: raw.namespace,
        output: raw.output ?? 'text',
      },
      context,
      signal: stop.signal,
    });
    forget();
    return exitCodes.done;
  };
}

/** Durations count back from `nowMs`. */
export function parseSince(text: string, nowMs: number): Since {
  if (/^\d+$/.test(text)) return { kind: 'revision', revision: Number(text) };
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text) {
    const backMs = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0), 0);
    return { kind: 'time', ms: nowMs - backMs };
  }
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError(
      'It must be a duration (10m, 1h30m), a time (2026-01-31T12:00:00Z) or a revision (1042).',
    );
  }
  return { kind: 'time', ms };
}

function objectName(text: string): string {
  if (!/^[^/\s]+\/[^/\s]+$/.test(text)) throw new InvalidArgumentError('It must be kind/name, e.g. deployment/web.');
  return text.toLowerCase();
}
