// Writes the kubeconfig that drives the cluster: context, cluster and user are all named `shiplog`.
//
// A file that holds other clusters keeps them: only the three entries of ours and the current context change. The YAML
// library is loaded only when there is something to merge.

import { createPrivateKey } from 'node:crypto';
import { writeDurably } from '../files/durable-file.ts';
import { type KeyPair, readText } from './pem-files.ts';

/** The name of the context, the cluster and the user in every kubeconfig written here. */
export const kubeconfigName = 'shiplog';

export type KubeconfigEntry = {
  /** `https://host:port` */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly client: KeyPair;
  /** The cluster's data directory on this machine: commands that read the log directly find it through this. */
  readonly dataDir?: string;
};

/** The file exists but is no kubeconfig, so nothing was written to it. */
export class KubeconfigRefused extends Error {
  override readonly name = 'KubeconfigRefused';
}

/**
 * Writes the entry to `file`, merging it into what is there; the file is readable by its owner only.
 *
 * @throws {KubeconfigRefused}
 */
export async function writeKubeconfig(file: string, entry: KubeconfigEntry): Promise<void> {
  const wanted = renderKubeconfig(entry);
  const existing = readText(file) ?? '';
  if (existing === wanted) return;
  const ours = existing.trim() === '' || withoutValues(existing) === withoutValues(wanted);
  writeDurably(file, ours ? wanted : await merge(file, existing, entry));
}

export function renderKubeconfig(entry: KubeconfigEntry): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: ${kubeconfigName}
    cluster:
      server: ${entry.server}
      certificate-authority-data: ${base64(entry.ca)}
${extensionText(entry)}users:
  - name: ${kubeconfigName}
    user:
      client-certificate-data: ${base64(entry.client.certificate)}
      client-key-data: ${base64(widelyReadKey(entry.client.key))}
contexts:
  - name: ${kubeconfigName}
    context:
      cluster: ${kubeconfigName}
      user: ${kubeconfigName}
current-context: ${kubeconfigName}
`;
}

/** Kubeconfigs carry foreign data as named extensions; kubectl keeps them. */
function extensionText({ dataDir }: KubeconfigEntry): string {
  if (dataDir === undefined) return '';
  return `      extensions:
        - name: ${kubeconfigName}
          extension:
            data-dir: ${JSON.stringify(dataDir)}
`;
}

/** A file written here before differs from the next one in these values only. */
function withoutValues(text: string): string {
  return text.replace(/^( +(?:server|data-dir|[a-z-]+-data):) .*$/gm, '$1');
}

async function merge(file: string, existing: string, entry: KubeconfigEntry): Promise<string> {
  const { isMap, isSeq, parseDocument } = await import('yaml');
  const document = parseDocument(existing);
  const [error] = document.errors;
  if (error !== undefined) throw new KubeconfigRefused(refusal(file, `is not YAML (${error.message.split('\n')[0]})`));
  if (!isMap(document.contents)) throw new KubeconfigRefused(refusal(file, 'is not a mapping'));
  const kind = document.get('kind');
  if (kind !== undefined && kind !== 'Config') throw new KubeconfigRefused(refusal(file, `is of kind ${String(kind)}`));
  for (const { list, value } of entriesOf(entry)) {
    const sequence = document.get(list);
    if (sequence === undefined || sequence === null) document.set(list, document.createNode([value]));
    else if (!isSeq(sequence)) throw new KubeconfigRefused(refusal(file, `has no list under ${list}`));
    else {
      const at = sequence.items.findIndex((item) => isMap(item) && item.get('name') === kubeconfigName);
      if (at === -1) sequence.add(document.createNode(value));
      else sequence.set(at, document.createNode(value));
    }
  }
  document.set('apiVersion', document.get('apiVersion') ?? 'v1');
  document.set('kind', 'Config');
  document.set('current-context', kubeconfigName);
  return document.toString({ lineWidth: 0 });
}

function entriesOf({ server, ca, client, dataDir }: KubeconfigEntry) {
  const name = kubeconfigName;
  const extensions = dataDir === undefined ? {} : { extensions: [{ name, extension: { 'data-dir': dataDir } }] };
  return [
    { list: 'clusters', value: { name, cluster: { server, 'certificate-authority-data': base64(ca), ...extensions } } },
    {
      list: 'users',
      value: {
        name,
        user: {
          'client-certificate-data': base64(client.certificate),
          'client-key-data': base64(widelyReadKey(client.key)),
        },
      },
    },
    { list: 'contexts', value: { name, context: { cluster: name, user: name } } },
  ];
}

/** Elliptic keys in the form whose first line says so (SEC 1): fabric8's client takes every PKCS #8 key for one of RSA. */
function widelyReadKey(pem: string): string {
  if (!pem.startsWith('-----BEGIN PRIVATE KEY-----')) return pem;
  const key = createPrivateKey(pem);
  return key.asymmetricKeyType === 'ec' ? key.export({ type: 'sec1', format: 'pem' }).toString() : pem;
}

function refusal(file: string, cause: string): string {
  return `${file} is not a kubeconfig: it ${cause}. Nothing was written. Name another file with --kubeconfig.`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
