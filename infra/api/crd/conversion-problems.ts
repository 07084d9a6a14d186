// What a definition says about converting its objects between versions: not at all but for the version's name, or by a
// webhook that is named completely.

import { nameProblem } from '../registry/names.ts';
import type { Check } from '../validation/check.ts';
import { clientConfigRule } from '../validation/webhooks.ts';
import type { Conversion, DefinitionSpec } from './definition.ts';

const strategies = ['None', 'Webhook'];
const reviewVersions = ['v1', 'v1beta1'];

export function conversionRules({ conversion, preserveUnknownFields }: DefinitionSpec, check: Check): void {
  if (conversion === undefined || conversion === null) return;
  check.enter('conversion');
  const { strategy, webhook } = conversion;
  if (strategy !== 'None' && preserveUnknownFields === true) {
    check.invalid(strategy, 'must be None if spec.preserveUnknownFields is true', '.strategy');
  }
  if (!strategy) check.required('', '.strategy');
  else if (!strategies.includes(strategy)) check.notSupported(strategy, strategies, '.strategy');
  if (strategy === 'Webhook') webhookRules(webhook, check);
  else {
    const detail = 'should not be set when strategy is not set to Webhook';
    if (webhook?.clientConfig) check.forbidden(detail, '.webhookClientConfig');
    if (webhook?.conversionReviewVersions?.length) check.forbidden(detail, '.conversionReviewVersions');
  }
  check.leave();
}

function webhookRules(webhook: Conversion['webhook'], check: Check): void {
  const { clientConfig: config, conversionReviewVersions: versions = [] } = webhook ?? {};
  if (!config) check.required('required when strategy is set to Webhook', '.webhookClientConfig');
  else {
    check.enter('webhookClientConfig');
    clientConfigRule(config, check);
    check.leave();
  }
  reviewVersionRules(versions, check);
}

function reviewVersionRules(versions: readonly string[], check: Check): void {
  const at = '.conversionReviewVersions';
  if (versions.length === 0) {
    check.required('', at);
    return;
  }
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    if (seen.has(version)) {
      check.invalid(version, 'duplicate version', `${at}[${index}]`);
      continue;
    }
    seen.add(version);
    const problem = nameProblem(version, 'service');
    if (problem !== undefined) check.invalid(version, problem, `${at}[${index}]`);
  }
  if (!versions.some((version) => reviewVersions.includes(version))) {
    check.invalid(versions, `must include at least one of ${reviewVersions.join(', ')}`, at);
  }
}
