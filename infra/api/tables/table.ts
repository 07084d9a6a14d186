// What a Table of a kind looks like: its columns, and the cells of one object. The columns, their order and the cells'
// texts are upstream's printers' (facts §3.10), because `kubectl get` prints what the server sends.

import type { AnyObject } from '../../../streams/resources/meta.ts';

export type Column = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'number' | 'date';
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown; greater ones with `-o wide`. */
  readonly priority: number;
};

export type Cell = string | number | boolean | null;

export type TablePrinter = {
  readonly columns: readonly Column[];
  cells(object: AnyObject, nowMs: number): readonly Cell[];
};
