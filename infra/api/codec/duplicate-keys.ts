// Finds what JSON.parse hides: keys written twice. Reads the text itself, along the schema, and reports duplicate and
// unknown fields in the order of the text, as Kubernetes' strict decoder does. Runs only when a count has shown that
// something is written twice. The text must be JSON (JSON.parse took it before).

import type { ObjectSchema } from '../kinds/schema.ts';
import { type Node, nodeOf, type ObjectPlan, OP } from './conform-plan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FINDINGS_MAX = 100;

/** `duplicate field "spec.replicas"` and `unknown field "spec.foo"`, each once, at most 100. */
export function strictFindings(bytes: Uint8Array, schema: ObjectSchema): readonly string[] {
  const scan = new StrictScan(bytes);
  scan.value(nodeOf(schema), '');
  return [...scan.findings].slice(0, FINDINGS_MAX);
}

/** `duplicate field "spec.replicas"` wherever it stands, for objects whose schema says nothing about their text. */
export function duplicateFields(bytes: Uint8Array): readonly string[] {
  const scan = new StrictScan(bytes, true);
  scan.value(undefined, '');
  return [...scan.findings].slice(0, FINDINGS_MAX);
}

class StrictScan {
  readonly findings = new Set<string>();
  readonly #bytes: Buffer;
  /** Looks into everything, also where there is no node. */
  readonly #watchesAll: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, watchesAll = false) {
    this.#watchesAll = watchesAll;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Passes over one value. Without a node nothing in it is looked at, unless all is. */
  value(node: Node | undefined, path: string): void {
    this.#skipSpace();
    const byte = this.#bytes[this.#at];
    if (byte === 0x7b) this.#object(node, path);
    else if (byte === 0x5b) this.#list(node?.op === OP.list ? node.inner : undefined, path);
    else if (byte === QUOTE) this.#string();
    else while (this.#isLiteral()) this.#at++;
  }

  #object(node: Node | undefined, path: string): void {
    const seen = new Set<string>();
    const plan: ObjectPlan | undefined = node?.op === OP.object ? node.plan : undefined;
    const values = node?.op === OP.map ? node.inner : undefined;
    const watched = this.#watchesAll || plan !== undefined || values !== undefined;
    this.#at++;
    while (this.#more(0x7d)) {
      const key = this.#string();
      const field = plan?.fields.get(key);
      const inner = path === '' ? key : `${path}.${key}`;
      if (plan !== undefined && field === undefined) this.findings.add(`unknown field ${JSON.stringify(inner)}`);
      else if (watched && seen.has(key)) this.findings.add(`duplicate field ${JSON.stringify(inner)}`);
      seen.add(key);
      this.#skipSpace();
      this.#at++;
      this.value(field?.node ?? values, inner);
    }
  }

  #list(item: Node | undefined, path: string): void {
    this.#at++;
    for (let index = 0; this.#more(0x5d); index++) this.value(item, `${path}[${index}]`);
  }

  /** Moves to the next member; false behind the closing bracket. */
  #more(close: number): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] === 0x2c) {
      this.#at++;
      this.#skipSpace();
    }
    if (this.#bytes[this.#at] !== close) return this.#at < this.#bytes.length;
    this.#at++;
    return false;
  }

  #string(): string {
    const start = this.#at;
    for (this.#at++; this.#bytes[this.#at] !== QUOTE && this.#at < this.#bytes.length; this.#at++) {
      if (this.#bytes[this.#at] === BACKSLASH) this.#at++;
    }
    this.#at++;
    return JSON.parse(this.#bytes.toString('utf8', start, this.#at)) as string;
  }

  #skipSpace(): void {
    while ((this.#bytes[this.#at] ?? 0x21) <= 0x20) this.#at++;
  }

  #isLiteral(): boolean {
    const byte = this.#bytes[this.#at];
    return byte !== undefined && byte > 0x20 && byte !== 0x2c && byte !== 0x5d && byte !== 0x7d;
  }
}
