// A cluster on two machines: nats-server in one container, the program in another, a network between them. Both keep
// what they write in directories of their own, so that a machine that was killed comes back with its data.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { ensureNatsCredentials, type NatsCredentials } from '../../infra/nats/credentials.ts';
import { dataDirPaths } from '../../infra/nats/data-dir.ts';
import { renderServerConfig } from '../../infra/nats/server-config.ts';
import { findCluster } from '../../infra/pki/find-cluster.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { silentLogger } from '../../streams/base/logger.ts';
import { systemRandom } from '../../streams/base/random.ts';
import { type ClusterLogReader, openJetStreamReader } from '../../streams/jetstream/jetstream-cluster-log.ts';
import { ApiClient } from '../kit/api-client.ts';
import { eventually } from '../kit/eventually.ts';
import { type Engine, mark } from './engine.ts';
import { programs } from './image.ts';
import { Machine } from './machine.ts';

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
const mounted = ['streams', 'actors', 'infra', 'node_modules', 'package.json', 'nats.conf'];
const main = '/shiplog/infra/cli/main.ts';
const ports = { nats: 4222, monitor: 8222, api: 6443 } as const;

export class ContainerCluster {
  readonly #directory: string;
  readonly #credentials: NatsCredentials;
  #network: StartedNetwork | undefined;
  readonly #containers: StartedTestContainer[] = [];
  #machines: { readonly nats: Machine; readonly api: Machine; readonly client: ApiClient } | undefined;

  /** Resolves when the cluster serves. */
  static async start(engine: Engine, image: string): Promise<ContainerCluster> {
    const cluster = new ContainerCluster();
    try {
      await cluster.#start(engine, image);
      return cluster;
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
  }

  private constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), `${mark}-cluster-`));
    this.#credentials = ensureNatsCredentials(dataDirPaths(join(this.#directory, 'nats')), systemRandom());
  }

  get nats(): Machine {
    return this.#up.nats;
  }

  get api(): Machine {
    return this.#up.api;
  }

  /** Reaches the API server through its mapped port, wherever that is after a restart. */
  get client(): ApiClient {
    return this.#up.client;
  }

  /** Resolves when the API server says that it is ready. */
  async ready(): Promise<void> {
    await eventually(async () => {
      const { status, body } = await this.client.send({ method: 'GET', path: '/readyz?verbose', timeoutMs: 5_000 });
      if (status !== 200) throw new Error(`not ready: ${String(body)}`);
    });
  }

  /** The log itself, read from here with the reader's rights. */
  openLog(): Promise<ClusterLogReader> {
    const { host, port } = this.nats.reach(ports.nats);
    return openJetStreamReader({
      servers: [`${host}:${port}`],
      credentials: this.#credentials.reader,
      clock: systemClock,
      random: systemRandom(),
      logger: silentLogger,
    });
  }

  /** Runs a command of the program beside the API server. */
  async shiplog(args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
    const [, api] = this.#containers;
    if (api === undefined) throw new Error('the cluster is not started');
    const { exitCode, output } = await api.exec([programs.node, main, ...args, '--data-dir', '/cluster/data']);
    return { code: exitCode, output };
  }

  /** For the message of a failed test. */
  async lastWords(): Promise<string> {
    const { nats, api } = this.#up;
    const of = async (name: string, machine: Machine) =>
      `── ${name}: ${await machine.processRun()}\n${await machine.lastWords()}`;
    return `${await of('nats', nats)}\n${await of('api', api)}`;
  }

  async dispose(): Promise<void> {
    this.#machines?.client.close();
    await Promise.all(this.#containers.map((container) => container.stop({ timeout: 0, remove: true })));
    await this.#network?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #up() {
    if (this.#machines === undefined) throw new Error('the cluster is not started');
    return this.#machines;
  }

  async #start(engine: Engine, image: string): Promise<void> {
    const network = await new Network({ nextUuid: () => `${mark}-network` }).start();
    this.#network = network;
    const base = (alias: string, command: readonly string[]) =>
      new GenericContainer(image)
        .withName(`${mark}-${alias}`)
        .withNetwork(network)
        .withNetworkAliases(alias)
        // Whatever they write belongs to whoever runs the tests, who can then delete it.
        .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
        .withCommand([...command]);
    const nats = await this.#startNats(base);
    const natsMachine = await Machine.of({ engine, started: nats, network, alias: 'nats' });
    const api = await this.#startApi(base);
    const apiMachine = await Machine.of({ engine, started: api, network, alias: 'api' });
    const kubeconfig = join(this.#directory, 'api', 'data', 'kubeconfig');
    const access = await findCluster({ kubeconfig, dataDir: '' });
    const client = new ApiClient(access, () => apiMachine.reach(ports.api));
    this.#machines = { nats: natsMachine, api: apiMachine, client };
    await this.ready();
  }

  async #startNats(
    base: (alias: string, command: readonly string[]) => GenericContainer,
  ): Promise<StartedTestContainer> {
    const config = renderServerConfig({ storeDir: '/cluster/store', credentials: this.#credentials, port: ports.nats })
      .replace(/^SHIPLOG_LISTEN: .*$/m, `SHIPLOG_LISTEN: "0.0.0.0:${ports.nats}"`)
      .replace(/^SHIPLOG_MONITOR: .*$/m, `SHIPLOG_MONITOR: "0.0.0.0:${ports.monitor}"`);
    const directory = this.#make('nats');
    writeFileSync(join(directory, 'nats.conf'), config);
    const started = await base('nats', [programs.natsServer, '-c', '/cluster/nats.conf'])
      .withBindMounts([{ source: directory, target: '/cluster', mode: 'rw' }])
      .withExposedPorts(ports.nats, ports.monitor)
      .withWaitStrategy(Wait.forHttp('/healthz?js-enabled-only=true', ports.monitor).withReadTimeout(50))
      .start();
    this.#containers.push(started);
    return started;
  }

  async #startApi(
    base: (alias: string, command: readonly string[]) => GenericContainer,
  ): Promise<StartedTestContainer> {
    const { user, password } = this.#credentials.api;
    const options = {
      '--address': '0.0.0.0',
      '--port': String(ports.api),
      '--nats': `nats://${user}:${password}@nats:${ports.nats}`,
      '--data-dir': '/cluster/data',
    };
    const started = await base('api', [programs.node, main, 'up', ...Object.entries(options).flat()])
      .withBindMounts([
        { source: this.#make('api'), target: '/cluster', mode: 'rw' },
        ...mounted.map((name) => ({
          source: realpathSync(resolve(projectRoot, name)),
          target: `/shiplog/${name}`,
          mode: 'ro' as const,
        })),
      ])
      .withEnvironment({ NODE_COMPILE_CACHE: '/cluster/compiled' })
      .withExposedPorts(ports.api)
      .withWaitStrategy(Wait.forHttp('/readyz', ports.api, { abortOnContainerExit: true }).usingTls().allowInsecure())
      .start();
    this.#containers.push(started);
    return started;
  }

  #make(name: string): string {
    const path = join(this.#directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }
}
