// `shiplog nodes`: the simulated nodes of a running cluster: what they are doing, more of them, and trouble on demand.

import { existsSync, readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { pressures } from '../../../actors/kubelet/pressure.ts';
import { type ApiClient, askJson } from '../../client/api-client.ts';
import type { NodeRow } from '../../nodes/node-list.ts';
import { addMax, type NodeRows, type NodesAnswer, type NodesRequest } from '../../nodes/node-requests.ts';
import { askCluster, namesCluster } from '../ask-cluster.ts';
import { type CliContext, CommandFailed } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { renderJson, renderTable, type Terminal } from '../terminal.ts';

type Options = {
  readonly profile?: string;
  readonly prefix?: string;
  readonly output?: 'text' | 'json';
};

type Asked = { readonly client: ApiClient; readonly terminal: Terminal; readonly options: Options };

const path = '/shiplog/v1/nodes';
const headers = ['NAME', 'STATE', 'PROFILE', 'ZONE', 'PODS', 'CPU', 'MEMORY', 'SHORT OF'];

export function configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode> {
  namesCluster(command)
    .argument('[action]', 'list (which may be left out), add, remove, crash, restart, reboot or pressure')
    .argument('[arguments...]', 'add: how many; pressure: memory, disk or pid, on or off, and nodes; else nodes')
    .option('--profile <profile>', 'add: a file, or one that comes with Shiplog: small, large, spot, flaky')
    .option('--prefix <text>', 'add: what names begin with; the name of the profile where not given')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText('after', explanation);
  return (parsed) =>
    askCluster(parsed, context, async (client) => {
      const [action = 'list', ...rest] = parsed.args;
      const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (act === undefined)
        throw new CommandFailed(`There is no action ${action}; there are ${Object.keys(actions).join(', ')}.`);
      await act({ client, terminal: context.terminal, options: parsed.opts<Options>() }, rest);
      return exitCodes.done;
    });
}

const explanation = `  shiplog nodes -o json
  shiplog nodes add 3 --profile flaky --prefix test
  shiplog nodes crash spot-1 spot-2        the machines go down; the cluster finds out by their leases
  shiplog nodes restart spot-1             its kubelet starts anew; a machine that is down comes up
  shiplog nodes reboot node-1              down and up again: its containers are lost
  shiplog nodes pressure memory on node-1  pods are evicted until: shiplog nodes pressure memory off node-1
  shiplog nodes remove spot-1 spot-2`;

const actions: Readonly<Record<string, (asked: Asked, rest: readonly string[]) => Promise<void>>> = {
  list,
  add,
  remove: (asked, names) => tell(asked, 'remove', { request: { names }, done: 'removed' }),
  crash: (asked, names) => tell(asked, 'crash', { request: { names }, done: 'crashed' }),
  restart: (asked, names) => tell(asked, 'restart', { request: { names }, done: 'restarted' }),
  reboot: (asked, names) => tell(asked, 'reboot', { request: { names }, done: 'rebooted' }),
  async pressure(asked, [resource = '', state = '', ...names]) {
    if (!pressures.some((known) => known === resource) || (state !== 'on' && state !== 'off'))
      throw new CommandFailed('Say of what, whether, and where: shiplog nodes pressure memory|disk|pid on|off NODE …');
    const done = state === 'on' ? `is short of ${resource}` : `is no longer short of ${resource}`;
    await tell(asked, 'pressure', { request: { names, resource, state }, done });
  },
};

async function list({ client, terminal, options }: Asked, names: readonly string[]): Promise<void> {
  const { items } = await askJson<NodeRows>(client, 'GET', path);
  const unknown = names.filter((name) => !items.some((row) => row.name === name));
  if (unknown.length > 0) throw new CommandFailed(`There is no simulated node ${unknown.join(', ')}.`);
  const rows = names.length === 0 ? items : items.filter(({ name }) => names.includes(name));
  if (options.output === 'json') terminal.print(renderJson({ items: rows }));
  else for (const line of renderTable(headers, rows.map(cells))) terminal.print(line);
}

async function add(asked: Asked, [count = '', ...more]: readonly string[]): Promise<void> {
  const number = Number(count);
  if (!/^\d+$/.test(count) || number < 1 || number > addMax || more.length > 0)
    throw new CommandFailed(`Say how many, from 1 to ${addMax}: shiplog nodes add 10 --profile small`);
  const { profile = 'small', prefix } = asked.options;
  const request = { count: number, profile: profileText(profile), ...(prefix !== undefined && { prefix }) };
  const adding = askJson<NodesAnswer>(asked.client, 'POST', `${path}/add`, request);
  const { names } = await asked.terminal.waiting(`Adding ${count} nodes`, adding);
  if (asked.options.output === 'json') asked.terminal.print(renderJson({ names }));
  else
    asked.terminal.print(
      `added ${names.length === 1 ? names[0] : `${names.length} nodes: ${names[0]} … ${names.at(-1)}`}`,
    );
}

async function tell(
  { client, terminal, options }: Asked,
  action: string,
  { request, done }: { readonly request: NodesRequest; readonly done: string },
): Promise<void> {
  if (request.names === undefined || request.names.length === 0)
    throw new CommandFailed(`Name the nodes: shiplog nodes ${action} NODE …`);
  const { names } = await askJson<NodesAnswer>(client, 'POST', `${path}/${action}`, request);
  if (options.output === 'json') terminal.print(renderJson({ names }));
  else for (const name of names) terminal.print(`${name} ${done}`);
}

/** The text of a file, or a name for the server to look up. */
function profileText(profile: string): string {
  if (existsSync(profile)) return readFileSync(profile, 'utf8');
  if (/^[a-z0-9-]+$/.test(profile)) return profile;
  throw new CommandFailed(`There is no file ${profile}.`);
}

function cells({
  name,
  state,
  up,
  profile,
  zone,
  unschedulable,
  pods,
  cpu,
  memory,
  pressures: short,
}: NodeRow): string[] {
  const states = [up ? state : `${state} (down)`, ...(unschedulable ? ['SchedulingDisabled'] : [])];
  return [
    name,
    states.join(','),
    profile,
    zone,
    `${pods.running}/${pods.max}`,
    `${Math.round(cpu.used / 1e6)}m/${cpu.capacity / 1e9} (${percent(cpu)})`,
    `${mebibytes(memory.used)}/${mebibytes(memory.capacity)} (${percent(memory)})`,
    short.join(','),
  ];
}

function percent({ used, capacity }: { readonly used: number; readonly capacity: number }): string {
  return `${capacity === 0 ? 0 : Math.round((100 * used) / capacity)}%`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)}Mi`;
}
