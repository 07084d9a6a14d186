// What `kubectl get` prints of storage, networking, access, policy and device kinds: columns and cells are upstream's.

import { describe, expect, test } from 'vitest';
import { tablePrinterOf } from '../../../../infra/api/tables/printers.ts';
import type { AnyObject } from '../../../../streams/resources/meta.ts';

const nowMs = Date.UTC(2026, 0, 2);
const metadata = { name: 'a', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' };
const deleted = { metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
const isDefault = (annotation: string) => ({ metadata: { ...metadata, annotations: { [annotation]: 'true' } } });

type Row = readonly [object: object, cells: string];

// biome-ignore format: a table is read by columns
const tables: Readonly<Record<string, readonly [columns: string, ...rows: Row[]]>> = {
  persistentvolumes: [
    'Name,Capacity,Access Modes,Reclaim Policy,Status,Claim,StorageClass,VolumeAttributesClass,Reason,Age,VolumeMode*',
    [{ spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', claimRef: { namespace: 'n', name: 'c' }, storageClassName: 's', volumeMode: 'Block' }, status: { phase: 'Bound', reason: 'r' } },
      'a | 1Gi | RWO,RWX | Retain | Bound | n/c | s | <unset> | r | 24h | Block'],
    [{ ...deleted, spec: {}, status: { phase: 'Bound' } }, 'a | 0 |  |  | Terminating |  |  | <unset> |  | 24h | <unset>'],
    [{ ...isDefault('volume.beta.kubernetes.io/storage-class'), spec: { storageClassName: 's' } }, 'a | 0 |  |  |  |  | true | <unset> |  | 24h | <unset>'],
  ],
  persistentvolumeclaims: [
    'Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age,VolumeMode*',
    [{ spec: { resources: { requests: { storage: '2Gi' } }, volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }, 'a | Pending |  |  |  |  | <unset> | 24h | Filesystem'],
    [{ spec: { volumeName: 'v', volumeAttributesClassName: 'gold' }, status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOncePod'] } }, 'a | Bound | v | 2Gi | RWOP |  | gold | 24h | <unset>'],
  ],
  storageclasses: [
    'Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age',
    [{ ...isDefault('storageclass.kubernetes.io/is-default-class'), provisioner: 'p' }, 'a (default) | p | Delete | Immediate | false | 24h'],
    [{ provisioner: 'p', reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer', allowVolumeExpansion: true }, 'a | p | Retain | WaitForFirstConsumer | true | 24h'],
  ],
  volumeattributesclasses: ['Name,DriverName,Age', [{ driverName: 'd' }, 'a | d | 24h']],
  csinodes: ['Name,Drivers,Age', [{ spec: { drivers: [{}, {}] } }, 'a | 2 | 24h'], [{ spec: { drivers: null } }, 'a | 0 | 24h']],
  csidrivers: [
    'Name,AttachRequired,PodInfoOnMount,StorageCapacity,TokenRequests,RequiresRepublish,Modes,Age',
    [{ spec: {} }, 'a | true | false | false | <unset> | false | <none> | 24h'],
    [{ spec: { attachRequired: false, tokenRequests: [{ audience: 'x' }, { audience: '' }], volumeLifecycleModes: ['Persistent', 'Ephemeral'] } }, 'a | false | false | false | x, | false | Persistent,Ephemeral | 24h'],
  ],
  csistoragecapacities: ['Name,StorageClassName,Capacity', [{ storageClassName: 's' }, 'a | s | <unset>'], [{ storageClassName: 's', capacity: '1Gi' }, 'a | s | 1Gi']],
  volumeattachments: ['Name,Attacher,PV,Node,Attached,Age', [{ spec: { attacher: 'x', source: { persistentVolumeName: 'v' }, nodeName: 'n' }, status: { attached: true } }, 'a | x | v | n | true | 24h']],
  ingresses: [
    'Name,Class,Hosts,Address,Ports,Age',
    [{ spec: { rules: [{ http: {} }] } }, 'a | <none> | * |  | 80 | 24h'],
    [{ spec: { ingressClassName: 'c', tls: [{}], rules: ['p', 'q', 'r', 's', 't'].map((host) => ({ host })) }, status: { loadBalancer: { ingress: [{ hostname: 'z' }, { ip: '1.2.3.4' }] } } },
      'a | c | p,q,r + 2 more... | 1.2.3.4,z | 80, 443 | 24h'],
  ],
  ingressclasses: [
    'Name,Controller,Parameters,Age',
    [{ ...isDefault('ingressclass.kubernetes.io/is-default-class'), spec: { controller: 'k' } }, 'a (default) | k | <none> | 24h'],
    [{ spec: { controller: 'k', parameters: { apiGroup: 'g', kind: 'K', name: 'n' } } }, 'a | k | K.g/n | 24h'],
  ],
  networkpolicies: ['Name,Pod-Selector,Age', [{ spec: { podSelector: {} } }, 'a | <none> | 24h'], [{ spec: { podSelector: { matchLabels: { a: 'b' } } } }, 'a | a=b | 24h']],
  ipaddresses: [
    'Name,ParentRef',
    [{ spec: { parentRef: { resource: 'services', namespace: 'n', name: 's' } } }, 'a | services/n/s'],
    [{ spec: { parentRef: { group: 'g', resource: 'R', name: 's' } } }, 'a | r.g/s'],
  ],
  servicecidrs: ['Name,CIDRs,Age', [{ spec: { cidrs: ['10.0.0.0/8', 'fd00::/64'] } }, 'a | 10.0.0.0/8,fd00::/64 | 24h']],
  rolebindings: [
    'Name,Role,Age,Users*,Groups*,ServiceAccounts*',
    [{ roleRef: { kind: 'ClusterRole', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }, { kind: 'Group', name: 'g' }, { kind: 'ServiceAccount', namespace: 'n', name: 's' }, { kind: 'User', name: 'v' }] },
      'a | ClusterRole/r | 24h | u, v | g | n/s'],
  ],
  roles: ['Name,Created At', [{}, 'a | 2026-01-01T00:00:00Z']],
  priorityclasses: ['Name,Value,Global-Default,Age,PreemptionPolicy', [{ value: 5, preemptionPolicy: 'Never' }, 'a | 5 | false | 24h | Never']],
  runtimeclasses: ['Name,Handler,Age', [{ handler: 'runc' }, 'a | runc | 24h']],
  certificatesigningrequests: [
    'Name,Age,SignerName,Requestor,RequestedDuration,Condition',
    [{ spec: { signerName: 's/x', username: 'u' } }, 'a | 24h | s/x | u | <none> | Pending'],
    [{ spec: { signerName: 's/x', username: 'u', expirationSeconds: 3600 }, status: { conditions: [{ type: 'Approved' }], certificate: 'eA==' } }, 'a | 24h | s/x | u | 60m | Approved,Issued'],
    [{ spec: { signerName: 's/x' }, status: { conditions: [{ type: 'Denied' }, { type: 'Failed' }] } }, 'a | 24h | s/x |  | <none> | Denied,Failed'],
  ],
  flowschemas: [
    'Name,PriorityLevel,MatchingPrecedence,DistinguisherMethod,Age,MissingPL',
    [{ spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 9, distinguisherMethod: { type: 'ByUser' } }, status: { conditions: [{ type: 'Dangling', status: 'False' }] } }, 'a | l | 9 | ByUser | 24h | False'],
    [{ spec: { priorityLevelConfiguration: { name: 'l' }, matchingPrecedence: 9 } }, 'a | l | 9 | <none> | 24h | ?'],
  ],
  prioritylevelconfigurations: [
    'Name,Type,NominalConcurrencyShares,Queues,HandSize,QueueLengthLimit,Age',
    [{ spec: { type: 'Exempt', exempt: {} } }, 'a | Exempt | <none> | <none> | <none> | <none> | 24h'],
    [{ spec: { type: 'Limited', limited: { nominalConcurrencyShares: 0, limitResponse: { queuing: { queues: 4, handSize: 2, queueLengthLimit: 1 } } } } }, 'a | Limited | 0 | 4 | 2 | 1 | 24h'],
  ],
  validatingwebhookconfigurations: ['Name,Webhooks,Age', [{ webhooks: [{}] }, 'a | 1 | 24h'], [{}, 'a | 0 | 24h']],
  validatingadmissionpolicies: ['Name,Validations,ParamKind,Age', [{ spec: { validations: [{}], paramKind: { apiVersion: 'g/v1', kind: 'K' } } }, 'a | 1 | g/v1/K | 24h'], [{ spec: {} }, 'a | 0 | <unset> | 24h']],
  mutatingadmissionpolicies: ['Name,Mutations,ParamKind,Age', [{ spec: { mutations: [{}, {}] } }, 'a | 2 | <unset> | 24h']],
  validatingadmissionpolicybindings: [
    'Name,PolicyName,ParamRef,Age',
    [{ spec: { policyName: 'p' } }, 'a | p | <unset> | 24h'],
    [{ spec: { policyName: 'p', paramRef: { name: 'x' } } }, 'a | p | */x | 24h'],
    [{ spec: { policyName: 'p', paramRef: { name: 'x', namespace: 'n' } } }, 'a | p | n/x | 24h'],
  ],
  apiservices: [
    'Name,Service,Available,Age',
    [{ spec: {}, status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } }, 'a | Local | True | 24h'],
    [{ spec: { service: { namespace: 'n', name: 's' } }, status: { conditions: [{ type: 'Available', status: 'False', reason: 'ServiceNotFound' }] } }, 'a | n/s | False (ServiceNotFound) | 24h'],
    [{ spec: {} }, 'a | Local | Unknown | 24h'],
  ],
  deviceclasses: ['Name,Age', [{}, 'a | 24h']],
  resourceclaims: [
    'Name,State,Age',
    [{}, 'a | pending | 24h'],
    [{ status: { allocation: {}, reservedFor: [{}] } }, 'a | allocated,reserved | 24h'],
    [{ ...deleted }, 'a | deleted | 24h'],
  ],
  resourceslices: ['Name,Node,Driver,Pool,Age', [{ spec: { driver: 'd', pool: { name: 'p' } } }, 'a |  | d | p | 24h']],
  componentstatuses: [
    'Name,Status,Message,Error',
    [{ conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] }, 'a | Healthy | ok | '],
    [{}, 'a | Unknown |  | '],
  ],
};

describe.each(Object.entries(tables))('%s', (resource, [columns, ...rows]) => {
  const printer = tablePrinterOf({ resource });

  test('has upstream’s columns; wide ones are marked', () => {
    expect(printer.columns.map(({ name, priority }) => (priority > 0 ? `${name}*` : name)).join(',')).toBe(columns);
  });

  test.each(rows.map(([object, cells]) => [cells, object] as const))('prints %s', (cells, object) => {
    const shown = printer.cells({ metadata, ...object } as unknown as AnyObject, nowMs);
    expect(shown.join(' | ')).toBe(cells);
  });
});
