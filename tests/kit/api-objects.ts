// Small objects as clients write them, for tests of the API server.

import type { Body } from './api-world.ts';

export function aConfigMap(name: string, data: Readonly<Record<string, string>> = { a: '1' }): Body {
  return { metadata: { name }, data };
}

export function aPodBody(name: string, spec: Body = {}): Body {
  return { metadata: { name }, spec: { containers: [{ name: 'c', image: 'nginx:1.27' }], ...spec } };
}

export function aServiceBody(name: string, spec: Body = {}): Body {
  return { metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec } };
}

export function aDeploymentBody(name: string, spec: Body = {}): Body {
  const labels = { app: name };
  return {
    metadata: { name, labels },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1.27' }] } },
      ...spec,
    },
  };
}
