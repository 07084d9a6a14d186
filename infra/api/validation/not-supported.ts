// The check most enumerations need: an empty value is nobody's choice, any other must be one of the list.

import type { FieldError } from '../errors.ts';

export function notSupported(value: string | undefined, supported: readonly string[], field: string): FieldError[] {
  if (value === undefined || value === '' || supported.includes(value)) return [];
  return [{ type: 'NotSupported', field, value, supported }];
}
