// Defaults of a pod's volumes: an empty directory where none is named, file modes, token lifetimes, pull policies.

import { isAbsent } from '../validation/check.ts';
import { fill, mapSame, within } from './fill.ts';

export type Volume = Readonly<Record<string, unknown>> & { readonly name: string };
type Items = { readonly items?: readonly { readonly fieldRef?: object }[] };
type Source = { readonly serviceAccountToken?: object; readonly downwardAPI?: Items };
type Sources = { readonly sources?: readonly Source[] };

export function defaultVolume(volume: Volume): Volume {
  let named = false;
  for (const key in volume) if (key !== 'name' && !isAbsent(volume[key])) named = true;
  if (!named) return { ...volume, emptyDir: {} };
  let filled: Volume = volume;
  for (const source of ['configMap', 'secret', 'downwardAPI', 'projected'])
    filled = within(filled, source, (value) => fill(value as object, { defaultMode: 420 }));
  filled = within(filled, 'downwardAPI', (value) => defaultItems(value as Items));
  filled = within(filled, 'hostPath', (value) => fill(value as object, { type: '' }));
  filled = within(filled, 'image', (value) => {
    const { reference } = value as { readonly reference?: string };
    return fill(value as object, { pullPolicy: pullPolicy(reference) });
  });
  filled = within(filled, 'ephemeral', (value) =>
    within(value as { readonly volumeClaimTemplate?: { readonly spec?: object } }, 'volumeClaimTemplate', (template) =>
      within(template, 'spec', (spec) => fill(spec, { volumeMode: 'Filesystem' })),
    ),
  );
  filled = within(filled, 'iscsi', (value) => fill(value as object, { iscsiInterface: 'default' }));
  filled = within(filled, 'rbd', (value) =>
    fill(value as object, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }),
  );
  filled = within(filled, 'scaleIO', (value) =>
    fill(value as object, { storageMode: 'ThinProvisioned', fsType: 'xfs' }),
  );
  filled = within(filled, 'azureDisk', (value) =>
    fill(value as object, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
  );
  return within(filled, 'projected', (value) => defaultProjected(value as Sources));
}

/** `Always` for `latest` or no tag, `IfNotPresent` for any other tag and for digests. */
export function pullPolicy(image: string | undefined): string {
  const name = (image ?? '').slice((image ?? '').lastIndexOf('/') + 1);
  if (name.includes('@')) return 'IfNotPresent';
  const at = name.lastIndexOf(':');
  return at < 0 || name.slice(at + 1) === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultItems(source: Items): Items {
  return within(source, 'items', (items) =>
    mapSame(items, (item) => within(item, 'fieldRef', (field) => fill(field, { apiVersion: 'v1' }))),
  );
}

function defaultProjected(projected: Sources): Sources {
  return within(projected, 'sources', (sources) =>
    mapSame(sources, (source) => {
      const filled = within(source, 'serviceAccountToken', (token) => fill(token, { expirationSeconds: 3600 }));
      return within(filled, 'downwardAPI', defaultItems);
    }),
  );
}
