// `shiplog up`: starts a cluster in the foreground and stops it on Ctrl-C.

import { flushCompileCache } from 'node:module';
import { isIP } from 'node:net';
import { relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { durabilities } from '../../../streams/jetstream/durability.ts';
import { type CliContext, CommandFailed, wholeNumber } from '../command.ts';
import { addControllerOptions, controllerSettings } from '../controller-options.ts';
import { eventLine } from '../event-line.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { limitHeapGrowth } from '../heap-policy.ts';
import { onStopSignals } from '../stop-signals.ts';
import { type RunningCluster, type UpOptions, upDefaults } from '../up-options.ts';

const portMax = 65_535;
const nodesMax = 20_000;
/** Fewer nodes than that are there before anybody looks. */
const nodesSeen = 100;

export function configure(command: Command, context: CliContext): (command: Command) => Promise<ExitCode> {
  command
    .option('--data-dir <dir>', 'where everything is kept', upDefaults.dataDir)
    .addOption(
      new Option('--address <ip>', 'IP address the API server listens on, 0.0.0.0 for all')
        .argParser(ipAddress)
        .default(upDefaults.address),
    )
    .option('--port <n>', 'port of the API server, 0 for any', wholeNumber({ min: 0, max: portMax }), upDefaults.port)
    .option('--kubeconfig <file>', 'write the kubeconfig there too, merging it into what the file holds')
    .option('--nodes <n>', 'simulated nodes', wholeNumber({ min: 0, max: nodesMax }), upDefaults.nodes)
    .addOption(new Option('--nats <url>', 'use a running NATS server').argParser(natsUrl).conflicts('memory'))
    .option('--memory', 'keep the log in memory: nothing survives the process')
    .addOption(
      new Option('--durability <mode>', 'what an acknowledged write is worth: always on the disk, or relaxed')
        .choices(durabilities)
        .default(upDefaults.durability),
    )
    .option('--scheduler-config <file>', 'configure the scheduler as kube-scheduler --config does')
    .option('--scheduler-plugin <module...>', 'add scheduler plugins of your own: modules that export one as plugin')
    .option('--quiet', 'print nothing but errors');
  addControllerOptions(command);
  return (parsed) =>
    up({ ...upDefaults, ...parsed.opts<Partial<UpOptions>>(), controllers: controllerSettings(parsed) }, context);
}

async function up(options: UpOptions, { terminal, clock }: CliContext): Promise<ExitCode> {
  limitHeapGrowth();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const forget = onStopSignals(clock, { stop: () => ask(), force: () => process.exit(exitCodes.interrupted) });
  const { startCluster } = await import('../../boot/cluster.ts');
  let progress = '';
  const onReady = ({ ready, of }: { readonly ready: number; readonly of: number }) => {
    progress = of > nodesSeen ? `: ${ready} of ${of} nodes are ready` : '';
  };
  const starting: Promise<RunningCluster> = startCluster({ ...options, onReady });
  const cluster = await terminal
    .waiting(() => `Starting the cluster${progress}`, starting)
    .catch((error) => {
      throw inWords(error, options);
    });
  // Written now rather than at exit, so that a start after a kill -9 is a fast one too.
  flushCompileCache();
  if (!options.quiet) {
    greet(cluster, terminal);
    cluster.onEvent((event) => terminal.print(eventLine(event, terminal)));
  }
  const failure = await Promise.race([asked, cluster.failed]);
  if (!options.quiet && failure === undefined) terminal.note('Stopping …');
  await cluster.stop();
  forget();
  if (failure !== undefined) throw failure;
  return exitCodes.done;
}

function greet(cluster: RunningCluster, terminal: CliContext['terminal']): void {
  const kubeconfig = shortest(cluster.kubeconfig);
  const commands = [
    'kubectl get nodes',
    'kubectl create deployment web --image=nginx --replicas=3',
    'kubectl get pods --watch',
  ];
  terminal.print(
    `${terminal.paint('green', '✓')} Shiplog serves ${terminal.paint('bold', cluster.server)} after ${process.uptime().toFixed(2)} s.`,
  );
  terminal.print(`\n  export KUBECONFIG=${kubeconfig}\n`);
  for (const command of commands) terminal.print(`  ${command}`);
  terminal.print(`\n${terminal.paint('dim', 'What happens is shown here as it happens. Ctrl-C stops the cluster.')}\n`);
}

function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? resolve(path) : fromHere;
}

function ipAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('It must be an IP address such as 127.0.0.1 or 0.0.0.0.');
  return text;
}

function natsUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new InvalidArgumentError('It must be a URL such as nats://user:password@127.0.0.1:4222.');
  }
  return text;
}

/** What the system says of a port, in words. */
function inWords(error: unknown, { address, port }: UpOptions): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new CommandFailed(
      `Port ${port} is in use by another program. Choose another with --port N, or let the system choose with --port 0.`,
      { cause: error },
    );
  }
  if (code === 'EADDRNOTAVAIL') {
    return new CommandFailed(
      `This machine has no address ${address}. Name one of its own with --address IP, or 0.0.0.0 for all of them.`,
      { cause: error },
    );
  }
  if (code === 'EACCES' && port > 0 && port < 1_024) {
    return new CommandFailed(
      `Port ${port} needs more rights than this user has. Choose one from 1024 on with --port N.`,
      {
        cause: error,
      },
    );
  }
  return error;
}
