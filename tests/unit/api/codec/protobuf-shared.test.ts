// Parts that objects share are encoded once for all of them, and nobody can tell: the bytes are those of the object alone.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeProtobuf } from '../../../../infra/api/codec/protobuf.ts';
import { encodeListItem } from '../../../../infra/api/codec/protobuf-list.ts';
import { allKinds } from '../../../../infra/api/kinds/kinds.ts';
import { DeltaBase, deltaOf } from '../../../../streams/views/delta.ts';
import { SharedValues } from '../../../../streams/views/shared-values.ts';
import { NotPlain } from '../../../../streams/views/text-parts.ts';
import { objectsOf } from './schema-objects.ts';

type Json = Record<string, unknown>;

/** Undefined for texts that are left to JSON.parse: keys called `__proto__`. */
function read(whole: () => unknown): Json | undefined {
  try {
    return whole() as Json | undefined;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

const kinds = allKinds().filter(({ protobuf }) => protobuf);

test.each(kinds.map((kind) => [`${kind.resource}.${kind.group}/${kind.version}`, kind] as const))(
  '%s that share parts are the same in protobuf as without',
  (_, { schema }) => {
    fc.assert(
      fc.property(objectsOf(schema), objectsOf(schema), (first, second) => {
        const base = new DeltaBase(Buffer.from(JSON.stringify(first)));
        const values = new SharedValues({ basesMax: 1 });
        for (const object of [first, { ...first, ...second }, { ...second, ...first }, first]) {
          const text = Buffer.from(JSON.stringify(object));
          const delta = deltaOf(text, base, text.length * 2);
          if (delta === undefined) continue;
          const alone = JSON.parse(text.toString()) as Json;
          for (let i = 0; i < 3; i++) values.reader({ base, delta });
          const shared = read(() => values.reader({ base, delta })?.reader.whole()) ?? alone;
          for (let i = 0; i < 2; i++) {
            expect(encodeProtobuf(shared, schema).equals(encodeProtobuf(alone, schema))).toBe(true);
            const item = Buffer.from(encodeListItem(shared, schema));
            expect(item.equals(encodeListItem(alone, schema))).toBe(true);
          }
        }
      }),
      { numRuns: 8 },
    );
  },
);
