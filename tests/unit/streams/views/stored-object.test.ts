import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../../streams/base/byte-writer.ts';
import { StoredObject } from '../../../../streams/views/stored-object.ts';
import { bytesOf } from '../../../kit/events.ts';
import { eventAt } from './history.ts';

const ref = { group: '', resource: 'configmaps', namespace: 'a', name: 'x' };
const stored = (object: Uint8Array, at = 42) => new StoredObject(ref, { ...eventAt(ref, at), object });
const bytes = (text: string) => new TextEncoder().encode(text);

test('an object is served as it was recorded, with its revision', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1 }), (data, at) => {
      const recorded = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x', namespace: 'a' }, data };
      const object = stored(bytesOf(recorded), at);
      const served = JSON.parse(object.json.toString());
      expect(served).toEqual(
        JSON.parse(JSON.stringify({ ...recorded, metadata: { resourceVersion: `${at}`, ...recorded.metadata } })),
      );
      expect(object.object).toEqual(served);
    }),
  );
});

describe('what was recorded comes back to the byte', () => {
  test.each([
    ['an ordinary object', '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"b"}}'],
    [
      'numbers no float holds',
      '{"kind":"Big","apiVersion":"v1","metadata":{"name":"x"},"spec":{"n":9007199254740993,"z":-0,"f":1.0}}',
    ],
    [
      'keys that mean something elsewhere',
      '{"kind":"Odd","apiVersion":"v1","metadata":{"name":"x"},"__proto__":{"a":1}}',
    ],
    [
      'an object within that looks like one',
      '{"kind":"Odd","apiVersion":"v1","metadata":{"name":"x"},"spec":{"metadata":{"resourceVersion":"42"}}}',
    ],
    ['empty metadata', '{"kind":"Odd","apiVersion":"v1","metadata":{},"data":"ä"}'],
  ])('%s', (_, text) => {
    const object = stored(bytes(text));
    expect(Buffer.from(object.encoded()).toString()).toBe(text);
    // Once it was served, the recorded form is no longer kept.
    expect(object.json.toString()).toContain('"resourceVersion":"42"');
    expect(Buffer.from(object.encoded()).toString()).toBe(text);
  });
});

test('an object that was only imagined has no revision', () => {
  const text = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"}}';
  const object = stored(bytes(text), 0);
  expect(object.json.toString()).toBe(text);
  expect(Buffer.from(object.encoded()).toString()).toBe(text);
});

describe('fields that others share', () => {
  const fields = JSON.stringify({
    'f:spec': Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f:"${i}}{`, {}])),
  });
  const entry = (manager: string) => `{"manager":"${manager}","fieldsType":"FieldsV1","fieldsV1":${fields}}`;
  const text = (name: string, managers: readonly string[], spec = '{}') =>
    `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"${name}","managedFields":[${managers.map(entry).join(',')}]},"spec":${spec}}`;

  test.each([
    ['one manager', text('x', ['a'])],
    ['several', text('x', ['a', 'b', 'c'])],
    ['what only looks like them', text('x', ['a'], entry('spec'))],
  ])('%s: the object and its bytes are what they were', (_, recorded) => {
    const object = stored(bytes(recorded));
    const { metadata, ...rest } = JSON.parse(recorded);
    expect(object.object).toEqual({ ...rest, metadata: { resourceVersion: '42', ...metadata } });
    expect(JSON.parse(object.json.toString())).toEqual(object.object);
    expect(Buffer.from(object.encoded()).toString()).toBe(recorded);
    object.shed();
    const writer = new ByteWriter(Buffer.alloc(8));
    writer.text('…');
    object.writeJson(writer);
    expect(writer.written().toString()).toBe(`…${object.json}`);
  });

  test('are kept once for all', () => {
    const [a, b] = ['a', 'b'].map((name) => {
      const [entry] = stored(bytes(text(name, ['m']))).object.metadata.managedFields ?? [];
      return (entry as { readonly fieldsV1: object }).fieldsV1;
    });
    expect(a).toEqual(JSON.parse(fields));
    expect(b).toBe(a);
  });

  test('stay in their places when the object is packed', () => {
    const recorded = text('x', ['a', 'b']);
    const object = stored(bytes(recorded));
    stored(bytes(text('y', ['a', 'b']))).pack();
    object.pack();
    expect(Buffer.from(object.encoded()).toString()).toBe(recorded);
    expect(object.object).toEqual(stored(bytes(recorded)).object);
  });
});
