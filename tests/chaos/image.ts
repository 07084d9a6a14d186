// The image of the chaos tests, made without a registry from this machine's own programs: Node, nats-server and the
// libraries they load, imported as one layer. The project's sources are not in it; containers see them as mounts.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { requireNatsServer } from '../../infra/nats/find-server.ts';
import { type Engine, mark } from './engine.ts';

/** Where the programs are in the image. */
export const programs = { node: '/bin/node', natsServer: '/bin/nats-server' } as const;

/** The C library opens these by itself where names are looked up; ldd does not tell. Newer ones have them built in. */
const lookupLibraries = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/** Resolves with the image's name. */
export async function buildImage({ container: { dockerode } }: Engine): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), `${mark}-image-`));
  try {
    furnish(root);
    const name = `${mark}:latest`;
    // The links are followed, so that every file is copied once: from where it is into the engine.
    const tar = spawn('tar', ['--create', '--dereference', '--directory', root, '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => tar.once('exit', resolve));
    const answer = await dockerode.importImage(tar.stdout, { repo: mark, tag: 'latest' });
    await new Promise<void>((resolve, reject) =>
      dockerode.modem.followProgress(answer, (error) => (error === null ? resolve() : reject(error))),
    );
    if ((await ended) !== 0) throw new Error('tar could not pack the image');
    return name;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A tree of links to what the image shall hold. */
function furnish(root: string): void {
  const link = (path: string, target: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(realpathSync(target), join(root, path));
  };
  const originals = { [programs.node]: process.execPath, [programs.natsServer]: requireNatsServer().path };
  for (const [path, target] of Object.entries(originals)) link(path, target);
  const libraries = new Set(Object.values(originals).flatMap(librariesOf));
  for (const library of libraries) link(library, library);
  for (const directory of new Set([...libraries].map(dirname))) {
    for (const name of lookupLibraries) {
      const library = join(directory, name);
      if (existsSync(library) && !libraries.has(library)) link(library, library);
    }
  }
  for (const directory of ['tmp', 'etc']) mkdirSync(join(root, directory));
  writeFileSync(join(root, 'etc', 'nsswitch.conf'), 'hosts: files dns\n');
}

/** What a program loads when it starts, the loader itself included; nothing for a static one. */
function librariesOf(program: string): string[] {
  let told: string;
  try {
    told = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return [];
  }
  return [...told.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}
