// What makes the configurations of admission webhooks invalid, and references to services in general (webhooks of custom
// resource definitions and aggregated APIs name theirs in the same way).

import { nameProblem } from '../registry/names.ts';
import { failurePolicy, matchConditions, matchPolicy, reinvocationPolicy, requestRule } from './admission-rules.ts';
import type { Check, Rule } from './check.ts';
import { labelSelector } from './label-selector.ts';
import { each, fields } from './rules.ts';

const reviewVersions = ['v1', 'v1beta1'];
const sideEffects = ['None', 'NoneOnDryRun'];
const urlForm = '; desired format: https://host[/path]';

type ServiceReference = {
  readonly name?: string;
  readonly namespace?: string;
  readonly path?: string;
  readonly port?: number;
};
type ClientConfig = { readonly url?: string | null; readonly service?: ServiceReference | null };
type Webhook = {
  readonly name?: string;
  readonly sideEffects?: string | null;
  readonly timeoutSeconds?: number;
  readonly clientConfig?: ClientConfig;
  readonly admissionReviewVersions?: readonly string[] | null;
};
type Configuration = { readonly webhooks?: readonly Webhook[] | null };

/** What an object has wrong already is not held against its next version. */
type Tolerated = { readonly sideEffects: boolean; readonly versions: boolean; readonly names: boolean };

export const webhookConfiguration: Rule<Configuration> = ({ webhooks }, check, before) => {
  const tolerated = toleratedOf(before?.webhooks ?? []);
  const names = new Set<string>();
  for (const [index, webhook] of (webhooks ?? []).entries()) {
    check.enter('webhooks');
    check.enter(index);
    webhookRule(webhook, tolerated, check);
    const { name = '' } = webhook;
    if (names.has(name) && !tolerated.names) check.duplicate(name, '.name');
    if (name !== '') names.add(name);
    check.leave();
    check.leave();
  }
};

function toleratedOf(webhooks: readonly Webhook[]): Tolerated {
  const names = webhooks.map(({ name }) => name);
  return {
    sideEffects: webhooks.some((webhook) => !sideEffects.includes(webhook.sideEffects ?? '')),
    versions: webhooks.some(({ admissionReviewVersions: given }) => (given ?? []).length > 0 && !isReviewable(given)),
    names: new Set(names).size < names.length,
  };
}

function webhookRule(webhook: Webhook, tolerated: Tolerated, check: Check): void {
  const { name = '', timeoutSeconds: timeout, clientConfig = {}, admissionReviewVersions } = webhook;
  qualifiedDomain(name, '.name', check);
  first(webhook, check);
  const allowed = tolerated.sideEffects ? ['None', 'NoneOnDryRun', 'Some', 'Unknown'] : sideEffects;
  if (webhook.sideEffects == null) check.required(`must specify one of ${allowed.join(', ')}`, '.sideEffects');
  else if (!allowed.includes(webhook.sideEffects)) check.notSupported(webhook.sideEffects, allowed, '.sideEffects');
  if (timeout !== undefined && (timeout > 30 || timeout < 1))
    check.invalid(timeout, 'the timeout value must be between 1 and 30 seconds', '.timeoutSeconds');
  second(webhook, check);
  check.enter('clientConfig');
  clientConfigRule(clientConfig, check);
  check.leave();
  third(webhook, check);
  check.enter('admissionReviewVersions');
  reviewVersionsRule(admissionReviewVersions ?? [], tolerated, check);
  check.leave();
}

const first: Rule<Webhook> = fields<Webhook>({ rules: each(requestRule), failurePolicy, matchPolicy });
const second: Rule<Webhook> = fields<Webhook>({
  namespaceSelector: labelSelector,
  objectSelector: labelSelector,
  reinvocationPolicy,
});
const third: Rule<Webhook> = fields<Webhook>({ matchConditions });

function qualifiedDomain(name: string, field: string, check: Check): void {
  const problem = nameProblem(name, 'subdomain');
  if (name === '') check.required('', field);
  else if (problem !== undefined) check.invalid(name, problem, field);
  else if (name.split('.').length < 3)
    check.invalid(name, 'should be a domain with at least three segments separated by dots', field);
}

/** Where the webhook is: at an address, or behind a service. */
export const clientConfigRule: Rule<ClientConfig> = ({ url, service }, check) => {
  if ((url == null) === (service == null)) check.required('exactly one of url or service is required');
  else if (url != null) {
    check.enter('url');
    webhookUrl(url, check);
    check.leave();
  } else if (service != null) {
    check.enter('service');
    serviceReference(service, check);
    check.leave();
  }
};

function webhookUrl(value: string, check: Check): void {
  const match = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/i.exec(value);
  const [, scheme = '', user, host = '', , query = '', fragment = ''] = match ?? [];
  if (scheme !== 'https') check.invalid(scheme, `'https' is the only allowed URL scheme${urlForm}`);
  if (host === '') check.invalid(host, `host must be specified${urlForm}`);
  if (user !== undefined) check.invalid(user, 'user information is not permitted in the URL');
  if (fragment.length > 1) check.invalid(fragment.slice(1), 'fragments are not permitted in the URL');
  if (query.length > 1) check.invalid(query.slice(1), 'query parameters are not permitted in the URL');
}

export const serviceReference: Rule<ServiceReference> = ({ name, namespace, path, port = 0 }, check) => {
  if (!name) check.required('', '.name');
  if (!namespace) check.required('', '.namespace');
  if (port < 1 || port > 65_535)
    check.invalid(port, 'port is not valid: must be between 1 and 65535, inclusive', '.port');
  if (path !== undefined && path !== '' && path !== '/') servicePath(path, check);
};

function servicePath(path: string, check: Check): void {
  const field = '.path';
  if (path === '//') {
    check.invalid(path, 'segment[0] may not be empty', field);
    return;
  }
  if (!path.startsWith('/')) check.invalid(path, "must start with a '/'", field);
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, step] of steps.entries()) {
    const problem = step === '' ? undefined : nameProblem(step, 'subdomain');
    if (step === '') check.invalid(path, `segment[${index}] may not be empty`, field);
    else if (problem !== undefined) check.invalid(path, `segment[${index}]: ${problem}`, field);
  }
}

function isReviewable(versions: readonly string[] | null | undefined): boolean {
  return (versions ?? []).some((version) => reviewVersions.includes(version));
}

function reviewVersionsRule(versions: readonly string[], tolerated: Tolerated, check: Check): void {
  const known = reviewVersions.join(', ');
  if (versions.length === 0) {
    check.required(`must specify one of ${known}`);
    return;
  }
  for (const [index, version] of versions.entries()) {
    const problem = nameProblem(version, 'service');
    if (versions.indexOf(version) < index) check.invalid(version, 'duplicate version', `[${index}]`);
    else if (problem !== undefined) check.invalid(version, problem, `[${index}]`);
  }
  if (!tolerated.versions && !isReviewable(versions)) check.invalid(versions, `must include at least one of ${known}`);
}
