// Malformed requests, seeded: whatever comes in over the wire is refused with a clear 4xx or taken; never a 5xx, never a
// broken server, and nothing that was there before is changed by what was refused.

import { expect, test } from 'vitest';
import type { Kind } from '../../../infra/api/kinds/kind.ts';
import { allKinds } from '../../../infra/api/kinds/kinds.ts';
import { type Random, seededRandom } from '../../../streams/base/random.ts';
import { aConfigMap, aDeploymentBody, aPodBody, aServiceBody } from '../../kit/api-objects.ts';
import { ApiWorld, type AskOptions, type Body, type Status, target, withType } from '../../kit/api-world.ts';

const seeds = ['one', 'two', 'three', 'four'];
const requestsPerSeed = 1_500;

type Asked = { readonly path: string; readonly options: AskOptions };

class Fuzz {
  readonly #random: Random;
  readonly #seedObjects: readonly (readonly [string, Body])[];

  constructor(random: Random, seedObjects: readonly (readonly [string, Body])[]) {
    this.#random = random;
    this.#seedObjects = seedObjects;
  }

  request(): Asked {
    return this.#chance(0.6) ? this.#nearlyRight() : this.#anything();
  }

  /** A write of an object that exists, or of a new one, with a few values wrong. */
  #nearlyRight(): Asked {
    const [resource, object] = this.#one(this.#seedObjects);
    const { kind, namespace } = target(resource, '');
    const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
    const collection = `${root}${kind.namespaced ? `/namespaces/${namespace}` : ''}/${kind.resource}`;
    const fresh = { ...object, metadata: { ...(object.metadata as Body), name: `f${this.#random.int(1_000_000)}` } };
    const method = this.#one(['POST', 'POST', 'PUT', 'PATCH']);
    const body = this.#mutated(withType(resource, method === 'POST' ? fresh : object), 1 + this.#random.int(3)) as Body;
    const sub = this.#chance(0.2)
      ? `/${this.#one(['status', 'scale', 'finalize', 'binding', 'eviction', 'token'])}`
      : '';
    const path = method === 'POST' && sub === '' ? collection : `${collection}/a${sub}`;
    const type = this.#one(patchTypes.slice(1, 4));
    const headers: Record<string, string> = method === 'PATCH' ? { 'content-type': type } : {};
    const query = this.#chance(0.3) ? '?fieldManager=f&fieldValidation=Strict' : '?fieldManager=f';
    return { path: path + query, options: { method, headers, body } };
  }

  #anything(): Asked {
    const method = this.#one(['GET', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'GET', 'POST', 'HEAD', 'OPTIONS', 'X']);
    const path = this.#path() + this.#query();
    const headers: Record<string, string> = {};
    if (this.#chance(0.3)) headers.accept = this.#one(accepts);
    if (method === 'PATCH') headers['content-type'] = this.#one(patchTypes);
    else if (this.#chance(0.3)) headers['content-type'] = this.#one(contentTypes);
    const body = method === 'GET' || method === 'HEAD' ? undefined : this.#body(headers['content-type'] ?? '');
    return { path, options: { method, headers, ...(body === undefined ? {} : { body }) } };
  }

  #path(): string {
    const kind = this.#one(allKinds());
    const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
    const namespace = this.#one(['default', 'default', 'default', 'absent', '', '%', '..', '__proto__']);
    const scope = kind.namespaced && this.#chance(0.95) ? `/namespaces/${namespace}` : '';
    const name = this.#one([
      '',
      '/a',
      '/a',
      '/a',
      '/b',
      '/%2F',
      '/constructor',
      `/${'x'.repeat(300)}`,
      '/A_B',
      '/a/b/c/d',
    ]);
    const sub = this.#chance(0.3)
      ? `/${this.#one([...kind.subresources.map((entry) => entry.name), 'status', 'nothing'])}`
      : '';
    const plain = ['/', '/api', '/apis', '/version', '/healthz', '/openapi/v3', '/metrics', '//', '/api/v1/watch'];
    return this.#chance(0.05) ? this.#one(plain) : `${root}${scope}/${kind.resource}${name}${name === '' ? '' : sub}`;
  }

  #query(): string {
    const count = this.#random.int(3);
    const terms = Array.from({ length: count }, () => `${this.#one(parameters)}=${this.#one(values)}`);
    return terms.length === 0 ? '' : `?${terms.join('&')}`;
  }

  #body(contentType: string): AskOptions['body'] {
    if (this.#chance(0.15)) return this.#one(rawBodies);
    if (this.#chance(0.1)) return Buffer.from(this.#random.bytes(this.#random.int(64)));
    const [resource, object] = this.#one(this.#seedObjects);
    const kind = this.#chance(0.7) ? withType(resource, object) : this.#of(this.#one(allKinds()), object);
    const mutated = this.#mutated(kind as unknown as Body, 1 + this.#random.int(3));
    if (!contentType.includes('json-patch')) return mutated as Body;
    return Array.from({ length: this.#random.int(3) }, () => ({
      op: this.#one(['add', 'remove', 'replace', 'test', 'move', 'copy', 'jump', 5]),
      path: this.#one([
        '/metadata',
        '/spec',
        '/data/a',
        '/metadata/labels',
        '',
        '/',
        'x',
        '/spec/containers/0',
        '/kind',
        7,
      ]),
      value: this.#one(junk),
      from: this.#one(['/metadata', '/spec', '/x']),
    }));
  }

  #of({ group, version, kind }: Kind, object: Body): unknown {
    return { ...object, apiVersion: group === '' ? version : `${group}/${version}`, kind };
  }

  /** The object with some value somewhere in it replaced, removed, or joined by another. */
  #mutated(object: unknown, times: number): unknown {
    let result = object;
    for (let i = 0; i < times; i++) result = this.#mutate(result, 0);
    return result;
  }

  #mutate(value: unknown, depth: number): unknown {
    const stop = this.#chance(0.25) && depth > 0;
    if (stop || typeof value !== 'object' || value === null) return this.#one(junk);
    if (Array.isArray(value)) {
      if (value.length === 0 || this.#chance(0.2)) return [...value, this.#one(junk)];
      const at = this.#random.int(value.length);
      return value.map((item, index) => (index === at ? this.#mutate(item, depth + 1) : item));
    }
    const keys = Object.keys(value);
    if (keys.length === 0 || this.#chance(0.15)) return { ...value, [this.#one(fields)]: this.#one(junk) };
    const key = this.#one(keys);
    if (this.#chance(0.15)) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
    return { ...value, [key]: this.#mutate((value as Body)[key], depth + 1) };
  }

  #one<T>(items: readonly T[]): T {
    return items[this.#random.int(items.length)] as T;
  }

  #chance(probability: number): boolean {
    return this.#random.float() < probability;
  }
}

const junk: readonly unknown[] = [
  null,
  0,
  -1,
  1.5,
  1e30,
  true,
  '',
  'x',
  'A B',
  '💥'.repeat(3),
  '-5Gi',
  '1e999',
  [],
  [null],
  [[]],
  {},
  { a: null },
  { name: 'c' },
  { type: 5 },
  'x'.repeat(300),
  '9999-99-99T99:99:99Z',
  { $patch: 'replace' },
  [{ $patch: 'delete', name: 'c' }],
  { constructor: {} },
];
const fields = [
  'spec',
  'status',
  'data',
  'stringData',
  'binaryData',
  'metadata',
  'x',
  '__proto__',
  'constructor',
  'finalizers',
  '$patch',
  'containers',
  'ports',
  'labels',
  'ownerReferences',
  'managedFields',
  'selector',
  'target',
  'deleteOptions',
  'subsets',
  'endpoints',
  'involvedObject',
  'type',
  'immutable',
];
const parameters = [
  'labelSelector',
  'fieldSelector',
  'resourceVersion',
  'resourceVersionMatch',
  'limit',
  'continue',
  'timeoutSeconds',
  'dryRun',
  'fieldManager',
  'fieldValidation',
  'force',
  'gracePeriodSeconds',
  'propagationPolicy',
  'orphanDependents',
  'pretty',
  'includeObject',
  'sendInitialEvents',
  'container',
  'tailLines',
  'sinceTime',
  'limitBytes',
];
const values = [
  '',
  '0',
  '1',
  '-1',
  '2',
  '99999999999999999999',
  'true',
  'All',
  'x',
  'a=b',
  'a in (b',
  '!',
  '%00',
  '%ff',
  'metadata.name=a',
  '__proto__=x',
  'e30',
  'bnVsbA',
  'Strict',
  'Exact',
  'NotOlderThan',
  'Orphan',
  'Foreground',
  '%F0%9F%92%A5',
  'c',
];
const accepts = [
  '*/*',
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'text/html',
  'application/json;as=Nothing',
  ';;,,',
  'application/json;q=x',
];
const contentTypes = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'text/plain',
  '',
  'application/json; charset=utf-16',
];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/json',
];
const rawBodies: readonly (string | Buffer)[] = [
  '',
  '{',
  '[]',
  'null',
  '5',
  '"text"',
  '{"kind":5}',
  '{"apiVersion":"a/b/c"}',
  '{"metadata":5}',
  '{"metadata":{"name":{}}}',
  'a: [b',
  '- a\n- b',
  '&a [*a]',
  '%YAML 9.9',
  '{"a":1,"a":2}',
  '['.repeat(2000),
  '{"a":'.repeat(2000),
  Buffer.from('6b387300', 'hex'),
  Buffer.from('6b3873000a', 'hex'),
  Buffer.from('6b3873000a0b0a02763112035069641200ff', 'hex'),
  '\u0000',
  '{"kind":"Pod","apiVersion":"v1","spec":null}',
  '{"kind":"Pod","apiVersion":"v1","spec":{}}',
];

async function worldWithObjects(): Promise<{ world: ApiWorld; objects: readonly (readonly [string, Body])[] }> {
  const world = await ApiWorld.start();
  const created: readonly (readonly [string, Body])[] = [
    ['configmaps', aConfigMap('a')],
    ['secrets', { metadata: { name: 'a' }, stringData: { a: 'b' } }],
    ['pods', aPodBody('a', { nodeName: 'n' })],
    ['services', aServiceBody('a', { type: 'NodePort' })],
    ['deployments.apps', aDeploymentBody('a')],
    ['leases.coordination.k8s.io', { metadata: { name: 'a' }, spec: { leaseDurationSeconds: 40 } }],
    ['nodes', { metadata: { name: 'a' }, spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } }],
    ['namespaces', { metadata: { name: 'a' } }],
    ['endpoints', { metadata: { name: 'a' }, subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 1 }] }] }],
    [
      'endpointslices.discovery.k8s.io',
      { metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4'] }] },
    ],
    ['events', { metadata: { name: 'a' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'a' } }],
    ['serviceaccounts', { metadata: { name: 'a' } }],
  ];
  for (const [resource, body] of created) await world.create(resource, body);
  return { world, objects: created };
}

test.each(seeds)('malformed requests are refused with 4xx: seed %s', async (seed) => {
  const { world, objects } = await worldWithObjects();
  const fuzz = new Fuzz(seededRandom(seed), objects);
  const counts = new Map<number, number>();
  const broken: string[] = [];
  for (let i = 0; i < requestsPerSeed; i++) {
    const { path, options } = fuzz.request();
    const events =
      world.stack.view.revision('LOG') + world.stack.view.revision('LEASE') + world.stack.view.revision('EVENT');
    const asked = world.ask(path, options);
    // A revision of the future is waited for.
    await world.clock.advance(3_000);
    const answer = await asked;
    counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
    const known = answer.status === 504 || (answer.status === 500 && isUpstreams(answer.json));
    if (answer.status >= 500 && !known)
      broken.push(`${options.method} ${path} ${describe(options.body)}: ${answer.text}`);
    if (answer.status < 400) continue;
    const after =
      world.stack.view.revision('LOG') + world.stack.view.revision('LEASE') + world.stack.view.revision('EVENT');
    if (after !== events) broken.push(`${options.method} ${path} changed something though refused: ${answer.text}`);
    if (options.method === 'HEAD') continue;
    const status = answer.json as unknown as Status;
    if (status.kind !== 'Status' || status.code !== answer.status || status.message === '')
      broken.push(`${path}: ${answer.text}`);
  }
  const told = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  process.stdout.write(`fuzz, seed ${seed}: ${requestsPerSeed} requests answered (${told.join(', ')})\n`);
  expect(broken).toEqual([]);
  expect(world.reported).toEqual([]);
  expect((await world.ask('/livez')).text).toBe('ok');
  await world.stop();
});

/** A few errors of patches Kubernetes itself does not classify: 500 without a reason, which clients print as they are. */
function isUpstreams(status: Body): boolean {
  return status.kind === 'Status' && status.reason === '';
}

function describe(body: AskOptions['body']): string {
  return Buffer.isBuffer(body) ? body.toString('hex') : (JSON.stringify(body)?.slice(0, 300) ?? '');
}
