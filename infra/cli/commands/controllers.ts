// `shiplog controllers`: what the control plane's controllers are doing, and switching them off and on.

import { type Command, Option } from 'commander';
import { sleep } from '../../../streams/base/clock.ts';
import type { ControllerList } from '../../boot/controllers-path.ts';
import { type ApiClient, askJson, Refused } from '../../client/api-client.ts';
import { type ControllerRow, switchboard } from '../../host/controller-manager.ts';
import { askCluster, namesCluster } from '../ask-cluster.ts';
import { type CliContext, CommandFailed } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { onStopSignals } from '../stop-signals.ts';
import { renderJson, renderTable, type Terminal } from '../terminal.ts';

type Options = { readonly watch?: boolean; readonly output?: 'text' | 'json' };

const watchEveryMs = 1_000;
const headers = ['NAME', 'STATE', 'WAITING', 'RUNNING', 'RECONCILES', 'ERRORS'];

export function configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode> {
  namesCluster(command)
    .argument('[action]', 'off, on, or list, which may be left out')
    .argument('[names...]', 'the controllers meant; list without names tells of all')
    .option('-w, --watch', 'go on with what changes')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples);
  return (parsed) =>
    askCluster(parsed, context, async (client) => {
      const [action, ...names] = parsed.args;
      if (action === 'on' || action === 'off') await turn(client, context.terminal, { action, names });
      else await list(client, context, { ...parsed.opts<Options>(), names: action === 'list' ? names : parsed.args });
      return exitCodes.done;
    });
}

const examples = `  shiplog controllers --watch
  shiplog controllers deployment-controller -o json
  shiplog controllers off cronjob-controller job-controller
  shiplog controllers on cronjob-controller`;

type ListOptions = Options & { readonly names: readonly string[] };

async function list(client: ApiClient, { terminal, clock }: CliContext, options: ListOptions): Promise<void> {
  const { names, output, watch = false } = options;
  const stop = new AbortController();
  const forget = onStopSignals(clock, {
    stop: () => stop.abort(),
    force: () => process.exit(exitCodes.interrupted),
  });
  try {
    const shown = new Map<string, string>();
    do {
      const all = await fetchList(client);
      const items = selected(all, names).filter((row) => shown.get(row.name) !== JSON.stringify(row));
      if (output === 'json') {
        if (items.length > 0 || shown.size === 0) terminal.print(renderJson({ ...all, items }));
      } else {
        if (shown.size === 0 && !all.here) terminal.note(elsewhere(all));
        print(terminal, items, { headed: shown.size === 0 });
      }
      for (const row of items) shown.set(row.name, JSON.stringify(row));
      if (watch) await sleep(clock, watchEveryMs, stop.signal);
    } while (watch && !stop.signal.aborted);
  } finally {
    forget();
  }
}

function elsewhere({ leader }: ControllerList): string {
  return leader === ''
    ? 'Nobody runs the controllers at this moment.'
    : `The controllers run in ${leader}; this server knows nothing of their states.`;
}

function print(terminal: Terminal, rows: readonly ControllerRow[], { headed }: { readonly headed: boolean }): void {
  const lines = renderTable(
    headers,
    rows.map(({ name, enabled, status: { state, queueDepth, running, reconciles, errors } }) => [
      name.padEnd(nameWidth),
      enabled ? state.replace(/^running\./, '').padEnd(stateWidth) : terminal.paint('yellow', 'off'.padEnd(stateWidth)),
      ...[queueDepth, running, reconciles].map(String),
      errors === 0 ? '0' : terminal.paint('red', String(errors)),
    ]),
  );
  for (const line of headed ? lines : lines.slice(1)) terminal.print(line);
}

/** Columns keep their places while lines are added by --watch. */
const nameWidth = 36;
const stateWidth = 8;

async function turn(
  client: ApiClient,
  terminal: Terminal,
  { action, names }: { readonly action: 'on' | 'off'; readonly names: readonly string[] },
): Promise<void> {
  if (names.length === 0)
    throw new CommandFailed(`Name what to switch ${action}: shiplog controllers ${action} NAME …`);
  selected(await fetchList(client), names);
  const data = Object.fromEntries(names.map((name) => [name, action === 'off' ? 'off' : null]));
  const { namespace, name } = switchboard;
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  try {
    await askJson(client, 'PATCH', `${maps}/${name}?fieldManager=shiplog`, { data });
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 404) throw error;
    const kept = action === 'off' ? data : {};
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: kept };
    await askJson(client, 'POST', `${maps}?fieldManager=shiplog`, object);
  }
  for (const switched of names) terminal.print(`${switched} is ${action}`);
}

function fetchList(client: ApiClient): Promise<ControllerList> {
  return askJson<ControllerList>(client, 'GET', '/shiplog/v1/controllers');
}

/** Those named, all where none is; an unknown name is told with the known ones. */
function selected({ items }: ControllerList, names: readonly string[]): readonly ControllerRow[] {
  const unknown = names.filter((name) => !items.some((row) => row.name === name));
  if (unknown.length > 0) {
    const known = items.map(({ name }) => name).join(', ');
    throw new CommandFailed(`There is no controller ${unknown.join(', ')}; there are: ${known}.`);
  }
  return names.length === 0 ? items : items.filter(({ name }) => names.includes(name));
}
