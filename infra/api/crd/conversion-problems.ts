// What a definition says about converting its objects between versions: not at all but for the version's name, or by a
// webhook that is named completely.

import { nameProblem } from '../registry/names.ts';
import type { Check } from '../validation/check.ts';
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
  const at = '.webhookClientConfig';
  if (!config) check.required('required when strategy is set to Webhook', at);
  else if ((config.url === undefined) === (config.service === undefined)) {
    check.required('exactly one of url or service is required', at);
  } else if (config.url !== undefined) urlRules(config.url, check, `${at}.url`);
  else if (config.service !== undefined) {
    const { name, namespace, path, port = 443 } = config.service;
    if (!name) check.required('service name is required', `${at}.service.name`);
    if (!namespace) check.required('service namespace is required', `${at}.service.namespace`);
    if (path && !path.startsWith('/')) check.invalid(path, "must start with a '/'", `${at}.service.path`);
    if (port < 1 || port > 65_535) {
      check.invalid(port, `port is not valid: must be between 1 and 65535, inclusive`, `${at}.service.port`);
    }
  }
  reviewVersionRules(versions, check);
}

function urlRules(text: string, check: Check, at: string): void {
  const form = 'desired format: https://host[/path]';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    check.required(`url must be a valid URL: ${JSON.stringify(text)}; ${form}`, at);
    return;
  }
  if (url.protocol !== 'https:') {
    check.invalid(url.protocol.replace(/:$/, ''), `'https' is the only allowed URL scheme; ${form}`, at);
  }
  if (url.host === '') check.invalid(url.host, `host must be specified; ${form}`, at);
  if (url.username !== '' || url.password !== '') {
    check.invalid(url.username, 'user information is not permitted in the URL', at);
  }
  if (url.hash !== '') check.invalid(url.hash.slice(1), 'fragments are not permitted in the URL', at);
  if (url.search !== '') check.invalid(url.search.slice(1), 'query parameters are not permitted in the URL', at);
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
