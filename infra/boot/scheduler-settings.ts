// What `shiplog up` is told about the scheduler: a configuration file, and modules with plugins of the user's own. Read
// before anything starts, so that a mistake costs nothing.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from '../../actors/scheduler/framework.ts';
import { CommandFailed } from '../cli/command.ts';
import { readSchedulerConfig, SchedulerConfigRefused, type SchedulerSettings } from '../host/scheduler-config.ts';

export type SchedulerFiles = {
  /** KubeSchedulerConfiguration in YAML. */
  readonly config?: string | undefined;
  /** ES modules, JavaScript or TypeScript, that export a `plugin`. */
  readonly plugins?: readonly string[] | undefined;
};

export async function loadSchedulerSettings({ config, plugins = [] }: SchedulerFiles): Promise<SchedulerSettings> {
  const own = await Promise.all(plugins.map(load));
  const text = config === undefined ? undefined : await read(config);
  try {
    return readSchedulerConfig(text, own);
  } catch (error) {
    if (!(error instanceof SchedulerConfigRefused)) throw error;
    throw new CommandFailed(`${config ?? plugins.join(', ')} cannot be used: ${error.message}`, { cause: error });
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(`The scheduler's configuration cannot be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

async function load(file: string): Promise<Plugin> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw new CommandFailed(`The scheduler plugin ${file} cannot be loaded: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const { plugin } = module;
  if (isPlugin(plugin)) return plugin;
  throw new CommandFailed(
    `${file} must export a plugin: export const plugin = { name: 'Mine', filter: … }, with at least one point of scheduling.`,
  );
}

const points = ['preEnqueue', 'queueSort', 'filter', 'postFilter', 'score', 'reserve', 'permit', 'preBind'];

function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false;
  const { name } = value as { readonly name?: unknown };
  return typeof name === 'string' && name !== '' && points.some((point) => point in value);
}
