// Deleting: preconditions, grace (pods), finalizers and the propagation policy, as the API conventions and the garbage
// collector's contract say. What can go at once goes in one event; the rest is marked and goes when nothing holds it.

import { type AnyObject, timestamp } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import { type AdmissionPlugin, admit } from '../admission/admission.ts';
import { badRequest, conflict, notFound } from '../errors.ts';
import type { DeleteOptions, RequestContext } from './context.ts';
import { finished, type RegistryPorts, type Target } from './registry.ts';
import type { Strategy } from './strategy.ts';

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
    const { kind, namespace, name } = target;
    const { view, recorder, strategyOf } = this.#ports;
    const strategy = strategyOf(kind);
    for (let attempt = 1; ; attempt++) {
      const current = view.stored(kind, { namespace, name });
      if (current === undefined) throw notFound(kind, name);
      checkPreconditions(target, current, options);
      this.#admit(this.#ports.admission, { target, current, context });
      const marked = mark(current.object, { strategy, options, nowMs: recorder.now() });
      if (marked === current.object) return { stored: current, gone: false };
      const gone = finished(marked);
      const recorded = await recorder.record(
        { ref: current.ref, lifecycle: strategy.lifecycle, before: current, after: gone ? undefined : marked },
        context,
      );
      if (recorded.kind === 'recorded') return { stored: recorded.stored, gone };
      if (options.preconditions?.resourceVersion !== undefined || attempt >= racesMax) throw conflict(kind, name);
    }
  }

  #admit(
    plugins: readonly AdmissionPlugin[],
    { target, current, context }: { target: Target; current: StoredObject; context: RequestContext },
  ): void {
    const { view, random } = this.#ports;
    admit(plugins, { operation: 'delete', ...target, object: current.object, context, world: view, random });
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
  const requested =
    options.gracePeriodSeconds === undefined
      ? undefined
      : options.gracePeriodSeconds < 0
        ? 1
        : options.gracePeriodSeconds;
  const grace = strategy.graceSeconds?.(object, requested) ?? 0;
  const finalizers = propagationFinalizers(metadata.finalizers ?? [], options);
  const sameFinalizers = finalizers.length === (metadata.finalizers?.length ?? 0);
  const deleting = metadata.deletionTimestamp !== undefined;
  const graceBefore = metadata.deletionGracePeriodSeconds ?? 0;
  const shorter = deleting && grace < graceBefore && (requested !== undefined || grace === 0);
  if (deleting && !shorter && sameFinalizers) return object;
  const seconds = deleting ? Math.min(grace, graceBefore) : grace;
  const { finalizers: _, ...kept } = metadata;
  const generation =
    !deleting && metadata.generation !== undefined ? { generation: metadata.generation + 1 } : undefined;
  return {
    ...object,
    metadata: {
      ...kept,
      ...generation,
      deletionTimestamp: deleting && !shorter ? (metadata.deletionTimestamp ?? '') : timestamp(nowMs + seconds * 1000),
      deletionGracePeriodSeconds: seconds,
      ...(finalizers.length === 0 ? undefined : { finalizers }),
    },
  } as AnyObject;
}

function propagationFinalizers(finalizers: readonly string[], { propagationPolicy }: DeleteOptions): readonly string[] {
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
      throw badRequest(
        `invalid DeleteOptions: propagationPolicy: Unsupported value: "${String(propagationPolicy)}": supported values: "Foreground", "Background", "Orphan", "nil"`,
      );
  }
}
