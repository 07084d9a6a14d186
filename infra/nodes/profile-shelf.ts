// The profiles simulated nodes are made of: those that come with Shiplog, and those somebody added nodes of, which are
// kept in a ConfigMap of kube-system (invariant: the log is the only store, so a cluster that is started again, or goes
// on in another process, makes the same nodes).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import type { WriteContext, Writer } from '../host/writer.ts';
import { defaultProfile, parseProfile, type SimulationProfile } from './node-profile.ts';

export const profilesMap = { namespace: 'kube-system', name: 'shiplog-node-profiles' };
const directory = join(import.meta.dirname, 'profiles');

type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** A profile that cannot be used as it is; the message says why and what to do. */
export class ProfileRefused extends Error {
  override readonly name = 'ProfileRefused';
}

export class ProfileShelf {
  readonly #world: ObjectReader;
  readonly #writer: Writer;
  readonly #parsed = new Map<string, { readonly text: string; readonly profile: SimulationProfile }>();

  constructor({ world, writer }: { readonly world: ObjectReader; readonly writer: Writer }) {
    this.#world = world;
    this.#writer = writer;
  }

  /** The profile of that name; undefined where there is none or somebody broke it. */
  named(name: string): SimulationProfile | undefined {
    const text = this.#kept(name) ?? readyProfile(name);
    if (text === undefined) return name === defaultProfile.name ? defaultProfile : undefined;
    const known = this.#parsed.get(name);
    if (known?.text === text) return known.profile;
    const outcome = parseProfile(text);
    if (outcome.kind === 'malformed') return undefined;
    this.#parsed.set(name, { text, profile: outcome.profile });
    return outcome.profile;
  }

  /**
   * Takes in a profile's text and keeps it. A name means one profile as long as nodes are made of it.
   * @throws {ProfileRefused}
   */
  async keep(text: string, { isUsed }: { readonly isUsed: (name: string) => boolean }): Promise<SimulationProfile> {
    const outcome = parseProfile(text);
    if (outcome.kind === 'malformed')
      throw new ProfileRefused(`the profile cannot be used:\n  ${outcome.problems.join('\n  ')}`);
    const { profile } = outcome;
    const { name } = profile;
    const before = this.#kept(name);
    if (before === text || (before === undefined && readyProfile(name) === text)) return profile;
    if (before !== undefined && isUsed(name))
      throw new ProfileRefused(
        `there are nodes of another profile named ${name}: give this one another name, or remove them first`,
      );
    await this.#write({ ...this.#all(), [name]: text });
    return profile;
  }

  /** Nodes may name anything as their profile, `constructor` included: only what was kept is a profile's text. */
  #kept(name: string): string | undefined {
    const all = this.#all();
    return Object.hasOwn(all, name) ? all[name] : undefined;
  }

  #all(): Readonly<Record<string, string>> {
    return this.#world.get<ConfigMap>(resources.configMaps, profilesMap)?.data ?? {};
  }

  async #write(data: Readonly<Record<string, string>>): Promise<void> {
    const known = this.#world.get<ConfigMap>(resources.configMaps, profilesMap);
    const resource = resources.configMaps;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: profilesMap, data };
    const outcome = await this.#writer.write(
      known === undefined
        ? { kind: 'create', resource, object }
        : { kind: 'update', resource, object: { ...known, data } as ConfigMap },
      context,
    );
    if (outcome.kind === 'failed') throw new ProfileRefused(`the profile cannot be kept: ${outcome.message}`);
  }
}

const context: WriteContext = { user: 'system:shiplog:simulated-nodes', agent: 'shiplog', cause: null };

/** Names of the profiles that come with Shiplog. */
export function readyProfiles(): readonly string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length));
}

/** The text of a profile that comes with Shiplog. */
export function readyProfile(name: string): string | undefined {
  if (!/^[a-z0-9-]+$/.test(name) || !readyProfiles().includes(name)) return undefined;
  return readFileSync(join(directory, `${name}.yaml`), 'utf8');
}
