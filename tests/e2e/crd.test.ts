// Custom resources with the real kubectl against the real program: a definition is created, its objects are made, changed,
// explained and printed like any others, and go with it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { kubectlPath, type Ran, RunningCluster } from '../kit/running-cluster.ts';

if (kubectlPath === undefined)
  console.warn('SKIPPED: tests/e2e need kubectl on the PATH (https://kubernetes.io/docs/tasks/tools/)');

type CronTab = {
  readonly metadata: { readonly generation: number; readonly managedFields?: readonly { readonly manager: string }[] };
  readonly spec: { readonly cronSpec: string; readonly replicas: number; readonly ports?: readonly object[] };
  readonly status?: { readonly replicas?: number };
};

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: crontabs.stable.example.com
spec:
  group: stable.example.com
  scope: Namespaced
  names: { plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all] }
  versions:
  - name: v1
    served: true
    storage: true
    selectableFields: [{ jsonPath: .spec.color }]
    additionalPrinterColumns:
    - { name: Spec, type: string, description: The cron spec, jsonPath: .spec.cronSpec }
    - { name: Replicas, type: integer, jsonPath: .spec.replicas }
    - { name: Image, type: string, priority: 1, jsonPath: .spec.image }
    - { name: Age, type: date, jsonPath: .metadata.creationTimestamp }
    subresources:
      status: {}
      scale: { specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas }
    schema:
      openAPIV3Schema:
        type: object
        description: CronTab runs things now and then.
        required: [spec]
        properties:
          spec:
            type: object
            description: What is run, and when.
            required: [cronSpec]
            properties:
              cronSpec: { type: string, description: When it runs., pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' }
              image: { type: string }
              color: { type: string, enum: [red, blue] }
              replicas: { type: integer, minimum: 1, maximum: 10, default: 1 }
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: { name: { type: string }, port: { type: integer } }
          status:
            type: object
            properties: { replicas: { type: integer } }
`;

function cronTab(name: string, spec: string): string {
  return `apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

describe.skipIf(kubectlPath === undefined)('custom resources and stock kubectl', () => {
  const cluster = new RunningCluster();
  beforeAll(() => cluster.start());
  afterAll(() => cluster.dispose());

  const get = (name: string) => cluster.json<CronTab>(['get', 'crontab', name, '--show-managed-fields']);
  const refused = async (args: readonly string[], stdin: string): Promise<string> => {
    const ran: Ran = await cluster.kubectl(args, { stdin });
    expect(ran.code).not.toBe(0);
    return ran.stderr;
  };

  test('a definition is established at once, and its resource discovered', async () => {
    const created = await cluster.ok(['create', '-f', '-'], { stdin: definition });
    expect(created).toBe('customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created');
    await cluster.ok(['wait', '--for=condition=Established', 'crd/crontabs.stable.example.com', '--timeout=5s']);
    const resources = await cluster.ok(['api-resources', '--api-group=stable.example.com', '--no-headers']);
    expect(resources.split(/\s+/)).toEqual(['crontabs', 'ct', 'stable.example.com/v1', 'true', 'CronTab']);
  });

  test('kubectl explains the definition’s texts', async () => {
    expect(await cluster.ok(['explain', 'crontab'])).toContain('CronTab runs things now and then.');
    const spec = await cluster.ok(['explain', 'ct.spec']);
    expect(spec).toContain('What is run, and when.');
    expect(spec).toMatch(/cronSpec\s+<string> -required-/);
    expect(await cluster.ok(['explain', 'crontab.spec.ports', '--recursive'])).toMatch(/port\s+<integer>/);
  });

  test('an object is created with its defaults, printed in its columns and selected by its fields', async () => {
    const blue = cronTab('blue', '{ cronSpec: "* * * * */5", image: busybox, color: blue }');
    expect(await cluster.ok(['create', '-f', '-'], { stdin: blue })).toBe('crontab.stable.example.com/blue created');
    expect((await get('blue')).spec.replicas).toBe(1);
    const lines = (await cluster.ok(['get', 'ct'])).split('\n').map((line) => line.split(/\s{2,}/));
    expect(lines[0]).toEqual(['NAME', 'SPEC', 'REPLICAS', 'AGE']);
    expect(lines[1]?.slice(0, 3)).toEqual(['blue', '* * * * */5', '1']);
    expect(await cluster.ok(['get', 'ct', '-o', 'wide'])).toContain('busybox');
    expect(await cluster.ok(['get', 'all'])).toContain('crontab.stable.example.com/blue');
    const names = (selector: string) => cluster.ok(['get', 'ct', '-o', 'name', '--field-selector', selector]);
    expect(await names('spec.color=blue')).toBe('crontab.stable.example.com/blue');
    expect(await names('spec.color=red')).toBe('');
  });

  test('what the schema does not allow is refused in upstream’s words', async () => {
    const wrong = (spec: string) => refused(['create', '-f', '-'], cronTab('wrong', spec));
    expect(await wrong('{ cronSpec: 5 }')).toContain(
      'spec.cronSpec: Invalid value: "integer": spec.cronSpec in body must be of type string: "integer"',
    );
    expect(await wrong('{ cronSpec: "* * * * *", replicas: 11 }')).toContain(
      'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
    );
    expect(await wrong('{ cronSpec: never }')).toContain("spec.cronSpec in body should match '^(\\d+|\\*)");
    expect(await wrong('{ cronSpec: "* * * * *", color: green }')).toContain(
      'spec.color: Unsupported value: "green": supported values: "red", "blue"',
    );
    expect(await wrong('{ image: x }')).toContain('spec.cronSpec: Required value');
    expect(await wrong('{ cronSpec: "* * * * *", colour: red }')).toContain(
      'strict decoding error: unknown field "spec.colour"',
    );
  });

  test('apply and patch change it; the status is a world of its own', async () => {
    const green = cronTab('green', '{ cronSpec: "0 * * * *", ports: [{ name: http, port: 80 }] }');
    await cluster.ok(['apply', '-f', '-'], { stdin: green });
    const unchanged = await cluster.ok(['apply', '-f', '-'], { stdin: green });
    expect(unchanged).toBe('crontab.stable.example.com/green unchanged');
    await cluster.ok(['patch', 'crontab', 'green', '--type=merge', '-p', '{"spec":{"image":"nginx"}}']);
    await cluster.ok([
      'patch',
      'ct',
      'green',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/replicas","value":2}]',
    ]);
    expect(await get('green')).toMatchObject({ metadata: { generation: 3 }, spec: { image: 'nginx', replicas: 2 } });
    await cluster.ok(['label', 'ct', 'green', 'a=b']);
    const status = '{"status":{"replicas":2},"spec":{"image":"other"}}';
    await cluster.ok(['patch', 'ct', 'green', '--subresource=status', '--type=merge', '-p', status]);
    expect(await get('green')).toMatchObject({
      metadata: { generation: 3 },
      spec: { image: 'nginx' },
      status: { replicas: 2 },
    });
    expect(await refused(['patch', 'ct', 'green', '--type=strategic', '-p', '{}'], '')).toContain(
      'accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  });

  test('server-side apply owns fields, merges lists by their keys and tells conflicts', async () => {
    const one = cronTab('shared', '{ cronSpec: "1 * * * *", ports: [{ name: http, port: 80 }] }');
    const two = cronTab('shared', '{ cronSpec: "1 * * * *", ports: [{ name: https, port: 443 }] }');
    await cluster.ok(['apply', '--server-side', '--field-manager=one', '-f', '-'], { stdin: one });
    await cluster.ok(['apply', '--server-side', '--field-manager=two', '-f', '-'], { stdin: two });
    const shared = await get('shared');
    expect(shared.spec.ports).toHaveLength(2);
    expect(shared.metadata.managedFields?.map(({ manager }) => manager).sort()).toEqual(['one', 'two']);
    const other = cronTab('shared', '{ cronSpec: "2 * * * *" }');
    const conflict = await refused(['apply', '--server-side', '--field-manager=two', '-f', '-'], other);
    expect(conflict).toContain('conflict with "one": .spec.cronSpec');
    const unknown = cronTab('shared', '{ cronSpec: "1 * * * *", colour: red }');
    expect(await refused(['apply', '--server-side', '--field-manager=two', '-f', '-'], unknown)).toContain(
      '.spec.colour: field not declared in schema',
    );
  });

  test('it is scaled', async () => {
    expect(await cluster.ok(['scale', 'ct/blue', '--replicas=3'])).toBe('crontab.stable.example.com/blue scaled');
    expect((await get('blue')).spec.replicas).toBe(3);
    expect(await refused(['scale', 'ct/blue', '--replicas=30'], '')).toContain('should be less than or equal to 10');
  });

  test('two definitions do not get the same short name', async () => {
    const other = definition
      .replaceAll('crontabs', 'clones')
      .replaceAll('crontab', 'clone')
      .replaceAll('CronTab', 'Clone');
    await cluster.ok(['create', '-f', '-'], { stdin: other });
    const conflict = ['get', 'crd', 'clones.stable.example.com', '-o', 'jsonpath={.status.conditions[0].reason}'];
    await eventually(async () => expect(await cluster.ok(conflict)).toBe('ShortNamesConflict'));
    await cluster.ok(['delete', 'crd', 'clones.stable.example.com', '--timeout=10s']);
  });

  test('the log replays clean, and shows them as they were', async () => {
    const verified = await cluster.shiplog(['replay', '--verify']);
    expect(`${verified.stdout}${verified.stderr}`).toContain('the replayed state is the live one');
    const past = await cluster.shiplog(['replay', '-o', 'json']);
    expect(past.stdout).toMatch(/"kind": ?"CronTab"/);
  });

  test('objects go with their definition, and with them discovery and documents', async () => {
    await cluster.ok(['delete', 'crd', 'crontabs.stable.example.com', '--timeout=20s']);
    expect(await refused(['get', 'crontabs'], '')).toContain('the server could not find the requested resource');
    expect(await cluster.ok(['get', '--raw', '/openapi/v3'])).not.toContain('stable.example.com');
    expect(await cluster.ok(['get', '--raw', '/apis'])).not.toContain('stable.example.com');
    expect((await cluster.shiplog(['replay', '--verify'])).code).toBe(0);
  });
});
