// Golden table: objects that are wrong in one way, and the one text they are refused with.

import { describe, expect, test } from 'vitest';
import { aConfigMap, aDeploymentBody, aPodBody, aServiceBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld, type Body } from '../../../kit/api-world.ts';

type Case = readonly [what: string, body: Body, problems: string | readonly string[]];

const names = {
  label: `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`,
  subdomain: `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
  service: `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
  qualified: `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  labelValue: `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  configKey: `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
};

async function refusal(world: ApiWorld, resource: string, body: Body): Promise<unknown> {
  try {
    await world.create(resource, body);
  } catch (error) {
    return error;
  }
  return 'taken';
}

function table(resource: string, kind: string, cases: readonly Case[]): void {
  test.each(cases)(`of kind ${kind}: %s`, async (_, body, problems) => {
    const world = await apiWorld();
    const name = (body.metadata as { name: string }).name;
    const all = typeof problems === 'string' ? [problems] : problems;
    const text = all.length === 1 ? all[0] : `[${all.join(', ')}]`;
    expect(await refusal(world, resource, body)).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `${kind} "${name}" is invalid: ${text}`,
    });
  });
}

const metadata = (more: Body) => ({ metadata: { name: 'a', ...more } });

describe('metadata is refused', () => {
  table('configmaps', 'ConfigMap', [
    ['a name with upper case', aConfigMap('Abc'), `metadata.name: Invalid value: "Abc": ${names.subdomain}`],
    [
      'a name too long',
      aConfigMap('x'.repeat(254)),
      `metadata.name: Invalid value: "${'x'.repeat(254)}": must be no more than 253 characters`,
    ],
    ['a label value', metadata({ labels: { a: '-b' } }), `metadata.labels: Invalid value: "-b": ${names.labelValue}`],
    [
      'a label value too long',
      metadata({ labels: { a: 'x'.repeat(64) } }),
      `metadata.labels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
    ],
    ['a label key', metadata({ labels: { 'a b': '' } }), `metadata.labels: Invalid value: "a b": ${names.qualified}`],
    [
      'a label key’s prefix',
      metadata({ labels: { 'A/b': '' } }),
      `metadata.labels: Invalid value: "A/b": prefix part ${names.subdomain}`,
    ],
    [
      'an annotation key',
      metadata({ annotations: { '-': '' } }),
      `metadata.annotations: Invalid value: "-": ${names.qualified}`,
    ],
    [
      'annotations too large',
      metadata({ annotations: { a: 'x'.repeat(262_144) } }),
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
    [
      'a finalizer',
      metadata({ finalizers: ['a b'] }),
      `metadata.finalizers[0]: Invalid value: "a b": ${names.qualified}`,
    ],
    [
      'an owner without anything',
      metadata({ ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] }),
      ['version', 'kind', 'name', 'uid'].map((what) => {
        const field = what === 'version' ? 'apiVersion' : what;
        const prefix = what === 'version' ? 'version ' : '';
        return `metadata.ownerReferences.${field}: Invalid value: "": ${prefix}must not be empty`;
      }),
    ],
    [
      'two controllers',
      metadata({
        ownerReferences: [
          { apiVersion: 'v1', kind: 'A', name: 'x', uid: '1', controller: true },
          { apiVersion: 'v1', kind: 'B', name: 'y', uid: '2', controller: true },
        ],
      }),
      'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"A","name":"x","uid":"1","controller":true},{"apiVersion":"v1","kind":"B","name":"y","uid":"2","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for A/x and B/y',
    ],
  ]);
  table('namespaces', 'Namespace', [
    ['a name with a dot', { metadata: { name: 'a.b' } }, 'metadata.name: Invalid value: "a.b": must not contain dots'],
    [
      'a name too long',
      { metadata: { name: 'x'.repeat(64) } },
      [
        `metadata.name: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
        `metadata.labels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
      ],
    ],
  ]);
  table('services', 'Service', [
    ['a name that begins with a digit', aServiceBody('1a'), `metadata.name: Invalid value: "1a": ${names.service}`],
  ]);
});

describe('data is refused', () => {
  table('configmaps', 'ConfigMap', [
    ['a key', aConfigMap('a', { 'b c': '' }), `data[b c]: Invalid value: "b c": ${names.configKey}`],
    ['a key that is a directory', aConfigMap('a', { '..': '' }), `data[..]: Invalid value: "..": must not be '..'`],
    [
      'a key of both kinds',
      { ...aConfigMap('a'), binaryData: { a: 'AA==' } },
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
    ],
    ['too much', aConfigMap('a', { a: 'x'.repeat(1_048_577) }), '[]: Too long: may not be more than 1048576 bytes'],
  ]);
  table('secrets', 'Secret', [
    ['a key', { metadata: { name: 'a' }, data: { 'b c': '' } }, `data[b c]: Invalid value: "b c": ${names.configKey}`],
    [
      'too much',
      { metadata: { name: 'a' }, stringData: { a: 'x'.repeat(1_048_577) } },
      'data: Too long: may not be more than 1048576 bytes',
    ],
  ]);
  table('events', 'Event', [
    [
      'of another namespace',
      { metadata: { name: 'a' }, involvedObject: { namespace: 'b' } },
      'involvedObject.namespace: Invalid value: "b": does not match event.namespace',
    ],
  ]);

  test('but not for its length in base64, or for keys every object inherits', async () => {
    const world = await apiWorld();
    const created = await world.create('secrets', {
      metadata: { name: 'a' },
      stringData: { a: 'x'.repeat(1_000_000), __proto__x: '' },
    });
    expect((created.data as Body).a).toHaveLength(1_333_336);
    const keys = JSON.parse('{"constructor":"AA==","__proto__":"AA=="}') as Body;
    await world.create('configmaps', { metadata: { name: 'a' }, data: { toString: 'x' }, binaryData: keys });
    const strings = await world.create('secrets', {
      metadata: { name: 'b' },
      stringData: JSON.parse('{"__proto__":"x"}') as Body,
    });
    expect(JSON.stringify(strings.data)).toBe('{"__proto__":"eA=="}');
  });
});

const container = (more: Body) => aPodBody('a', { containers: [{ name: 'c', image: 'x', ...more }] });
const affinity = (more: Body) => aPodBody('a', { affinity: more });
const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

describe('a pod is refused', () => {
  table('pods', 'Pod', [
    ['without containers', aPodBody('a', { containers: [] }), 'spec.containers: Required value'],
    ['with null for containers', aPodBody('a', { containers: null }), 'spec.containers: Required value'],
    [
      'with a container without a name',
      aPodBody('a', { containers: [{ image: 'x' }] }),
      'spec.containers[0].name: Required value',
    ],
    [
      'with a container’s name',
      container({ name: 'A' }),
      `spec.containers[0].name: Invalid value: "A": ${names.label}`,
    ],
    [
      'with two containers of one name',
      aPodBody('a', { containers: [{ name: 'c', image: 'x' }], initContainers: [{ name: 'c', image: 'x' }] }),
      'spec.initContainers[0].name: Duplicate value: "c"',
    ],
    ['without an image', container({ image: '' }), 'spec.containers[0].image: Required value'],
    [
      'with blanks around the image',
      container({ image: ' x' }),
      'spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace',
    ],
    [
      'with a pull policy',
      container({ imagePullPolicy: 'Often' }),
      'spec.containers[0].imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"',
    ],
    [
      'without a port',
      container({ ports: [{ containerPort: 0 }] }),
      'spec.containers[0].ports[0].containerPort: Required value',
    ],
    [
      'with a port',
      container({ ports: [{ containerPort: 70_000 }] }),
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      'with a host port',
      container({ ports: [{ containerPort: 1, hostPort: -1 }] }),
      'spec.containers[0].ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive',
    ],
    [
      'with a protocol',
      container({ ports: [{ containerPort: 1, protocol: 'ICMP' }] }),
      'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      'with a request below nothing',
      container({ resources: { requests: { cpu: '-1' } } }),
      'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ],
    [
      'with a request over its limit',
      container({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      'with a restart policy',
      aPodBody('a', { restartPolicy: 'Sometimes' }),
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      'with a DNS policy',
      aPodBody('a', { dnsPolicy: 'X' }),
      'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
    [
      'with a deadline of nothing',
      aPodBody('a', { activeDeadlineSeconds: 0 }),
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
    ['with a node’s name', aPodBody('a', { nodeName: 'A' }), `spec.nodeName: Invalid value: "A": ${names.subdomain}`],
    [
      'with a mount of no volume',
      container({ volumeMounts: [{ name: 'v', mountPath: '/' }] }),
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      'with a volume without a name',
      aPodBody('a', { volumes: [{ name: '' }] }),
      'spec.volumes[0].name: Required value',
    ],
    [
      'with two volumes of one name',
      aPodBody('a', { volumes: [{ name: 'v' }, { name: 'v' }] }),
      'spec.volumes[1].name: Duplicate value: "v"',
    ],
    [
      'with a node selector',
      aPodBody('a', { nodeSelector: { a: '-' } }),
      `spec.nodeSelector: Invalid value: "-": ${names.labelValue}`,
    ],
    [
      'with a toleration of everything by Equal',
      aPodBody('a', { tolerations: [{}] }),
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
    [
      'with a toleration’s operator',
      aPodBody('a', { tolerations: [{ key: 'a', operator: 'X' }] }),
      'spec.tolerations[0].operator: Unsupported value: "X": supported values: "Equal", "Exists"',
    ],
    [
      'with a toleration’s effect',
      aPodBody('a', { tolerations: [{ key: 'a', effect: 'X' }] }),
      'spec.tolerations[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    [
      'with a time for what is no eviction',
      aPodBody('a', { tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 1 }] }),
      `spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
    ],
    [
      'with no node term',
      affinity({ nodeAffinity: { [required]: {} } }),
      `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms: Required value: must have at least one node selector term`,
    ],
    [
      'with a node rule without values',
      affinity({
        nodeAffinity: { [required]: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] } },
      }),
      `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    ],
    [
      'with a node rule of two numbers',
      affinity({
        nodeAffinity: {
          [required]: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1', '2'] }] }] },
        },
      }),
      `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified single value when \`operator\` is 'Lt' or 'Gt'`,
    ],
    [
      'with a node field',
      affinity({
        nodeAffinity: {
          [required]: { nodeSelectorTerms: [{ matchFields: [{ key: 'a', operator: 'In', values: ['x'] }] }] },
        },
      }),
      `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "a": not a valid field selector key`,
    ],
    [
      'with a weight',
      affinity({ nodeAffinity: { [preferred]: [{ weight: 0, preference: {} }] } }),
      `spec.affinity.nodeAffinity.${preferred}[0].weight: Invalid value: 0: must be in the range 1-100`,
    ],
    [
      'with a pod term of no topology',
      affinity({ podAntiAffinity: { [required]: [{ labelSelector: {} }] } }),
      [
        `spec.affinity.podAntiAffinity.${required}[0].topologyKey: Required value: can not be empty`,
        `spec.affinity.podAntiAffinity.${required}[0].topologyKey: Invalid value: "": name part must be non-empty`,
      ],
    ],
    [
      'with a pod term’s selector',
      affinity({
        podAffinity: {
          [required]: [
            { topologyKey: 'a', labelSelector: { matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] } },
          ],
        },
      }),
      `spec.affinity.podAffinity.${required}[0].labelSelector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator`,
    ],
    [
      'with a spread of no skew',
      aPodBody('a', {
        topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' }],
      }),
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
    ],
    [
      'with a spread of nothing',
      aPodBody('a', { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: '', whenUnsatisfiable: 'Never' }] }),
      [
        'spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty',
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"',
      ],
    ],
  ]);
});

const deployment = (more: Body) => aDeploymentBody('a', more);
const strategy = (more: Body) => deployment({ strategy: more });

describe('a deployment is refused', () => {
  const selector = { matchLabels: { app: 'b' } };
  table('deployments.apps', 'Deployment.apps', [
    [
      'without a selector',
      deployment({ selector: null }),
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
      ],
    ],
    [
      'with an empty selector',
      deployment({ selector: {} }),
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ],
    [
      'with a selector of others',
      deployment({ selector }),
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
    [
      'with a selector’s operator',
      deployment({ selector: { matchExpressions: [{ key: 'app', operator: 'X' }] } }),
      [
        'spec.selector.matchExpressions[0].operator: Invalid value: "X": not a valid selector operator',
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"X"}]}: invalid label selector',
      ],
    ],
    [
      'with fewer than no replicas',
      deployment({ replicas: -1 }),
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      'with a strategy',
      strategy({ type: 'Slow' }),
      'spec.strategy.type: Unsupported value: "Slow": supported values: "Recreate", "RollingUpdate"',
    ],
    [
      'that recreates by rolling',
      strategy({ type: 'Recreate', rollingUpdate: {} }),
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      'that cannot move',
      strategy({ rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } }),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
    ],
    [
      'with a percentage',
      strategy({ rollingUpdate: { maxSurge: 'many' } }),
      "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"many\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
    [
      'with more than everything unavailable',
      strategy({ rollingUpdate: { maxUnavailable: '101%' } }),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ],
    [
      'whose deadline comes too soon',
      deployment({ minReadySeconds: 60, progressDeadlineSeconds: 60 }),
      'spec.progressDeadlineSeconds: Invalid value: 60: must be greater than minReadySeconds',
    ],
    [
      'whose pods are not restarted',
      deployment({
        template: {
          metadata: { labels: { app: 'a' } },
          spec: { containers: [{ name: 'c', image: 'x' }], restartPolicy: 'Never' },
        },
      }),
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
    [
      'without containers',
      deployment({ template: { metadata: { labels: { app: 'a' } }, spec: {} } }),
      'spec.template.spec.containers: Required value',
    ],
  ]);
  table('replicasets.apps', 'ReplicaSet.apps', [
    [
      'without a selector',
      { metadata: { name: 'a' } },
      [
        'spec.selector: Required value',
        'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
        'spec.template.spec.containers: Required value',
      ],
    ],
    [
      'with a selector of others',
      aDeploymentBody('a', { selector }),
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
  ]);
});

const service = (more: Body) => aServiceBody('a', more);

describe('a service is refused', () => {
  table('services', 'Service', [
    ['without ports', service({ ports: [] }), 'spec.ports: Required value'],
    [
      'with a type',
      service({ type: 'Magic' }),
      'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [
      'with a port',
      service({ ports: [{ port: 0 }] }),
      [
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'with a target port',
      service({ ports: [{ port: 1, targetPort: 70_000 }] }),
      'spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      'with unnamed ports',
      service({ ports: [{ port: 1 }, { port: 2, name: 'b' }] }),
      'spec.ports[0].name: Required value',
    ],
    [
      'with two ports of one name',
      service({
        ports: [
          { port: 1, name: 'b' },
          { port: 2, name: 'b' },
        ],
      }),
      'spec.ports[1].name: Duplicate value: "b"',
    ],
    ['of no name outside', service({ type: 'ExternalName' }), 'spec.externalName: Required value'],
    ['with a selector', service({ selector: { a: '-' } }), `spec.selector: Invalid value: "-": ${names.labelValue}`],
    [
      'with an address outside the range',
      service({ clusterIP: '10.0.0.1' }),
      'spec.clusterIPs: Invalid value: ["10.0.0.1"]: failed to allocate IP 10.0.0.1: the provided network does not match the current range',
    ],
    [
      'with an address that is taken',
      service({ clusterIP: '10.96.0.1' }),
      'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated',
    ],
    [
      'with a node port outside the range',
      service({ type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] }),
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
  ]);
  table('endpointslices.discovery.k8s.io', 'EndpointSlice.discovery.k8s.io', [
    ['without a type of address', { metadata: { name: 'a' }, endpoints: [] }, 'addressType: Required value'],
    [
      'with an endpoint without address',
      { metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [{ addresses: [] }] },
      'endpoints[0].addresses: Required value: must contain at least 1 address',
    ],
    [
      'with an address',
      { metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [{ addresses: ['2001:db8::1'] }] },
      'endpoints[0].addresses: Invalid value: "2001:db8::1": must be an IPv4 address',
    ],
  ]);
  table('endpoints', 'Endpoints', [
    [
      'with an address',
      { metadata: { name: 'a' }, subsets: [{ addresses: [{ ip: 'x' }] }] },
      'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
  ]);
  table('nodes', 'Node', [
    [
      'with a taint’s effect',
      { metadata: { name: 'a' }, spec: { taints: [{ key: 'a', effect: 'X' }] } },
      'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
    [
      'with a taint twice',
      {
        metadata: { name: 'a' },
        spec: {
          taints: [
            { key: 'a', effect: 'NoExecute' },
            { key: 'a', effect: 'NoExecute', value: 'x' },
          ],
        },
      },
      'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoExecute","value":"x"}: taints must be unique by key and effect pair',
    ],
  ]);
});

describe('an update is refused', () => {
  type Change = readonly [what: string, resource: string, body: Body, change: Body, text: string];
  const changeable = 'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`';
  const changes: readonly Change[] = [
    [
      'a deployment’s selector',
      'deployments.apps',
      aDeploymentBody('a'),
      {
        spec: {
          selector: { matchLabels: { app: 'b' } },
          template: { metadata: { labels: { app: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
        },
      },
      'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
    ],
    [
      'a pod’s command',
      'pods',
      aPodBody('a'),
      { spec: { containers: [{ name: 'c', image: 'nginx:1.27', command: ['x'] }] } },
      changeable,
    ],
    [
      'a pod’s containers',
      'pods',
      aPodBody('a'),
      {
        spec: {
          containers: [
            { name: 'c', image: 'x' },
            { name: 'd', image: 'x' },
          ],
        },
      },
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [
      'a pod’s tolerations, taken away',
      'pods',
      aPodBody('a', { tolerations: [{ key: 'a', operator: 'Exists' }] }),
      { spec: { tolerations: [] } },
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
    [
      'a pod’s new gate',
      'pods',
      aPodBody('a'),
      { spec: { schedulingGates: [{ name: 'example.com/g' }] } },
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'example.com/g'",
    ],
    [
      'a pod’s later deadline',
      'pods',
      aPodBody('a', { activeDeadlineSeconds: 5 }),
      { spec: { activeDeadlineSeconds: 6 } },
      'spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value',
    ],
    [
      'a pod’s deadline, taken away',
      'pods',
      aPodBody('a', { activeDeadlineSeconds: 5 }),
      { spec: { activeDeadlineSeconds: null } },
      'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
    ],
    [
      'a secret’s type',
      'secrets',
      { metadata: { name: 'a' } },
      { type: 'x' },
      'type: Invalid value: "x": field is immutable',
    ],
    [
      'an immutable config map’s data',
      'configmaps',
      { ...aConfigMap('a'), immutable: true },
      { data: { a: '2' } },
      'data: Forbidden: field is immutable when `immutable` is set',
    ],
    [
      'an immutable config map, opened',
      'configmaps',
      { ...aConfigMap('a'), immutable: true },
      { immutable: false },
      'immutable: Forbidden: field is immutable when `immutable` is set',
    ],
    [
      'a service’s address',
      'services',
      aServiceBody('a'),
      { spec: { clusterIP: '10.96.9.9', clusterIPs: ['10.96.9.9'] } },
      'spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: field is immutable',
    ],
    [
      'a node’s provider',
      'nodes',
      { metadata: { name: 'a' }, spec: { providerID: 'x' } },
      { spec: { providerID: 'y' } },
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ],
    [
      'a slice’s type of address',
      'endpointslices.discovery.k8s.io',
      { metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [] },
      { addressType: 'IPv6' },
      'addressType: Invalid value: "IPv6": field is immutable',
    ],
  ];

  const roots: Readonly<Record<string, string>> = {
    'deployments.apps': '/apis/apps/v1/namespaces/default/deployments',
    'endpointslices.discovery.k8s.io': '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    nodes: '/api/v1/nodes',
  };

  test.each(changes)('of %s', async (_, resource, body, change, text) => {
    const world = await apiWorld();
    const before = await world.create(resource, body);
    const root = roots[resource] ?? `/api/v1/namespaces/default/${resource}`;
    const headers = { 'content-type': 'application/merge-patch+json' };
    const refused = await world.refused(`${root}/a`, { method: 'PATCH', headers, body: change });
    expect(refused).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(refused.message).toContain(`"a" is invalid: ${text}`);
    expect(world.get(resource, 'a')).toEqual(before);
  });

  test('but a pod’s images, deadline, gates and further tolerations may change', async () => {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a', { schedulingGates: [{ name: 'example.com/g' }] }));
    const changed = await world.update('pods', 'a', (object) => {
      const spec = object.spec as { containers: Body[]; tolerations: Body[] } & Body;
      const { schedulingGates: _, ...rest } = spec;
      return {
        ...object,
        spec: {
          ...rest,
          activeDeadlineSeconds: 9,
          containers: spec.containers.map((one) => ({ ...one, image: 'nginx:2' })),
          tolerations: [...spec.tolerations, { key: 'x', operator: 'Exists' }],
        },
      };
    });
    expect(changed.metadata.generation).toBe(2);
    expect(changed.spec).toMatchObject({ activeDeadlineSeconds: 9, containers: [{ image: 'nginx:2' }] });
  });
});

test('several problems are told at once, each as a cause', async () => {
  const world = await apiWorld();
  const refused = await world.refused('/api/v1/namespaces/default/configmaps', {
    method: 'POST',
    body: { metadata: { name: 'A' }, data: { 'b c': '' } },
  });
  expect(refused.message).toBe(
    `ConfigMap "A" is invalid: [metadata.name: Invalid value: "A": ${names.subdomain}, data[b c]: Invalid value: "b c": ${names.configKey}]`,
  );
  expect(refused.details).toMatchObject({
    name: 'A',
    kind: 'ConfigMap',
    causes: [
      { reason: 'FieldValueInvalid', field: 'metadata.name', message: `Invalid value: "A": ${names.subdomain}` },
      { reason: 'FieldValueInvalid', field: 'data[b c]' },
    ],
  });
});
