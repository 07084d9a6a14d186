// What an allocator finds wrong with a service, gathered before it refuses.

import type { FieldError } from '../errors.ts';

export class Problems {
  readonly list: FieldError[] = [];

  get found(): boolean {
    return this.list.length > 0;
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.list.push({ type: 'Invalid', field, value, detail });
  }
}
