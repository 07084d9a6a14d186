// The Docker engine the chaos tests run on, or why there is none; and what carries whose mark, so that nothing of an
// earlier run is left behind: no reaper container looks after that (its image would have to come from a registry).
// Everything made here bears a name that tells the process it belongs to; what belongs to a process that is gone goes.

import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers';
import { isAlive, startOf } from '../../infra/files/process-identity.ts';

export type Engine = ContainerRuntimeClient;

const prefix = 'shiplog-chaos';

/** Carried by everything this process makes: `shiplog-chaos-<pid>-<start of the process>`. */
export const mark = markOf(process.pid);

/** A text says why there is none and how to get one. */
export async function findEngine(): Promise<Engine | string> {
  if (process.platform !== 'linux') {
    return 'the containers are made of this machine’s own programs, which only Linux containers of a Linux machine can run: run them in CI or on Linux';
  }
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  try {
    return await getContainerRuntimeClient();
  } catch {
    const asked = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
    return `no Docker engine answers at ${asked}: start one (Debian: apt-get install docker.io; then dockerd), or name one with DOCKER_HOST; .ci/run does both`;
  }
}

/** Removes what earlier runs on this machine left behind: containers, networks, images, directories. */
export async function removeLeftovers(engine: Engine): Promise<void> {
  await removeAll(engine, (owner) => !isRunningOwner(owner));
}

/** Removes what this process made and has not removed itself. */
export async function removeOwn(engine: Engine): Promise<void> {
  await removeAll(engine, (owner) => owner === mark);
}

async function removeAll({ container: { dockerode } }: Engine, doomed: (owner: string) => boolean): Promise<void> {
  const filters = { name: [prefix] };
  for (const { Id, Names } of await dockerode.listContainers({ all: true, filters })) {
    if (Names.some((name) => isDoomed(name.slice(1), doomed))) {
      await dockerode.getContainer(Id).remove({ force: true, v: true });
    }
  }
  for (const { Id, Name } of await dockerode.listNetworks({ filters })) {
    if (isDoomed(Name, doomed)) await dockerode.getNetwork(Id).remove();
  }
  for (const { Id, RepoTags } of await dockerode.listImages({ filters: { reference: [`${prefix}-*`] } })) {
    if (RepoTags?.some((tag) => isDoomed(tag, doomed))) await dockerode.getImage(Id).remove({ force: true });
  }
  for (const name of readdirSync(tmpdir())) {
    if (isDoomed(name, doomed)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isDoomed(name: string, doomed: (owner: string) => boolean): boolean {
  const [owner] = new RegExp(`^${prefix}-\\d+-\\d+`).exec(name) ?? [];
  return owner !== undefined && doomed(owner);
}

function isRunningOwner(owner: string): boolean {
  const pid = Number(owner.split('-').at(-2));
  return isAlive(pid) && markOf(pid) === owner;
}

function markOf(pid: number): string {
  return `${prefix}-${pid}-${startOf(pid).split('/').at(-1)}`;
}
