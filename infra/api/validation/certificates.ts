// What makes a CertificateSigningRequest invalid, and which of its endpoints may change what: the request itself never
// changes, /approval sets verdicts, /status the certificate. Mistakes an object has already are not held against it.

import { X509Certificate } from 'node:crypto';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { parseCertificateRequest } from '../../pki/certificate-request.ts';
import type { FieldError } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { nameProblem } from '../registry/names.ts';
import { type Check, problemsOf, type Rule } from './check.ts';

type Condition = { readonly type?: string; readonly status?: string };
export type SigningRequest = AnyObject & {
  readonly spec: {
    readonly request?: string;
    readonly signerName?: string;
    readonly expirationSeconds?: number;
    readonly usages?: readonly string[] | null;
  };
  readonly status?: { readonly conditions?: readonly Condition[] | null; readonly certificate?: string };
};

export type Endpoint = 'main' | 'status' | 'approval';

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];
const verdicts = ['Approved', 'Denied'];
const lasting = [...verdicts, 'Failed'];
const legacySigner = 'kubernetes.io/legacy-unknown';
const expirationSecondsMin = 600;

export function signingRequestProblems(
  next: SigningRequest,
  before: SigningRequest | undefined,
  endpoint: Endpoint,
): readonly FieldError[] {
  return problemsOf(endpointRules[endpoint], next, before);
}

const endpointRules: Readonly<Record<Endpoint, Rule<SigningRequest>>> = {
  main: ruleOf('main'),
  status: ruleOf('status'),
  approval: ruleOf('approval'),
};

function ruleOf(endpoint: Endpoint): Rule<SigningRequest> {
  return (next, check, before) => {
    specRule(next, check, before);
    conditionRule(next, check, before);
    const [certificate, was] = [next.status?.certificate ?? '', before?.status?.certificate ?? ''];
    if (certificate !== was || before === undefined) certificateRule(certificate, was, check);
    if (before === undefined) return;
    keptConditions(next, before, { endpoint, check });
    const field = '.status.certificate';
    if (certificate === was) return;
    if (endpoint !== 'status') check.forbidden('updates may not set certificate content', field);
    else if (was !== '') check.forbidden('updates may not modify existing certificate content', field);
  };
}

function specRule({ spec }: SigningRequest, check: Check, before: SigningRequest | undefined): void {
  // The request was read when it was created, and does not change.
  if (before === undefined) {
    const parsed = parseCertificateRequest(Buffer.from(spec?.request ?? '', 'base64'));
    if (parsed.kind === 'malformed') check.invalid(spec?.request ?? '', parsed.message, '.spec.request');
  }
  const asked = spec?.usages ?? [];
  const old = before?.spec.usages ?? [];
  if (asked.length === 0) check.required('', '.spec.usages');
  if (!old.some((usage) => !usages.includes(usage)))
    for (const [index, usage] of asked.entries())
      if (!usages.includes(usage)) check.notSupported(usage, usages, `.spec.usages[${index}]`);
  if (new Set(old).size === old.length)
    for (const [index, usage] of asked.entries())
      if (asked.indexOf(usage) < index) check.duplicate(usage, `.spec.usages[${index}]`);
  const signer = spec?.signerName ?? '';
  if (signer === legacySigner && before?.spec.signerName !== legacySigner)
    check.invalid(signer, 'the legacy signerName is not allowed via this API version', '.spec.signerName');
  else signerRule(signer, check);
  const seconds = spec?.expirationSeconds;
  if (seconds !== undefined && seconds < expirationSecondsMin) {
    const detail = 'may not specify a duration less than 600 seconds (10 minutes)';
    check.invalid(seconds, detail, '.spec.expirationSeconds');
  }
}

/** `example.com/name`: a domain of at least two labels, and a path of labels. */
function signerRule(signer: string, check: Check): void {
  const field = '.spec.signerName';
  const segments = signer.split('/');
  const [domain = '', path = ''] = segments;
  if (signer === '') check.required('', field);
  else if (segments.length !== 2) {
    check.invalid(signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'", field);
  } else {
    if (domain.length > 253) check.tooLong(253, field);
    labelsOf(domain, 'label', check);
    if (!domain.includes('.'))
      check.invalid(domain, 'should be a domain with at least two segments separated by dots', field);
    labelsOf(path, 'subdomain', check);
    if (signer.length > 571) check.tooLong(571, field);
  }
}

function labelsOf(segment: string, form: 'label' | 'subdomain', check: Check): void {
  for (const label of segment.split('.')) {
    const problem = nameProblem(label, form);
    if (problem === undefined) continue;
    check.invalid(segment, `validating label ${JSON.stringify(label)}: ${problem}`, '.spec.signerName');
    return;
  }
}

function conditionRule({ status }: SigningRequest, check: Check, before: SigningRequest | undefined): void {
  const conditions = status?.conditions ?? [];
  const old = (before?.status?.conditions ?? []).map(({ type = '' }) => type);
  const tolerated = {
    both: verdicts.every((type) => old.includes(type)),
    empty: old.includes(''),
    twice: new Set(old).size < old.length,
  };
  const seen = new Set<string>();
  for (const [index, { type = '', status: value = '' }] of conditions.entries()) {
    const field = `.status.conditions[${index}]`;
    if (type === '' && !tolerated.empty) check.required('', `${field}.type`);
    const allowed = lasting.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (value === '') check.required('', `${field}.status`);
    else if (!allowed.includes(value)) check.notSupported(value, allowed, `${field}.status`);
    const other = verdicts.find((verdict) => verdict !== type) ?? '';
    if (verdicts.includes(type) && seen.has(other) && !tolerated.both)
      check.invalid(type, 'Approved and Denied conditions are mutually exclusive', '.status.conditions');
    if (seen.has(type) && !tolerated.twice) check.duplicate(type, `${field}.type`);
    seen.add(type);
  }
}

function keptConditions(
  next: SigningRequest,
  before: SigningRequest,
  { endpoint, check }: { endpoint: Endpoint; check: Check },
): void {
  const field = '.status.conditions';
  for (const type of lasting) {
    const [is, was] = [conditionsOf(next, type), conditionsOf(before, type)];
    if (is.length < was.length) check.forbidden(`updates may not remove a condition of type "${type}"`, field);
  }
  if (endpoint === 'approval') return;
  for (const type of verdicts) {
    const [is, was] = [conditionsOf(next, type), conditionsOf(before, type)];
    if (is.length > was.length) check.forbidden(`updates may not add a condition of type "${type}"`, field);
    else if (is.length === was.length && !equal(is, was))
      check.forbidden(`updates may not modify a condition of type "${type}"`, field);
  }
}

export function conditionsOf({ status }: SigningRequest, type: string): readonly Condition[] {
  return (status?.conditions ?? []).filter((condition) => condition.type === type);
}

/** Certificates in PEM and nothing else, unless what was there before was already something else. */
function certificateRule(certificate: string, was: string, check: Check): void {
  const problem = certificateProblem(certificate);
  if (problem === undefined || (was !== '' && certificateProblem(was) !== undefined)) return;
  check.invalid('<certificate data>', problem, '.status.certificate');
}

const pemBlocks = /-----BEGIN ([^-\n]+)-----\s*\n([\s\S]*?)-----END \1-----/g;

function certificateProblem(base64: string): string | undefined {
  if (base64 === '') return undefined;
  let blocks = 0;
  for (const [block, type, body = ''] of Buffer.from(base64, 'base64').toString('latin1').matchAll(pemBlocks)) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found "${type}"`;
    if (body.includes(':')) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(block);
    } catch {
      return 'x509: malformed certificate';
    }
    blocks++;
  }
  return blocks === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}
