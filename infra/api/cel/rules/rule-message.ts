// What is said when a rule does not hold: what its message expression says, else its message, else the rule itself.

import type { ValidationRule } from '../../crd/definition.ts';
import type { Bindings } from '../cel.ts';
import type { CompiledRule } from './compile-rules.ts';

export type RuleMessage =
  | { readonly kind: 'message'; readonly text: string; readonly cost: number }
  /** The message expression cost more than it may: no further rules are asked. */
  | { readonly kind: 'stopped'; readonly why: string };

const MESSAGE_BYTES_MAX = 5 * 1024;

export function ruleMessage({ rule, message }: CompiledRule, bindings: Bindings, budget: number): RuleMessage {
  const plain = rule.message ? rule.message.trim() : `failed rule: ${ruleText(rule)}`;
  if (message === undefined) return { kind: 'message', text: plain, cost: 0 };
  const outcome = message.evaluate(bindings);
  const quoted = JSON.stringify(rule.messageExpression);
  if (outcome.kind === 'limitExceeded') {
    const why = `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoted}`;
    return { kind: 'stopped', why };
  }
  if (outcome.cost > budget) {
    const why =
      'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run';
    return { kind: 'stopped', why };
  }
  const told = outcome.kind === 'value' && typeof outcome.value === 'string' ? usable(outcome.value) : undefined;
  return { kind: 'message', text: told ?? plain, cost: outcome.cost };
}

/** The message of a rule where it has one, else the rule. */
export function ruleText(rule: ValidationRule): string {
  return (rule.message ? rule.message : rule.rule).trim();
}

function usable(text: string): string | undefined {
  const trimmed = text.trim();
  const fits = trimmed !== '' && Buffer.byteLength(trimmed) <= MESSAGE_BYTES_MAX && !trimmed.includes('\n');
  return fits ? trimmed : undefined;
}
