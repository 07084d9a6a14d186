// Parts that several volume sources and environment variables share: file modes, keys put at paths, references into the
// pod itself (the downward API), names of drivers and secrets.

import { nameProblem, qualifiedNameProblem } from '../registry/names.ts';
import type { Check, Rule } from './check.ts';
import { localPath } from './formats.ts';
import { amountOf } from './resources.ts';
import { all, each, fields, maxBytes, required } from './rules.ts';

export const fileMode: Rule<number> = (mode, check) => {
  if (!(mode >= 0 && mode <= 0o777)) check.invalid(mode, 'must be a number between 0 and 0777 (octal), both inclusive');
};

/** A path below the volume that does not look like one of the kubelet's own `..data`. */
export const nonReservedPath: Rule<string> = all<string>(localPath, (path, check) => {
  if (path.startsWith('..') && path !== '..' && !path.startsWith('../'))
    check.invalid(path, "must not start with '..'");
});

export const items: Rule<readonly object[]> = each(
  fields({ key: required(), path: required(nonReservedPath), mode: fileMode }),
);

export const secretReference: Rule<object> = fields({ name: required() });

export const driverName: Rule<string> = all<string>(maxBytes(63), (name, check) => {
  const problem = nameProblem(name.toLowerCase(), 'subdomain');
  if (problem !== undefined) check.invalid(name, problem);
});

type FieldRef = { readonly apiVersion?: string; readonly fieldPath?: string };

/** Fields of a pod the downward API has names for; which of them may stand where is the place's own rule. */
const knownLabels = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);
const subscripted = /^(?<path>[^[]+)\['(?<key>[^']*)'\]$/;

/** A field of the pod, one of `supported` or a label or annotation by its key. */
export function fieldRef(supported: readonly string[]): Rule<FieldRef> {
  return ({ apiVersion = 'v1', fieldPath = '' }, check) => {
    if (fieldPath === '') return check.required('', '.fieldPath');
    const match = fieldPath.includes('[') ? subscripted.exec(fieldPath)?.groups : undefined;
    const path = match?.path ?? fieldPath;
    if (apiVersion !== 'v1')
      return check.invalid(
        fieldPath,
        `error converting fieldPath: unsupported pod version: ${apiVersion}`,
        '.fieldPath',
      );
    if (!knownLabels.has(path) || (match !== undefined && !subscriptable.has(path)))
      return check.invalid(
        fieldPath,
        `error converting fieldPath: ${match === undefined ? `field label not supported: ${fieldPath}` : `field label does not support subscript: ${fieldPath}`}`,
        '.fieldPath',
      );
    if (match === undefined) {
      if (!supported.includes(path)) check.notSupported(path, supported, '.fieldPath');
      return;
    }
    const key = match.key ?? '';
    const problem = qualifiedNameProblem(path === 'metadata.annotations' ? key.toLowerCase() : key);
    if (problem !== undefined) check.invalid(key, problem);
  };
}

const subscriptable = new Set(['metadata.annotations', 'metadata.labels']);

type ResourceFieldRef = { readonly containerName?: string; readonly resource?: string; readonly divisor?: string };

const resources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const byteDivisors = new Set(['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']);
const byteText = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the";

/** A container's request or limit; a volume must say which container's. */
export function resourceFieldRef(inVolume: boolean): Rule<ResourceFieldRef> {
  return ({ containerName = '', resource = '', divisor = '' }, check) => {
    const huge = resource.startsWith('requests.hugepages-') || resource.startsWith('limits.hugepages-');
    if (inVolume && containerName === '') check.required('', '.containerName');
    else if (resource === '') check.required('', '.resource');
    else if (!huge && !resources.includes(resource)) check.notSupported(resource, resources, '.resource');
    if (divisor === '' || amountOf(divisor)?.nano === 0n) return;
    divisorProblem(resource, { divisor, huge }, check);
  };
}

function divisorProblem(resource: string, { divisor, huge }: { divisor: string; huge: boolean }, check: Check): void {
  if (resource.endsWith('.cpu')) {
    if (divisor !== '1' && divisor !== '1m')
      check.invalid(resource, "only divisor's values 1m and 1 are supported with the cpu resource", '.divisor');
    return;
  }
  const what = huge ? 'hugepages' : resource.endsWith('.memory') ? 'memory' : 'local ephemeral storage';
  const known = huge || resource.endsWith('.memory') || resource.endsWith('.ephemeral-storage');
  if (known && !byteDivisors.has(divisor)) check.invalid(resource, `${byteText} ${what} resource`, '.divisor');
}
