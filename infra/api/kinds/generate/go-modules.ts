// Where the facts come from: Kubernetes' published Go modules at one pinned version, fetched into Go's own module cache.
// It decides which packages are read and what they are called in OpenAPI; nothing of them is copied into the project
// except names, numbers and keys.

import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The one place that names the Kubernetes release the facts belong to (0.36.6 = Kubernetes 1.36.6). */
export const MODULES_VERSION = 'v0.36.6';

export type GoPackage = {
  /** Go import path, e.g. `k8s.io/api/core/v1`. */
  readonly path: string;
  /** Package of the OpenAPI type names, e.g. `io.k8s.api.core.v1`. */
  readonly openapi: string;
  /** Short name used for references inside the facts file, e.g. `core/v1`. */
  readonly alias: string;
  readonly directory: string;
};

const API_GROUPS: Readonly<Record<string, string>> = {
  admission: 'v1',
  admissionregistration: 'v1 v1beta1',
  apidiscovery: 'v2 v2beta1',
  apps: 'v1',
  authentication: 'v1 v1beta1',
  authorization: 'v1',
  autoscaling: 'v1 v2',
  batch: 'v1',
  certificates: 'v1 v1beta1',
  coordination: 'v1 v1beta1',
  core: 'v1',
  discovery: 'v1',
  events: 'v1',
  flowcontrol: 'v1',
  networking: 'v1 v1beta1',
  node: 'v1',
  policy: 'v1 v1beta1',
  rbac: 'v1',
  resource: 'v1 v1beta1 v1beta2',
  scheduling: 'v1',
  storage: 'v1 v1beta1',
  storagemigration: 'v1beta1',
};

const OTHER_PACKAGES: readonly (readonly [module: string, path: string, alias: string])[] = [
  ['k8s.io/apimachinery', 'pkg/apis/meta/v1', 'meta/v1'],
  ['k8s.io/apimachinery', 'pkg/apis/meta/v1beta1', 'meta/v1beta1'],
  ['k8s.io/apimachinery', 'pkg/types', 'types'],
  ['k8s.io/apimachinery', 'pkg/runtime', 'runtime'],
  ['k8s.io/apimachinery', 'pkg/api/resource', 'quantity'],
  ['k8s.io/apimachinery', 'pkg/util/intstr', 'intstr'],
  ['k8s.io/apiextensions-apiserver', 'pkg/apis/apiextensions/v1', 'apiextensions/v1'],
  ['k8s.io/kube-aggregator', 'pkg/apis/apiregistration/v1', 'apiregistration/v1'],
  ['k8s.io/metrics', 'pkg/apis/metrics/v1beta1', 'metrics/v1beta1'],
];

/** Fetches the modules (a no-op when Go's cache has them) and lists the packages to read, in a fixed order. */
export function fetchPackages(): readonly GoPackage[] {
  const directories = moduleDirectories();
  const found: GoPackage[] = [];
  const add = (module: string, path: string, alias: string): void => {
    const directory = directories.get(module);
    if (directory === undefined) throw new Error(`go mod download did not report a directory for ${module}`);
    const full = `${module}/${path}`;
    const openapi = `io.${full.replace('k8s.io', 'k8s').replaceAll('/', '.')}`;
    found.push({ path: full, openapi, alias, directory: join(directory, path) });
  };
  for (const [group, versions] of Object.entries(API_GROUPS)) {
    for (const version of versions.split(' ')) add('k8s.io/api', `${group}/${version}`, `${group}/${version}`);
  }
  for (const [module, path, alias] of OTHER_PACKAGES) add(module, path, alias);
  return found;
}

function moduleDirectories(): ReadonlyMap<string, string> {
  const modules = ['k8s.io/api', ...new Set(OTHER_PACKAGES.map(([module]) => module))];
  const output = execFileSync('go', ['mod', 'download', '-json', ...modules.map((m) => `${m}@${MODULES_VERSION}`)], {
    cwd: tmpdir(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Go prints one JSON object after another, without commas.
  const reports = JSON.parse(`[${output.trim().replaceAll(/\n\}\n\{/g, '\n},\n{')}]`) as {
    readonly Path: string;
    readonly Dir: string;
  }[];
  return new Map(reports.map((report) => [report.Path, report.Dir]));
}
