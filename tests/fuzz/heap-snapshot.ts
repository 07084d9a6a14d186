// What a heap snapshot of V8 says about who keeps what alive: the bytes that can be reached from the roots without going
// through objects of certain classes. What is reached only through them is theirs. A value in a WeakMap is kept by its
// key: V8 says so of the key and of the map's table, and what it says of the table is passed over.

type Snapshot = {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
};

export class HeapSnapshot {
  readonly #snapshot: Snapshot;
  readonly #node: Fields;
  readonly #edge: Fields;
  /** Of each node, in the list of all edges; one more at the end. */
  readonly #firstEdge: Uint32Array;
  /** By the edge's name. */
  readonly #tables = new Map<number, number>();

  constructor(text: string) {
    this.#snapshot = JSON.parse(text) as Snapshot;
    const { meta } = this.#snapshot.snapshot;
    this.#node = new Fields(meta.node_fields);
    this.#edge = new Fields(meta.edge_fields);
    const count = this.#snapshot.nodes.length / this.#node.size;
    this.#firstEdge = new Uint32Array(count + 1);
    for (let n = 0; n < count; n++) this.#firstEdge[n + 1] = (this.#firstEdge[n] ?? 0) + this.#ofNode(n, 'edge_count');
  }

  /** Bytes alive without what is kept only by objects of these classes; nodes begin with the root. */
  aliveWithout(classes: readonly string[]): number {
    const { edges } = this.#snapshot;
    const [internal, weak] = ['internal', 'weak'].map((kind) =>
      this.#snapshot.snapshot.meta.edge_types[0].indexOf(kind),
    );
    const [type, name, to] = [this.#edge.at('type'), this.#edge.at('name_or_index'), this.#edge.at('to_node')];
    const closed = this.#nodesOf(classes);
    const seen = new Uint8Array(this.#firstEdge.length);
    const waiting = [0];
    seen[0] = 1;
    let bytes = 0;
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (closed.has(node)) continue;
      bytes += this.#ofNode(node, 'self_size');
      const end = (this.#firstEdge[node + 1] ?? 0) * this.#edge.size;
      for (let edge = (this.#firstEdge[node] ?? 0) * this.#edge.size; edge < end; edge += this.#edge.size) {
        const next = (edges[edge + to] ?? 0) / this.#node.size;
        if (edges[edge + type] === weak || seen[next] === 1) continue;
        if (edges[edge + type] === internal && this.#tableOf(edges[edge + name]) === this.#ofNode(node, 'id')) continue;
        seen[next] = 1;
        waiting.push(next);
      }
    }
    return bytes;
  }

  /** The id of the WeakMap's table that an edge to a value is about; -1 for other edges. */
  #tableOf(name = 0): number {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = Number(/ pair in WeakMap \(table @(\d+)\)$/.exec(this.#snapshot.strings[name] ?? '')?.[1] ?? -1);
      this.#tables.set(name, table);
    }
    return table;
  }

  #nodesOf(classes: readonly string[]): ReadonlySet<number> {
    const { strings, snapshot } = this.#snapshot;
    const object = snapshot.meta.node_types[0].indexOf('object');
    const names = new Set(classes.map((name) => strings.indexOf(name)));
    const found = new Set<number>();
    for (let node = 0; node < this.#firstEdge.length - 1; node++)
      if (this.#ofNode(node, 'type') === object && names.has(this.#ofNode(node, 'name'))) found.add(node);
    return found;
  }

  #ofNode(node: number, field: string): number {
    return this.#snapshot.nodes[node * this.#node.size + this.#node.at(field)] ?? 0;
  }
}

/** Where each field of a record stands. */
class Fields {
  readonly size: number;
  readonly #places: ReadonlyMap<string, number>;

  constructor(names: readonly string[]) {
    this.size = names.length;
    this.#places = new Map(names.map((name, place) => [name, place]));
  }

  at(name: string): number {
    return this.#places.get(name) ?? 0;
  }
}
