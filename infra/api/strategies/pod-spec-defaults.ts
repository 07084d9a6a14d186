// Defaults of a pod spec, for pods and for every template (facts §3.11).

import type { Container, ContainerPort, PodSpec, Probe, Quantities } from '../../../streams/resources/pod.ts';
import { fill, mapSame, within } from './fill.ts';

const podDefaults = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
};

const probeDefaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

type Volume = Readonly<Record<string, unknown>> & { readonly name: string };

export function defaultPodSpec(spec: PodSpec): PodSpec {
  let filled = fill(spec, podDefaults);
  filled = within(
    filled,
    'containers',
    (list) => mapSame(list, (c) => defaultContainer(c, spec.hostNetwork === true)) as Container[],
  );
  filled = within(
    filled,
    'initContainers',
    (list) => mapSame(list, (c) => defaultContainer(c, spec.hostNetwork === true)) as Container[],
  );
  return within(filled, 'volumes', (list) => mapSame(list as readonly Volume[], defaultVolume) as readonly unknown[]);
}

/** Only pods themselves, not templates, get this one. */
export function defaultPodOnly(spec: PodSpec): PodSpec {
  return fill(spec, { enableServiceLinks: true });
}

function defaultContainer(container: Container, hostNetwork: boolean): Container {
  let filled = fill(container, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(container.image),
  });
  filled = within(filled, 'ports', (ports) => mapSame(ports, (port) => defaultPort(port, hostNetwork)));
  filled = within(filled, 'resources', requestsFromLimits);
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    filled = within(filled, probe, defaultProbe);
  return filled;
}

/** `Always` for `latest` or no tag, `IfNotPresent` for any other tag and for digests. */
function pullPolicy(image: string | undefined): string {
  const name = (image ?? '').slice((image ?? '').lastIndexOf('/') + 1);
  if (name.includes('@')) return 'IfNotPresent';
  const at = name.lastIndexOf(':');
  return at < 0 || name.slice(at + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultPort(port: ContainerPort, hostNetwork: boolean): ContainerPort {
  return fill(port, hostNetwork ? { protocol: 'TCP', hostPort: port.containerPort } : { protocol: 'TCP' });
}

function defaultProbe(probe: Probe): Probe {
  return within(fill(probe, probeDefaults) as Probe & { httpGet?: object }, 'httpGet', (get) =>
    fill(get, { path: '/', scheme: 'HTTP' }),
  );
}

function requestsFromLimits(resources: NonNullable<Container['resources']>): NonNullable<Container['resources']> {
  if (resources.limits === undefined) return resources;
  const requests: Quantities = fill(resources.requests ?? {}, resources.limits);
  return requests === resources.requests ? resources : { ...resources, requests };
}

function defaultVolume(volume: Volume): Volume {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) return { ...volume, emptyDir: {} };
  let filled: Volume = volume;
  for (const source of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    filled = within(filled, source, (value) => fill(value as object, { defaultMode: 420 }));
  }
  filled = within(filled, 'hostPath', (value) => fill(value as object, { type: '' }));
  return within(filled, 'projected', (value) => defaultProjected(value as { readonly sources?: readonly object[] }));
}

function defaultProjected<T extends { readonly sources?: readonly object[] }>(projected: T): T {
  return within(
    projected,
    'sources',
    (sources) =>
      mapSame(sources, (source) =>
        within(source as { serviceAccountToken?: object }, 'serviceAccountToken', (token) =>
          fill(token, { expirationSeconds: 3600 }),
        ),
      ) as NonNullable<T['sources']>,
  );
}
