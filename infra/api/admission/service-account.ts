// Every pod runs as a service account: `default` unless it says otherwise, with the account's token, the cluster's CA
// and the namespace mounted where client libraries look for them.

import { nameSuffix } from '../../../streams/base/random.ts';
import type { ServiceAccount } from '../../../streams/resources/config.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Container, Pod } from '../../../streams/resources/pod.ts';
import { forbidden } from '../errors.ts';
import { type AdmissionPlugin, type AdmissionRequest, concerns } from './admission.ts';
import { mirrorProblem, mountableProblem } from './secret-references.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';

type TokenSpec = Pod['spec'] & {
  readonly serviceAccount?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
};

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const mountableAnnotation = 'kubernetes.io/enforce-mountable-secrets';
const volumePrefix = 'kube-api-access-';
const pods = { group: '', resource: 'pods' };

export const serviceAccountAdmission: AdmissionPlugin = {
  name: 'ServiceAccount',
  admit(request) {
    const { operation, object } = request;
    if (operation !== 'create' || !concerns(request, pods)) return object;
    const admitted = isMirror(object) ? object : withAccount(request);
    // Said before validation has its say, as upstream does.
    check({ ...request, object: admitted });
    return admitted;
  },
  validate: check,
};

function withAccount(request: AdmissionRequest): AnyObject {
  const { object, random } = request;
  const spec = object.spec as TokenSpec;
  const accountName = spec.serviceAccountName || spec.serviceAccount || 'default';
  const account = accountOf(request, accountName);
  const secrets = (spec.imagePullSecrets?.length ?? 0) > 0 ? undefined : account.imagePullSecrets;
  const named: TokenSpec = {
    ...spec,
    serviceAccountName: accountName,
    serviceAccount: accountName,
    ...(secrets === undefined || secrets.length === 0 ? undefined : { imagePullSecrets: secrets }),
  };
  const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
  const withToken = mounts ? mountToken(named, `${volumePrefix}${nameSuffix(random)}`) : named;
  return { ...object, spec: withToken } as AnyObject;
}

function check(request: AdmissionRequest): void {
  const { operation, object, kind, name, namespace } = request;
  const creates = operation === 'create' && concerns(request, pods);
  if (!creates && !(operation === 'update' && concerns(request, { ...pods, sub: 'ephemeralcontainers' }))) return;
  const spec = object.spec as TokenSpec;
  if (creates && isMirror(object)) {
    const problem = mirrorProblem(spec);
    if (problem !== undefined) throw forbidden(kind, name, problem);
    return;
  }
  const accountName = spec.serviceAccountName ?? '';
  if (accountName === '') throw forbidden(kind, name, `no service account specified for pod ${namespace}/${name}`);
  const account = accountOf(request, accountName);
  if (!['1', 't', 'true'].includes(account.metadata.annotations?.[mountableAnnotation]?.toLowerCase() ?? '')) return;
  const problem = mountableProblem(spec, account, creates ? 'pod' : 'ephemeral containers');
  if (problem !== undefined) throw forbidden(kind, name, problem);
}

function isMirror({ metadata }: AnyObject): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined;
}

function accountOf({ world, kind, name, namespace }: AdmissionRequest, accountName: string): ServiceAccount {
  const account = world.get<ServiceAccount>(resources.serviceAccounts, { namespace, name: accountName });
  if (account !== undefined) return account;
  const why = `serviceaccount ${JSON.stringify(accountName)} not found`;
  throw forbidden(kind, name, `error looking up service account ${namespace}/${accountName}: ${why}`);
}

function mountToken(spec: TokenSpec, freshName: string): TokenSpec {
  const mounted = (container: Container) =>
    container.volumeMounts?.some((mount) => mount.mountPath === mountPath) === true;
  const containers = spec.containers ?? [];
  const all = [...(spec.initContainers ?? []), ...containers];
  if (all.every(mounted)) return spec;
  const volumes = (spec.volumes ?? []) as readonly { readonly name: string }[];
  const given = volumes.find(({ name }) => name.startsWith(volumePrefix));
  const mount = { name: given?.name ?? freshName, readOnly: true, mountPath };
  const withMount = (container: Container): Container =>
    mounted(container) ? container : { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] };
  return {
    ...spec,
    containers: containers.map(withMount),
    ...(spec.initContainers === undefined ? undefined : { initContainers: spec.initContainers.map(withMount) }),
    volumes: given === undefined ? [...volumes, tokenVolume(freshName)] : volumes,
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
