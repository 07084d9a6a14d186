// Everything that looks after storage: who binds, makes, enlarges, attaches and protects volumes and claims.

import type { Controller } from '../../kit/controller.ts';
import { pvcProtectionController, pvProtectionController, vacProtectionController } from '../storage-protection.ts';
import { type AttachDetachOptions, attachDetachController, attachDetachDefaults } from './attach-detach.ts';
import { type VolumeBinderOptions, volumeBinder, volumeBinderDefaults } from './binder.ts';
import { ephemeralVolumeController } from './ephemeral-volumes.ts';
import { volumeExpander } from './expander.ts';
import { type LocalProvisionerOptions, localProvisioner, localProvisionerDefaults } from './local-provisioner.ts';

export type VolumeOptions = {
  readonly binder?: Partial<VolumeBinderOptions>;
  readonly localProvisioner?: Partial<LocalProvisionerOptions>;
  readonly attachDetach?: Partial<AttachDetachOptions>;
};

export function volumeControllers(options: VolumeOptions = {}): readonly Controller[] {
  return [
    volumeBinder({ ...volumeBinderDefaults, ...options.binder }),
    localProvisioner({ ...localProvisionerDefaults, ...options.localProvisioner }),
    volumeExpander(),
    ephemeralVolumeController(),
    attachDetachController({ ...attachDetachDefaults, ...options.attachDetach }),
    pvcProtectionController(),
    pvProtectionController(),
    vacProtectionController(),
  ];
}
