// `/openapi/v3` (an index and one document per group and version, at an address that changes with its content) and
// `/openapi/v2` (one document, as JSON and in the protobuf form older clients insist on). Made when first asked for.

import { createHash } from 'node:crypto';
import { unknownPath } from '../errors.ts';
import { sendJson } from '../http/status.ts';
import type { Kind } from '../kinds/kind.ts';
import type { KindTable } from '../kinds/kind-table.ts';
import { typeName } from '../kinds/type-names.ts';
import type { Call } from '../server/call.ts';
import type { OpenApi } from '../server/openapi.ts';
import { kubernetesVersion } from '../server/version.ts';
import { gnosticDocument } from './gnostic.ts';
import { type PathItem, pathsOf } from './paths.ts';
import { itemV2 } from './paths-v2.ts';
import { Definitions, v2, v3 } from './schemas.ts';

type Document = { readonly body: Buffer; readonly hash: string };

const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

export function openApi(table: KindTable): OpenApi {
  const documents = new Documents();
  const groupVersion = (path: string, kinds: readonly Kind[]) =>
    documents.get(`v3/${path}`, kinds, () => documentV3(kinds));
  return {
    async answer(call, rest) {
      const [version, ...path] = rest;
      if (version === 'v2') return sendV2(call, table.all(), documents);
      if (version !== 'v3') throw unknownPath();
      const groups = byPath(table.all());
      if (path.length === 0) {
        documents.keepOnly(new Set(Array.from(groups.keys(), (name) => `v3/${name}`)));
        const paths = Object.fromEntries(
          [...groups].map(([name, kinds]) => [
            name,
            { serverRelativeURL: `/openapi/v3/${name}?hash=${groupVersion(name, kinds).hash}` },
          ]),
        );
        return sendJson(call.response, 200, { paths });
      }
      const name = path.join('/');
      const kinds = groups.get(name);
      if (kinds === undefined) throw unknownPath();
      send(call, groupVersion(name, kinds), 'application/json');
    },
  };
}

/** Documents made before: good as long as the kinds they are about are the very same. */
class Documents {
  readonly #made = new Map<string, { readonly kinds: readonly Kind[]; readonly document: Document }>();

  get(id: string, kinds: readonly Kind[], make: () => Buffer): Document {
    const known = this.#made.get(id);
    if (known !== undefined && same(known.kinds, kinds)) return known.document;
    const body = make();
    const document = { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() };
    this.#made.set(id, { kinds, document });
    return document;
  }

  /** Forgets documents of groups that are gone. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#made.keys()) if (id.startsWith('v3/') && !ids.has(id)) this.#made.delete(id);
  }
}

function same(before: readonly Kind[], now: readonly Kind[]): boolean {
  return before.length === now.length && before.every((kind, index) => kind === now[index]);
}

function sendV2(call: Call, kinds: readonly Kind[], documents: Documents): void {
  if (/proto-openapi/.test(call.request.headers.accept ?? '')) {
    send(
      call,
      documents.get('v2/protobuf', kinds, () => gnosticDocument(documentV2(kinds))),
      protobufType,
    );
    return;
  }
  const json = () => Buffer.from(JSON.stringify(documentV2(kinds)));
  send(call, documents.get('v2/json', kinds, json), 'application/json');
}

function send(call: Call, { body, hash }: Document, contentType: string): void {
  const { request, response } = call;
  const etag = `"${hash}"`;
  const current = request.headers['if-none-match'] === etag;
  // An address with the right hash names this very content, for ever.
  const immutable = request.query.get('hash') === hash;
  const headers = {
    etag,
    vary: 'Accept-Encoding, Accept',
    'cache-control': immutable ? 'public, immutable' : 'no-cache, private',
    'content-type': contentType,
  };
  response.send({ status: current ? 304 : 200, headers }, current ? '' : body);
}

/** `api/v1`, `apis/apps/v1` → the kinds there. */
function byPath(kinds: readonly Kind[]): ReadonlyMap<string, readonly Kind[]> {
  const groups = new Map<string, Kind[]>();
  for (const kind of kinds) {
    const path = kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
    const known = groups.get(path);
    if (known === undefined) groups.set(path, [kind]);
    else known.push(kind);
  }
  return groups;
}

function documentV3(kinds: readonly Kind[]): Buffer {
  const definitions = new Definitions(v3, gvksOf(kinds));
  const paths = Object.assign({}, ...kinds.map((kind) => pathsOf(kind, definitions))) as object;
  const document = {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: kubernetesVersion },
    paths,
    components: { schemas: definitions.schemas },
  };
  return Buffer.from(JSON.stringify(document));
}

function documentV2(kinds: readonly Kind[]) {
  const definitions = new Definitions(v2, gvksOf(kinds));
  const paths: Record<string, PathItem> = {};
  for (const kind of kinds)
    for (const [path, item] of Object.entries(pathsOf(kind, definitions))) paths[path] = itemV2(item);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: kubernetesVersion },
    paths,
    definitions: definitions.schemas,
  };
}

function gvksOf(kinds: readonly Kind[]): ReadonlyMap<string, readonly object[]> {
  const gvks = new Map<string, object[]>();
  for (const { group, version, kind } of kinds) gvks.set(typeName(group, version, kind), [{ group, version, kind }]);
  return gvks;
}
