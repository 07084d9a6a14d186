// Decides every change of every object: identity, defaults, admission, validation, optimistic lock, then one event.
// A lost race is decided again on the newest version, unless the client named the version it meant.

import type { Random } from '../../../streams/base/random.ts';
import type { ObjectRef } from '../../../streams/log/subjects.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { type AdmissionPlugin, admit } from '../admission/admission.ts';
import { alreadyExists, conflict, type FieldError, invalid, notFound } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { JsonObject } from '../patch/json-value.ts';
import { withoutTimeOnlyChange } from '../patch/track-update.ts';
import type { RequestContext } from './context.ts';
import { equal } from './equal.ts';
import { checkIdentity, keptMetadata, newMetadata } from './metadata.ts';
import { metadataProblems } from './names.ts';
import { own } from './ownership.ts';
import type { Recorder } from './recorder.ts';
import type { Strategy } from './strategy.ts';

export type RegistryPorts = {
  readonly view: ObjectView;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly admission: readonly AdmissionPlugin[];
  readonly strategyOf: (kind: Kind) => Strategy;
};

/** Which object a request means. */
export type Target = { readonly kind: Kind; readonly namespace: string; readonly name: string };

export type Update = {
  /** Makes the new version from the newest one. May be called again after a lost race. */
  readonly change: (current: StoredObject) => AnyObject;
  /** `status` changes only the status; other subresources have made sure themselves that only what is theirs changes. */
  readonly subresource?: string;
  readonly uid?: string | undefined;
  /** The change is made from the newest version whatever it says (patches): a lost race is decided again. */
  readonly repeatable?: boolean;
  /** The change has brought managedFields up to date itself (server-side apply). */
  readonly ownershipSettled?: boolean;
};

const racesMax = 30;
const generatedNamesMax = 8;

export class Registry {
  readonly #ports: RegistryPorts;

  constructor(ports: RegistryPorts) {
    this.#ports = ports;
  }

  get view(): ObjectView {
    return this.#ports.view;
  }

  /** The time events are recorded at (milliseconds since the epoch). */
  now(): number {
    return this.#ports.recorder.now();
  }

  find({ kind, namespace, name }: Target): StoredObject | undefined {
    return this.#ports.view.stored(kind, { namespace, name });
  }

  get(target: Target): StoredObject {
    const stored = this.find(target);
    if (stored === undefined) throw notFound(target.kind, target.name);
    return stored;
  }

  async create(
    { kind, namespace, body }: { kind: Kind; namespace: string; body: AnyObject },
    context: RequestContext,
  ): Promise<StoredObject> {
    const given = checkIdentity(body, { kind, namespace });
    const generated = (given.metadata.name ?? '') === '' && (given.metadata.generateName ?? '') !== '';
    for (let attempt = 1; ; attempt++) {
      const object = this.#prepareCreate(given, { kind, namespace }, context);
      const ref = refOf(kind, namespace, object.metadata.name);
      const existing = this.#ports.view.stored(kind, ref);
      if (existing === undefined) {
        const strategy = this.#ports.strategyOf(kind);
        const recorded = await this.#ports.recorder.record(
          { ref, lifecycle: strategy.lifecycle, before: undefined, after: object },
          context,
        );
        if (recorded.kind === 'recorded') return recorded.stored;
      }
      if (!generated || attempt >= generatedNamesMax) {
        const now = this.#ports.view.stored(kind, ref);
        throw alreadyExists(kind, object.metadata.name, now?.object.metadata.deletionTimestamp !== undefined);
      }
    }
  }

  /** Changes an object that exists; throws NotFound otherwise. */
  async update(target: Target, update: Update, context: RequestContext): Promise<StoredObject> {
    const { kind, name } = target;
    const strategy = this.#ports.strategyOf(kind);
    for (let attempt = 1; ; attempt++) {
      const current = this.get(target);
      const next = this.#prepareUpdate({ target, current, update }, context);
      if (next.kind === 'unchanged') return current;
      const recorded = await this.#ports.recorder.record(
        {
          ref: current.ref,
          lifecycle: strategy.lifecycle,
          before: current,
          after: finished(next.object) ? undefined : next.object,
        },
        context,
      );
      if (recorded.kind === 'recorded') return recorded.stored;
      if ((next.locked && update.repeatable !== true) || attempt >= racesMax) throw conflict(kind, name);
    }
  }

  #prepareCreate(
    given: AnyObject,
    { kind, namespace }: { kind: Kind; namespace: string },
    context: RequestContext,
  ): AnyObject {
    const { random, recorder, admission, view, strategyOf } = this.#ports;
    const strategy = strategyOf(kind);
    const metadata = newMetadata(given, { kind, strategy, namespace, random, nowMs: recorder.now() });
    let object: AnyObject = { ...given, metadata };
    if (strategy.status === true) object = withoutStatus(object);
    object = strategy.prepareCreate?.(object) ?? object;
    object = strategy.defaults?.(object) ?? object;
    const request = {
      operation: 'create',
      kind,
      namespace,
      name: metadata.name,
      object,
      context,
      world: view,
      random,
    } as const;
    object = own(admit(admission, request), { kind, before: undefined, context, nowMs: recorder.now() });
    const errors = [
      ...metadataProblems(object, strategy.names ?? 'subdomain'),
      ...(strategy.validate?.(object, undefined) ?? []),
    ];
    if (errors.length > 0) throw invalid(kind, object.metadata.name, errors);
    return object;
  }

  #prepareUpdate(
    { target, current, update }: { target: Target; current: StoredObject; update: Update },
    context: RequestContext,
  ): { kind: 'unchanged' } | { kind: 'changed'; object: AnyObject; locked: boolean } {
    const { kind, namespace, name } = target;
    const { admission, view, random, strategyOf } = this.#ports;
    const strategy = strategyOf(kind);
    const before = current.object;
    const changed = update.change(current);
    if (changed === before) return { kind: 'unchanged' };
    const given = checkIdentity(changed, { kind, namespace, name });
    const locked = this.#checkLock({ target, given, before, update, strategy });
    let object = keptMetadata(given, before);
    if (update.subresource === 'status') object = onlyStatus(object, before);
    else if (update.subresource === undefined) {
      if (strategy.status === true) object = withStatusOf(object, before);
      object = strategy.prepareUpdate?.(object, before) ?? object;
      object = strategy.defaults?.(object) ?? object;
    }
    const request = {
      operation: 'update',
      kind,
      namespace,
      name,
      subresource: update.subresource,
      object,
      before,
      context,
      world: view,
      random,
    } as const;
    object = admit(admission, request);
    if (update.ownershipSettled !== true)
      object = own(object, { kind, before, context, nowMs: this.now(), subresource: update.subresource });
    const countsSpec = update.subresource === undefined || update.subresource === 'scale';
    if (strategy.generation === true && countsSpec && !equal(object.spec, before.spec)) {
      object = { ...object, metadata: { ...object.metadata, generation: (before.metadata.generation ?? 0) + 1 } };
    }
    this.#validateUpdate({ kind, strategy, object, before, own: update.subresource === undefined });
    return changesNothing(object, before) ? { kind: 'unchanged' } : { kind: 'changed', object, locked };
  }

  /** True where the client named the version it means: then a lost race is the client's to solve. */
  #checkLock({
    target,
    given,
    before,
    update,
    strategy,
  }: {
    target: Target;
    given: AnyObject;
    before: AnyObject;
    update: Update;
    strategy: Strategy;
  }): boolean {
    const { kind, name } = target;
    const wantedUid = update.uid ?? given.metadata.uid;
    if (wantedUid !== undefined && wantedUid !== '' && wantedUid !== before.metadata.uid) {
      throw conflict(
        kind,
        name,
        `Precondition failed: UID in precondition: ${wantedUid}, UID in object meta: ${before.metadata.uid}`,
      );
    }
    const version = given.metadata.resourceVersion;
    if (version === undefined || version === '') {
      if (strategy.unconditionalUpdate === false) {
        const value = given.metadata.resourceVersion === '' ? '' : 0;
        throw invalid(kind, name, [
          { type: 'Invalid', field: 'metadata.resourceVersion', value, detail: 'must be specified for an update' },
        ]);
      }
      return false;
    }
    if (version !== before.metadata.resourceVersion) throw conflict(kind, name);
    return true;
  }

  #validateUpdate({
    kind,
    strategy,
    object,
    before,
    own,
  }: {
    kind: Kind;
    strategy: Strategy;
    object: AnyObject;
    before: AnyObject;
    /** Written through the main endpoint: subresources change only what is theirs. */
    own: boolean;
  }): void {
    const errors: FieldError[] = [...metadataProblems(object, strategy.names ?? 'subdomain')];
    if (before.metadata.deletionTimestamp !== undefined) {
      const old = new Set(before.metadata.finalizers ?? []);
      const added = (object.metadata.finalizers ?? []).filter((finalizer) => !old.has(finalizer));
      if (added.length > 0) {
        errors.push({
          type: 'Forbidden',
          field: 'metadata.finalizers',
          detail: `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => `"${f}"`).join(', ')}}`,
        });
      }
    }
    const more = own ? strategy.validate?.(object, before) : [];
    errors.push(...(more ?? []));
    if (errors.length > 0) throw invalid(kind, object.metadata.name, errors);
  }
}

export function refOf(kind: Kind, namespace: string, name: string): ObjectRef {
  return { group: kind.group, resource: kind.resource, namespace: kind.namespaced ? namespace : '', name };
}

/** Nothing holds a deleted object any more once its grace is over and its last finalizer is gone. */
export function finished({ metadata, spec }: AnyObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers?.length ?? 0) > 0) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  // A namespace is also held by the finalizers in its spec (`kubernetes`), which only /finalize removes.
  const held = (spec as { readonly finalizers?: readonly string[] } | undefined)?.finalizers;
  return !Array.isArray(held) || held.length === 0;
}

/** Owning the same fields at another time is no change. */
function changesNothing(object: AnyObject, before: AnyObject): boolean {
  if (equal(object, before)) return true;
  const [was, is] = [before as unknown as JsonObject, object as unknown as JsonObject];
  return withoutTimeOnlyChange(was, is) === was;
}

function withoutStatus(object: AnyObject): AnyObject {
  const { status: _, ...rest } = object;
  return rest as AnyObject;
}

function withStatusOf(object: AnyObject, before: AnyObject): AnyObject {
  const without = withoutStatus(object);
  return before.status === undefined ? without : ({ ...without, status: before.status } as AnyObject);
}

/** A status write takes the status and managedFields; the rest stays, labels and annotations too. */
function onlyStatus(object: AnyObject, before: AnyObject): AnyObject {
  const metadata =
    object.metadata.managedFields === before.metadata.managedFields
      ? before.metadata
      : { ...before.metadata, managedFields: object.metadata.managedFields ?? [] };
  const { status: _, ...rest } = before;
  return { ...rest, metadata, ...(object.status === undefined ? undefined : { status: object.status }) } as AnyObject;
}
