// What makes the kinds of storage.k8s.io invalid: classes of volumes, drivers, what drivers report, and attachments.

import { nameProblem, qualifiedNameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import { dnsSubdomain, nonNegativeQuantity, qualifiedName } from './formats.ts';
import { labelSelector } from './label-selector.ts';
import { inlineVolume } from './persistent-volumes.ts';
import {
  all,
  each,
  fields,
  immutable,
  maxBytes,
  nonNegative,
  oneOf,
  range,
  required,
  text,
  unchangeable,
  unique,
} from './rules.ts';
import { driverName } from './volume-parts.ts';

type Parameters = Readonly<Record<string, string>>;

const parametersMax = 512;
const parameterBytesMax = 256 * 1024;
const attachmentBytesMax = 256 * 1024;
const tokenSecondsMax = 2 ** 32;

const provisioner: Rule<string> = text((value) => qualifiedNameProblem(value.toLowerCase()));
const requiredFlag = required<boolean>();

export const storageClass: Rule = all(
  fields({
    provisioner: required(provisioner),
    parameters: parameterRule,
    reclaimPolicy: oneOf('Delete', 'Retain'),
    volumeBindingMode: required(oneOf('Immediate', 'WaitForFirstConsumer')),
    allowedTopologies: allTopologies,
  }),
  fields({ parameters: immutable, provisioner: immutable, reclaimPolicy: immutable, volumeBindingMode: immutable }),
);

export const volumeAttributesClass: Rule = all(
  fields({
    driverName: unchangeable('updates to driverName are forbidden.'),
    parameters: unchangeable('updates to parameters are forbidden.'),
  }),
  fields({
    driverName: required(provisioner),
    parameters: all<Parameters>(parameterRule, (parameters, check) => {
      if (Object.keys(parameters).length === 0) check.required('must contain at least one key/value pair');
    }),
  }),
  (object, check) => {
    if ((object as { parameters?: object | null }).parameters == null)
      check.required('must contain at least one key/value pair', '.parameters');
  },
);

function parameterRule(parameters: Parameters, check: Check): void {
  const keys = Object.keys(parameters);
  if (keys.length > parametersMax) check.tooLong(parametersMax);
  else {
    if (keys.includes('')) check.invalid('', 'field can not be empty.');
    if (bytesOf(parameters) > parameterBytesMax) check.tooLong(parameterBytesMax);
  }
}

function bytesOf(map: Parameters): number {
  let bytes = 0;
  for (const key in map) bytes += Buffer.byteLength(key) + Buffer.byteLength(map[key] ?? '');
  return bytes;
}

type TopologyTerm = { readonly matchLabelExpressions?: readonly { readonly key: string }[] | null };

function allTopologies(terms: readonly TopologyTerm[], check: Check): void {
  topologyTerms(terms, check);
  const seen = new Set<string>();
  for (const [index, { matchLabelExpressions }] of terms.entries()) {
    const term = JSON.stringify([...(matchLabelExpressions ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1)));
    if (seen.has(term)) check.duplicate('', `[${index}].matchLabelExpressions`);
    seen.add(term);
  }
}

const topologyTerms: Rule<readonly TopologyTerm[]> = each<TopologyTerm>(
  fields({
    matchLabelExpressions: all<readonly { readonly key: string }[]>(
      each(fields({ values: required(unique<string>((value) => value)), key: required(qualifiedName) })),
      unique(({ key }) => key, '.key'),
    ),
  }),
);

export const csiDriver: Rule = fields({
  spec: all(
    fields({
      attachRequired: required<boolean>(),
      podInfoOnMount: requiredFlag,
      storageCapacity: requiredFlag,
      fsGroupPolicy: oneOf('File', 'None', 'ReadWriteOnceWithFSType'),
      tokenRequests,
      volumeLifecycleModes: (modes: readonly string[], check) => {
        for (const mode of modes)
          if (mode !== 'Persistent' && mode !== 'Ephemeral') check.notSupported(mode, ['Persistent', 'Ephemeral']);
      },
      seLinuxMount: requiredFlag,
      nodeAllocatableUpdatePeriodSeconds: (seconds: number, check) => {
        if (seconds < 10) check.invalid(seconds, 'must be greater than or equal to 10 seconds');
      },
    }),
    (spec, check) => {
      const { serviceAccountTokenInSecrets: inSecrets, tokenRequests } = spec as CsiDriverSpec;
      if (inSecrets === undefined || (tokenRequests ?? []).length > 0) return;
      const detail = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
      check.invalid(inSecrets, detail, '.serviceAccountTokenInSecrets');
    },
    fields({ attachRequired: immutable, volumeLifecycleModes: immutable }),
  ),
});

type TokenRequest = { readonly audience?: string; readonly expirationSeconds?: number };
type CsiDriverSpec = {
  readonly serviceAccountTokenInSecrets?: boolean;
  readonly tokenRequests?: readonly TokenRequest[];
};

function tokenRequests(requests: readonly TokenRequest[], check: Check): void {
  const audiences = new Set<string>();
  for (const [index, { audience = '', expirationSeconds: seconds }] of requests.entries()) {
    if (audiences.has(audience)) check.duplicate(audience, `[${index}].audience`);
    else if (seconds !== undefined) {
      const sub = `[${index}].expirationSeconds`;
      if (seconds < 600) check.invalid(seconds, 'may not specify a duration less than 10 minutes', sub);
      if (seconds > tokenSecondsMax) check.invalid(seconds, 'may not specify a duration larger than 2^32 seconds', sub);
    }
    audiences.add(audience);
  }
}

type NodeDriver = { readonly name?: string; readonly topologyKeys?: readonly string[] | null };

const nodeId: Rule<string> = text((value) => (value.length > 256 ? 'must be 256 characters or less' : undefined));

export const csiNode: Rule = fields({
  spec: fields({
    drivers: all<readonly NodeDriver[]>(
      each<NodeDriver>(
        fields<NodeDriver>(
          {
            name: required(driverName),
            nodeID: required(nodeId),
            allocatable: fields({ count: nonNegative }),
          },
          nodeTopologyKeys,
        ),
      ),
      unique(({ name }) => name, '.name'),
      sameDrivers,
    ),
  }),
});

function nodeTopologyKeys({ topologyKeys }: NodeDriver, check: Check): void {
  const seen = new Set<string>();
  for (const key of topologyKeys ?? []) {
    if (key === '') check.required();
    if (seen.has(key)) check.duplicate(key);
    seen.add(key);
    const problem = qualifiedNameProblem(key);
    if (problem !== undefined) check.invalid(key, problem);
  }
}

/** A driver's entry stays as it was made, but for how many volumes the node takes. */
function sameDrivers(drivers: readonly NodeDriver[], check: Check, before: readonly NodeDriver[] | undefined): void {
  for (const old of before ?? []) {
    const same = drivers.find(({ name }) => name === old.name);
    if (same !== undefined) immutable(uncounted(same), check, uncounted(old));
  }
}

function uncounted(driver: NodeDriver): NodeDriver {
  const { allocatable: _, ...rest } = driver as NodeDriver & { readonly allocatable?: unknown };
  return rest;
}

export const csiStorageCapacity: Rule = all(
  fields({ nodeTopology: labelSelector, storageClassName: required(dnsSubdomain), capacity: nonNegativeQuantity }),
  fields({ nodeTopology: immutable, storageClassName: immutable }),
);

type AttachmentSource = { readonly inlineVolumeSpec?: object | null; readonly persistentVolumeName?: string | null };

export const volumeAttachment: Rule = fields({
  spec: all(
    fields({
      attacher: required(driverName),
      source: required(attachmentSource),
      nodeName: required(text((name) => nameProblem(name, 'subdomain'))),
    }),
    immutable,
  ),
});

function attachmentSource({ inlineVolumeSpec, persistentVolumeName }: AttachmentSource, check: Check): void {
  const detail = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inlineVolumeSpec == null && persistentVolumeName == null) check.required(detail);
  else if (inlineVolumeSpec != null && persistentVolumeName != null) check.forbidden(detail);
  else if (inlineVolumeSpec != null) {
    check.enter('inlineVolumeSpec');
    inlineVolume(inlineVolumeSpec, check);
    check.leave();
  } else if (persistentVolumeName === '') {
    check.required('must specify non empty persistentVolumeName', '.persistentVolumeName');
  } else {
    const problem = nameProblem(persistentVolumeName ?? '', 'subdomain');
    if (problem !== undefined) check.invalid(persistentVolumeName, problem, '.persistentVolumeName');
  }
}

const attachmentError = fields({ message: maxBytes(1024), errorCode: range(0, 2_147_483_647) });

export const volumeAttachmentStatus: Rule = fields({
  status: fields({
    attachmentMetadata: (metadata: Parameters, check) => {
      if (bytesOf(metadata) > attachmentBytesMax) check.tooLong(attachmentBytesMax);
    },
    attachError: attachmentError,
    detachError: attachmentError,
  }),
});
