// Kubernetes' own golden objects, read from Go's module cache where it holds them: decoding the protobuf file gives the
// JSON file, encoding the JSON file gives the protobuf file byte by byte, and the JSON file conforms as it is. The files
// are never part of this project.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { conform } from '../../../../infra/api/codec/conform.ts';
import { decodeProtobuf, encodeProtobuf } from '../../../../infra/api/codec/protobuf.ts';
import { factsVersion } from '../../../../infra/api/kinds/facts.ts';
import { schemaOf } from '../../../../infra/api/kinds/type-names.ts';

type Golden = { readonly name: string; readonly json: Record<string, unknown>; readonly protobuf: Buffer };

const directory = goldenDirectory();
if (directory === undefined) {
  console.warn(
    `SKIPPED: Kubernetes' golden objects. They are in the Go module cache after \`go mod download k8s.io/api@${factsVersion()}\``,
  );
}

test.skipIf(directory === undefined)('golden objects of all known types pass in both directions and conform', () => {
  const all = goldenObjects(directory ?? '');
  const known = all.filter(({ json }) => schemaOf(text(json.apiVersion), text(json.kind)) !== undefined);
  const failed: string[] = [];
  for (const { name, json, protobuf } of known) {
    const schema = schemaOf(text(json.apiVersion), text(json.kind));
    if (schema === undefined) continue;
    const decoded = decodeProtobuf(protobuf, schemaOf);
    if (decoded.type !== 'decoded' || !sameJson(decoded.value, json)) failed.push(`${name}: decoding`);
    if (!encodeProtobuf(json, schema).equals(protobuf)) failed.push(`${name}: encoding`);
    const conformed = conform(json, schema, { fieldValidation: 'Strict' });
    if (conformed.type !== 'conforms' || conformed.object !== json) failed.push(`${name}: conforming`);
  }
  console.log(
    `golden objects: ${known.length - new Set(failed.map((line) => line.split(':')[0])).size} of ${known.length} pass both ways; ` +
      `${all.length - known.length} more belong to versions outside the facts table`,
  );
  expect(failed).toEqual([]);
  expect(known.length).toBeGreaterThan(100);
});

function goldenDirectory(): string | undefined {
  let cache: string;
  try {
    cache = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
  const path = join(cache, 'k8s.io', `api@${factsVersion()}`, 'testdata', 'HEAD');
  return existsSync(path) ? path : undefined;
}

function goldenObjects(path: string): readonly Golden[] {
  return readdirSync(path)
    .filter((file) => file.endsWith('.json') && existsSync(join(path, file.replace(/json$/, 'pb'))))
    .map((file) => ({
      name: file,
      json: JSON.parse(readFileSync(join(path, file), 'utf8')) as Record<string, unknown>,
      protobuf: readFileSync(join(path, file.replace(/json$/, 'pb'))),
    }));
}

function sameJson(left: unknown, right: unknown): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
