// Whether a definition is one: names, versions, what each version says, conversion, and what may not change once objects
// may exist. Paths and texts are upstream's; what all versions say alike it knows as said of the definition as a whole
// (`spec.validation` rather than `spec.versions[0].schema`), and so do the paths here.

import { approvalAnnotation, approvalOf, isProtectedGroup } from '../../../actors/controllers/definition-approval.ts';
import type { FieldError } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { nameProblem } from '../registry/names.ts';
import { type Check, problemsOf } from '../validation/check.ts';
import { conversionRules } from './conversion-problems.ts';
import type {
  CustomResourceDefinition,
  DefinitionNames,
  DefinitionSpec,
  DefinitionStatus,
  DefinitionVersion,
} from './definition.ts';
import { versionSchema } from './schema-problems.ts';
import { eachSchema } from './schema-tree.ts';
import { printerColumns, scalePaths, selectableFields } from './version-problems.ts';

export function definitionProblems(
  next: CustomResourceDefinition,
  before: CustomResourceDefinition | undefined,
): readonly FieldError[] {
  return problemsOf(whole, next, before);
}

export function definitionStatusProblems({ status }: CustomResourceDefinition): readonly FieldError[] {
  return problemsOf(acceptedNames, status ?? {});
}

function whole(definition: CustomResourceDefinition, check: Check, before?: CustomResourceDefinition): void {
  const { metadata, spec, status } = definition;
  if (before === undefined && metadata.name !== `${spec.names.plural}.${spec.group}`) {
    check.invalid(metadata.name, 'must be spec.names.plural+"."+spec.group', 'metadata.name');
  }
  check.enter('spec');
  specRules(spec, check);
  if (before !== undefined) unchanged(spec, check, before);
  check.leave();
  acceptedNames(status ?? {}, check);
  storedVersions(status?.storedVersions ?? [], spec, check);
  approval(definition, check, before);
  if (spec.preserveUnknownFields === true && before?.spec.preserveUnknownFields !== true) {
    const detail =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    check.invalid(true, detail, 'spec.preserveUnknownFields');
  }
}

function specRules(spec: DefinitionSpec, check: Check): void {
  group(spec.group, check);
  if (!spec.scope) check.required('', '.scope');
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced') {
    check.notSupported(spec.scope, ['Cluster', 'Namespaced'], '.scope');
  }
  const versions = spec.versions ?? [];
  const shared = sharedParts(versions);
  for (const [index, { schema }] of versions.entries()) {
    if (!schema?.openAPIV3Schema) check.required('', `.versions[${index}].schema.openAPIV3Schema`);
  }
  if (spec.preserveUnknownFields === true && hasDefaults(versions)) {
    check.invalid(true, 'must be false in order to use defaults in the schema', '.preserveUnknownFields');
  }
  for (const [index, version] of versions.entries()) {
    const problem = nameProblem(version.name, 'service');
    if (problem !== undefined) check.invalid(version.name, problem, `.versions[${index}].name`);
    check.enter('versions');
    check.enter(index);
    versionRules(version, check, shared);
    check.leave();
    check.leave();
  }
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    check.invalid(versions, 'must contain unique version names', '.versions');
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    check.invalid(versions, 'must have exactly one version marked as storage version', '.versions');
  }
  // Upstream knows the first version's name as the definition's own too.
  const own = versions[0]?.name;
  const problem = own ? nameProblem(own, 'service') : undefined;
  if (problem !== undefined) check.invalid(own, problem, '.version');
  check.enter('names');
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if (!spec.names[field]) check.required('', `.${field}`);
  }
  nameRules(spec.names, check);
  check.leave();
  sharedRules(versions, check, shared);
  conversionRules(spec, check);
}

function group(value: string, check: Check): void {
  if (!value) {
    check.required('', '.group');
    return;
  }
  const problem = nameProblem(value, 'subdomain');
  if (problem !== undefined) check.invalid(value, problem, '.group');
  else if (!value.includes('.')) check.invalid(value, 'should be a domain with at least one dot', '.group');
}

/** Which parts all versions have in common, so that they are checked once and named without a version. */
type SharedParts = {
  readonly schema: boolean;
  readonly subresources: boolean;
  readonly columns: boolean;
  readonly selectable: boolean;
};

function sharedParts(versions: readonly DefinitionVersion[]): SharedParts {
  const alike = (part: (version: DefinitionVersion) => unknown) => {
    const [first] = versions;
    return first !== undefined && versions.every((version) => equal(part(version), part(first)));
  };
  return {
    schema: alike(({ schema }) => schema),
    subresources: alike(({ subresources }) => subresources),
    columns: alike(({ additionalPrinterColumns }) => additionalPrinterColumns ?? []),
    selectable: alike(({ selectableFields }) => selectableFields ?? []),
  };
}

function versionRules(version: DefinitionVersion, check: Check, shared: SharedParts): void {
  deprecation(version, check);
  const { schema, subresources, additionalPrinterColumns: columns = [], selectableFields: selectable = [] } = version;
  if (!shared.schema && schema?.openAPIV3Schema) {
    check.enter('schema');
    versionSchema(schema.openAPIV3Schema, check, subresources?.status !== undefined);
    check.leave();
  }
  if (!shared.subresources) scalePaths(subresources, check);
  if (!shared.columns) printerColumns(columns, check);
  if (!shared.selectable) {
    const detail = 'may only be set when `version.schema.openAPIV3Schema` is not included';
    if (selectable.length > 0 && !schema?.openAPIV3Schema) check.invalid('', detail, '.selectableFields');
    else selectableFields(selectable, check, schema?.openAPIV3Schema);
  }
}

/** What all versions say alike. */
function sharedRules(versions: readonly DefinitionVersion[], check: Check, shared: SharedParts): void {
  const [first] = versions;
  if (first === undefined) return;
  const { schema, subresources, additionalPrinterColumns: columns = [], selectableFields: selectable = [] } = first;
  if (shared.schema && schema?.openAPIV3Schema) {
    check.enter('validation');
    const hasStatus = versions.some((version) => version.subresources?.status !== undefined);
    versionSchema(schema.openAPIV3Schema, check, hasStatus);
    check.leave();
  }
  if (shared.subresources) scalePaths(subresources, check);
  if (shared.columns) printerColumns(columns, check);
  if (shared.selectable) selectableFields(selectable, check, schema?.openAPIV3Schema);
}

function deprecation({ deprecated, deprecationWarning: warning }: DefinitionVersion, check: Check): void {
  const problem = (detail: string) => check.invalid(warning, detail, '.deprecationWarning');
  if (warning === undefined || warning === null) return;
  if (deprecated !== true) {
    problem('can only be set for deprecated versions');
    return;
  }
  if (Buffer.byteLength(warning) > 256) problem('must be <= 256 characters long');
  if (warning === '') problem('must not be an empty string');
  const at = warning.search(/(?! )[\p{C}\p{Z}]/u);
  const text = 'must only contain printable UTF-8 characters; non-printable character found at index';
  if (at >= 0) problem(`${text} ${Buffer.byteLength(warning.slice(0, at))}`);
}

/** Names as they may be formed; which of them must be there is another question. */
function nameRules(names: DefinitionNames, check: Check): void {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  const label = (value: string, sub: string) => {
    const problem = nameProblem(value, 'service');
    if (problem !== undefined) check.invalid(value, problem, sub);
  };
  const mixedCase = (value: string, sub: string) => {
    const problem = nameProblem(value.toLowerCase(), 'service');
    if (problem !== undefined) {
      check.invalid(value, `may have mixed case, but should otherwise match: ${problem}`, sub);
    }
  };
  if (plural) label(plural, '.plural');
  if (singular) label(singular, '.singular');
  if (kind) mixedCase(kind, '.kind');
  if (listKind) mixedCase(listKind, '.listKind');
  for (const [index, name] of shortNames.entries()) label(name, `.shortNames[${index}]`);
  if (kind && kind === listKind) check.invalid(listKind, 'kind and listKind may not be the same', '.listKind');
  for (const [index, category] of categories.entries()) label(category, `.categories[${index}]`);
}

function acceptedNames({ acceptedNames: names }: DefinitionStatus, check: Check): void {
  if (names === undefined) return;
  check.enter('status');
  check.enter('acceptedNames');
  nameRules(names, check);
  check.leave();
  check.leave();
}

function storedVersions(stored: readonly string[], { versions }: DefinitionSpec, check: Check): void {
  const at = 'status.storedVersions';
  if (stored.length === 0) {
    check.invalid(stored, 'must have at least one stored version', at);
    return;
  }
  const names = new Set((versions ?? []).map(({ name }) => name));
  for (const { name, storage } of versions ?? []) {
    if (storage && !stored.includes(name)) check.invalid(stored, `must have the storage version ${name}`, at);
  }
  for (const [index, name] of stored.entries()) {
    if (names.has(name)) continue;
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    check.invalid(name, detail, `${at}[${index}]`);
  }
}

function unchanged(spec: DefinitionSpec, check: Check, { spec: old, status }: CustomResourceDefinition): void {
  const immutable = (value: string, was: string, sub: string) => {
    if (value !== was) check.invalid(value, 'field is immutable', sub);
  };
  const served = status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true;
  if (served) {
    immutable(spec.scope, old.scope, '.scope');
    immutable(spec.names.kind, old.names.kind, '.names.kind');
  }
  immutable(spec.group, old.group, '.group');
  immutable(spec.names.plural, old.names.plural, '.names.plural');
}

function approval(next: CustomResourceDefinition, check: Check, before?: CustomResourceDefinition): void {
  if (!isProtectedGroup(next.spec.group)) return;
  const { state, message } = approvalOf(next);
  if (before !== undefined && approvalOf(before).state === state) return;
  const at = `metadata.annotations[${approvalAnnotation}]`;
  if (state === 'missing') check.required(message, at);
  else if (state === 'invalid') check.invalid(next.metadata.annotations?.[approvalAnnotation], message, at);
}

function hasDefaults(versions: readonly DefinitionVersion[]): boolean {
  let found = false;
  for (const { schema } of versions) {
    eachSchema(schema?.openAPIV3Schema, (inner) => {
      found ||= inner.default !== undefined && inner.default !== null;
    });
  }
  return found;
}
