// Core Events for people: what `kubectl describe` and `kubectl get events` show. Like notes about the same object are
// joined into one Event whose count goes up. Best effort: a note that cannot be recorded is dropped, never waited for.

import type { Note } from '../../../actors/kit/write.ts';
import type { Random } from '../../../streams/base/random.ts';
import type { CoreEvent } from '../../../streams/resources/config.ts';
import { type AnyObject, microTimestamp, timestamp } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Kind } from '../kinds/kind.ts';
import { kindOf } from '../kinds/kinds.ts';
import { strategyOf } from '../strategies/strategies.ts';
import type { RequestContext } from './context.ts';
import type { Recorder } from './recorder.ts';
import { type Registry, refOf } from './registry.ts';

type Known = { readonly name: string; count: number; readonly created: Promise<void> };

const knownMax = 4_096;
const pendingMax = 1_000;

export class NoteRecorder {
  readonly #registry: Registry;
  readonly #recorder: Recorder;
  readonly #random: Random;
  readonly #known = new Map<string, Known>();
  #pending = 0;
  #sequence = 0;

  constructor({ registry, recorder, random }: { registry: Registry; recorder: Recorder; random: Random }) {
    this.#registry = registry;
    this.#recorder = recorder;
    this.#random = random;
  }

  record(note: Note, context: RequestContext): void {
    if (this.#pending >= pendingMax) return;
    this.#pending++;
    this.#write(note, context)
      .catch(() => {})
      .finally(() => {
        this.#pending--;
      });
  }

  async #write(note: Note, context: RequestContext): Promise<void> {
    const kind = kindOf('', 'events');
    if (kind === undefined) return;
    const namespace = note.regarding.metadata.namespace || 'default';
    const id = identity(note);
    const known = this.#known.get(id);
    // The first one may still be on its way to the log.
    if (known !== undefined) await known.created.catch(() => {});
    const existing = known && this.#registry.view.get<CoreEvent>(resources.events, { namespace, name: known.name });
    if (known !== undefined && existing !== undefined) {
      known.count++;
      const lastTimestamp = timestamp(this.#recorder.now());
      const change = ({ object }: { object: AnyObject }) => {
        const { resourceVersion: _, ...metadata } = object.metadata;
        return { ...object, metadata, count: known.count, lastTimestamp } as AnyObject;
      };
      await this.#registry.update({ kind, namespace, name: known.name }, { change }, context);
      return;
    }
    const event = this.#event(note, namespace);
    const created = this.#create(kind, event, context);
    this.#remember(id, { name: event.metadata.name, count: 1, created });
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

  #event({ regarding, fieldPath, type, reason, message, component, host, action }: Note, namespace: string): CoreEvent {
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
      message: message.slice(0, 1_024),
      source: { component, ...(host === undefined ? undefined : { host }) },
      ...(action === undefined
        ? { firstTimestamp: timestamp(nowMs), lastTimestamp: timestamp(nowMs), count: 1, eventTime: null }
        : { firstTimestamp: null, lastTimestamp: null, eventTime: microTimestamp(nowMs), action }),
      type,
      reportingComponent: component,
      reportingInstance: host ?? (action === undefined ? '' : component),
    };
  }

  #remember(id: string, known: Known): void {
    this.#known.set(id, known);
    if (this.#known.size <= knownMax) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }
}

function identity({ regarding, fieldPath = '', type, reason, message, component, host = '' }: Note): string {
  return [regarding.metadata.uid, fieldPath, type, reason, message, component, host].join('\n');
}
