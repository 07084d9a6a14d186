import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dataDirPaths } from '../../../infra/nats/data-dir.ts';
import { ClusterNotFound, findCluster } from '../../../infra/pki/find-cluster.ts';
import { type KubeconfigEntry, KubeconfigRefused, writeKubeconfig } from '../../../infra/pki/kubeconfig.ts';
import { tempDir } from '../../kit/temp-dir.ts';

const entry = (server = 'https://127.0.0.1:6443'): KubeconfigEntry => ({
  server,
  ca: 'the authority',
  client: { certificate: 'the certificate', key: 'the key' },
});

const foreign = `# the work clusters
apiVersion: v1
kind: Config
current-context: work
clusters:
  - name: work # do not touch
    cluster: { server: https://work.example.test }
contexts:
  - name: work
    context: { cluster: work, user: me, namespace: team }
users:
  - name: me
    user: { token: secret }
preferences: { colors: true }
`;

describe('a kubeconfig', () => {
  test('holds an elliptic key in the form every client tells from one of RSA', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const file = join(tempDir(), 'kubeconfig');
    await writeKubeconfig(file, { ...entry(), client: { certificate: 'the certificate', key } });
    const { users } = parse(readFileSync(file, 'utf8')) as { users: { user: Record<string, string> }[] };
    const written = Buffer.from(users[0]?.user['client-key-data'] ?? '', 'base64').toString('utf8');
    expect(written).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
    expect(createPrivateKey(written).equals(privateKey)).toBe(true);
  });

  test('is written whole, readable by its owner only, with everything named shiplog', async () => {
    const file = join(tempDir(), 'deep', 'kubeconfig');
    await writeKubeconfig(file, entry());
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    expect(parse(readFileSync(file, 'utf8'))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'shiplog',
      clusters: [
        {
          name: 'shiplog',
          cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': base64('the authority') },
        },
      ],
      users: [
        {
          name: 'shiplog',
          user: { 'client-certificate-data': base64('the certificate'), 'client-key-data': base64('the key') },
        },
      ],
      contexts: [{ name: 'shiplog', context: { cluster: 'shiplog', user: 'shiplog' } }],
    });
  });

  test('follows the cluster to another port', async () => {
    const file = join(tempDir(), 'kubeconfig');
    await writeKubeconfig(file, entry());
    await writeKubeconfig(file, entry('https://127.0.0.1:7000'));
    expect((await findCluster({ kubeconfig: file, dataDir: '.' })).server).toBe('https://127.0.0.1:7000');
  });

  test('of other clusters keeps them, and its comments, and gets ours', async () => {
    const file = join(tempDir(), 'config');
    writeFileSync(file, foreign);
    await writeKubeconfig(file, entry());
    await writeKubeconfig(file, entry('https://127.0.0.1:7000'));
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('# the work clusters');
    expect(text).toContain('# do not touch');
    const before = parse(foreign);
    const after = parse(text);
    expect(after['current-context']).toBe('shiplog');
    expect(after.preferences).toEqual(before.preferences);
    for (const list of ['clusters', 'contexts', 'users']) {
      expect(after[list].map(({ name }: { name: string }) => name)).toEqual([before[list][0].name, 'shiplog']);
      expect(after[list][0]).toEqual(before[list][0]);
    }
    expect(after.clusters[1].cluster.server).toBe('https://127.0.0.1:7000');
  });

  test.each([
    ['null lists, as kubectl writes them', 'apiVersion: v1\nkind: Config\nclusters: null\ncontexts: []\nusers: null\n'],
    ['nothing but blanks', '\n\n'],
    ['JSON', '{"apiVersion":"v1","kind":"Config","clusters":[],"contexts":[],"users":[]}'],
  ])('with %s takes the entries', async (_, text) => {
    const file = join(tempDir(), 'config');
    writeFileSync(file, text);
    await writeKubeconfig(file, entry());
    expect(await findCluster({ kubeconfig: file, dataDir: '.' })).toMatchObject({ context: 'shiplog', key: 'the key' });
  });

  test.each([
    ['not YAML', 'a: [1', /is not YAML/],
    ['a list', '- 1', /is not a mapping/],
    ['a Pod', 'kind: Pod', /is of kind Pod/],
    ['of another shape', 'kind: Config\nclusters: yes', /has no list under clusters/],
  ])('that is %s is refused and left as it was', async (_, text, message) => {
    const file = join(tempDir(), 'config');
    writeFileSync(file, text);
    const written = writeKubeconfig(file, entry());
    await expect(written).rejects.toBeInstanceOf(KubeconfigRefused);
    await expect(written).rejects.toThrow(message);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});

describe('a command finds its cluster', () => {
  async function places() {
    const root = tempDir();
    const dataDir = join(root, 'data');
    const named = join(root, 'named');
    await writeKubeconfig(named, entry('https://named.test'));
    await writeKubeconfig(dataDirPaths(dataDir).kubeconfig, entry('https://data.test'));
    const work = join(root, 'work');
    writeFileSync(work, foreign);
    return { root, dataDir, named, work };
  }

  test('through --kubeconfig before anything else', async () => {
    const { named, work, dataDir } = await places();
    expect(await findCluster({ kubeconfig: named, environment: work, dataDir })).toMatchObject({
      server: 'https://named.test',
    });
  });

  test('through --kubeconfig with another context, when it is the current one', async () => {
    const { work, dataDir } = await places();
    expect(await findCluster({ kubeconfig: work, dataDir })).toMatchObject({
      server: 'https://work.example.test',
      token: 'secret',
    });
  });

  test('through any file of $KUBECONFIG', async () => {
    const { named, work, dataDir } = await places();
    const environment = [work, named].join(delimiter);
    expect(await findCluster({ environment, dataDir })).toMatchObject({ server: 'https://named.test' });
  });

  test('through the data directory when $KUBECONFIG is about other clusters', async () => {
    const { work, dataDir } = await places();
    expect(await findCluster({ environment: work, dataDir })).toMatchObject({
      server: 'https://data.test',
      ca: 'the authority',
      certificate: 'the certificate',
    });
  });

  test('whose certificates are files beside the kubeconfig', async () => {
    const { root, dataDir } = await places();
    mkdirSync(join(root, 'pki'));
    writeFileSync(join(root, 'pki', 'ca.crt'), 'from a file');
    const file = join(root, 'files');
    writeFileSync(
      file,
      'current-context: x\ncontexts: [{name: x, context: {cluster: x, user: x}}]\nclusters: [{name: x, cluster: {server: "https://x", certificate-authority: pki/ca.crt}}]',
    );
    expect(await findCluster({ kubeconfig: file, dataDir })).toMatchObject({
      ca: 'from a file',
      certificate: undefined,
    });
  });

  test('or is told everywhere it was looked for', async () => {
    const { work, root } = await places();
    const looked = findCluster({ environment: work, dataDir: join(root, 'nowhere') });
    await expect(looked).rejects.toBeInstanceOf(ClusterNotFound);
    await expect(looked).rejects.toThrow(/has no context named shiplog.*nowhere.*npm start/s);
  });

  test('and a file named by --kubeconfig is never passed over', async () => {
    const { dataDir, root } = await places();
    await expect(findCluster({ kubeconfig: join(root, 'missing'), dataDir })).rejects.toThrow(/missing does not exist/);
  });
});
