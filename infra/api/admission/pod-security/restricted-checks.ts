// The restricted level of the Pod Security Standards, on top of the baseline: what a pod must give up.

import {
  badSeccomp,
  type Check,
  type CheckedContainer,
  type CheckedSpec,
  containersOf,
  inUserNamespace,
  namedContainers,
  plural,
  quoted,
  seccompAllowed,
  setters,
  sorted,
} from './check.ts';

const volumeTypes: ReadonlySet<string> = new Set(
  'configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret'.split(' '),
);
const otherVolumeTypes: ReadonlySet<string> = new Set(
  'hostPath gcePersistentDisk awsElasticBlockStore gitRepo nfs iscsi glusterfs rbd flexVolume cinder cephfs flocker fc azureFile vsphereVolume quobyte azureDisk photonPersistentDisk portworxVolume scaleIO storageos'.split(
    ' ',
  ),
);

export const restrictedChecks: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    since: 8,
    violation({ spec }, minor) {
      if (isWindows(spec, minor)) return undefined;
      const bad = containersOf(spec).filter(
        ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
      );
      if (bad.length === 0) return undefined;
      const detail = `${namedContainers(bad)} must set securityContext.allowPrivilegeEscalation=false`;
      return { reason: 'allowPrivilegeEscalation != false', detail };
    },
  },
  {
    id: 'capabilities_restricted',
    since: 22,
    overrides: ['capabilities_baseline'],
    violation({ spec }, minor) {
      if (isWindows(spec, minor)) return undefined;
      const keeping = containersOf(spec).filter(
        ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') !== true,
      );
      const added = ({ securityContext }: CheckedContainer) =>
        (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
      const adding = containersOf(spec).filter((container) => added(container).length > 0);
      const details = [
        ...(keeping.length === 0
          ? []
          : [`${namedContainers(keeping)} must set securityContext.capabilities.drop=["ALL"]`]),
        ...(adding.length === 0
          ? []
          : [
              `${namedContainers(adding)} must not include ${quoted(sorted(adding.flatMap(added)))} in securityContext.capabilities.add`,
            ]),
      ];
      return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
    },
  },
  {
    id: 'restrictedVolumes',
    since: 0,
    overrides: ['hostPathVolumes'],
    violation({ spec: { volumes = [] } }) {
      const bad = volumes.filter((volume) => !Object.keys(volume).some((key) => volumeTypes.has(key)));
      if (bad.length === 0) return undefined;
      const types = sorted(
        bad.map((volume) => Object.keys(volume).find((key) => otherVolumeTypes.has(key)) ?? 'unknown'),
      );
      const who = `${plural(bad.length, 'volume')} ${quoted(bad.map(({ name }) => name))} ${plural(bad.length, 'uses', 'use')}`;
      const detail = `${who} ${plural(types.length, 'restricted volume type')} ${quoted(types)}`;
      return { reason: 'restricted volume types', detail };
    },
  },
  {
    id: 'runAsNonRoot',
    since: 0,
    violation({ spec }, minor) {
      if (inUserNamespace(spec, minor)) return undefined;
      const reason = 'runAsNonRoot != true';
      const { text } = setters(spec, ({ runAsNonRoot }) => runAsNonRoot === false);
      if (text !== '') return { reason, detail: `${text} must not set securityContext.runAsNonRoot=false` };
      if (spec.securityContext?.runAsNonRoot === true) return undefined;
      const silent = containersOf(spec).filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined);
      return silent.length === 0
        ? undefined
        : { reason, detail: `pod or ${namedContainers(silent)} must set securityContext.runAsNonRoot=true` };
    },
  },
  {
    id: 'runAsUser',
    since: 23,
    violation({ spec }, minor) {
      if (inUserNamespace(spec, minor)) return undefined;
      const { text } = setters(spec, ({ runAsUser }) => runAsUser === 0);
      return text === '' ? undefined : { reason: 'runAsUser=0', detail: `${text} must not set runAsUser=0` };
    },
  },
  {
    id: 'seccompProfile_restricted',
    since: 19,
    overrides: ['seccompProfile_baseline'],
    violation({ spec }, minor) {
      if (isWindows(spec, minor)) return undefined;
      const bad = badSeccomp(spec);
      if (bad !== undefined) return bad;
      if (seccompAllowed.has(spec.securityContext?.seccompProfile?.type ?? '')) return undefined;
      const silent = containersOf(spec).filter(({ securityContext }) => securityContext?.seccompProfile === undefined);
      if (silent.length === 0) return undefined;
      const detail = `pod or ${namedContainers(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
      return { reason: 'seccompProfile', detail };
    },
  },
];

/** Windows has none of this; since 1.25 the standards know. */
function isWindows({ os }: CheckedSpec, minor: number): boolean {
  return minor >= 25 && os?.name === 'windows';
}
