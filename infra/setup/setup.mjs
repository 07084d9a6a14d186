// Makes a machine that has Node and npm, and nothing else of ours, ready to run Shiplog.
//
// Three things are needed: the npm packages, Node 24 and a nats-server. Each is looked for first and obtained only when
// it is missing, so a second start does no work. A lock keeps two set-ups of one checkout apart.

import { findNatsServer } from './find-nats-server.mjs';
import { installNatsServer } from './install-nats-server.mjs';
import { NATS_VERSION, NODE_MAJOR, setupPaths } from './layout.mjs';
import { findNode, installNode } from './node-runtime.mjs';
import { installPackages, packagesAreInstalled } from './npm-packages.mjs';
import { createProgress } from './progress.mjs';
import { SetupError } from './setup-error.mjs';
import { withSetupLock } from './setup-lock.mjs';

/**
 * Ensures that everything is there.
 *
 * @param {{ root: string, natsServer?: boolean }} options `natsServer`: whether one is needed (default true)
 * @returns {Promise<{ node: string }>} the Node program to run the sources with
 * @throws {import('./setup-error.mjs').SetupError} when something cannot be obtained; the message is complete
 */
export async function ensureSetup({ root, natsServer = true }) {
  const paths = setupPaths(root);
  const before = survey(paths, natsServer);
  if (before.complete) return { node: before.node };
  const progress = createProgress();
  const onWait = (pid) => progress.note(`Another set-up of this checkout is running (pid ${pid}); waiting for it.`);
  return withSetupLock(paths.lock, { onWait }, async () => {
    const now = survey(paths, natsServer);
    if (!now.complete) await obtainMissing(paths, now, progress);
    return { node: findNode(paths) };
  });
}

function survey(paths, natsServer) {
  const node = findNode(paths);
  const packages = packagesAreInstalled(paths);
  const search = natsServer ? findNatsServer({ root: paths.root }) : undefined;
  const complete = node !== undefined && packages && (search === undefined || search.found !== undefined);
  return { node, packages, search, complete };
}

async function obtainMissing(paths, { node, packages, search }, progress) {
  progress.note('Setting up Shiplog (once)');
  const steps = [obtainPackages(paths, { node, packages }, progress)];
  if (search !== undefined && search.found === undefined) {
    steps.push(progress.step(`nats-server ${NATS_VERSION}`, (say) => installNatsServer(paths, search, say)));
  }
  // All steps end before a failure is reported, so that none of them is left running under a released lock.
  const failures = (await Promise.allSettled(steps)).flatMap((step) =>
    step.status === 'rejected' ? [step.reason] : [],
  );
  const unexpected = failures.find((failure) => !(failure instanceof SetupError));
  if (unexpected !== undefined) throw unexpected;
  if (failures.length > 0) throw new SetupError(failures.map(({ message }) => message).join('\n\n'));
}

/** One after the other: the packages must be chosen by the Node that will run them. */
async function obtainPackages(paths, { node, packages }, progress) {
  const runtime = node ?? (await progress.step(`Node ${NODE_MAJOR}`, (say) => installNode(paths, say)));
  if (!packages) await progress.step('npm packages', (say) => installPackages(paths, runtime, say));
}
