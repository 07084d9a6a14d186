// Makes the bootstrap roles and bindings and keeps them up: what is missing is made, rights and subjects they lack are
// added, nothing people added is taken away, and what says `autoupdate: "false"` is left alone. A binding to another role
// than its own is made anew, because a binding cannot change its role.

import type { Write } from '../../../../actors/kit/write.ts';
import type { Draft, KubeObject, ResourceName } from '../../../../streams/resources/meta.ts';
import { resources } from '../../../../streams/resources/names.ts';
import type { Binding, ClusterRole } from '../../../../streams/resources/rbac.ts';
import type { ObjectReader } from '../../../../streams/views/object-reader.ts';
import type { WriteContext, Writer } from '../../../host/writer.ts';
import { equal } from '../../registry/equal.ts';
import { missingRules } from '../rbac/rule.ts';
import { metricsReader } from './metrics-reader.ts';
import { bootstrapPolicy } from './policy.ts';
import { autoupdateAnnotation } from './role-table.ts';

export type PolicyPorts = { readonly world: ObjectReader; readonly writer: Writer };

const context: WriteContext = { user: 'system:apiserver', agent: 'kube-apiserver', cause: null };
/** Somebody else may change a role at the same moment. */
const triesMax = 5;

/** Resolves once every bootstrap role and binding is there. The namespaces must be there before. */
export async function ensureBootstrapPolicy(ports: PolicyPorts): Promise<void> {
  const policy = bootstrapPolicy();
  const all: readonly (readonly [ResourceName, readonly Draft<KubeObject>[], Reconcile])[] = [
    [resources.clusterRoles, [...policy.clusterRoles, metricsReader], reconciledRole],
    [resources.clusterRoleBindings, policy.clusterRoleBindings, reconciledBinding],
    [resources.roles, policy.roles, reconciledRole],
    [resources.roleBindings, policy.roleBindings, reconciledBinding],
  ];
  await Promise.all(
    all.flatMap(([resource, objects, reconcile]) =>
      objects.map((object) => ensure({ resource, object, reconcile }, ports)),
    ),
  );
}

/** The object as it should be: the existing one where nothing lacks, `anew` where it must be made again. */
type Reconcile = (existing: KubeObject, expected: Draft<KubeObject>) => KubeObject | 'anew';

async function ensure(
  { resource, object, reconcile }: { resource: ResourceName; object: Draft<KubeObject>; reconcile: Reconcile },
  { world, writer }: PolicyPorts,
): Promise<void> {
  const { name = '', namespace = '' } = object.metadata;
  for (let attempt = 1; ; attempt++) {
    const existing = world.get(resource, { namespace, name });
    const write = writeFor({ resource, object, existing, reconcile });
    if (write === undefined) return;
    const outcome = await writer.write(write, context);
    if (outcome.kind === 'done') {
      if (write.kind === 'delete') continue;
      return;
    }
    const raced = outcome.reason === 'Conflict' || outcome.reason === 'AlreadyExists' || outcome.reason === 'NotFound';
    if (!raced || attempt >= triesMax) throw new Error(`cannot make ${resource.resource} ${name}: ${outcome.message}`);
  }
}

function writeFor({
  resource,
  object,
  existing,
  reconcile,
}: {
  resource: ResourceName;
  object: Draft<KubeObject>;
  existing: KubeObject | undefined;
  reconcile: Reconcile;
}): Write | undefined {
  if (existing === undefined) return { kind: 'create', resource, object };
  if (existing.metadata.annotations?.[autoupdateAnnotation] === 'false') return undefined;
  const next = reconcile(existing, object);
  const { name, namespace = '', uid } = existing.metadata;
  if (next === 'anew') return { kind: 'delete', resource, namespace, name, uid };
  return equal(next, existing) ? undefined : { kind: 'update', resource, object: next };
}

function reconciledRole(found: KubeObject, wanted: Draft<KubeObject>): KubeObject {
  const existing = found as ClusterRole;
  const expected = wanted as Draft<ClusterRole>;
  const [held, due] = [existing.rules ?? [], expected.rules ?? []];
  // Nearly always they are the same, and comparing costs a start less than counting what is missing.
  const lacking = equal(held, due) ? [] : missingRules(held, due);
  const { aggregationRule, ...rest } = existing;
  const selectors = aggregationRule?.clusterRoleSelectors ?? [];
  const lackingSelectors = (expected.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (wantedOne) => !selectors.some((selector) => equal(selector, wantedOne)),
  );
  const gathers = [...selectors, ...lackingSelectors];
  return {
    ...rest,
    ...(expected.aggregationRule != null && { aggregationRule: { ...aggregationRule, clusterRoleSelectors: gathers } }),
    metadata: markedMetadata(existing, wanted),
    ...(lacking.length > 0 && { rules: [...held, ...lacking] }),
  } as ClusterRole;
}

function reconciledBinding(found: KubeObject, wanted: Draft<KubeObject>): KubeObject | 'anew' {
  const existing = found as Binding;
  const expected = wanted as Draft<Binding>;
  if (!equal(existing.roleRef, expected.roleRef)) return 'anew';
  const subjects = existing.subjects ?? [];
  const lacking = (expected.subjects ?? []).filter((subject) => !subjects.some((known) => equal(known, subject)));
  return {
    ...existing,
    metadata: markedMetadata(existing, wanted),
    ...(lacking.length > 0 && { subjects: [...subjects, ...lacking] }),
  } as Binding;
}

/** Its own labels and annotations win. */
function markedMetadata({ metadata }: KubeObject, wanted: Draft<KubeObject>): KubeObject['metadata'] {
  return {
    ...metadata,
    labels: { ...wanted.metadata.labels, ...metadata.labels },
    annotations: { ...wanted.metadata.annotations, ...metadata.annotations },
  };
}
