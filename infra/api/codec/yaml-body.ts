// YAML bodies as JSON values, the way sigs.k8s.io/yaml converts them: the first document only, keys become texts, the
// last of two equal keys wins (and is reported), merge keys and aliases are expanded within bounds. The parser is the
// `yaml` package, loaded on the first YAML body; what the words mean is decided here and in yaml-scalar.ts.

import type * as YamlPackage from 'yaml';
import { setKey } from './own-key.ts';
import { yamlLibrary } from './yaml-library.ts';
import { plainScalar } from './yaml-scalar.ts';

export type ParsedYaml =
  | {
      readonly type: 'parsed';
      readonly value: unknown;
      /** One line per key that is set twice, for strict field validation. */
      readonly duplicates: readonly string[];
    }
  | { readonly type: 'malformed'; readonly message: string };

const DEPTH_MAX = 1000;
/** Nodes reached through aliases; a document that expands further means harm. */
const ALIASED_NODES_MAX = 100_000;

export function parseYaml(text: string): ParsedYaml {
  const yaml = yamlLibrary();
  const lines = new yaml.LineCounter();
  try {
    const documents = yaml.parseAllDocuments(text, {
      version: '1.1',
      schema: 'failsafe',
      uniqueKeys: false,
      lineCounter: lines,
      logLevel: 'silent',
    });
    const document = Array.isArray(documents) ? documents[0] : undefined;
    if (document === undefined) return { type: 'parsed', value: null, duplicates: [] };
    const error = document.errors[0];
    if (error !== undefined) return { type: 'malformed', message: errorText(error) };
    const reader = new YamlReader(yaml, document, lines);
    const value = reader.value(document.contents, 0);
    return { type: 'parsed', value, duplicates: reader.duplicates };
  } catch (error) {
    if (error instanceof YamlFault) return { type: 'malformed', message: error.message };
    if (error instanceof RangeError) return { type: 'malformed', message: 'yaml: exceeded max depth' };
    throw error;
  }
}

class YamlFault extends Error {
  override readonly name = 'YamlFault';
}

class YamlReader {
  readonly duplicates: string[] = [];
  readonly #yaml: typeof YamlPackage;
  readonly #document: YamlPackage.Document;
  readonly #lines: YamlPackage.LineCounter;
  #aliases = 0;
  #aliasedNodes = 0;

  constructor(yaml: typeof YamlPackage, document: YamlPackage.Document, lines: YamlPackage.LineCounter) {
    this.#yaml = yaml;
    this.#document = document;
    this.#lines = lines;
  }

  value(node: unknown, depth: number): unknown {
    const yaml = this.#yaml;
    if (depth > DEPTH_MAX) throw new YamlFault('yaml: exceeded max depth');
    if (this.#aliases > 0 && ++this.#aliasedNodes > ALIASED_NODES_MAX) {
      throw new YamlFault('yaml: document contains excessive aliasing');
    }
    if (yaml.isScalar(node)) return this.#scalar(node);
    if (yaml.isMap(node)) return this.#map(node, depth);
    if (yaml.isSeq(node)) return node.items.map((item) => this.value(item, depth + 1));
    if (!yaml.isAlias(node)) return null;
    this.#aliases++;
    const value = this.value(this.#target(node), depth + 1);
    this.#aliases--;
    return value;
  }

  #map(map: YamlPackage.YAMLMap, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const set = new Set<string>();
    const merged: unknown[] = [];
    for (const { key, value } of map.items) {
      if (this.#isMergeKey(key)) {
        merged.push(value);
        continue;
      }
      const name = this.#keyText(key);
      if (set.has(name))
        this.duplicates.push(`yaml: ${this.#lineOf(key)}key ${JSON.stringify(name)} already set in map`);
      set.add(name);
      setKey(result, name, this.value(value, depth + 1));
    }
    for (const source of merged) this.#merge(source, result, depth);
    return result;
  }

  /** Keys of the map itself win over merged ones, earlier sources over later ones. */
  #merge(source: unknown, into: Record<string, unknown>, depth: number): void {
    const value = this.value(source, depth + 1);
    for (const part of Array.isArray(value) ? value : [value]) {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) {
        throw new YamlFault('yaml: map merge requires map or sequence of maps as the value');
      }
      for (const [key, inner] of Object.entries(part)) if (!Object.hasOwn(into, key)) setKey(into, key, inner);
    }
  }

  #isMergeKey(key: unknown): boolean {
    return this.#yaml.isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
  }

  #keyText(key: unknown): string {
    const value = this.value(key, 0);
    if (value === null || typeof value === 'object') {
      throw new YamlFault(`yaml: ${this.#lineOf(key)}unsupported map key ${JSON.stringify(value)}`);
    }
    return String(value);
  }

  #scalar(node: YamlPackage.Scalar): unknown {
    const { tag, source } = node;
    const text = typeof node.value === 'string' ? node.value : (source ?? '');
    if (tag === 'tag:yaml.org,2002:binary') return Buffer.from(text, 'base64').toString('utf8');
    const resolves =
      tag === undefined ? node.type === 'PLAIN' : /^tag:yaml.org,2002:(?:int|float|bool|null)$/.test(tag);
    const value = resolves ? plainScalar(text) : text;
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new YamlFault(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : '+Inf'}`);
    }
    return value;
  }

  #target(alias: YamlPackage.Alias): unknown {
    const target = alias.resolve(this.#document);
    if (target === undefined) throw new YamlFault(`yaml: unknown anchor '${alias.source}' referenced`);
    return target;
  }

  #lineOf(node: unknown): string {
    const start = this.#yaml.isNode(node) ? node.range?.[0] : undefined;
    return start === undefined ? '' : `line ${this.#lines.linePos(start).line}: `;
  }
}

/** Go's words for the two mistakes people make most; the parser's own, without its picture, for the rest. */
function errorText(error: YamlPackage.YAMLParseError | YamlPackage.YAMLWarning): string {
  // The parser recurses and reports its exhausted stack as a fault of the text, which it is.
  if (error.message.startsWith('Maximum call stack')) return 'yaml: exceeded max depth';
  const line = error.linePos?.[0].line;
  const where = line === undefined ? '' : `line ${line}: `;
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') return `yaml: ${where}mapping values are not allowed in this context`;
  if (error.code === 'TAB_AS_INDENT') return `yaml: ${where}found character that cannot start any token`;
  const text = error.message.split('\n', 1)[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
  return `yaml: ${where}${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
