// Which fields of managedFields are cut out of an object's bytes: those that many may have alike.

import { expect, test } from 'vitest';
import { encodeObject } from '../../../streams/resources/encode.ts';
import { cutFields } from '../../../streams/resources/shared-fields.ts';

const owned = (names: number) => {
  const fieldsV1 = Object.fromEntries(Array.from({ length: names }, (_, index) => [`f:key-${index}`, {}]));
  const managedFields = [{ manager: 'a', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1 }];
  return encodeObject({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', managedFields },
  } as unknown as Parameters<typeof encodeObject>[0]);
};

test('neither the shortest nor the longest are', () => {
  expect(cutFields(owned(2)).cuts).toHaveLength(0);
  expect(cutFields(owned(50)).cuts).toHaveLength(1);
  expect(cutFields(owned(2_000)).cuts).toHaveLength(0);
});

test('those that are not cut out stay where they are', () => {
  const object = owned(2_000);
  expect(cutFields(object).bytes.equals(object)).toBe(true);
});
