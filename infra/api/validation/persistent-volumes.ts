// What makes a PersistentVolume invalid, and what of it may change: what it is stays, who it is for may be found out.

import { posix } from 'node:path';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { FieldError } from '../errors.ts';
import { type Check, isAbsent, problemsOf, type Rule } from './check.ts';
import { accessModes } from './claims.ts';
import { dnsLabel, dnsSubdomain, quantity } from './formats.ts';
import { amountOf } from './resources.ts';
import { all, fields, type Json, oneOf, range, required, sameValue } from './rules.ts';
import { nodeSelector } from './scheduling.ts';
import { driverName } from './volume-parts.ts';

const needed = required<string>();
const secret = fields({ name: required(dnsSubdomain), namespace: required(dnsLabel) });
const plainSecret = fields({ name: needed, namespace: needed });
const path: Rule<string> = (value, check) => {
  if (value.split('/').includes('..')) check.invalid(value, "must not contain '..'");
};
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
const partition: Rule<number> = (value, check) => {
  if (value < 0 || value > 255) check.invalid(value, 'must be between 0 and 255, inclusive');
};

/** Field → rule and, where upstream's path differs, the name the path has. A volume is one of these. */
const sources: Readonly<Record<string, readonly [rule: Rule, path?: string]>> = {
  hostPath: [fields({ path: required(path), type: oneOf(...hostPathTypes) })],
  gcePersistentDisk: [fields({ pdName: needed, partition }), 'persistentDisk'],
  awsElasticBlockStore: [fields({ volumeID: needed, partition })],
  glusterfs: [fields({ endpoints: needed, path: needed, endpointsNamespace: dnsLabel })],
  flocker: [flocker],
  nfs: [fields({ server: needed, path: required(absolute) })],
  rbd: [fields({ monitors: required(), image: needed })],
  quobyte: [
    fields({
      registry: required(undefined, 'must be a host:port pair or multiple pairs separated by commas'),
      volume: needed,
    }),
  ],
  cephfs: [fields({ monitors: required() })],
  iscsi: [
    fields({ targetPortal: needed, iqn: required(iqn), lun: range(0, 255), secretRef: fields({ name: needed }) }),
  ],
  cinder: [fields({ volumeID: needed, secretRef: plainSecret })],
  fc: [fibreChannel],
  flexVolume: [fields({ driver: needed })],
  azureFile: [fields({ secretName: needed, shareName: needed })],
  vsphereVolume: [fields({ volumePath: needed })],
  photonPersistentDisk: [fields({ pdID: needed })],
  portworxVolume: [fields({ volumeID: needed })],
  azureDisk: [fields({ diskName: needed, diskURI: needed })],
  scaleIO: [fields({ gateway: needed, system: needed, volumeName: needed })],
  local: [fields({ path: required(path) })],
  storageos: [fields({ volumeName: required(dnsLabel), volumeNamespace: dnsLabel, secretRef: plainSecret })],
  csi: [
    fields({
      driver: required(driverName),
      volumeHandle: needed,
      controllerPublishSecretRef: secret,
      controllerExpandSecretRef: secret,
      nodePublishSecretRef: secret,
      nodeExpandSecretRef: secret,
    }),
  ],
};
const sourceNames = Object.keys(sources);

export const persistentVolume: Rule = fields({
  spec: required(
    all<Json>(
      fields({ accessModes: required(modes), capacity: required(capacity) }),
      fields({
        persistentVolumeReclaimPolicy: oneOf('Delete', 'Recycle', 'Retain'),
        nodeAffinity: fields({ required: required(nodeSelector, 'must specify required node constraints') }),
      }),
      volumeSource,
      rootIsNotRecycled,
      fields({
        storageClassName: dnsSubdomain,
        volumeMode: oneOf('Block', 'Filesystem'),
        volumeAttributesClassName: dnsSubdomain,
      }),
      (spec, check) => {
        if (spec.volumeAttributesClassName === '')
          check.required('an empty string is disallowed', '.volumeAttributesClassName');
        if (spec.volumeAttributesClassName !== undefined && spec.csi === undefined)
          check.required('has to be specified when using volumeAttributesClassName', '.csi');
      },
    ),
  ),
});

/** A volume that is part of an attachment: without claim, capacity and class, and only of a CSI driver. */
export const inlineVolume: Rule<object> = (spec, check) => {
  const volume = spec as Json;
  const detail = 'may not be specified in the context of inline volumes';
  for (const field of ['claimRef', 'capacity', 'nodeAffinity', 'storageClassName'])
    if (!isAbsent(volume[field])) check.forbidden(detail, `.${field}`);
  if (volume.csi === undefined) check.required('has to be specified in the context of inline volumes', '.csi');
  inlineModes(volume, check);
  volumeSource(volume, check);
};

const inlineModes: Rule = fields({ accessModes: required(modes) });

export function persistentVolumeProblems(next: AnyObject, before: AnyObject | undefined): readonly FieldError[] {
  const problems = problemsOf(persistentVolume, next as unknown, before);
  return before === undefined ? problems : [...problems, ...problemsOf(keptVolume, next.spec as Json, before.spec)];
}

/** Paths are those of upstream, which here are not the fields' own. */
const keptVolume: Rule<Json> = (spec, check, before = {}) => {
  if (!sameValue(sourceOf(spec, before), sourceOf(before, before)))
    check.forbidden('spec.persistentvolumesource is immutable after creation', '.spec.persistentvolumesource');
  if (!sameValue(spec.volumeMode, before.volumeMode))
    check.invalid(spec.volumeMode, 'field is immutable', '.volumeMode');
  if (before.nodeAffinity !== undefined && !sameValue(spec.nodeAffinity, before.nodeAffinity))
    check.invalid(spec.nodeAffinity, 'field is immutable', '.nodeAffinity');
  if (before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined)
    check.forbidden('update from non-nil value to nil is forbidden', '.spec.volumeAttributesClassName');
};

/** Only the secret for expansion may be added to what a volume is. */
function sourceOf(spec: Json, before: Json): object {
  const source = Object.fromEntries(sourceNames.map((name) => [name, spec[name]]));
  const [csi, old] = [source.csi as Json | undefined, before.csi as Json | undefined];
  if (csi === undefined || old === undefined || old.controllerExpandSecretRef !== undefined) return source;
  const { controllerExpandSecretRef: _, ...rest } = csi;
  return { ...source, csi: rest };
}

function modes(list: readonly string[], check: Check): void {
  for (const mode of list) if (!accessModes.includes(mode)) check.notSupported(mode, accessModes);
  const others = list.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  if (others && list.includes('ReadWriteOncePod'))
    check.forbidden('may not use ReadWriteOncePod with other access modes');
}

function capacity(list: Readonly<Record<string, string>>, check: Check): void {
  const names = Object.keys(list);
  if (names.length === 0) check.required();
  if (!names.includes('storage') || names.length > 1) check.notSupported(list, ['storage']);
  for (const name of names) {
    check.enterKey(name);
    quantity(list[name] ?? '', check);
    const amount = amountOf(list[name] ?? '');
    if (amount !== undefined && amount.nano <= 0n) check.invalid(list[name], 'must be greater than zero');
    check.leave();
  }
}

function volumeSource(spec: Json, check: Check): void {
  let found = false;
  for (const name of sourceNames) {
    const source = spec[name];
    if (source === undefined || source === null) continue;
    const [rule, shown = name] = sources[name] as readonly [Rule, string?];
    if (found) check.forbidden('may not specify more than 1 volume type', `.${name}`);
    else {
      check.enter(shown);
      rule(source, check);
      check.leave();
      if (name === 'local' && spec.nodeAffinity === undefined)
        check.required('Local volume requires node affinity', '.nodeAffinity');
    }
    found = true;
  }
  if (!found) check.required('must specify a volume type');
}

function rootIsNotRecycled(spec: Json, check: Check): void {
  const hostPath = (spec.hostPath as { readonly path?: string } | undefined)?.path;
  if (spec.persistentVolumeReclaimPolicy !== 'Recycle' || !hostPath || posix.normalize(hostPath) !== '/') return;
  check.forbidden("may not be 'recycle' for a hostPath mount of '/'", '.persistentVolumeReclaimPolicy');
}

function absolute(value: string, check: Check): void {
  if (!value.startsWith('/')) check.invalid(value, 'must be an absolute path');
}

function flocker({ datasetName = '', datasetUUID = '' }: { datasetName?: string; datasetUUID?: string }, check: Check) {
  if (datasetName === '' && datasetUUID === '') check.required('one of datasetName and datasetUUID is required');
  if (datasetName !== '' && datasetUUID !== '')
    check.invalid('resource', 'datasetName and datasetUUID can not be specified simultaneously');
  if (datasetName.includes('/')) check.invalid(datasetName, "must not contain '/'", '.datasetName');
}

function iqn(value: string, check: Check): void {
  const form = /^(iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[A-Za-z0-9,._+:-]+)?|eui\.[0-9A-F]{16}|naa\.[0-9A-F]{32})$/i;
  if (!form.test(value)) check.invalid(value, 'must be valid format');
}

type FibreChannel = {
  readonly targetWWNs?: readonly string[];
  readonly wwids?: readonly string[];
  readonly lun?: number;
};

function fibreChannel({ targetWWNs = [], wwids = [], lun }: FibreChannel, check: Check): void {
  if (targetWWNs.length === 0 && wwids.length === 0)
    check.required('must specify either targetWWNs or wwids, but not both', '.targetWWNs');
  if (targetWWNs.length === 0) return;
  if (wwids.length > 0)
    check.invalid(targetWWNs, 'targetWWNs and wwids can not be specified simultaneously', '.targetWWNs');
  if (lun === undefined) check.required('lun is required if targetWWNs is specified', '.lun');
  else if (lun < 0 || lun > 255) check.invalid(lun, 'must be between 0 and 255, inclusive', '.lun');
}
