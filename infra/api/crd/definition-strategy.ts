// How definitions themselves are written: names and conversion the client left out, the versions objects may lie in, and
// the finalizer that holds a definition until its objects are gone.

import { cleanupFinalizer } from '../../../actors/controllers/definition-cleanup.ts';
import { withCondition } from '../../../actors/kit/conditions.ts';
import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import type { Strategy } from '../registry/strategy.ts';
import { asDefinition } from './custom-kinds.ts';
import { type CustomResourceDefinition, type DefinitionSpec, type JsonSchema, schemaOf } from './definition.ts';
import { definitionProblems, definitionStatusProblems } from './definition-problems.ts';
import { unrecognizedFormat } from './formats.ts';
import { eachSchema } from './schema-tree.ts';

export const definitionStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: true,
  status: true,
  unconditionalUpdate: false,
  defaults,
  prepareCreate: (object) => {
    const { spec } = asDefinition(object);
    const storedVersions = storageOf(spec);
    return asObject(object, { status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions } });
  },
  /** A new storage version joins those objects may lie in; leaving is for whoever has migrated them. */
  prepareUpdate: (next) => {
    const { spec, status } = asDefinition(next);
    const stored = status?.storedVersions ?? [];
    const missing = storageOf(spec).filter((version) => !stored.includes(version));
    if (missing.length === 0) return next;
    return asObject(next, { status: { ...status, storedVersions: [...stored, ...missing] } });
  },
  prepareDelete(marked, nowMs) {
    const { metadata } = marked;
    const finalizers = metadata.finalizers ?? [];
    const held = finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer];
    const { status } = asDefinition(marked);
    const condition = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      lastTransitionTime: timestamp(nowMs),
    } as const;
    const conditions = withCondition(status?.conditions ?? [], condition, nowMs);
    return asObject(marked, { metadata: { ...metadata, finalizers: held }, status: { ...status, conditions } });
  },
  validate: (next, before) => definitionProblems(asDefinition(next), before && asDefinition(before)),
  warnings: (next, before) => formatWarnings(asDefinition(next), before && asDefinition(before)),
  subresources: { status: { validate: (next) => definitionStatusProblems(asDefinition(next)) } },
};

function defaults(object: AnyObject): AnyObject {
  const { spec, status } = asDefinition(object);
  const { names, conversion } = spec;
  const singular = names.singular || (names.kind ?? '').toLowerCase();
  const listKind = names.listKind || (names.kind ? `${names.kind}List` : '');
  const named =
    names.singular && names.listKind
      ? names
      : { ...names, ...(singular && { singular }), ...(listKind && { listKind }) };
  const service = conversion?.webhook?.clientConfig?.service;
  const converted = conversion ?? { strategy: 'None' };
  const reached =
    service === undefined || service === null || service.port !== undefined
      ? converted
      : {
          ...converted,
          webhook: {
            ...conversion?.webhook,
            clientConfig: { ...conversion?.webhook?.clientConfig, service: { ...service, port: 443 } },
          },
        };
  const stored = status?.storedVersions ?? [];
  const unchanged = named === names && reached === conversion && stored.length > 0;
  if (unchanged) return object;
  const storedVersions = stored.length > 0 ? stored : storageOf(spec);
  return asObject(object, {
    spec: { ...spec, names: named, conversion: reached },
    status: { ...status, ...(storedVersions.length > 0 && { storedVersions }) },
  });
}

function storageOf({ versions }: DefinitionSpec): readonly string[] {
  const storage = versions?.find(({ storage }) => storage);
  return storage === undefined ? [] : [storage.name];
}

/** Formats nobody checks, told once when they come. */
function formatWarnings(
  next: CustomResourceDefinition,
  before: CustomResourceDefinition | undefined,
): readonly string[] {
  const known = new Set(before === undefined || next.spec === before.spec ? [] : unrecognizedFormats(before.spec));
  if (before !== undefined && next.spec === before.spec) return [];
  return unrecognizedFormats(next.spec)
    .filter((format) => !known.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unrecognizedFormats({ versions }: DefinitionSpec): string[] {
  const found: string[] = [];
  for (const version of versions) {
    eachSchema(schemaOf(version), (schema: JsonSchema) => {
      const format = unrecognizedFormat(schema);
      if (format !== undefined) found.push(format);
    });
  }
  return found;
}

function asObject(object: AnyObject, change: object): AnyObject {
  return { ...object, ...change } as AnyObject;
}
