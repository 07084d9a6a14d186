// How a CEL rule must be written, before anybody asks whether its expression means anything.

import type { Check } from '../validation/check.ts';
import type { JsonSchema, ValidationRule } from './definition.ts';
import { fieldAt } from './field-path.ts';
import { structuralOf } from './structural.ts';

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

export function ruleForm(given: ValidationRule, check: Check, schema: JsonSchema): void {
  const { rule = '', message = '', messageExpression = '', reason, fieldPath = '' } = given;
  const [trimmed, text] = [rule.trim(), message.trim()];
  if (trimmed === '') check.required('rule is not specified', '.rule');
  else if (message !== '' && text === '') check.invalid(message, 'must be non-empty if specified', '.message');
  else if (hasLineBreaks(text)) check.invalid(message, 'must not contain line breaks', '.message');
  else if (hasLineBreaks(trimmed) && text === '') {
    check.required('message must be specified if rule contains line breaks', '.message');
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    check.required('messageExpression must be non-empty if specified', '.messageExpression');
  }
  if (reason !== undefined && reason !== null && !reasons.includes(reason)) {
    check.notSupported(reason, reasons, '.reason');
  }
  if (fieldPath === '') return;
  if (fieldPath.trim() === '') check.invalid(fieldPath, 'must be non-empty if specified', '.fieldPath');
  if (hasLineBreaks(fieldPath)) check.invalid(fieldPath, 'must not contain line breaks', '.fieldPath');
  if (fieldAt(structuralOf(schema), fieldPath, { arrays: true }).kind === 'invalid') {
    check.invalid(fieldPath, 'must be a valid path', '.fieldPath');
  }
}

function hasLineBreaks(text: string): boolean {
  return /[\n\r]/.test(text);
}
