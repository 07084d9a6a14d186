import { expect, test } from 'vitest';
import { encodeObject, fieldNamed, mayHave } from '../../../streams/resources/encode.ts';

test('whether a field may be there is told by its whole name', () => {
  const metadata = { name: 'x', uid: 'u', ownerReferences: [] };
  const bytes = encodeObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
  expect(mayHave(bytes, fieldNamed('ownerReferences'))).toBe(true);
  expect(mayHave(bytes, fieldNamed('References'))).toBe(false);
  expect(mayHave(bytes, fieldNamed('owner'))).toBe(false);
});
