// Reads the declarations of one Go package that matter for the wire: structs with their tags and comment markers, named
// scalars, slices and maps, and the constants of named string types. It is a reader of gofmt-formatted API types,
// not of Go: whatever it does not recognise inside a tagged struct is an error, never a guess.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Markers = ReadonlyMap<string, readonly string[]>;

export type GoField = {
  /** Undefined for an embedded type. */
  readonly name: string | undefined;
  readonly type: string;
  readonly tag: ReadonlyMap<string, string>;
  readonly markers: Markers;
};

export type GoStruct = { readonly name: string; readonly markers: Markers; readonly fields: readonly GoField[] };

/** `type Name underlying`, where underlying is a scalar, slice, map or another named type. */
export type GoNamed = { readonly name: string; readonly underlying: string; readonly markers: Markers };

export type GoSource = {
  readonly structs: ReadonlyMap<string, GoStruct>;
  readonly named: ReadonlyMap<string, GoNamed>;
  /** Constant name → its type's name and its string value. */
  readonly constants: ReadonlyMap<string, { readonly type: string; readonly value: string }>;
  /** Alias → import path, over all files of the package (the API packages use them consistently). */
  readonly imports: ReadonlyMap<string, string>;
};

type Parsed = {
  readonly structs: Map<string, GoStruct>;
  readonly named: Map<string, GoNamed>;
  readonly constants: Map<string, { readonly type: string; readonly value: string }>;
  readonly imports: Map<string, string>;
};

export function readGoPackage(directory: string): GoSource {
  const parsed: Parsed = { structs: new Map(), named: new Map(), constants: new Map(), imports: new Map() };
  const files = readdirSync(directory).filter(
    (file) => file.endsWith('.go') && !/^zz_generated|_test\.go$|\.pb\.go$|swagger_doc/.test(file),
  );
  for (const file of files.sort()) readFile(readFileSync(join(directory, file), 'utf8').split('\n'), parsed);
  return parsed;
}

function readFile(lines: readonly string[], into: Parsed): void {
  // Go's generators look at the two comment blocks above a type: markers often stand apart from the doc comment.
  let comments: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.startsWith('//')) {
      comments.push(line);
      continue;
    }
    if (line.trim() === '') continue;
    readImport(line, into.imports);
    readConstant(line, into.constants);
    const declaration = /^type (\w+) (=\s*)?([^\s=].*?)\s*(?:\/\/.*)?$/.exec(line);
    const name = declaration?.[1];
    if (name !== undefined) {
      const underlying = declaration?.[3] ?? '';
      const markers = markersOf(comments);
      if (underlying === 'struct {') {
        const end = lines.indexOf('}', index);
        into.structs.set(name, { name, markers, fields: readFields(lines.slice(index + 1, end), name) });
        index = end;
      } else if (underlying === 'struct{}') into.structs.set(name, { name, markers, fields: [] });
      else if (!/^(struct|interface|func)\b/.test(underlying)) into.named.set(name, { name, underlying, markers });
    }
    comments = [];
  }
}

function readImport(line: string, imports: Map<string, string>): void {
  const match = /^(?:import\s+|\t)(?:(\w+)\s+)?"([\w./-]+)"$/.exec(line);
  const path = match?.[2];
  if (path === undefined) return;
  imports.set(match?.[1] ?? path.slice(path.lastIndexOf('/') + 1), path);
}

function readConstant(line: string, constants: Map<string, { readonly type: string; readonly value: string }>): void {
  const match = /^(?:const\s+|\t)(\w+)\s+(\w+)\s*=\s*"([^"]*)"/.exec(line);
  const [, name, type, value] = match ?? [];
  if (name !== undefined && type !== undefined && value !== undefined) constants.set(name, { type, value });
}

function readFields(lines: readonly string[], struct: string): readonly GoField[] {
  const fields: GoField[] = [];
  let comments: string[] = [];
  for (const line of lines) {
    const text = line.trim();
    if (text.startsWith('//')) {
      comments.push(text);
      continue;
    }
    const match = /^([^`]+?)\s*`([^`]*)`/.exec(text);
    const declaration = match?.[1];
    if (declaration !== undefined) {
      const parts = declaration.split(/\s+/);
      if (parts.length > 2) throw new Error(`struct ${struct}: cannot read the field "${text}"`);
      const type = parts.at(-1) ?? '';
      const name = parts.length === 2 ? parts[0] : undefined;
      fields.push({ name, type, tag: readTag(match?.[2] ?? ''), markers: markersOf(comments) });
    }
    comments = [];
  }
  return fields;
}

function readTag(tag: string): ReadonlyMap<string, string> {
  return new Map(Array.from(tag.matchAll(/(\w+):"([^"]*)"/g), (match) => [match[1] ?? '', match[2] ?? '']));
}

function markersOf(comments: readonly string[]): Markers {
  const markers = new Map<string, string[]>();
  for (const comment of comments) {
    const match = /^\/\/\s*\+([A-Za-z0-9:]+)(?:=(.*))?$/.exec(comment.trimEnd());
    const name = match?.[1];
    if (name === undefined) continue;
    const values = markers.get(name);
    if (values === undefined) markers.set(name, [match?.[2] ?? '']);
    else values.push(match?.[2] ?? '');
  }
  return markers;
}
