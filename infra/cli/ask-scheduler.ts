// What `why-here` and `why-pending` share: the pod they are asked about, and the API server's answer on it.

import { type Command, Option } from 'commander';
import type { SchedulingAnswer } from '../boot/scheduling-path.ts';
import { askJson } from '../client/api-client.ts';
import { askCluster, namesCluster } from './ask-cluster.ts';
import { type CliContext, CommandFailed } from './command.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { renderJson, type Terminal } from './terminal.ts';

type Options = { readonly namespace: string; readonly output: 'text' | 'json' };

/** Configures a command that asks about one pod and tells the answer with `tell`. */
export function asksAboutPod(
  command: Command,
  context: CliContext,
  tell: (answer: SchedulingAnswer, terminal: Terminal) => void,
): (command: Command) => Promise<ExitCode> {
  namesCluster(command)
    .argument('<pod>', 'the pod, as pod/NAME or NAME')
    .option('-n, --namespace <namespace>', 'namespace of the pod', 'default')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'));
  return (parsed) =>
    askCluster(parsed, context, async (client) => {
      const { namespace, output } = parsed.opts<Options>();
      const name = podName(parsed.args[0] ?? '');
      const path = `/shiplog/v1/scheduling/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
      const answer = await askJson<SchedulingAnswer>(client, 'GET', path);
      if (output === 'json') context.terminal.print(renderJson(answer));
      else tell(answer, context.terminal);
      return exitCodes.done;
    });
}

function podName(text: string): string {
  const [kind = '', name, ...more] = text.split('/');
  if (name === undefined) return kind;
  if (/^(pods?|po)$/.test(kind) && name !== '' && more.length === 0) return name;
  throw new CommandFailed(`Only pods are scheduled: name one as pod/NAME, not ${text}.`);
}

/** `12 s ago`, `in 3 min`. */
export function relativeTime(iso: string, nowMs: number): string {
  const ms = nowMs - Date.parse(iso);
  const seconds = Math.round(Math.abs(ms) / 1_000);
  const text =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7_200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3_600)} h`;
  return ms >= 0 ? `${text} ago` : `in ${text}`;
}

export function plural(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`;
}
