// What `shiplog replay` does once the command line is read: opens the log, replays or verifies it, and prints.

import { replay } from '../../streams/history/replay.ts';
import type { ReplayedState } from '../../streams/history/replayed-state.ts';
import { lossOf } from '../boot/open-reader.ts';
import { liveCluster } from '../replay/live-cluster.ts';
import { playBack } from '../replay/play-back.ts';
import { reportJson, reportLines } from '../replay/report.ts';
import { isClean, type VerifyProgress, verify } from '../replay/verify.ts';
import type { CliContext } from './command.ts';
import type { ReplayCommandOptions } from './commands/replay.ts';
import { eventJson, eventLine } from './event-line.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type ClusterLogFound, openClusterLog } from './find-log.ts';
import { stateJson, stateTables } from './state-table.ts';
import { renderJson } from './terminal.ts';

export type ReplayRequest = {
  readonly options: ReplayCommandOptions;
  readonly context: CliContext;
  /** Its reason is thrown when it aborts. */
  readonly signal: AbortSignal;
};

/** A log that is silent for longer is not waited for any more. */
const patienceMs = 15_000;

export async function replayLog(request: ReplayRequest): Promise<ExitCode> {
  const { options, context } = request;
  const found = await openClusterLog(options, context, 'start');
  const done = new AbortController();
  const loss = lossOf(found.log, { clock: context.clock, patienceMs, signal: done.signal });
  const signal = AbortSignal.any([request.signal, loss]);
  try {
    if (options.verify) return await verifyLog({ ...request, signal }, found);
    const state = await (options.speed === undefined ? rebuild : playEvents)({ ...request, signal }, found);
    printState(state, request);
    return exitCodes.done;
  } finally {
    done.abort();
    await found.close();
  }
}

function rebuild({ options, context, signal }: ReplayRequest, { log }: ClusterLogFound): Promise<ReplayedState> {
  let label = 'Replaying';
  const replaying = replay(log.streams.LOG, {
    until: options.to,
    signal,
    onProgress: ({ revision, to }) => {
      label = `Replaying revision ${revision} of ${to}`;
    },
  });
  return context.terminal.waiting(() => label, replaying);
}

function playEvents({ options, context, signal }: ReplayRequest, { log }: ClusterLogFound): Promise<ReplayedState> {
  const { terminal, clock } = context;
  return playBack(log.streams.LOG, {
    until: options.to,
    speed: options.speed ?? 1,
    clock,
    signal,
    onEvent: (event) => terminal.print(options.output === 'json' ? eventJson(event) : eventLine(event, terminal)),
  });
}

async function verifyLog(request: ReplayRequest, { log, access }: ClusterLogFound): Promise<ExitCode> {
  const { options, context, signal } = request;
  const { terminal, clock } = context;
  const live = access === undefined ? undefined : liveCluster(access);
  const started = clock.monotonic();
  let label = 'Verifying';
  try {
    const verifying = verify({
      streams: log.streams,
      until: options.to,
      live,
      signal,
      onProgress: (progress) => {
        label = labelOf(progress);
      },
    });
    const verification = await terminal.waiting(() => label, verifying);
    const seconds = (clock.monotonic() - started) / 1_000;
    if (options.output === 'json') terminal.print(renderJson(reportJson(verification, { seconds })));
    else for (const line of reportLines(verification, { seconds, paint: terminal.paint })) terminal.print(line);
    return isClean(verification) ? exitCodes.done : exitCodes.failed;
  } finally {
    live?.close();
  }
}

function labelOf(progress: VerifyProgress): string {
  return progress.phase === 'events'
    ? `Verifying revision ${progress.revision} of ${progress.to}`
    : `Comparing ${progress.resource}`;
}

/** Ages count back from the instant that was asked for. */
function printState(state: ReplayedState, { options, context }: ReplayRequest): void {
  const { terminal, clock } = context;
  const { to, output, speed } = options;
  if (output === 'json') {
    for (const line of stateJson(state)) terminal.print(line);
    return;
  }
  const nowMs = to === undefined ? clock.now() : to.kind === 'time' ? to.ms : state.timeMs;
  const lines = [...stateTables(state, { nowMs, wide: output === 'wide' })];
  if (speed !== undefined && lines.length > 0) terminal.print('');
  for (const line of lines) terminal.print(line);
  if (lines.length === 0) terminal.note(`No resources found at revision ${state.revision}`);
}
