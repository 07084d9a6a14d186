// Objects of the size people have: a pod of about 3 KB and a small config map.

import type { Draft, KubeObject } from '../../streams/resources/meta.ts';

type Loose = Draft<KubeObject> & Readonly<Record<string, unknown>>;

export function aConfigMap(name: string | undefined): Loose {
  const metadata = name === undefined ? { generateName: 'bench-' } : { name };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key: 'value', text: 'x'.repeat(200) } };
}

/**
 * Of a scheduler that does not exist, so that nobody acts on it. Some 2 KB as it is sent; stored, with defaults and
 * managedFields, it is 7.1 KB, as upstream stores it.
 */
export function aPod(name: string | undefined): Loose {
  const metadata = {
    ...(name === undefined ? { generateName: 'bench-' } : { name }),
    labels: { app: 'bench', tier: 'backend', 'app.kubernetes.io/name': 'bench', 'app.kubernetes.io/version': '1.2.3' },
    annotations: { 'prometheus.io/scrape': 'true', checksum: 'a'.repeat(64) },
  };
  const env = envOf(10);
  const container = (title: string) => ({
    name: title,
    image: `registry.example.com/${title}:1.2.3`,
    args: ['--port=8080', '--verbose'],
    env,
    ports: [{ containerPort: 8080, name: 'http' }],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
    readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
    livenessProbe: { httpGet: { path: '/live', port: 8080 } },
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { schedulerName: 'nobody', containers: [container('server'), container('sidecar')] },
  };
}

/** The same with one container, and less in it: 3.6 KB as it is stored, the size the budget for lists was set for. */
export function aSmallPod(name: string | undefined): Loose {
  const { spec, ...pod } = aPod(name) as Loose & { readonly spec: { readonly containers: readonly object[] } };
  const { livenessProbe: _, ...container } = spec.containers[0] as Readonly<Record<string, unknown>>;
  return { ...pod, spec: { ...spec, containers: [{ ...container, env: envOf(4) }] } };
}

function envOf(length: number) {
  return Array.from({ length }, (_, index) => ({ name: `SETTING_${index}`, value: `value-${index}` }));
}
