// Resource → table for the kinds that are neither workloads nor nodes: storage, networking, access, policy, devices.

import { componentStatusTable, nameAndAgeTable, resourceClaimTable, resourceSliceTable } from './devices.ts';
import { ingressClassTable, ingressTable, ipAddressTable, networkPolicyTable, serviceCidrTable } from './networking.ts';
import {
  apiServiceTable,
  bindingTable,
  certificateSigningRequestTable,
  flowSchemaTable,
  mutatingPolicyTable,
  policyBindingTable,
  priorityClassTable,
  priorityLevelTable,
  runtimeClassTable,
  validatingPolicyTable,
  webhookConfigurationTable,
} from './policy.ts';
import {
  csiDriverTable,
  csiNodeTable,
  csiStorageCapacityTable,
  persistentVolumeClaimTable,
  persistentVolumeTable,
  storageClassTable,
  volumeAttachmentTable,
  volumeAttributesClassTable,
} from './storage.ts';
import type { TablePrinter } from './table.ts';

export const otherPrinters: Readonly<Record<string, TablePrinter>> = {
  apiservices: apiServiceTable,
  certificatesigningrequests: certificateSigningRequestTable,
  clusterrolebindings: bindingTable,
  componentstatuses: componentStatusTable,
  csidrivers: csiDriverTable,
  csinodes: csiNodeTable,
  csistoragecapacities: csiStorageCapacityTable,
  deviceclasses: nameAndAgeTable,
  flowschemas: flowSchemaTable,
  ingressclasses: ingressClassTable,
  ingresses: ingressTable,
  ipaddresses: ipAddressTable,
  mutatingadmissionpolicies: mutatingPolicyTable,
  mutatingadmissionpolicybindings: policyBindingTable,
  mutatingwebhookconfigurations: webhookConfigurationTable,
  networkpolicies: networkPolicyTable,
  persistentvolumeclaims: persistentVolumeClaimTable,
  persistentvolumes: persistentVolumeTable,
  priorityclasses: priorityClassTable,
  prioritylevelconfigurations: priorityLevelTable,
  resourceclaims: resourceClaimTable,
  resourceclaimtemplates: nameAndAgeTable,
  resourceslices: resourceSliceTable,
  rolebindings: bindingTable,
  runtimeclasses: runtimeClassTable,
  servicecidrs: serviceCidrTable,
  storageclasses: storageClassTable,
  validatingadmissionpolicies: validatingPolicyTable,
  validatingadmissionpolicybindings: policyBindingTable,
  validatingwebhookconfigurations: webhookConfigurationTable,
  volumeattachments: volumeAttachmentTable,
  volumeattributesclasses: volumeAttributesClassTable,
};
