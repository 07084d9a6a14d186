// `shiplog why-pending pod/NAME`: what keeps the pod waiting. Its place in the queue, when it is tried again, what every
// node lacks, and what has been done to make room.

import type { Command } from 'commander';
import type { SchedulingAnswer } from '../../boot/scheduling-path.ts';
import { asksAboutPod, plural, relativeTime } from '../ask-scheduler.ts';
import type { CliContext } from '../command.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderTable, type Terminal } from '../terminal.ts';

export function configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode> {
  return asksAboutPod(command, context, (answer, terminal) => tell(answer, terminal, context.clock.now()));
}

function tell(answer: SchedulingAnswer, terminal: Terminal, nowMs: number): void {
  const { name, namespace, node, queue, decision, schedulerName } = answer;
  const pod = `pod/${name}`;
  if (queue === undefined) {
    terminal.print(
      node === undefined
        ? `${pod} does not wait for the scheduler ${schedulerName}: it is over, on its way out, or another scheduler's.`
        : `${pod} does not wait: it is on ${node}. Ask why with: shiplog why-here ${pod} -n ${namespace}`,
    );
    return;
  }
  for (const line of renderTable(['POD', 'QUEUE', 'SINCE', 'ATTEMPTS', 'NEXT', 'PRIORITY'], [row(answer, nowMs)])) {
    terminal.print(line);
  }
  terminal.print('');
  for (const line of told(queue, node)) terminal.print(line);
  if (queue.place === 'gated' || decision?.message === undefined) return;
  terminal.print(`${decision.message}\n`);
  if (decision.preemption !== undefined) {
    const { node: from, victims, others } = decision.preemption;
    const named = others === 0 ? victims : [...victims, `${plural(others, 'pod')} that you may not see`];
    const count = plural(victims.length + others, 'pod');
    terminal.print(`To make room on ${from}, ${count} had to go: ${named.join(', ')}\n`);
  }
  const rows = decision.verdicts.map(({ node: of, rejection }) => [
    of,
    rejection.plugin,
    rejection.reasons.join(', '),
    rejection.resolvable ? 'yes' : 'no',
  ]);
  if (rows.length === 0) return;
  for (const line of renderTable(['NODE', 'PLUGIN', 'REASON', 'EVICTION COULD HELP'], rows)) terminal.print(line);
  const more = decision.examined - rows.length;
  if (more > 0) terminal.print(`… and ${plural(more, 'node')} more`);
}

type Queue = NonNullable<SchedulingAnswer['queue']>;

function row({ name, queue, priority }: SchedulingAnswer, nowMs: number): readonly string[] {
  const { place = '', since, attempts, nextAttempt } = queue ?? {};
  const next = place === 'active' ? 'at once' : nextAttempt === undefined ? '-' : relativeTime(nextAttempt, nowMs);
  return [
    name,
    place,
    since === undefined ? '-' : relativeTime(since, nowMs),
    String(attempts ?? 0),
    next,
    String(priority),
  ];
}

function told(
  { place, gate, rejectedBy, nominatedNode, evicting }: Queue,
  node: string | undefined,
): readonly string[] {
  const lines: string[] = [];
  if (gate !== undefined) lines.push(`It is not tried: ${gate}`);
  if (place === 'binding') lines.push(`A node was found, ${node ?? ''}: it is being bound.`);
  if (nominatedNode !== undefined) lines.push(`It is promised ${nominatedNode}, where others are to leave for it.`);
  if (evicting) lines.push('Their evictions are being asked for.');
  if (place === 'unschedulable' && rejectedBy.length > 0) {
    lines.push(`It is tried again as soon as something changes that matters to ${rejectedBy.join(', ')}.`);
  }
  return lines;
}
