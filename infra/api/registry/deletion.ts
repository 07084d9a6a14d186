// Deleting: preconditions, grace (pods), finalizers and the propagation policy, as the API conventions and the garbage
// collector's contract say. What can go at once goes in one event; the rest is marked and goes when nothing holds it.

import { assertNever } from '../../../streams/base/assert.ts';
import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { admit, validateAdmission } from '../admission/admission.ts';
import { type Attempt, whileHeld } from '../admission/holds.ts';
import { conflict, notFound } from '../errors.ts';
import { shown, toStorage } from '../render/convert.ts';
import type { DeleteOptions, RequestContext } from './context.ts';
import { equal } from './equal.ts';
import type { RegistryPorts, Target } from './registry.ts';
import type { Strategy } from './strategy.ts';
import { finished } from './update-rules.ts';

export type Deleted = {
  /** The object as it now is, or as it last was. */
  readonly stored: StoredObject;
  /** False where something still holds it. */
  readonly gone: boolean;
};

const racesMax = 30;
const foreground = 'foregroundDeletion';
const orphan = 'orphan';

export class Deleter {
  readonly #ports: RegistryPorts;

  constructor(ports: RegistryPorts) {
    this.#ports = ports;
  }

  async delete(target: Target, options: DeleteOptions, context: RequestContext): Promise<Deleted> {
    const { kind, name } = target;
    for (let attempt = 1; ; attempt++) {
      const deleted = await whileHeld((holds) => this.#tryDelete({ target, options, holds }, context));
      if (deleted !== 'conflict') return deleted;
      if (options.preconditions?.resourceVersion !== undefined || attempt >= racesMax) throw conflict(kind, name);
    }
  }

  async #tryDelete(
    { target, options, holds }: { target: Target; options: DeleteOptions; holds: Attempt },
    context: RequestContext,
  ): Promise<Deleted | 'conflict'> {
    const { kind, namespace, name } = target;
    const { view, random, recorder, admission, strategyOf } = this.#ports;
    const strategy = strategyOf(kind);
    const current = view.stored(kind, { namespace, name });
    if (current === undefined) throw notFound(kind, name);
    checkPreconditions(target, current, options);
    const { object } = shown(current, kind);
    const request = { operation: 'delete', ...target, object, context, world: view, random, holds } as const;
    admit(admission, request);
    validateAdmission(admission, request);
    const marked = mark(object, { strategy, options, nowMs: recorder.now() });
    if (marked === object) return { stored: current, gone: false };
    const gone = finished(marked);
    const decision = {
      lifecycle: strategy.lifecycle,
      before: current,
      after: gone ? undefined : toStorage(marked, kind),
    };
    const recorded = await recorder.record({ ref: current.ref, ...decision }, context);
    if (recorded.kind !== 'recorded') return 'conflict';
    if (!context.dryRun) holds.recorded();
    return { stored: shown(recorded.stored, kind), gone };
  }
}

function checkPreconditions({ kind, name }: Target, current: StoredObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const meta = current.object.metadata;
  if (uid !== undefined && uid !== meta.uid) {
    throw conflict(kind, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${meta.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== meta.resourceVersion) {
    throw conflict(
      kind,
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${meta.resourceVersion}`,
    );
  }
}

/** The object marked for deletion; the same object where it already was marked and nothing gets shorter. */
function mark(
  object: AnyObject,
  { strategy, options, nowMs }: { strategy: Strategy; options: DeleteOptions; nowMs: number },
): AnyObject {
  const { metadata } = object;
  const asked = options.gracePeriodSeconds;
  const requested = asked !== undefined && asked < 0 ? 1 : asked;
  const finalizers = propagationFinalizers(metadata.finalizers ?? [], options, strategy);
  if (metadata.deletionTimestamp !== undefined) return markAgain(object, { requested, finalizers });
  const seconds = strategy.graceSeconds?.(object, requested) ?? 0;
  const generation = metadata.generation === undefined ? undefined : { generation: metadata.generation + 1 };
  const next = marked(object, {
    ...generation,
    deletionTimestamp: timestamp(nowMs + seconds * 1000),
    deletionGracePeriodSeconds: seconds,
    finalizers,
  });
  return strategy.prepareDelete?.(next, nowMs) ?? next;
}

/** Asked again, a deletion may only come sooner: counted from the first request, and only where the client says so. */
function markAgain(
  object: AnyObject,
  { requested, finalizers }: { requested: number | undefined; finalizers: readonly string[] },
): AnyObject {
  const { deletionTimestamp = '', deletionGracePeriodSeconds: grace = 0, finalizers: before = [] } = object.metadata;
  const seconds = requested === undefined ? grace : Math.min(requested, grace);
  if (seconds === grace && equal(finalizers, before)) return object;
  const sooner = timestamp(Date.parse(deletionTimestamp) - (grace - seconds) * 1000);
  return marked(object, { deletionTimestamp: sooner, deletionGracePeriodSeconds: seconds, finalizers });
}

function marked(object: AnyObject, { finalizers, ...change }: Partial<AnyObject['metadata']>): AnyObject {
  const { finalizers: _, ...kept } = object.metadata;
  const held = finalizers === undefined || finalizers.length === 0 ? undefined : { finalizers };
  return { ...object, metadata: { ...kept, ...change, ...held } } as AnyObject;
}

/** The collector's finalizers as the policy wants them; without a policy as they are, or as the kind would have it. */
function propagationFinalizers(
  finalizers: readonly string[],
  { propagationPolicy: asked }: DeleteOptions,
  { orphansByDefault }: Strategy,
): readonly string[] {
  const decided = finalizers.includes(foreground) || finalizers.includes(orphan);
  const propagationPolicy = asked ?? (orphansByDefault === true && !decided ? 'Orphan' : undefined);
  if (propagationPolicy === undefined) return finalizers;
  const others = finalizers.filter((finalizer) => finalizer !== foreground && finalizer !== orphan);
  switch (propagationPolicy) {
    case 'Background':
      return others;
    case 'Foreground':
      return [...others, foreground];
    case 'Orphan':
      return [...others, orphan];
    default:
      return assertNever(propagationPolicy);
  }
}
