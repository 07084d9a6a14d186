// Core Events for people: what `kubectl describe` and `kubectl get events` show. Like notes about the same object are
// joined into one Event whose count goes up (`note-correlator.ts`). Best effort: a note that cannot be recorded is
// dropped, never waited for.

import type { Note } from '../../../actors/kit/write.ts';
import { defined } from '../../../streams/base/assert.ts';
import type { Random } from '../../../streams/base/random.ts';
import type { CoreEvent } from '../../../streams/resources/config.ts';
import { type AnyObject, microTimestamp, timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Kind } from '../kinds/kind.ts';
import { kindOf } from '../kinds/kinds.ts';
import { strategyOf } from '../strategies/strategies.ts';
import type { RequestContext } from './context.ts';
import { type Correlated, NoteCorrelator } from './note-correlator.ts';
import type { Recorder } from './recorder.ts';
import { type Registry, refOf } from './registry.ts';

const pendingMax = 1_000;

export class NoteRecorder {
  readonly #registry: Registry;
  readonly #recorder: Recorder;
  readonly #random: Random;
  readonly #correlator = new NoteCorrelator();
  readonly #kind = defined(kindOf('', 'events'), 'there are core Events');
  #pending = 0;
  #sequence = 0;

  constructor({ registry, recorder, random }: { registry: Registry; recorder: Recorder; random: Random }) {
    this.#registry = registry;
    this.#recorder = recorder;
    this.#random = random;
  }

  record(note: Note, context: RequestContext): void {
    if (this.#pending >= pendingMax) return;
    const correlated = this.#correlator.take(note, this.#recorder.now());
    if (correlated === undefined) return;
    this.#pending++;
    const done = () => void this.#pending--;
    this.#write(note, correlated, context).then(done, done);
  }

  async #write(note: Note, { told, message }: Correlated, context: RequestContext): Promise<void> {
    const kind = this.#kind;
    const namespace = note.regarding.metadata.namespace || 'default';
    if (told.event !== undefined) {
      const { name, created } = told.event;
      // The first one may still be on its way to the log.
      await created.catch(() => {});
      if (this.#registry.view.stored(resources.events, { namespace, name }) !== undefined) {
        const lastTimestamp = timestamp(this.#recorder.now());
        const change = ({ object }: { object: AnyObject }) => {
          const { resourceVersion: _, ...metadata } = object.metadata;
          return { ...object, metadata, message: cut(message), count: told.count, lastTimestamp } as AnyObject;
        };
        await this.#registry.update({ kind, namespace, name }, { change }, context);
        return;
      }
    }
    const event = this.#event(note, { namespace, message, told });
    const created = this.#create(kind, event, context);
    told.event = { name: event.metadata.name, created };
    await created;
  }

  /**
   * Records a new Event directly: it is made here, so there is nothing to default, admit or validate but that its
   * namespace takes new objects. There are several for every pod, and this halves what they cost.
   */
  async #create(kind: Kind, event: CoreEvent, context: RequestContext): Promise<void> {
    const { namespace = '', name } = event.metadata;
    const home = this.#registry.view.get(resources.namespaces, { name: namespace });
    if (home === undefined || home.metadata.deletionTimestamp !== undefined) return;
    const { lifecycle } = strategyOf(kind);
    const after = event as unknown as AnyObject;
    await this.#recorder.record({ ref: refOf(kind, namespace, name), lifecycle, before: undefined, after }, context);
  }

  #event(note: Note, { namespace, message, told }: Correlated & { readonly namespace: string }): CoreEvent {
    const { regarding, fieldPath, type, reason, component, host, action } = note;
    const nowMs = this.#recorder.now();
    const { metadata } = regarding;
    // The suffix is upstream's: the time in nanoseconds as hex; the counter keeps equal instants apart.
    const suffix = (BigInt(Math.floor(nowMs)) * 1_000_000n + BigInt(this.#sequence++ % 1_000_000)).toString(16);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${metadata.name}.${suffix}`,
        namespace,
        uid: this.#random.uuid(),
        creationTimestamp: timestamp(nowMs),
      },
      involvedObject: {
        kind: regarding.kind,
        ...(metadata.namespace === undefined ? undefined : { namespace: metadata.namespace }),
        name: metadata.name,
        uid: metadata.uid,
        apiVersion: regarding.apiVersion,
        ...(metadata.resourceVersion === undefined ? undefined : { resourceVersion: metadata.resourceVersion }),
        ...(fieldPath === undefined ? undefined : { fieldPath }),
      },
      reason,
      message: cut(message),
      source: { component, ...(host === undefined ? undefined : { host }) },
      ...(action === undefined
        ? {
            firstTimestamp: timestamp(told.firstMs),
            lastTimestamp: timestamp(nowMs),
            count: told.count,
            eventTime: null,
          }
        : { firstTimestamp: null, lastTimestamp: null, eventTime: microTimestamp(nowMs), action }),
      type,
      reportingComponent: component,
      reportingInstance: host ?? (action === undefined ? '' : component),
    };
  }
}

/** As long as a message may be, which is what upstream's recorders cut it to. */
function cut(message: string): string {
  return message.slice(0, 1_024);
}
