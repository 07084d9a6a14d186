// `shiplog`: reads the command line, loads the one command it names and turns what happens into an exit code.

import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { AssertionFailed } from '../../streams/base/assert.ts';
import { systemClock } from '../../streams/base/clock.ts';
import type { CliContext, CommandSpec } from './command.ts';
import { commands } from './command-table.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { createTerminal } from './terminal.ts';

const explanation = `
Commands find their cluster through --kubeconfig, $KUBECONFIG or the data directory (--data-dir), in this order.

Exit codes: ${exitCodes.done} done · ${exitCodes.failed} failed, or the answer is no · ${exitCodes.usage} wrong command line · ${exitCodes.setUpFailed} the machine could not be set up · ${exitCodes.interrupted} interrupted twice`;

/** Runs one command line (without `node` and the script). */
export async function run(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done;
  const program = new Command('shiplog')
    .description('Kubernetes, kept as a ship’s log.')
    .usage('<command> [options]')
    .version(packageJson.version)
    .configureOutput({
      writeErr: (text) => context.terminal.note(text.trimEnd()),
      writeOut: (text) => context.terminal.print(text.trimEnd()),
    })
    .showHelpAfterError('(--help tells what there is)')
    .addHelpText('after', `\nExamples:\n${examples()}\n${explanation}`)
    .exitOverride();
  const named = args.filter((argument) => !argument.startsWith('-'));
  for (const spec of commands) {
    await addCommand({
      program,
      spec,
      context,
      called: named.includes(spec.name),
      done(code) {
        exitCode = code;
      },
    });
  }
  try {
    await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    context.terminal.note(`${context.terminal.paint('red', 'error:')} ${inWords(error)}`);
    return exitCodes.failed;
  }
  return exitCode;
}

async function addCommand(options: {
  readonly program: Command;
  readonly spec: CommandSpec;
  readonly context: CliContext;
  readonly called: boolean;
  readonly done: (code: ExitCode) => void;
}): Promise<void> {
  const { program, spec, context, called, done } = options;
  const command = program
    .command(spec.name)
    .description(spec.summary)
    .addHelpText('after', `\nExample:\n  ${spec.example}`);
  if (!called) return;
  const { configure } = await spec.load();
  const execute = configure(command, context);
  command.action(async () => done(await execute(command)));
}

function examples(): string {
  return commands.map(({ example }) => `  ${example}`).join('\n');
}

/** Our errors and the system's say all there is to say; of a defect the stack matters. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const defect = [TypeError, RangeError, ReferenceError, SyntaxError, AssertionFailed].some(
    (kind) => error instanceof kind,
  );
  return defect ? (error.stack ?? error.message) : error.message;
}

if (process.argv[1] === import.meta.filename) {
  const { stdout, stderr, env } = process;
  // A reader that has seen enough (`shiplog events | head`) is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done);
    throw error;
  });
  const terminal = createTerminal({ stdout, stderr, env, clock: systemClock });
  process.exitCode = await run(process.argv.slice(2), { terminal, clock: systemClock, env });
}
