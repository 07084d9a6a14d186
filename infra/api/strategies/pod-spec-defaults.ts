// Defaults of a pod spec (facts §3.11): those of every spec, and those only pods themselves get, not templates.

import type { Container, ContainerPort, PodSpec, Probe, Quantities } from '../../../streams/resources/pod.ts';
import { setKey } from '../codec/own-key.ts';
import { fill, mapSame, within } from './fill.ts';
import { defaultPodResources } from './pod-resources-defaults.ts';
import { defaultVolume, pullPolicy, type Volume } from './volume-defaults.ts';

const podDefaults = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
};

const probeDefaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
const containerLists = ['containers', 'initContainers', 'ephemeralContainers'] as const;
type Containers = { readonly [list in (typeof containerLists)[number]]?: readonly Container[] };

export function defaultPodSpec(spec: PodSpec): PodSpec {
  let filled = fill(spec, podDefaults) as PodSpec & Containers;
  for (const list of containerLists)
    filled = within(filled, list, (containers) => mapSame(containers, defaultContainer) as Container[]);
  return within(filled, 'volumes', (volumes) => mapSame(volumes as readonly Volume[], defaultVolume));
}

export function defaultPodOnly(spec: PodSpec): PodSpec {
  let filled: PodSpec = fill(spec, { enableServiceLinks: true });
  for (const list of ['containers', 'initContainers'] as const)
    filled = within(
      filled,
      list,
      (containers) =>
        mapSame(containers, (container) => defaultOfPod(container, spec.hostNetwork === true)) as Container[],
    );
  return defaultPodResources(filled);
}

function defaultContainer(container: Container): Container {
  let filled = fill(container, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(container.image),
  }) as unknown as Loose;
  filled = within(filled, 'ports', (ports) => mapSame(ports, (port) => fill(port, tcp)));
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    filled = within(filled, probe, defaultProbe);
  filled = within(filled, 'lifecycle', (lifecycle) => {
    const hooked = within(lifecycle, 'postStart', defaultHandler);
    return within(hooked, 'preStop', defaultHandler);
  });
  return within(filled, 'env', (env) => mapSame(env, defaultVariable)) as unknown as Container;
}

const tcp = { protocol: 'TCP' };
type Handler = { readonly httpGet?: object };
type Lifecycle = { readonly postStart?: Handler; readonly preStop?: Handler };
/** Handlers and sources may be incomplete before they are validated. */
type Loose = Omit<Container, 'lifecycle' | 'env'> & {
  readonly lifecycle?: Lifecycle;
  readonly env?: readonly Variable[];
};
type Variable = { readonly valueFrom?: { readonly fieldRef?: object } };

function defaultVariable(variable: Variable): Variable {
  return within(variable, 'valueFrom', (source) =>
    within(source, 'fieldRef', (field) => fill(field, { apiVersion: 'v1' })),
  );
}

function defaultHandler(handler: Handler): Handler {
  return within(handler, 'httpGet', (get) => fill(get, { path: '/', scheme: 'HTTP' }));
}

function defaultProbe(probe: Probe): Probe {
  return defaultHandler(fill(probe, probeDefaults) as Probe & Handler) as Probe;
}

function defaultOfPod(container: Container, hostNetwork: boolean): Container {
  const filled = within(container, 'resources', requestsFromLimits);
  if (!hostNetwork) return filled;
  return within(filled, 'ports', (ports) => mapSame(ports, hostPort));
}

/** On the host's network a container's port is the host's; no port at all is no host port either. */
function hostPort(port: ContainerPort): ContainerPort {
  return port.containerPort ? fill(port, { hostPort: port.containerPort }) : port;
}

function requestsFromLimits(resources: NonNullable<Container['resources']>): NonNullable<Container['resources']> {
  const { limits, requests } = resources;
  if (limits === undefined || limits === null) return resources;
  const missing = Object.keys(limits).filter((name) => !Object.hasOwn(requests ?? {}, name));
  if (missing.length === 0) return resources;
  const filled: Record<string, string> = { ...requests };
  for (const name of missing) setKey(filled, name, limits[name] ?? '');
  return { ...resources, requests: filled as Quantities };
}
