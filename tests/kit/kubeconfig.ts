// Reads the kubeconfig the program writes, for clients that are not kubectl.

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export type ClusterKeys = { readonly server: string; readonly ca: string; readonly cert: string; readonly key: string };

type Kubeconfig = {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly {
    readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string };
  }[];
};

export function readKubeconfig(file: string): ClusterKeys {
  const { clusters, users } = parse(readFileSync(file, 'utf8')) as Kubeconfig;
  const [{ cluster } = { cluster: { server: '', 'certificate-authority-data': '' } }] = clusters;
  const [{ user } = { user: { 'client-certificate-data': '', 'client-key-data': '' } }] = users;
  const text = (data: string) => Buffer.from(data, 'base64').toString('utf8');
  return {
    server: cluster.server,
    ca: text(cluster['certificate-authority-data']),
    cert: text(user['client-certificate-data']),
    key: text(user['client-key-data']),
  };
}
