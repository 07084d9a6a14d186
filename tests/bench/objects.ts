// Objects of the size people have: a pod of about 3 KB and a small config map.

import type { Draft, KubeObject } from '../../streams/resources/meta.ts';

type Loose = Draft<KubeObject> & Readonly<Record<string, unknown>>;

export function aConfigMap(name: string | undefined): Loose {
  const metadata = name === undefined ? { generateName: 'bench-' } : { name };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key: 'value', text: 'x'.repeat(200) } };
}

/** Of a scheduler that does not exist, so that nobody acts on it. */
export function aPod(name: string | undefined): Loose {
  const metadata = {
    ...(name === undefined ? { generateName: 'bench-' } : { name }),
    labels: { app: 'bench', tier: 'backend', 'app.kubernetes.io/name': 'bench', 'app.kubernetes.io/version': '1.2.3' },
    annotations: { 'prometheus.io/scrape': 'true', checksum: 'a'.repeat(64) },
  };
  const env = Array.from({ length: 10 }, (_, index) => ({ name: `SETTING_${index}`, value: `value-${index}` }));
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
