// `shiplog why-here pod/NAME`: why the pod is on its node. One column a node, one row a plugin, the weighted scores in it.

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
  const { node, decision, name, namespace } = answer;
  const pod = `pod/${name}`;
  if (node === undefined) {
    terminal.print(`${pod} is on no node. Ask why with: shiplog why-pending ${pod} -n ${namespace}`);
    return;
  }
  if (decision?.node !== node) {
    terminal.print(
      `${pod} is on ${node}. How that came about is not remembered: this scheduler did not decide it, or decided it long ago.`,
    );
    return;
  }
  const { examined, nodes, feasible, at } = decision;
  terminal.print(`${pod} went to ${terminal.paint('bold', node)} ${relativeTime(at, nowMs)}.`);
  terminal.print(
    `Of ${plural(nodes, 'node')} ${examined.toLocaleString('en')} ${examined === 1 ? 'was' : 'were'} looked at, and ${feasible.toLocaleString('en')} suited it.`,
  );
  if (decision.scores.length > 0) for (const line of scoreTable(decision, terminal)) terminal.print(line);
  else terminal.print('There was no choice, so nothing was scored.');
  if (decision.verdicts.length === 0) return;
  terminal.print('');
  const rows = decision.verdicts.map(({ node: unsuited, rejection }) => [
    unsuited,
    rejection.plugin,
    rejection.reasons.join(', '),
  ]);
  for (const line of renderTable(['DID NOT SUIT', 'PLUGIN', 'REASON'], rows)) terminal.print(line);
  const more = examined - feasible - decision.verdicts.length;
  if (more > 0) terminal.print(`… and ${plural(more, 'node')} more`);
}

type Decision = NonNullable<SchedulingAnswer['decision']>;

/** The chosen node first, then the next best; each number is a score times its weight. */
function scoreTable({ scores, weights, node }: Decision, terminal: Terminal): readonly string[] {
  const plugins = Object.keys(weights).filter((plugin) => scores.some(({ plugins: scored }) => plugin in scored));
  const rows = plugins.map((plugin) => [
    plugin,
    String(weights[plugin]),
    ...scores.map(({ plugins: scored }) => (scored[plugin] === undefined ? '-' : String(scored[plugin]))),
  ]);
  const total = ['TOTAL', '', ...scores.map((score) => String(score.total))];
  const ties = scores.filter(({ total: of }) => of === scores[0]?.total).length;
  const lines = ['', ...renderTable(['PLUGIN', 'WEIGHT', ...scores.map((score) => score.node)], [...rows, total]), ''];
  lines.push(
    ties > 1
      ? `${terminal.paint('bold', node ?? '')} was drawn by lot among those with the highest total.`
      : `${terminal.paint('bold', node ?? '')} has the highest total.`,
  );
  return lines;
}
