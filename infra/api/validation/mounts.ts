// What makes the volumes a container mounts, or uses as devices, invalid: they must be volumes of the pod, each at a
// place of its own.

import { type Check, isAbsent, type Rule } from './check.ts';
import { localPath } from './formats.ts';
import { podScope } from './pod-scope.ts';
import type { Json } from './rules.ts';
import { volumeNamed } from './volumes.ts';

type Mount = {
  readonly name?: string;
  readonly mountPath?: string;
  readonly subPath?: string;
  readonly subPathExpr?: string;
  readonly mountPropagation?: string;
  readonly readOnly?: boolean;
  readonly recursiveReadOnly?: string;
};
type Device = { readonly name?: string; readonly devicePath?: string };

/** The mounts and devices of one container. */
export const mounts: Rule<Json> = (container, check) => {
  const mounted = container.volumeMounts as unknown as readonly Mount[] | undefined;
  const devices = container.volumeDevices as unknown as readonly Device[] | undefined;
  if (!isAbsent(mounted)) {
    check.enter('volumeMounts');
    const context = container.securityContext as { readonly privileged?: boolean } | undefined;
    for (let i = 0; i < mounted.length; i++) {
      mountPlace(mounted, i, { devices: devices ?? none, check });
      mountOptions(mounted[i] as Mount, { privileged: context?.privileged === true, check });
    }
    check.leave();
  }
  if (!isAbsent(devices)) {
    check.enter('volumeDevices');
    for (let i = 0; i < devices.length; i++) devicePlace(devices, i, { mounted: mounted ?? none, check });
    check.leave();
  }
};

const none: readonly never[] = [];

function mountPlace(
  list: readonly Mount[],
  i: number,
  { devices, check }: { devices: readonly Device[]; check: Check },
): void {
  const { name = '', mountPath = '' } = list[i] as Mount;
  check.enter(i);
  if (name === '') check.required('', '.name');
  if (volumeNamed(podScope(check).spec.volumes ?? none, name) === undefined) check.notFound(name, '.name');
  if (mountPath === '') check.required('', '.mountPath');
  for (let j = 0; j < i; j++)
    if ((list[j]?.mountPath ?? '') === mountPath) {
      check.invalid(mountPath, 'must be unique', '.mountPath');
      break;
    }
  for (const device of devices) {
    if (device.name === name) check.invalid(name, 'must not already exist in volumeDevices', '.name');
    if (device.devicePath === mountPath)
      check.invalid(mountPath, 'must not already exist as a path in volumeDevices', '.mountPath');
  }
  check.leave();
}

/** The options of a mount; upstream tells their problems without the mount's number. */
function mountOptions(mount: Mount, { privileged, check }: { privileged: boolean; check: Check }): void {
  const { subPath, subPathExpr, mountPropagation: propagation, recursiveReadOnly } = mount;
  below('subPath', subPath, check);
  if (subPath && subPathExpr)
    check.invalid(subPathExpr, 'subPathExpr and subPath are mutually exclusive', '.subPathExpr');
  below('subPathExpr', subPathExpr, check);
  if (propagation !== undefined) {
    if (!propagations.includes(propagation)) check.notSupported(propagation, propagations, '.mountPropagation');
    if (propagation === 'Bidirectional' && !privileged)
      check.forbidden(
        'Bidirectional mount propagation is available only to privileged containers',
        '.mountPropagation',
      );
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  const sub = '.recursiveReadOnly';
  if (!recursions.includes(recursiveReadOnly)) check.notSupported(recursiveReadOnly, recursions, sub);
  else {
    if (mount.readOnly !== true) check.forbidden('may only be specified when readOnly is true', sub);
    if (propagation !== undefined && propagation !== 'None')
      check.forbidden('may only be specified when mountPropagation is None or not specified', sub);
  }
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];
const recursions = ['Disabled', 'Enabled', 'IfPossible'];

function below(field: string, path: string | undefined, check: Check): void {
  if (!path) return;
  check.enter(field);
  localPath(path, check);
  check.leave();
}

function devicePlace(
  list: readonly Device[],
  i: number,
  { mounted, check }: { mounted: readonly Mount[]; check: Check },
): void {
  const { name = '', devicePath = '' } = list[i] as Device;
  check.enter(i);
  const earlier = list.slice(0, i);
  const volume = volumeNamed(podScope(check).spec.volumes ?? none, name);
  if (name === '') check.required('', '.name');
  else if (earlier.some((other) => other.name === name)) check.invalid(name, 'must be unique', '.name');
  if (volume === undefined) check.notFound(name, '.name');
  else if (isAbsent(volume.persistentVolumeClaim) && isAbsent(volume.ephemeral)) {
    const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
    check.invalid(name, detail, '.name');
  }
  if (devicePath === '') check.required('', '.devicePath');
  else if (earlier.some((other) => other.devicePath === devicePath))
    check.invalid(devicePath, 'must be unique', '.devicePath');
  if (devicePath.split('/').includes('..'))
    check.invalid(devicePath, "can not contain backsteps ('..')", '.devicePath');
  if (mounted.some((mount) => mount.name === name))
    check.invalid(name, 'must not already exist in volumeMounts', '.name');
  if (mounted.some((mount) => mount.mountPath === devicePath))
    check.invalid(devicePath, 'must not already exist as a path in volumeMounts', '.devicePath');
  check.leave();
}
