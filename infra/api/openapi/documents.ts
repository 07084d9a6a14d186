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
import { pathsOf } from './paths.ts';
import { Definitions, v2, v3 } from './schemas.ts';

type Document = { readonly body: Buffer; readonly hash: string };

const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

export function openApi(table: KindTable): OpenApi {
  const documents = new Map<string, Document>();
  let madeAt = table.changes;
  const made = (id: string, make: () => Buffer): Document => {
    if (madeAt !== table.changes) documents.clear();
    madeAt = table.changes;
    let document = documents.get(id);
    if (document === undefined) {
      const body = make();
      document = { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() };
      documents.set(id, document);
    }
    return document;
  };
  const groupVersion = (path: string, kinds: readonly Kind[]) => made(`v3/${path}`, () => documentV3(kinds));
  return {
    async answer(call, rest) {
      const [version, ...path] = rest;
      const groups = byPath(table.all());
      if (version === 'v2') return sendV2(call, table, made);
      if (version !== 'v3') throw unknownPath();
      if (path.length === 0) {
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

function sendV2(call: Call, table: KindTable, made: (id: string, make: () => Buffer) => Document): void {
  const json = () => Buffer.from(JSON.stringify(documentV2(table.all())));
  if (/proto-openapi/.test(call.request.headers.accept ?? '')) {
    send(
      call,
      made('v2/protobuf', () => gnosticDocument(documentV2(table.all()))),
      protobufType,
    );
  } else send(call, made('v2/json', json), 'application/json');
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
  for (const kind of kinds) definitions.reference(typeName(kind.group, kind.version, kind.kind));
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: kubernetesVersion },
    paths: {},
    definitions: definitions.schemas,
  };
}

function gvksOf(kinds: readonly Kind[]): ReadonlyMap<string, readonly object[]> {
  const gvks = new Map<string, object[]>();
  for (const { group, version, kind } of kinds) gvks.set(typeName(group, version, kind), [{ group, version, kind }]);
  return gvks;
}
