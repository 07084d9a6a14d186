// A definition turned into kinds: one for each version it serves, with everything the generic code asks a kind for.
// Objects are stored in one version and shown in any; the step between two versions rewrites the apiVersion (conversion
// None), drops what the other version does not know, and what is read gets the defaults of the version it lies in.

import { encodeObject } from '../../../streams/resources/encode.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { compareVersions } from '../kinds/api-version-order.ts';
import type { Kind, Subresource, Verb } from '../kinds/kind.ts';
import type { JsonObject } from '../patch/json-value.ts';
import type { KindVersions } from '../patch/kind-versions.ts';
import type { Strategy } from '../registry/strategy.ts';
import type { TablePrinter } from '../tables/table.ts';
import { applySchema } from './apply-schema.ts';
import { customStrategy } from './custom-strategy.ts';
import { defaulted, withoutNulls } from './defaulting.ts';
import {
  type CustomResourceDefinition,
  type DefinitionSpec,
  type DefinitionVersion,
  type ScalePaths,
  schemaOf,
} from './definition.ts';
import { parseJsonPath, valuesAt } from './json-path.ts';
import { customTable } from './printer.ts';
import { prune } from './prune.ts';
import { type Structural, structuralOf } from './structural.ts';

/** What is particular to the kind of a custom resource. */
export type CustomKind = {
  /** Name of the definition. */
  readonly definition: string;
  readonly structural: Structural | undefined;
  readonly strategy: Strategy;
  readonly table: TablePrinter;
  /** Fields objects can be selected by, beside name and namespace. */
  readonly selectable: ReadonlyMap<string, (object: AnyObject) => string>;
  readonly scale: ScalePaths | undefined;
  readonly versions: KindVersions;
  /** Said to whoever uses the version. */
  readonly warnings: readonly string[];
  /** The definition is being deleted: nothing new is made of it. */
  readonly terminating: boolean;
  /** The version objects are stored in. */
  readonly storage: string;
  /** As discovery tells them. */
  readonly verbs: readonly Verb[];
  /** Name of the kind's model in OpenAPI documents. */
  readonly model: string;
  /** A stored object as this version shows it. */
  show(stored: StoredObject): StoredObject;
  /** The same of the bare object. */
  read(object: AnyObject): AnyObject;
  /** An object of this version as it is stored. */
  store(object: AnyObject): AnyObject;
};

const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const verbsOfTheDying: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const subresourceVerbs: readonly Verb[] = ['get', 'patch', 'update'];

/** The kinds a definition serves at this moment. */
export function kindsOf(definition: CustomResourceDefinition): readonly Kind[] {
  const { spec, status } = definition;
  const names = status?.acceptedNames;
  const holds = (type: string) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  if (!holds('Established') || names === undefined || !names.plural || !names.kind) return [];
  const terminating = holds('Terminating');
  const shared = sharedOf(definition);
  return spec.versions
    .filter(({ served }) => served)
    .map((version) => {
      const { name } = version;
      const custom = customKind(version, { ...shared, terminating });
      const schema = shared.schemaAt(name);
      const kind: Kind = {
        group: spec.group,
        version: name,
        kind: names.kind,
        listKind: names.listKind || `${names.kind}List`,
        resource: names.plural,
        singular: names.singular || names.kind.toLowerCase(),
        namespaced: spec.scope === 'Namespaced',
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        verbs,
        subresources: subresourcesOf(version, { group: spec.group, version: name, kind: names.kind }),
        schema,
        protobuf: false,
        custom,
      };
      return kind;
    });
}

/** What the versions of a definition have in common. */
type Shared = {
  readonly definition: CustomResourceDefinition;
  readonly storage: string;
  structuralAt(version: string): Structural | undefined;
  schemaAt(version: string): ReturnType<typeof applySchema>;
};

function sharedOf(definition: CustomResourceDefinition): Shared {
  const { versions, group, names } = definition.spec;
  const structurals = new Map<string, Structural>();
  for (const version of versions) {
    const schema = schemaOf(version);
    if (schema !== undefined) structurals.set(version.name, structuralOf(schema));
  }
  const schemas = new Map<string, ReturnType<typeof applySchema>>();
  return {
    definition,
    storage: versions.find(({ storage }) => storage)?.name ?? '',
    structuralAt: (version) => structurals.get(version),
    schemaAt(version) {
      let schema = schemas.get(version);
      if (schema === undefined) {
        schema = applySchema(modelName(group, version, names.kind), structurals.get(version));
        schemas.set(version, schema);
      }
      return schema;
    },
  };
}

function customKind(version: DefinitionVersion, shared: Shared & { readonly terminating: boolean }): CustomKind {
  const { definition, storage, structuralAt, terminating } = shared;
  const { spec, metadata } = definition;
  const { name, subresources, selectableFields } = version;
  const structural = structuralAt(name);
  const scale = subresources?.scale ?? undefined;
  const hasStatus = (subresources?.status ?? undefined) !== undefined;
  const apiVersion = `${spec.group}/${name}`;
  const read = (object: AnyObject): AnyObject => {
    const at = object.apiVersion.slice(spec.group.length + 1);
    const lies = structuralAt(at) ?? structural;
    const whole = defaulted(shaped(object, lies), lies) as AnyObject;
    return at === name ? whole : shaped({ ...whole, apiVersion }, structural);
  };
  const shown = new WeakMap<StoredObject, StoredObject>();
  return {
    definition: metadata.name,
    structural,
    strategy: customStrategy({ group: spec.group, resource: spec.names.plural, structural, scale, hasStatus }),
    table: customTable(version.additionalPrinterColumns),
    selectable: new Map((selectableFields ?? []).map(({ jsonPath }) => selector(jsonPath))),
    scale,
    versions: {
      schemaAt: (other) => {
        const [group, at = ''] = other.split('/');
        const known = group === spec.group && spec.versions.some((candidate) => candidate.name === at);
        return known ? shared.schemaAt(at) : undefined;
      },
      convert: (object, other): JsonObject => ({ ...object, apiVersion: other }),
    },
    warnings: version.deprecated === true ? [version.deprecationWarning ?? deprecation(name, spec)] : [],
    terminating,
    storage: storage || name,
    verbs: terminating ? verbsOfTheDying : verbs,
    model: modelName(spec.group, name, spec.names.kind),
    read,
    show(stored) {
      let view = shown.get(stored);
      if (view === undefined) {
        const object = read(stored.object);
        view = object === stored.object ? stored : stored.as(encodeObject(object));
        shown.set(stored, view);
      }
      return view;
    },
    store: (object) =>
      storage === name || storage === ''
        ? object
        : shaped({ ...object, apiVersion: `${spec.group}/${storage}` }, structuralAt(storage)),
  };
}

/** Without what the schema does not know. A version without a schema takes everything. */
function shaped(object: AnyObject, structural: Structural | undefined): AnyObject {
  if (structural === undefined) return object;
  return withoutNulls(prune(object, structural, { root: true }), structural) as AnyObject;
}

function selector(jsonPath: string): readonly [name: string, read: (object: AnyObject) => string] {
  const path = parseJsonPath(jsonPath) ?? [];
  const read = (object: AnyObject): string => {
    const [value] = valuesAt(object, path);
    return value === undefined || value === null ? '' : String(value);
  };
  return [jsonPath.replace(/^\./, ''), read];
}

function subresourcesOf(
  { subresources }: DefinitionVersion,
  own: { readonly group: string; readonly version: string; readonly kind: string },
): readonly Subresource[] {
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  return [
    ...(subresources?.status ? [{ name: 'status', verbs: subresourceVerbs, ...own }] : []),
    ...(subresources?.scale ? [{ name: 'scale', verbs: subresourceVerbs, ...scale }] : []),
  ];
}

/** `com.example.v1.CronTab`: upstream's names of models put the group's parts in reverse. */
export function modelName(group: string, version: string, kind: string): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

function deprecation(version: string, { group, names, versions }: DefinitionSpec): string {
  const [better] = versions
    .filter(({ served, deprecated, name }) => served && deprecated !== true && compareVersions(version, name) > 0)
    .map(({ name }) => name)
    .sort(compareVersions);
  const text = `${group}/${version} ${names.kind} is deprecated`;
  return better === undefined ? text : `${text}; use ${group}/${better} ${names.kind}`;
}
