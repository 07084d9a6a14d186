// What makes a volume of a pod invalid. Every source there is has its line: required fields, formats, and what some of
// them forbid together. A volume has exactly one source; the first in upstream's order is looked at, the rest refused.

import { type Check, isAbsent, type Rule } from './check.ts';
import { claimSpec } from './claims.ts';
import { dnsLabel, dnsSubdomain, labels, localPath, noBacksteps, nonNegativeQuantity } from './formats.ts';
import { entries, fields, firstOf, type Json, oneOf, pattern, range, required } from './rules.ts';
import { driverName, fileMode, items, secretReference } from './volume-parts.ts';
import { downwardApi, projected } from './volume-projections.ts';

export type Volume = Json & { readonly name?: string };

const text = required<string>();
const partition: Rule<number> = (value, check) => {
  if (!(value >= 0 && value <= 255)) check.invalid(value, 'must be between 1 and 255, inclusive');
};
const lun = range(0, 255);
const iscsiName: Rule<string> = firstOf<string>(
  pattern(/^(iqn|eui|naa)/, 'must be valid format starting with iqn, eui, or naa'),
  pattern(
    /^(iqn\.\d{4}-\d{2}\.[A-Za-z0-9-.]+:[^,;*&$|\s]+$|eui.[A-Za-z0-9]{16}$|naa.[A-Za-z0-9]{32}$)/,
    'must be valid format',
  ),
);
const reservedOptions = pattern(
  /^(?!(?:[^/]*\.)?(?:kubernetes|k8s)\.io(?:\/|$))/i,
  'kubernetes.io and k8s.io namespaces are reserved',
);
const blobDisk = ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'];
const managedDisk = ['/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'];
const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

// biome-ignore format: a table is read by columns
const sources: Readonly<Record<string, Rule>> = {
  emptyDir: fields({ sizeLimit: emptyDirSize }),
  hostPath: fields({ path: required(noBacksteps), type: oneOf(...hostPathTypes) }),
  gitRepo: fields({ repository: text, directory: localPath }),
  gcePersistentDisk: fields({ pdName: text, partition }),
  awsElasticBlockStore: fields({ volumeID: text, partition }),
  secret: fields({ secretName: text, defaultMode: fileMode, items }),
  nfs: fields({ server: text, path: required(pattern(/^\//, 'must be an absolute path')) }),
  iscsi: fields({ targetPortal: text, iqn: required(iscsiName), lun, initiatorName: iscsiName }, iscsiSecret),
  glusterfs: fields({ endpoints: text, path: text }),
  flocker: fields({ datasetName: pattern(/^[^/]*$/, "must not contain '/'") }, flockerDataset),
  persistentVolumeClaim: fields({ claimName: text }),
  rbd: fields({ monitors: required(), image: text }),
  cinder: fields({ volumeID: text, secretRef: secretReference }),
  cephfs: fields({ monitors: required() }),
  quobyte: fields({ registry: required(hostPorts, 'must be a host:port pair or multiple pairs separated by commas'), volume: text }),
  downwardAPI: downwardApi,
  fc: fields({}, fibreChannel),
  flexVolume: fields({ driver: text, options: entries(undefined, reservedOptions) }),
  configMap: fields({ name: text, defaultMode: fileMode, items }),
  azureFile: fields({ secretName: text, shareName: text }),
  vsphereVolume: fields({ volumePath: text }),
  photonPersistentDisk: fields({ pdID: text }),
  portworxVolume: fields({ volumeID: text }),
  azureDisk: fields({ diskName: text, diskURI: text, cachingMode: oneOf('None', 'ReadOnly', 'ReadWrite'), kind: oneOf('Dedicated', 'Managed', 'Shared') }, azureUri),
  storageos: fields({ volumeName: required(dnsLabel), volumeNamespace: dnsLabel, secretRef: secretReference }),
  projected,
  scaleIO: fields({ gateway: text, system: text, volumeName: text }),
  csi: fields({ driver: required(driverName), nodePublishSecretRef: fields({ name: required(dnsSubdomain) }) }),
  ephemeral: fields({ volumeClaimTemplate: required(fields({ metadata: templateMetadata, spec: claimSpec })) }),
  image: fields({ reference: text, pullPolicy: oneOf('Always', 'IfNotPresent', 'Never') }),
};
const sourceNames = Object.keys(sources);

/** One volume; `podName` is empty in templates, whose pods have no names yet. */
function volume(item: Volume, podName: string, check: Check): void {
  let found: string | undefined;
  for (const key in item) {
    if (key === 'name' || isAbsent(item[key]) || sources[key] === undefined) continue;
    found = found === undefined || sourceNames.indexOf(key) < sourceNames.indexOf(found) ? key : found;
  }
  if (found === undefined) check.required('must specify a volume type');
  else {
    check.enter(found);
    sources[found]?.(item[found], check);
    check.leave();
    for (const key in item)
      if (key !== 'name' && key !== found && !isAbsent(item[key]) && sources[key] !== undefined)
        check.forbidden('may not specify more than 1 volume type', `.${key}`);
    if (found === 'ephemeral' && podName !== '' && item.name && `${podName}-${item.name}`.length > 253)
      check.invalid(item.name, `PVC name "${podName}-${item.name}": must be no more than 253 characters`, '.name');
    if (found === 'iscsi') initiatorLength(item, check);
  }
  check.enter('name');
  if (!item.name) check.required();
  else dnsLabel(item.name, check);
  check.leave();
}

/** All volumes of a pod; names are unique. */
export function volumes(list: readonly Volume[], podName: string, check: Check): void {
  for (let i = 0; i < list.length; i++) {
    const item = list[i] as Volume;
    check.enter(i);
    volume(item, podName, check);
    if (item.name && hasVolume(list, item.name, i)) check.duplicate(item.name, '.name');
    const claim = (item.persistentVolumeClaim as { readonly claimName?: string } | undefined)?.claimName;
    if (claim && list.some((other) => other.ephemeral !== undefined && claim === `${podName}-${other.name}`)) {
      const detail = 'must not reference a PVC that gets created for an ephemeral volume';
      check.invalid(claim, detail, '.persistentVolumeClaim.claimName');
    }
    check.leave();
  }
}

/** Whether one of the first `count` volumes has the name. */
export function hasVolume(list: readonly Volume[], name: string, count = list.length): boolean {
  return volumeNamed(list, name, count) !== undefined;
}

export function volumeNamed(list: readonly Volume[], name: string, count = list.length): Volume | undefined {
  for (let i = 0; i < count; i++) if (list[i]?.name === name) return list[i];
  return undefined;
}

function emptyDirSize(size: string, check: Check): void {
  if (size.startsWith('-')) check.forbidden('SizeLimit field must be a valid resource quantity');
  else nonNegativeQuantity(size, check);
}

function templateMetadata(metadata: Json, check: Check): void {
  templateMetadataFields(metadata, check);
  for (const key in metadata)
    if (key !== 'labels' && key !== 'annotations' && !isAbsent(metadata[key]))
      check.forbidden('cannot be set', `.${key}`);
}

const templateMetadataFields = fields({ labels });

function iscsiSecret(iscsi: Json, check: Check): void {
  const authenticates = iscsi.chapAuthDiscovery === true || iscsi.chapAuthSession === true;
  if (authenticates && isAbsent(iscsi.secretRef)) check.required('', '.secretRef');
}

function initiatorLength({ name = '', iscsi }: Volume, check: Check): void {
  const { initiatorName, targetPortal } = iscsi as { readonly initiatorName?: string; readonly targetPortal?: string };
  if (initiatorName === undefined || `${name}:${targetPortal ?? ''}`.length <= 64) return;
  const detail =
    'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
  check.invalid(name, detail, '.name');
}

function flockerDataset({ datasetName, datasetUUID }: Json, check: Check): void {
  if (!datasetName && !datasetUUID) check.required('one of datasetName and datasetUUID is required');
  if (datasetName && datasetUUID)
    check.invalid('resource', 'datasetName and datasetUUID can not be specified simultaneously');
}

function hostPorts(registry: string, check: Check): void {
  if (!registry.split(',').every((pair) => /^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair)))
    check.invalid(registry, 'must be a host:port pair or multiple pairs separated by commas');
}

function fibreChannel({ targetWWNs, wwids, lun: unit }: Json, check: Check): void {
  if (isAbsent(targetWWNs) && isAbsent(wwids))
    check.required('must specify either targetWWNs or wwids, but not both', '.targetWWNs');
  if (isAbsent(targetWWNs)) return;
  if (!isAbsent(wwids))
    check.invalid(targetWWNs, 'targetWWNs and wwids can not be specified simultaneously', '.targetWWNs');
  check.enter('lun');
  if (isAbsent(unit)) check.required('lun is required if targetWWNs is specified');
  else lun(unit as unknown as number, check);
  check.leave();
}

function azureUri({ kind, diskURI = '' }: { readonly kind?: string; readonly diskURI?: string }, check: Check): void {
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/'))
    check.notSupported(diskURI, managedDisk, '.diskURI');
  if (kind && kind !== 'Managed' && !diskURI.startsWith('https://')) check.notSupported(diskURI, blobDisk, '.diskURI');
}
