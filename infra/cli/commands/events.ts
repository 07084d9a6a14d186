// `shiplog events`: the log as people read it.

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type StreamName, streamNames } from '../../../streams/log/event.ts';
import type { ResourceName } from '../../../streams/resources/meta.ts';
import { findResource, resourceNames } from '../../api/kinds/find-resource.ts';
import type { CliContext } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { ClusterOptions } from '../find-log.ts';
import { onStopSignals } from '../stop-signals.ts';
import { defaultDataDir } from '../up-options.ts';

/** From where on events are printed: a moment, or a revision. */
export type Since =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'revision'; readonly revision: number };

export type EventsOptions = ClusterOptions & {
  readonly follow: boolean;
  readonly since: Since | undefined;
  readonly object: (ResourceName & { readonly name: string }) | undefined;
  readonly namespace: string | undefined;
  /** Undefined: the one the object lives in, LOG where no object is named. */
  readonly stream: StreamName | undefined;
  readonly output: 'text' | 'json';
};

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode> {
  const since = (text: string) => parseSince(text, context.clock.now());
  command
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--since <when>', 'from a moment (10m, 2h, 2026-01-31T12:00:00Z) or a revision (1042) on', since)
    .option('--for <kind/name>', 'of one object only, named as for kubectl: deployment/web, deploy/web', objectName)
    .option('-n, --namespace <namespace>', 'of one namespace only')
    .option(
      '--stream <name>',
      'log, or what is kept for a short time only: lease (heartbeats), event (core events)',
      streamName,
    )
    .addOption(
      new Option('-o, --output <format>', 'text, or json with one event a line')
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--kubeconfig <file>', 'the cluster to read')
    .option('--data-dir <dir>', 'the data directory of the cluster', defaultDataDir);
  return async (parsed) => {
    const raw = parsed.opts<Partial<EventsOptions> & { readonly for?: EventsOptions['object'] }>();
    const stop = new AbortController();
    const forget = onStopSignals(context.clock, {
      stop: () => stop.abort(),
      force: () => process.exit(exitCodes.interrupted),
    });
    try {
      const { printEvents } = await import('../print-events.ts');
      await printEvents({
        options: {
          dataDir: raw.dataDir ?? defaultDataDir,
          dataDirNamed: parsed.getOptionValueSource('dataDir') === 'cli',
          kubeconfig: raw.kubeconfig,
          follow: raw.follow ?? false,
          since: raw.since,
          object: raw.for,
          namespace: raw.namespace,
          stream: raw.stream,
          output: raw.output ?? 'text',
        },
        context,
        signal: stop.signal,
      });
      return exitCodes.done;
    } finally {
      forget();
    }
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

function objectName(text: string): ResourceName & { readonly name: string } {
  const [kind = '', name = '', ...rest] = text.split('/');
  if (kind === '' || name === '' || rest.length > 0 || /\s/.test(text)) {
    throw new InvalidArgumentError('It must be kind/name, e.g. deployment/web.');
  }
  const resource = findResource(kind);
  if (resource === undefined) {
    throw new InvalidArgumentError(`Nothing is called ${kind}. There are ${resourceNames().join(', ')}.`);
  }
  return { ...resource, name };
}

function streamName(text: string): StreamName {
  const stream = streamNames.find((name) => name === text.toUpperCase());
  if (stream === undefined)
    throw new InvalidArgumentError(`It must be one of ${streamNames.join(', ').toLowerCase()}.`);
  return stream;
}
