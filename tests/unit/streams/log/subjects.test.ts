import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ObjectRef,
  parseSubject,
  streamOf,
  subjectFilter,
  subjectOf,
  subjectPrefixes,
} from '../../../../streams/log/subjects.ts';

/** Names as people and programs give them, with everything NATS would give a meaning to. */
const name = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'Z', '0', '.', '*', '>', ' ', '%', '_', '-', ':', '/', '$', '\t', '\n', 'ä'),
  }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('system:node:n-1', 'a.b.c', '_', '__', '%2E', '*', '>', '..', 'log', '\u{1F6A2}'),
);
const ref: fc.Arbitrary<ObjectRef> = fc.record({
  group: fc.oneof(fc.constantFrom('', 'apps', 'rbac.authorization.k8s.io', 'coordination.k8s.io'), name),
  resource: fc.oneof(fc.constantFrom('pods', 'leases', 'events'), name),
  namespace: name,
  name,
});

/** NATS' matching of a subject against a filter. */
function matches(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const tokens = subject.split('.');
  if (wanted.at(-1) === '>')
    return tokens.length >= wanted.length && wanted.slice(0, -1).every((w, i) => w === tokens[i]);
  return wanted.length === tokens.length && wanted.every((w, i) => w === '*' || w === tokens[i]);
}

describe('subjects', () => {
  test('every identity survives its subject', () => {
    fc.assert(
      fc.property(ref, (object) => {
        expect(parseSubject(subjectOf(object))).toEqual(object);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a subject has five tokens of harmless characters, whatever the names', () => {
    fc.assert(
      fc.property(ref, (object) => {
        expect(subjectOf(object)).toMatch(/^(log|lease|event)(\.[A-Za-z0-9:_%-]+){4}$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('different objects have different subjects', () => {
    fc.assert(
      fc.property(ref, ref, (a, b) => {
        const equal =
          a.group === b.group && a.resource === b.resource && a.namespace === b.namespace && a.name === b.name;
        expect(subjectOf(a) === subjectOf(b)).toBe(equal);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a filter takes a resource, or one namespace of it, and nothing else', () => {
    fc.assert(
      fc.property(ref, ref, (a, b) => {
        const sameResource = a.group === b.group && a.resource === b.resource;
        expect(matches(subjectFilter({ group: a.group, resource: a.resource }), subjectOf(b))).toBe(sameResource);
        const { group, resource, namespace } = a;
        const inNamespace = sameResource && namespace === b.namespace;
        expect(matches(subjectFilter({ group, resource, namespace }), subjectOf(b))).toBe(inNamespace);
      }),
      { numRuns: 2_000 },
    );
  });

  test('they read as documented', () => {
    const pod = { group: '', resource: 'pods', namespace: 'default', name: 'web-1' };
    expect(subjectOf(pod)).toBe('log._.pods.default.web-1');
    const role = { group: 'rbac.authorization.k8s.io', resource: 'clusterroles', namespace: '', name: 'system:node.x' };
    expect(subjectOf(role)).toBe('log.rbac%2Eauthorization%2Ek8s%2Eio.clusterroles._.system:node%2Ex');
    expect(subjectFilter({ group: 'apps', resource: 'deployments' })).toBe('log.apps.deployments.>');
    expect(subjectFilter({ group: 'apps', resource: 'deployments', namespace: 'a' })).toBe('log.apps.deployments.a.*');
  });

  test('leases and core Events live in their own streams, what only looks like them does not', () => {
    expect(streamOf({ group: 'coordination.k8s.io', resource: 'leases' })).toBe('LEASE');
    expect(streamOf({ group: 'example.com', resource: 'leases' })).toBe('LOG');
    expect(streamOf({ group: '', resource: 'events' })).toBe('EVENT');
    expect(streamOf({ group: 'example.com', resource: 'events' })).toBe('LOG');
    for (const prefix of Object.values(subjectPrefixes)) expect(prefix).toMatch(/^[a-z]+$/);
  });

  test('what is not one of ours is not parsed', () => {
    for (const text of ['', 'log', 'log.a.b.c', 'log.a.b.c.d.e', 'other._.pods.default.x', 'lease._.pods.default.x']) {
      expect(parseSubject(text)).toBeUndefined();
    }
  });
});
