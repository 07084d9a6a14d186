// The kubelets of many nodes in one process: one listener on pods and one on nodes serve them all. What changed within
// one turn of the event loop is looked at together, each object once and as it is by then; long agendas are worked off
// in slices, so that thousands of bindings at once never hold up the loop.

import type { Clock, Timer } from '../../streams/base/clock.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Change } from '../../streams/views/change.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { StoredObject } from '../../streams/views/stored-object.ts';
import type { NodeHost } from './node-host.ts';

/** The event loop is given back after so many objects, or after so long, whichever comes first. */
const sliceMax = 256;
const sliceMsMax = 4;

type Item =
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string; last: StoredObject | undefined }
  | { readonly kind: 'node'; readonly name: string };

export class KubeletHost {
  readonly #world: ObjectView;
  readonly #clock: Clock;
  readonly #nodes = new Map<string, NodeHost>();
  readonly #unlisten: (() => void)[];
  /** What changed and was not looked at yet. Insertion order is the order of the changes. */
  readonly #agenda = new Map<string, Item>();
  #planned = false;
  #pause: Timer | undefined;
  #stopped = false;

  constructor({ world, clock }: { world: ObjectView; clock: Clock }) {
    this.#world = world;
    this.#clock = clock;
    this.#unlisten = [
      world.resource(resources.pods).listen((change) => this.#podChanged(change)),
      world.resource(resources.nodes).listen(({ ref: { name } }) => {
        if (this.#nodes.has(name)) this.#plan(`node ${name}`, { kind: 'node', name });
      }),
    ];
  }

  get names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  add(node: NodeHost): void {
    this.#nodes.set(node.name, node);
  }

  /** The node is no longer run from here. Resolves once nothing is being written for it. */
  async remove(name: string): Promise<void> {
    const node = this.#nodes.get(name);
    this.#nodes.delete(name);
    await node?.stop();
  }

  node(name: string): NodeHost | undefined {
    return this.#nodes.get(name);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pause?.cancel();
    for (const unlisten of this.#unlisten) unlisten();
    await Promise.all(Array.from(this.#nodes.values(), (node) => node.stop()));
  }

  #podChanged({ type, ref, current, previous }: Change): void {
    const id = `pod ${current.key}`;
    const known = this.#agenda.get(id);
    const last = type === 'DELETED' ? (previous ?? current) : undefined;
    if (known?.kind === 'pod') known.last = last ?? known.last;
    else if (this.#nodes.has(nodeOf(current))) {
      this.#plan(id, { kind: 'pod', namespace: ref.namespace, name: ref.name, last });
    }
  }

  #plan(id: string, item: Item): void {
    this.#agenda.set(id, item);
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => this.#workOff());
  }

  #workOff(): void {
    const startMs = this.#clock.monotonic();
    let done = 0;
    for (const [id, item] of this.#agenda) {
      if (this.#stopped) return;
      if (done++ >= sliceMax || this.#clock.monotonic() - startMs > sliceMsMax) {
        this.#pause = this.#clock.after(0, () => this.#workOff());
        return;
      }
      this.#agenda.delete(id);
      if (item.kind === 'pod') this.#lookAtPod(item);
      else this.#nodes.get(item.name)?.nodeChanged(this.#world.get<Node>(resources.nodes, item));
    }
    this.#planned = false;
  }

  #lookAtPod({ namespace, name, last }: Extract<Item, { kind: 'pod' }>): void {
    if (last !== undefined) this.#nodes.get(nodeOf(last))?.podGone(last.object as unknown as Pod);
    const stored = this.#world.stored(resources.pods, { namespace, name });
    if (stored !== undefined) this.#nodes.get(nodeOf(stored))?.podChanged(stored.object as unknown as Pod);
  }
}

/** Empty for a pod that is not bound. */
function nodeOf({ object }: StoredObject): string {
  return (object as unknown as Pod).spec?.nodeName ?? '';
}
