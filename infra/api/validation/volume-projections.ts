// Downward API volumes and projected volumes: files made of the pod's own fields, secrets, config maps, tokens and
// certificates, none of which may land on another's path.

import type { LabelSelector } from '../../../streams/resources/meta.ts';
import type { Check, Rule } from './check.ts';
import { isAbsent } from './check.ts';
import { labelSelectorProblems } from './label-selector.ts';
import { all, each, fields, type Json, oneOf, required } from './rules.ts';
import { fieldRef, fileMode, items, nonReservedPath, resourceFieldRef } from './volume-parts.ts';

const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];

const downwardFile: Rule<Json> = fields<Json>(
  {
    path: required(nonReservedPath),
    fieldRef: fieldRef(volumeFields),
    resourceFieldRef: resourceFieldRef(true),
    mode: fileMode,
  },
  (file, check) => {
    const [field, resource] = [!isAbsent(file.fieldRef), !isAbsent(file.resourceFieldRef)];
    if (field && resource)
      check.invalid('resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
    if (!field && !resource) check.required('one of fieldRef and resourceFieldRef is required');
  },
);

/** Problems of a file stand at the source itself, as upstream tells them. */
const files: Rule<readonly Json[]> = (list, check) => {
  for (const file of list) downwardFile(file, check);
};

export const downwardApi: Rule<Json> = fields<Json>({ defaultMode: fileMode }, (source, check) => {
  if (!isAbsent(source.items)) files(source.items as unknown as readonly Json[], check);
});

const tokenSecondsMin = 600;
const tokenSecondsMax = 2 ** 32;
const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];

const token: Rule<Json> = fields<Json>({
  expirationSeconds: (seconds: number, check) => {
    if (seconds < tokenSecondsMin) check.invalid(seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > tokenSecondsMax) check.invalid(seconds, 'may not specify a duration larger than 2^32 seconds');
  },
});

function trustBundle(bundle: Json, check: Check): void {
  const [byName, bySigner] = [bundle.name !== undefined, bundle.signerName !== undefined];
  if (byName && bySigner) check.invalid(bundle, 'only one of name and signerName may be used');
  else if (byName) {
    if (bundle.name === '') check.required('must be a valid object name', '.name');
    if (!isAbsent(bundle.labelSelector))
      check.invalid(bundle.labelSelector, 'labelSelector must be unset if name is specified', '.labelSelector');
  } else if (bySigner) {
    if (bundle.signerName === '') check.required('must be a valid signer name', '.signerName');
    check.add(labelSelectorProblems(bundle.labelSelector as LabelSelector | undefined, check.pathOf('.labelSelector')));
  } else check.required('either name or signerName must be specified');
}

const certificate: Rule<Json> = fields<Json>(
  {
    signerName: required(),
    keyType: required(oneOf(...keyTypes)),
    maxExpirationSeconds: (seconds: number, check) => {
      if (seconds < 3600) check.invalid(seconds, 'if provided, maxExpirationSeconds must be >= 3600');
      if (seconds > 7_862_400) check.invalid(seconds, 'if provided, maxExpirationSeconds must be <= 7862400');
    },
    credentialBundlePath: nonReservedPath,
    keyPath: nonReservedPath,
    certificateChainPath: nonReservedPath,
  },
  ({ credentialBundlePath, keyPath, certificateChainPath }, check) => {
    if (!credentialBundlePath && !keyPath && !certificateChainPath)
      check.required('specify at least one of credentialBundlePath, keyPath, and certificateChainPath');
  },
);

const source: Rule<Json> = fields<Json>(
  {
    secret: fields({ name: required(), items }),
    configMap: fields({ name: required(), items }),
    downwardAPI: (api: Json, check) => isAbsent(api.items) || files(api.items as unknown as readonly Json[], check),
    serviceAccountToken: token,
    clusterTrustBundle: all<Json>(trustBundle, fields({ path: required(nonReservedPath) })),
    podCertificate: certificate,
  },
  (one, check) => {
    let sources = 0;
    for (const key in one) if (!isAbsent(one[key])) sources++;
    if (sources > 1) check.forbidden('may not specify more than 1 volume type per source');
  },
);

export const projected: Rule<Json> = fields<Json>({ defaultMode: fileMode, sources: each(source) }, (volume, check) => {
  const sources = (volume.sources ?? []) as unknown as readonly (Json | null)[];
  const taken = sources.length > 1 ? new Set<string>() : undefined;
  for (const one of sources) {
    for (const key in one)
      for (const { path, shown } of pathsOf(key, one[key] as Json)) {
        if (taken?.has(path)) check.invalid(shown, 'conflicting duplicate paths');
        taken?.add(path);
      }
    const account = one?.serviceAccountToken as { readonly path?: string } | undefined;
    if (isAbsent(account)) continue;
    check.enter('path');
    if (!account.path) check.required();
    else nonReservedPath(account.path, check);
    check.leave();
  }
});

/** Paths of one source, and what a conflict is told of. */
function pathsOf(key: string, one: Json | null): readonly { readonly path: string; readonly shown: unknown }[] {
  if (isAbsent(one)) return [];
  switch (key) {
    case 'secret':
    case 'configMap':
    case 'downwardAPI': {
      const list = (one.items ?? []) as unknown as readonly { readonly path?: string }[];
      const paths = list.map(({ path = '' }) => ({ path, shown: key === 'downwardAPI' ? path : one.name }));
      return paths.filter(({ path }) => path !== '');
    }
    case 'clusterTrustBundle':
      return [{ path: String(one.path ?? ''), shown: one.path }];
    case 'podCertificate':
      return [one.credentialBundlePath, one.keyPath, one.certificateChainPath]
        .filter((path) => !isAbsent(path))
        .map((path) => ({ path: String(path), shown: path }));
    default:
      return [];
  }
}
