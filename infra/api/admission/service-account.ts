// Every pod runs as a service account: `default` unless it says otherwise, with the account's token, the cluster's CA
// and the namespace mounted where client libraries look for them.

import { nameSuffix } from '../../../streams/base/random.ts';
import type { ServiceAccount } from '../../../streams/resources/config.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Container, Pod } from '../../../streams/resources/pod.ts';
import { forbidden } from '../errors.ts';
import type { AdmissionPlugin } from './admission.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';

type TokenSpec = Pod['spec'] & {
  readonly serviceAccount?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
};

export const serviceAccountAdmission: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit({ operation, kind, subresource, namespace, name, object, world, random }) {
    if (operation !== 'create' || kind.resource !== 'pods' || kind.group !== '' || subresource !== undefined)
      return object;
    const spec = object.spec as TokenSpec;
    if (object.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return object;
    const accountName = spec.serviceAccountName || spec.serviceAccount || 'default';
    const account = world.get<ServiceAccount>(resources.serviceAccounts, { namespace, name: accountName });
    if (account === undefined) {
      throw forbidden(
        kind,
        name,
        `error looking up service account ${namespace}/${accountName}: serviceaccount "${accountName}" not found`,
      );
    }
    const secrets = (spec.imagePullSecrets?.length ?? 0) > 0 ? undefined : account.imagePullSecrets;
    const named: TokenSpec = {
      ...spec,
      serviceAccountName: accountName,
      serviceAccount: accountName,
      ...(secrets === undefined || secrets.length === 0 ? undefined : { imagePullSecrets: secrets }),
    };
    const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
    const withToken = mounts ? mountToken(named, `kube-api-access-${nameSuffix(random)}`) : named;
    return { ...object, spec: withToken } as AnyObject;
  },
};

function mountToken(spec: TokenSpec, volumeName: string): TokenSpec {
  const mounted = (container: Container) =>
    container.volumeMounts?.some((mount) => mount.mountPath === mountPath) === true;
  const containers = spec.containers ?? [];
  const all = [...(spec.initContainers ?? []), ...containers];
  if (all.every(mounted)) return spec;
  const mount = { name: volumeName, readOnly: true, mountPath };
  const withMount = (container: Container): Container =>
    mounted(container) ? container : { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] };
  return {
    ...spec,
    containers: containers.map(withMount),
    ...(spec.initContainers === undefined ? undefined : { initContainers: spec.initContainers.map(withMount) }),
    volumes: [...(spec.volumes ?? []), tokenVolume(volumeName)],
  };
}

function tokenVolume(name: string) {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}
