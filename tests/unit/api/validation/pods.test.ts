// Golden table: a pod made wrong in one way, and the texts it is refused with. Cases are merge patches of one container
// or of the spec of a small pod.

import { describe, expect, test } from 'vitest';
import type { AnyObject } from '../../../../streams/resources/meta.ts';
import { created, updated } from '../../../kit/written.ts';

type Case = readonly [change: object, ...problems: string[]];

const container = { name: 'c', image: 'nginx:1.27' };
const pod = (spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  spec: { serviceAccountName: 'default', containers: [container], ...spec },
});
const withContainer = (more: object) => pod({ containers: [{ ...container, ...more }] });
const volume = (source: object) => pod({ volumes: [{ name: 'v', ...source }] });
const qualified = `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`;
const label = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;

function table(what: string, of: (change: object) => object, cases: readonly Case[]): void {
  describe(what, () => {
    test.each(cases.map(([change, ...problems]) => [problems[0] ?? JSON.stringify(change), change, problems] as const))(
      '%s',
      (_, change, problems) => expect(created(of(change)).problems).toEqual(problems),
    );
  });
}

const http = { port: 80 };

// biome-ignore format: a table is read by columns
table('a container', withContainer, [
  [{ env: [{ value: 'x' }] }, 'spec.containers[0].env[0].name: Required value'],
  [{ env: [{ name: 'a=b' }] }, `spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`],
  [{ env: [{ name: '1 x' }] }],
  [{ env: [{ name: 'A', valueFrom: {} }] }, 'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'],
  [{ env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }, 'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
  [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }, 'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"'],
  [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.color' } } }] }, 'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.color": error converting fieldPath: field label not supported: spec.color'],
  [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }] }],
  [{ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }] }, 'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource'],
  [{ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's' } } }] }, 'spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value'],
  [{ envFrom: [{}] }, 'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
  [{ envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'b' } }] }, 'spec.containers[0].envFrom: Invalid value: "": may not have more than one field specified at a time'],
  [{ ports: [{ containerPort: 80, name: 'UPPER' }] }, 'spec.containers[0].ports[0].name: Invalid value: "UPPER": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
  [{ ports: [{ containerPort: 80, name: 'x' }, { containerPort: 81, name: 'x' }] }, 'spec.containers[0].ports[1].name: Duplicate value: "x"'],
  [{ ports: [{ containerPort: 80, hostPort: 9 }, { containerPort: 81, hostPort: 9 }] }, 'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"'],
  [{ resources: { limits: { gpu: '1' } } }, 'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified', 'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers', 'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified', 'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers'],
  [{ resources: { limits: { 'a.b/gpu': '2' }, requests: { 'a.b/gpu': '1' } } }, 'spec.containers[0].resources.requests: Invalid value: "1": must be equal to a.b/gpu limit of 2'],
  [{ resources: { requests: { 'a.b/gpu': '1' } } }, 'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
  [{ resources: { limits: { 'a.b/gpu': '500m' } } }, 'spec.containers[0].resources.limits[a.b/gpu]: Invalid value: "500m": must be an integer', 'spec.containers[0].resources.requests[a.b/gpu]: Invalid value: "500m": must be an integer'],
  [{ resources: { limits: { 'hugepages-2Mi': '4Mi' } } }, 'spec.containers[0].resources: Forbidden: HugePages require cpu or memory'],
  [{ resources: { limits: { cpu: '1', 'hugepages-2Mi': '3Mi' } } }, 'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi', 'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi'],
  [{ resources: { claims: [{ name: 'x' }] } }, 'spec.containers[0].resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty'],
  [{ livenessProbe: {} }, 'spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  [{ livenessProbe: { httpGet: http, tcpSocket: http } }, 'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
  [{ livenessProbe: { httpGet: http, successThreshold: 2 } }, 'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
  [{ readinessProbe: { exec: { command: ['x'] }, terminationGracePeriodSeconds: 1 } }, 'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes'],
  [{ startupProbe: { exec: {}, periodSeconds: -1 } }, 'spec.containers[0].startupProbe.exec.command: Required value', 'spec.containers[0].startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0'],
  [{ livenessProbe: { httpGet: { port: 70_000, scheme: 'GOPHER' } } }, 'spec.containers[0].livenessProbe.httpGet.port: Invalid value: 70000: must be between 1 and 65535, inclusive', 'spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: "GOPHER": supported values: "HTTP", "HTTPS"'],
  [{ lifecycle: { preStop: { sleep: { seconds: 31 } } } }, 'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)'],
  [{ lifecycle: { stopSignal: 'SIGTERM' } }, 'spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`'],
  [{ terminationMessagePolicy: 'Never' }, 'spec.containers[0].terminationMessagePolicy: Unsupported value: "Never": supported values: "File", "FallbackToLogsOnError"'],
  [{ securityContext: { runAsUser: -1 } }, 'spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive'],
  [{ securityContext: { procMount: 'Unmasked' } }, 'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'],
  [{ securityContext: { seccompProfile: { type: 'Localhost' } } }, 'spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost'],
  [{ securityContext: { allowPrivilegeEscalation: false, privileged: true } }, 'spec.containers[0].securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true'],
  [{ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'cpu', restartPolicy: 'X' }] }, 'spec.containers[0].resizePolicy[1]: Duplicate value: "cpu"', 'spec.containers[0].resizePolicy: Unsupported value: "X": supported values: "NotRequired", "RestartContainer"'],
  [{ restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }] }, 'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
  [{ restartPolicy: 'Always' }],
]);

const mount = { name: 'v', mountPath: '/m' };

// biome-ignore format: a table is read by columns
table('mounts', (more) => pod({ volumes: [{ name: 'v', emptyDir: {} }], containers: [{ ...container, ...more }] }), [
  [{ volumeMounts: [mount, mount] }, 'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/m": must be unique'],
  [{ volumeMounts: [{ ...mount, subPath: '/x' }] }, 'spec.containers[0].volumeMounts.subPath: Invalid value: "/x": must be a relative path'],
  [{ volumeMounts: [{ ...mount, subPath: '../x' }] }, "spec.containers[0].volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'"],
  [{ volumeMounts: [{ ...mount, mountPropagation: 'Bidirectional' }] }, 'spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers'],
  [{ volumeMounts: [{ ...mount, recursiveReadOnly: 'Enabled' }] }, 'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true'],
  [{ volumeDevices: [{ name: 'v', devicePath: '/d' }] }, 'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'],
]);

// biome-ignore format: a table is read by columns
table('a volume', volume, [
  [{ emptyDir: {}, hostPath: { path: '/x' } }, 'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  [{ hostPath: { path: '/x/../y', type: 'Pipe' } }, "spec.volumes[0].hostPath.path: Invalid value: \"/x/../y\": must not contain '..'", 'spec.volumes[0].hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"'],
  [{ secret: {} }, 'spec.volumes[0].secret.secretName: Required value'],
  [{ configMap: { name: 'c', defaultMode: 512 } }, 'spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive'],
  [{ configMap: { name: 'c', items: [{ key: 'k', path: '..data' }] } }, "spec.volumes[0].configMap.items[0].path: Invalid value: \"..data\": must not start with '..'"],
  [{ persistentVolumeClaim: {} }, 'spec.volumes[0].persistentVolumeClaim.claimName: Required value'],
  [{ nfs: { server: 's', path: 'x' } }, 'spec.volumes[0].nfs.path: Invalid value: "x": must be an absolute path'],
  [{ csi: {} }, 'spec.volumes[0].csi.driver: Required value'],
  [{ image: {} }, 'spec.volumes[0].image.reference: Required value'],
  [{ ephemeral: {} }, 'spec.volumes[0].ephemeral.volumeClaimTemplate: Required value'],
  [{ downwardAPI: { items: [{ path: 'x' }] } }, 'spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required'],
  [{ projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 60 } }] } }, 'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes'],
  [{ projected: { sources: [{ secret: { name: 's' }, configMap: { name: 'c' } }] } }, 'spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source'],
  [{ projected: { sources: [{ secret: { name: 's', items: [{ key: 'a', path: 'p' }] } }, { configMap: { name: 'c', items: [{ key: 'a', path: 'p' }] } }] } }, 'spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths'],
  [{ iscsi: { targetPortal: 't', iqn: 'x', lun: 0 } }, 'spec.volumes[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa'],
]);

const init = (more: object) => ({ initContainers: [{ name: 'i', image: 'x', ...more }] });
const sidecar = { restartPolicy: 'Always' };

// biome-ignore format: a table is read by columns
table('a pod', pod, [
  [init({ livenessProbe: { httpGet: http } }), 'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always'],
  [init({ ...sidecar, livenessProbe: { httpGet: http } })],
  [init({ name: 'c' }), 'spec.initContainers[0].name: Duplicate value: "c"'],
  [{ ephemeralContainers: [{ name: 'e', image: 'x' }] }, 'spec.ephemeralContainers: Forbidden: cannot be set on create'],
  [{ hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80, hostPort: 81 }] }] }, 'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true'],
  [{ dnsPolicy: 'None' }, 'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  [{ dnsConfig: { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'] } }, 'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","2.2.2.2","3.3.3.3","4.4.4.4"]: must not have more than 3 nameservers'],
  [{ dnsConfig: { nameservers: ['x'] } }, 'spec.dnsConfig.nameservers[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  [{ hostAliases: [{ ip: 'x', hostnames: ['a'] }] }, 'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  [{ hostname: 'a.b' }, 'spec.hostname: Invalid value: "a.b": must not contain dots'],
  [{ subdomain: 'A' }, `spec.subdomain: Invalid value: "A": ${label}`],
  [{ readinessGates: [{ conditionType: 'a b' }] }, `spec.readinessGates[0].conditionType: Invalid value: "a b": ${qualified}`],
  [{ schedulingGates: [{ name: 'a' }, { name: 'a' }] }, 'spec.schedulingGates[1]: Duplicate value: "a"'],
  [{ schedulingGates: [{ name: 'a' }], nodeName: 'n' }, 'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
  [{ securityContext: { sysctls: [{ name: 'foo-', value: '1' }] } }, 'spec.securityContext.sysctls[0].name: Invalid value: "foo-": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'],
  [{ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }, "spec.securityContext.sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true"],
  [{ hostPID: true, shareProcessNamespace: true }, 'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled'],
  [{ hostUsers: false, hostPID: true }, 'spec.HostPID: Forbidden: when `hostUsers` is false'],
  [{ os: { name: 'windows' }, securityContext: { runAsUser: 1 } }, 'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod'],
  [{ os: { name: 'beos' } }, 'spec.os: Unsupported value: "beos": supported values: "linux", "windows"'],
  [{ overhead: { gpu: '1' } }, 'spec.overhead.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified', 'spec.overhead.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers'],
  [{ resourceClaims: [{ name: 'r' }] }, 'spec.resourceClaims[0]: Invalid value: {"name":"r"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'],
  [{ resources: { limits: { storage: '1' } } }, 'spec.resources.limits[storage]: Unsupported value: "storage": supported values: "cpu", "memory"'],
  [{ resources: { requests: { cpu: '1' } }, containers: [{ ...container, resources: { requests: { cpu: '2' } } }] }, 'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2'],
  [{ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 2 }] }, 'spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway'],
  [{ terminationGracePeriodSeconds: -1 }],
  [{ preemptionPolicy: 'Maybe' }, 'spec.preemptionPolicy: Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"'],
]);

test('a pod’s annotations that mean something are checked', () => {
  const annotated = (annotations: object) =>
    created({ ...pod({}), metadata: { name: 'a', annotations } }).problems.map((text) => text.slice(0, 120));
  expect(annotated({ 'controller.kubernetes.io/pod-deletion-cost': 'x' })).toEqual([
    'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "x": must be a 32bit integer',
  ]);
  expect(annotated({ 'kubernetes.io/config.mirror': 'x' })).toEqual([
    'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation i',
  ]);
});

describe('an update of a pod', () => {
  const before = created(pod({ tolerations: [{ key: 'a', operator: 'Exists' }] })).object;
  const change = (spec: object, subresource?: string, from: AnyObject = before) => {
    const next = { ...from, spec: { ...(from.spec as object), ...spec } } as AnyObject;
    return updated(from, next, subresource).problems;
  };

  test('shows what changed in the form clients see', () => {
    const [problem = ''] = change({ hostname: 'h' });
    expect(problem).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec.containers[^\n]*\n@@ -\d+,\d+ \+\d+,\d+ @@\n/,
    );
    expect(problem).toContain('+ "hostname": "h"');
  });

  test('may tolerate for another time, and more', () => {
    const longer = [{ key: 'b', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }];
    const tolerating = created(pod({ tolerations: longer })).object;
    const changed = [
      { ...longer[0], tolerationSeconds: 9 },
      { key: 'c', operator: 'Exists' },
    ];
    expect(change({ tolerations: changed }, undefined, tolerating)).toEqual([]);
  });

  test('narrows where a gated pod may go, and never widens it', () => {
    const gated = created(pod({ schedulingGates: [{ name: 'g' }], nodeSelector: { a: 'b' } })).object;
    expect(change({ nodeSelector: { a: 'b', c: 'd' } }, undefined, gated)).toEqual([]);
    expect(change({ nodeSelector: { c: 'd' } }, undefined, gated)).toEqual([
      'spec.nodeSelector: Invalid value: {"c":"d"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ]);
  });

  test('adds ephemeral containers through their endpoint, and nothing else', () => {
    const debug = { name: 'd', image: 'x', targetContainerName: 'c' };
    const next = { ...before, spec: { ...(before.spec as object), hostname: 'h', ephemeralContainers: [debug] } };
    const { object, problems } = updated(before, next, 'ephemeralcontainers');
    expect(problems).toEqual([]);
    expect(object.spec).toMatchObject({ ephemeralContainers: [{ ...debug, imagePullPolicy: 'Always' }] });
    expect(object.spec).not.toHaveProperty('hostname');
    expect(change({ ephemeralContainers: [] }, 'ephemeralcontainers', object)).toEqual([
      'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed\n',
    ]);
    expect(
      change({ ephemeralContainers: [{ ...debug, ports: [{ containerPort: 1 }] }] }, 'ephemeralcontainers'),
    ).toEqual(['spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container']);
  });

  test('resizes through its endpoint what keeps the pod’s class', () => {
    const sized = (cpu: string, more: object = {}) => ({
      containers: [{ ...container, resources: { requests: { cpu, ...more } } }],
    });
    const small = created(pod(sized('1'))).object;
    expect(change(sized('2'), 'resize', small)).toEqual([]);
    expect(change({ containers: [container] }, 'resize', small)).toEqual([
      'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ]);
    expect(change(sized('1', { 'ephemeral-storage': '1Gi' }), 'resize', small)).toEqual([
      'spec: Forbidden: only cpu and memory resources are mutable',
    ]);
    expect(change({ containers: [...sized('1').containers, { name: 'd', image: 'x' }] }, 'resize', small)).toEqual([
      'spec.containers: Forbidden: containers may not be added or removed on resize',
    ]);
  });

  test('of its status does not start again what has ended', () => {
    const ended = { name: 'c', state: { terminated: { exitCode: 1 } } };
    const over = { ...created(pod({ restartPolicy: 'Never' })).object, status: { containerStatuses: [ended] } };
    const next = { ...over, status: { containerStatuses: [{ name: 'c', state: { running: {} } }] } };
    expect(updated(over as unknown as AnyObject, next, 'status').problems).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ]);
  });
});

// biome-ignore format: a table is read by columns
const warned: readonly Case[] = [
  [{}],
  [{ containers: [{ ...container, env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }] }] }, 'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
  [{ containers: [{ ...container, env: [{ name: 'A', value: '1' }, { name: 'A', value: '$(A):2' }] }] }],
  [{ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }, 'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
  [{ volumes: [{ name: 'v', gitRepo: { repository: 'r' } }] }, 'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
  [{ terminationGracePeriodSeconds: -1 }, 'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
  [{ imagePullSecrets: [{ name: 'a' }, { name: 'a' }] }, 'spec.imagePullSecrets[1].name: duplicate name "a"'],
  [{ containers: [{ ...container, resources: { requests: { memory: '100m' } } }] }, 'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer'],
  [{ containers: [{ ...container, ports: [{ containerPort: 80 }, { containerPort: 80, hostPort: 8 }] }] }, 'spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]'],
  [{ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }] }, 'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod'],
];

test.each(warned.map(([spec, ...warnings]) => [spec, warnings] as const))(
  'a pod with %j is warned of',
  (spec, warnings) => {
    expect(created(pod(spec)).warnings).toEqual(warnings);
  },
);
