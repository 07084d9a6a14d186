// Starts a whole cluster in this process, in the order things depend on each other, and stops it in reverse:
// data directory and certificates, log, view, API server, first objects, controllers, scheduler, nodes.

import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import { systemRandom } from '../../streams/base/random.ts';
import type { EventFacts } from '../../streams/log/event.ts';
import { ensureAuthenticationInfo } from '../api/auth/bootstrap/authentication-info.ts';
import { ensureBootstrapPolicy } from '../api/auth/bootstrap/ensure-policy.ts';
import { legacyTokenMint } from '../api/auth/legacy-tokens.ts';
import type { HealthCheck } from '../api/server/health.ts';
import type { OwnPaths } from '../api/server/own-paths.ts';
import type { RunningCluster, UpOptions } from '../cli/up-options.ts';
import { controllerMetrics } from '../metrics/cluster-metrics.ts';
import { jobMetrics } from '../metrics/job-metrics.ts';
import { jobSyncMetrics } from '../metrics/job-sync-metrics.ts';
import { Metrics } from '../metrics/metrics.ts';
import { processMetrics } from '../metrics/process-metrics.ts';
import { schedulerMetrics } from '../metrics/scheduler-metrics.ts';
import { openDataDir } from '../nats/data-dir.ts';
import { ensureClusterPki } from '../pki/cluster-pki.ts';
import { signDetached } from '../pki/detached-signature.ts';
import { writeKubeconfig } from '../pki/kubeconfig.ts';
import { startApiStack } from './api-stack.ts';
import { certificatePorts } from './certificate-ports.ts';
import { startControlPlane } from './control-plane.ts';
import { controllersPath } from './controllers-path.ts';
import { ensureDefaultStorage } from './default-storage.ts';
import { ensureFirstObjects } from './first-objects.ts';
import { servedAddresses, urlHost } from './listen-address.ts';
import { nodesPath } from './nodes-path.ts';
import { openLog } from './open-log.ts';
import { Registrations } from './registrations.ts';
import { loadSchedulerSettings } from './scheduler-settings.ts';
import { schedulingPath } from './scheduling-path.ts';
import { serve } from './serve.ts';
import { stderrLogger } from './stderr-logger.ts';

const drainMs = 2_000;

export async function startCluster(options: UpOptions): Promise<RunningCluster> {
  const undo = new Undo();
  try {
    return await start(options, undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

async function start(options: UpOptions, undo: Undo): Promise<RunningCluster> {
  const clock = systemClock;
  const random = systemRandom();
  const logger: Logger = stderrLogger(clock);
  const ports = { clock, random, logger };
  const settings = await loadSchedulerSettings({ config: options.schedulerConfig, plugins: options.schedulerPlugin });
  const path = options.memory ? temporaryDirectory(undo) : options.dataDir;
  const dataDir = openDataDir({ path, clock, random });
  undo.add(() => dataDir.release());
  // Undone also where the certificates fail first: the log is being opened beside them, and its server must not stay.
  const opening = openLog(
    { dataDir, memory: options.memory, nats: options.nats, durability: options.durability },
    ports,
  );
  undo.add(async () => (await opening.catch(() => undefined))?.close());
  const hosts = servedAddresses(options.address);
  const [pki, opened] = await Promise.all([
    ensureClusterPki({ directory: dataDir.paths.pki, clock, random, hosts }),
    opening,
  ]);
  const stack = await startApiStack({ log: opened.log, ...ports });
  undo.add(() => stack.feed.stop());
  const started = { roles: false, plane: false };
  const registrations = new Registrations({ kinds: stack.kinds, view: stack.view, writer: stack.writer, logger });
  undo.add(() => registrations.stop());
  const checks: readonly HealthCheck[] = [
    {
      name: 'control-plane',
      readinessOnly: true,
      check: () => (started.plane ? undefined : 'still starting'),
    },
    {
      name: 'poststarthook/rbac/bootstrap-roles',
      readinessOnly: true,
      check: () => (started.roles ? undefined : 'not finished'),
    },
    ...registrations.checks,
  ];
  const mintToken = legacyTokenMint(pki.serviceAccount.privateKey);
  const identity = `${hostname()}_${dataDir.clusterId}`;
  const certificates = certificatePorts({
    authority: pki.authority,
    authorizer: stack.authorizer,
    random: random.stream('certificates'),
  });
  const secrets = { ca: pki.ca, mintToken, certificates, signDetached };
  const metrics = new Metrics();
  const jobSyncs = jobSyncMetrics(metrics, { view: stack.view, clock });
  const plane = startControlPlane({
    stack,
    ...secrets,
    nodes: options.nodes,
    onReady: options.onReady,
    settings: options.controllers,
    scheduler: settings,
    identity,
    observer: (controller) => (controller === 'job-controller' ? jobSyncs : undefined),
    ...ports,
  });
  undo.add(() => plane.stop());
  const controllers = controllersPath(() => ({ leader: plane.leader, here: plane.leads, items: plane.controllers }));
  const simulated = nodesPath({
    nodes: () => plane.nodes,
    elsewhere: () => plane.nodesElsewhere,
    view: stack.view,
    clock,
  });
  const scheduling = schedulingPath({
    scheduler: () => plane.scheduler,
    leader: () => plane.schedulerLeader,
    view: stack.view,
    authorizer: stack.authorizer,
  });
  const own: OwnPaths = new Map([
    ['controllers', controllers],
    ['nodes', simulated],
    ['scheduling', scheduling],
  ]);
  processMetrics(metrics, clock);
  controllerMetrics(metrics, () => plane.controllers);
  undo.add(jobMetrics(metrics, stack.view, () => plane.leads));
  schedulerMetrics(metrics, () => plane.scheduler);
  const server = await serve({
    metrics,
    own,
    stack,
    log: opened.log,
    pki,
    logs: plane.logs,
    usage: plane.usage,
    host: options.address,
    port: options.port,
    checks,
    ...ports,
  });
  undo.add(() => server.close({ drainMs }));
  const address = `https://${urlHost(options.address)}:${server.port}`;
  const entry = {
    server: address,
    ca: pki.ca,
    client: pki.admin,
    ...(options.memory ? undefined : { dataDir: resolve(path) }),
  };
  await writeKubeconfig(dataDir.paths.kubeconfig, entry);
  if (options.kubeconfig !== undefined) await writeKubeconfig(options.kubeconfig, entry);
  await ensureDefaultStorage({ world: stack.view, writer: stack.writer });
  await ensureFirstObjects({ world: stack.view, writer: stack.writer, port: server.port });
  const api = { world: stack.view, writer: stack.writer };
  const roles = ensureBootstrapPolicy(api);
  await Promise.all([
    roles.then(() => {
      started.roles = true;
    }),
    ensureAuthenticationInfo(api, pki.ca),
    plane.begin(),
  ]);
  started.plane = true;
  registrations.begin();
  return {
    server: address,
    kubeconfig: resolve(options.kubeconfig ?? dataDir.paths.kubeconfig),
    onEvent(listener: (event: EventFacts) => void) {
      stack.view.listen(({ event }) => {
        if (event.stream === 'LOG') listener(event);
      });
    },
    failed: Promise.race([
      opened.failed,
      stack.feed.ended.then(
        () => new Promise<never>(() => {}),
        (error: Error) => error,
      ),
    ]),
    stop: () => undo.run(),
  };
}

/** With --memory nothing is kept: certificates and kubeconfig live in a directory that goes with the process. */
function temporaryDirectory(undo: Undo): string {
  const path = mkdtempSync(join(tmpdir(), 'shiplog-'));
  undo.add(() => rmSync(path, { recursive: true, force: true }));
  return join(path, 'data');
}

/** What has been started, undone last first; a step that fails does not keep the others from running. */
class Undo {
  #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    const steps = this.#steps.reverse();
    this.#steps = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`while stopping: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  }
}
