// Service accounts that share only the secrets they list, and pods that mirror what runs without the API server.

import { describe, expect, test } from 'vitest';
import { aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

async function withAccount(): Promise<ApiWorld> {
  const world = await apiWorld();
  await world.create('serviceaccounts', {
    metadata: { name: 's', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 'mine' }],
    imagePullSecrets: [{ name: 'pull' }],
  });
  return world;
}

const env = (secret: string) => [{ name: 'E', valueFrom: { secretKeyRef: { name: secret, key: 'k' } } }];
const using = (secret: string, field: 'containers' | 'initContainers' = 'containers'): Body => {
  const plain = [{ name: 'c', image: 'x' }];
  return { containers: plain, [field]: [{ name: field === 'containers' ? 'c' : 'i', image: 'x', env: env(secret) }] };
};
const not = (what: string) => `is not allowed because service account s does not reference that ${what}`;

describe('an account that lists its secrets', () => {
  test.each<[spec: Body, text: string | undefined]>([
    [using('mine'), undefined],
    [using('other'), `container c with envVar E referencing secret.secretName="other" ${not('secret')}`],
    [
      using('other', 'initContainers'),
      `init container i with envVar E referencing secret.secretName="other" ${not('secret')}`,
    ],
    [
      { containers: [{ name: 'c', image: 'x', envFrom: [{ secretRef: { name: 'other' } }] }] },
      `container c with envFrom referencing secret.secretName="other" ${not('secret')}`,
    ],
    [{ volumes: [{ name: 'v', secret: { secretName: 'mine' } }] }, undefined],
    [
      { volumes: [{ name: 'v', secret: { secretName: 'other' } }] },
      `volume with secret.secretName="other" ${not('secret')}`,
    ],
    [{ imagePullSecrets: [{ name: 'other' }] }, `imagePullSecrets[0].name="other" ${not('imagePullSecret')}`],
  ])('shares with %j: %s', async (spec, text) => {
    const world = await withAccount();
    const made = world.create('pods', aPodBody('p', { serviceAccountName: 's', ...spec }));
    if (text === undefined) await made;
    else await expect(made).rejects.toMatchObject({ code: 403, message: `pods "p" is forbidden: ${text}` });
  });
});

describe('a mirror pod', () => {
  test.each<[spec: Body, text: string | undefined]>([
    [{}, undefined],
    [{ serviceAccountName: 'default' }, 'a mirror pod may not reference service accounts'],
    [using('s'), 'a mirror pod may not reference secrets'],
    [
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
      'a mirror pod may not use ServiceAccountToken volume projections',
    ],
  ])('with %j: %s', async (spec, text) => {
    const world = await apiWorld();
    const metadata = { name: 'p', annotations: { 'kubernetes.io/config.mirror': 'x' } };
    const made = world.create('pods', { ...aPodBody('p', { nodeName: 'n', ...spec }), metadata });
    if (text === undefined) expect((await made).spec).not.toHaveProperty('volumes');
    else await expect(made).rejects.toMatchObject({ message: `pods "p" is forbidden: ${text}` });
  });
});
