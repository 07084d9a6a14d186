// The metadata the server owns: set at creation, kept through updates whatever the client sends, removed from nobody.

import { nameSuffix, type Random } from '../../../streams/base/random.ts';
import { type AnyObject, type ObjectMeta, timestamp } from '../../../streams/resources/meta.ts';
import { badRequest } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { Strategy } from './strategy.ts';

const generatedBaseMax = 58;

/** A new object's metadata. The name is generated where only generateName is given. */
export function newMetadata(
  object: AnyObject,
  {
    kind,
    strategy,
    namespace,
    random,
    nowMs,
  }: { kind: Kind; strategy: Strategy; namespace: string; random: Random; nowMs: number },
): ObjectMeta {
  const given: Partial<ObjectMeta> = object.metadata ?? {};
  if (given.resourceVersion !== undefined && given.resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const {
    namespace: _ns,
    resourceVersion: _rv,
    deletionTimestamp: _dt,
    deletionGracePeriodSeconds: _dg,
    generation: _gen,
    managedFields,
    ...kept
  } = given;
  const name =
    given.name !== undefined && given.name !== ''
      ? given.name
      : given.generateName !== undefined && given.generateName !== ''
        ? `${given.generateName.slice(0, generatedBaseMax)}${nameSuffix(random)}`
        : '';
  return {
    ...kept,
    name,
    ...(kind.namespaced ? { namespace } : undefined),
    uid: random.uuid(),
    ...(strategy.generation === undefined || strategy.generation === false ? undefined : { generation: 1 }),
    creationTimestamp: timestamp(nowMs),
    ...(managedFields === undefined ? undefined : { managedFields }),
  } as ObjectMeta;
}

/** An update's metadata: what the server owns stays as it was. */
export function keptMetadata(next: AnyObject, before: AnyObject): AnyObject {
  const was = before.metadata;
  const given = next.metadata;
  const {
    namespace: _ns,
    resourceVersion: _,
    uid: _uid,
    creationTimestamp: _ct,
    deletionTimestamp: _dt,
    deletionGracePeriodSeconds: _dg,
    generation: _gen,
    ...kept
  } = given;
  const metadata = {
    ...kept,
    name: was.name,
    ...(was.namespace === undefined ? undefined : { namespace: was.namespace }),
    uid: was.uid,
    ...(was.generation === undefined ? undefined : { generation: was.generation }),
    ...(was.creationTimestamp === undefined ? undefined : { creationTimestamp: was.creationTimestamp }),
    ...(was.deletionTimestamp === undefined ? undefined : { deletionTimestamp: was.deletionTimestamp }),
    ...(was.deletionGracePeriodSeconds === undefined
      ? undefined
      : { deletionGracePeriodSeconds: was.deletionGracePeriodSeconds }),
    ...(was.resourceVersion === undefined ? undefined : { resourceVersion: was.resourceVersion }),
  };
  return { ...next, apiVersion: before.apiVersion, kind: before.kind, metadata };
}

/** The body must be the kind the path names, and must not contradict the path's namespace or name. */
export function checkIdentity(
  object: AnyObject,
  { kind, namespace, name }: { kind: Kind; namespace: string; name?: string | undefined },
): AnyObject {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  const said = { apiVersion: object.apiVersion ?? apiVersion, kind: object.kind ?? kind.kind };
  if (said.kind !== kind.kind || said.apiVersion !== apiVersion) {
    throw badRequest(
      `${object.kind ?? ''} in version "${versionOf(said.apiVersion)}" cannot be handled as a ${kind.kind}: converting (${said.apiVersion}.${said.kind}) to (${apiVersion}.${kind.kind}): unknown conversion`,
    );
  }
  const metadata: Partial<ObjectMeta> = object.metadata ?? {};
  if (
    kind.namespaced &&
    metadata.namespace !== undefined &&
    metadata.namespace !== '' &&
    metadata.namespace !== namespace
  ) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  if (name !== undefined && (metadata.name ?? '') === '') {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (name !== undefined && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  const full = { ...metadata, ...(kind.namespaced ? { namespace } : undefined) } as ObjectMeta;
  return { ...object, apiVersion, kind: kind.kind, metadata: full };
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}
