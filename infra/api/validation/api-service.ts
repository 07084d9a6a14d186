// What makes an APIService invalid: its name is its version and group, and a local one needs no way to be reached.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { nameProblem } from '../registry/names.ts';
import type { Rule } from './check.ts';
import { each, fields, oneOf } from './rules.ts';

type Spec = {
  readonly group?: string;
  readonly version?: string;
  readonly groupPriorityMinimum?: number;
  readonly versionPriority?: number;
  readonly caBundle?: string;
  readonly insecureSkipTLSVerify?: boolean;
  readonly service?: { readonly namespace?: string; readonly name?: string; readonly port?: number } | null;
};

export const apiService: Rule<AnyObject> = ({ metadata, spec }, check) => {
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, ...rest } = (spec ?? {}) as Spec;
  const { caBundle = '', insecureSkipTLSVerify = false, service } = rest;
  const name = `${version}.${group}`;
  if (metadata.name !== name)
    check.invalid(metadata.name, `must be \`spec.version+"."+spec.group\`: "${name}"`, '.metadata.name');
  check.enter('spec');
  const [groupProblem, versionProblem] = [nameProblem(group, 'subdomain'), nameProblem(version, 'service')];
  if (group === '' && version !== 'v1')
    check.required('only v1 may have an empty group and it better be legacy kube', '.group');
  if (group !== '' && groupProblem !== undefined) check.invalid(group, groupProblem, '.group');
  if (versionProblem !== undefined) check.invalid(version, versionProblem, '.version');
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000)
    check.invalid(groupPriorityMinimum, 'must be positive and less than 20000', '.groupPriorityMinimum');
  if (versionPriority <= 0 || versionPriority > 1_000)
    check.invalid(versionPriority, 'must be positive and less than 1000', '.versionPriority');
  if (service == null) {
    const bytes = Buffer.byteLength(caBundle, 'base64');
    if (bytes > 0) check.invalid(`${bytes} bytes`, 'local APIServices may not have a caBundle', '.caBundle');
    if (insecureSkipTLSVerify)
      check.invalid(true, 'local APIServices may not have insecureSkipTLSVerify', '.insecureSkipTLSVerify');
  } else {
    const { port = 0 } = service;
    if (!service.namespace) check.required('', '.service.namespace');
    if (!service.name) check.required('', '.service.name');
    if (port < 1 || port > 65_535)
      check.invalid(port, 'port is not valid: must be between 1 and 65535, inclusive', '.service.port');
    if (insecureSkipTLSVerify && caBundle !== '')
      check.invalid(true, 'may not be true if caBundle is present', '.insecureSkipTLSVerify');
  }
  check.leave();
};

export const apiServiceStatus: Rule = fields({
  status: fields({ conditions: each(fields({ status: oneOf('True', 'False', 'Unknown') })) }),
});
