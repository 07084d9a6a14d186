// Lifecycles as tables: given an object, when it is written so, then the log says that.

import { describe, expect, test } from 'vitest';
import { type Lifecycle, transitionOf } from '../../actors/kit/lifecycle.ts';
import type { KubeObject, ObjectMeta } from '../../streams/resources/meta.ts';
import { at } from './workloads.ts';

export type Row = readonly [
  what: string,
  before: KubeObject | undefined,
  after: KubeObject | undefined,
  type: string,
  step: string,
];

export function lifecycleTable(name: string, lifecycle: Lifecycle, rows: readonly Row[]): void {
  describe(name, () => {
    test.each(rows)('%s', (_, before, after, type, step) => {
      const from = before === undefined ? null : lifecycle.stateOf(before);
      const transition = transitionOf(lifecycle, { before, after, from });
      expect([transition.type, `${transition.from} → ${transition.to}`]).toEqual([type, step]);
      expect(transition.anomaly).toBeUndefined();
    });
  });
}

export function withMeta<T extends KubeObject>(object: T, change: Partial<ObjectMeta>): T {
  return { ...object, metadata: { ...object.metadata, ...change } };
}

export function going<T extends KubeObject>(object: T): T {
  return withMeta(object, { deletionTimestamp: at(0) });
}
