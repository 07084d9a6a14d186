// Decides every change of every object: identity, defaults, admission, validation, optimistic lock, then one event.
// A lost race is decided again on the newest version, unless the client named the version it meant.

import type { Random } from '../../../streams/base/random.ts';
import type { ObjectRef } from '../../../streams/log/subjects.ts';
import { streamOf } from '../../../streams/log/subjects.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { ObjectView } from '../../../streams/views/object-view.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import {
  type AdmissionChain,
  type AdmissionRequest,
  admit,
  reserve,
  validateAdmission,
} from '../admission/admission.ts';
import { type Attempt, whileHeld } from '../admission/holds.ts';
import { alreadyExists, conflict, forbidden, invalid, notFound } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import { shown, toStorage } from '../render/convert.ts';
import type { RequestContext } from './context.ts';
import { equal } from './equal.ts';
import { checkIdentity, keptMetadata, newMetadata } from './metadata.ts';
import { metadataProblems } from './names.ts';
import { own } from './ownership.ts';
import type { Recorder } from './recorder.ts';
import type { Strategy } from './strategy.ts';
import {
  changesNothing,
  checkLock,
  counted,
  finalizerProblems,
  finished,
  onlyStatus,
  withoutStatus,
  withStatusOf,
} from './update-rules.ts';

export type RegistryPorts = {
  readonly view: ObjectView;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly admission: AdmissionChain;
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
    const stored = this.#ports.view.stored(kind, { namespace, name });
    return stored && shown(stored, kind);
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
    if (kind.custom?.terminating === true) {
      const why = 'create not allowed while custom resource definition is terminating';
      throw forbidden(kind, given.metadata.name ?? '', why);
    }
    const generated = (given.metadata.name ?? '') === '' && (given.metadata.generateName ?? '') !== '';
    for (let attempt = 1; ; attempt++) {
      const outcome = await whileHeld((holds) => this.#tryCreate(given, { kind, namespace, context, holds }));
      if (outcome.kind === 'created') return outcome.stored;
      if (!generated || attempt >= generatedNamesMax) {
        const now = this.#ports.view.stored(kind, refOf(kind, namespace, outcome.name));
        throw alreadyExists(kind, outcome.name, now?.object.metadata.deletionTimestamp !== undefined);
      }
    }
  }

  async #tryCreate(
    given: AnyObject,
    { kind, namespace, context, holds }: { kind: Kind; namespace: string; context: RequestContext; holds: Attempt },
  ): Promise<{ kind: 'created'; stored: StoredObject } | { kind: 'taken'; name: string }> {
    const { view, recorder, admission, strategyOf } = this.#ports;
    const request = this.#prepareCreate(given, { kind, namespace, context, holds });
    const { object } = request;
    const { name } = object.metadata;
    const ref = refOf(kind, namespace, name);
    if (view.stored(kind, ref) !== undefined) return { kind: 'taken', name };
    const seen = view.revision(streamOf(ref));
    const reserved = reserve(admission, request);
    if (reserved !== undefined) await reserved;
    const after = toStorage(object, kind);
    const decision = { ref, lifecycle: strategyOf(kind).lifecycle, before: undefined, after, seen };
    const recorded = await recorder.record(decision, context);
    if (recorded.kind !== 'recorded') return { kind: 'taken', name };
    if (!context.dryRun) holds.recorded();
    return { kind: 'created', stored: shown(recorded.stored, kind) };
  }

  /** Admission's say on a request to a subresource that writes no object of its own: an eviction, a token, a stream. */
  admit(
    { target, ...asked }: { target: Target; subresource: string; operation: 'create' | 'connect'; object: AnyObject },
    context: RequestContext,
  ): Promise<AnyObject> {
    const { admission, view: world, random } = this.#ports;
    return whileHeld(async (holds) => {
      const request = { ...target, ...asked, context, world, random, holds };
      const object = admit(admission, request);
      validateAdmission(admission, { ...request, object });
      return object;
    });
  }

  /** Changes an object that exists; throws NotFound otherwise. */
  async update(target: Target, update: Update, context: RequestContext): Promise<StoredObject> {
    const { kind, name } = target;
    const strategy = this.#ports.strategyOf(kind);
    for (let attempt = 1; ; attempt++) {
      const outcome = await whileHeld(async (holds) => {
        const current = this.#ports.view.stored(kind, target);
        if (current === undefined) throw notFound(kind, name);
        const before = shown(current, kind);
        const next = this.#prepareUpdate({ target, current: before, update, holds }, context);
        const object = next.kind === 'unchanged' ? before.object : next.request.object;
        const after = finished(object) ? undefined : toStorage(object, kind);
        // What would be stored otherwise today is stored anew, even if nothing else changes.
        if (next.kind === 'unchanged' && (kind.custom === undefined || equal(after, current.object)))
          return { stored: before, locked: false };
        const locked = next.kind === 'changed' && next.locked;
        const seen = this.#ports.view.revision(streamOf(current.ref));
        const reserved = next.kind === 'changed' ? reserve(this.#ports.admission, next.request) : undefined;
        if (reserved !== undefined) await reserved;
        const decision = { ref: current.ref, lifecycle: strategy.lifecycle, before: current, after, seen };
        const recorded = await this.#ports.recorder.record(decision, context);
        if (recorded.kind !== 'recorded') return { stored: undefined, locked };
        if (!context.dryRun) holds.recorded();
        return { stored: shown(recorded.stored, kind), locked };
      });
      if (outcome.stored !== undefined) return outcome.stored;
      if ((outcome.locked && update.repeatable !== true) || attempt >= racesMax) throw conflict(kind, name);
    }
  }

  #prepareCreate(
    given: AnyObject,
    { kind, namespace, context, holds }: { kind: Kind; namespace: string; context: RequestContext; holds: Attempt },
  ): AdmissionRequest {
    const { random, recorder, admission, view, strategyOf } = this.#ports;
    const strategy = strategyOf(kind);
    const metadata = newMetadata(given, { kind, strategy, namespace, random, nowMs: recorder.now() });
    let object: AnyObject = { ...given, metadata };
    if (strategy.status === true && strategy.statusOnCreate !== true) object = withoutStatus(object);
    const writing = { user: context.user, nowMs: this.now() };
    object = strategy.prepareCreate?.(object, writing) ?? object;
    object = strategy.defaults?.(object) ?? object;
    // What admission adds is the cluster's, not the writer's, as upstream has it.
    object = own(object, { kind, before: undefined, context, nowMs: recorder.now() });
    const request = {
      operation: 'create',
      kind,
      namespace,
      name: metadata.name,
      object,
      context,
      world: view,
      random,
      holds,
    } as const;
    object = admit(admission, request);
    const errors = [
      ...metadataProblems(object, strategy.names ?? 'subdomain'),
      ...(strategy.validate?.(object, undefined) ?? []),
    ];
    if (errors.length > 0) throw invalid(kind, object.metadata.name, errors);
    for (const warning of strategy.warnings?.(object, undefined) ?? []) context.warn(warning);
    const admitted = { ...request, object };
    validateAdmission(admission, admitted);
    return admitted;
  }

  #prepareUpdate(
    { target, current, update, holds }: { target: Target; current: StoredObject; update: Update; holds: Attempt },
    context: RequestContext,
  ): { kind: 'unchanged' } | { kind: 'changed'; request: AdmissionRequest; locked: boolean } {
    const { kind, namespace, name } = target;
    const { admission, view, random, strategyOf } = this.#ports;
    const strategy = strategyOf(kind);
    const before = current.object;
    const changed = update.change(current);
    if (changed === before) return { kind: 'unchanged' };
    const given = checkIdentity(changed, { kind, namespace, name });
    const locked = checkLock({ kind, name, given, before, uid: update.uid, strategy });
    const endpoint = update.subresource === undefined ? strategy : strategy.subresources?.[update.subresource];
    const writing = { user: context.user, nowMs: this.now() };
    let object = keptMetadata(given, before);
    if (update.subresource === 'status') object = onlyStatus(object, before, strategy);
    else if (update.subresource === undefined && strategy.status === true) object = withStatusOf(object, before);
    object = endpoint?.prepareUpdate?.(object, before, writing) ?? object;
    if (update.subresource === undefined) object = strategy.defaults?.(object) ?? object;
    if (update.ownershipSettled !== true)
      object = own(object, { kind, before, context, nowMs: this.now(), subresource: update.subresource });
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
      holds,
    } as const;
    object = admit(admission, request);
    object = counted(object, before, { strategy, subresource: update.subresource });
    // Subresources change only what is theirs, so that only the main endpoint is checked as a whole.
    const errors = [
      ...metadataProblems(object, strategy.names ?? 'subdomain'),
      ...finalizerProblems(object, before),
      ...(endpoint?.validate?.(object, before) ?? []),
    ];
    if (errors.length > 0) throw invalid(kind, name, errors);
    for (const warning of endpoint?.warnings?.(object, before) ?? []) context.warn(warning);
    const admitted = { ...request, object };
    validateAdmission(admission, admitted);
    return changesNothing(object, before) ? { kind: 'unchanged' } : { kind: 'changed', request: admitted, locked };
  }
}

export function refOf(kind: Kind, namespace: string, name: string): ObjectRef {
  return { group: kind.group, resource: kind.resource, namespace: kind.namespaced ? namespace : '', name };
}
