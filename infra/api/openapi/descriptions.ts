// The texts `kubectl explain` shows: they are Kubernetes' own documentation, carried by the npm package
// kubernetes-models and read from its type declarations when first asked for. Without the package the texts are empty.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { metricsTexts } from './metrics-descriptions.ts';

export type Descriptions = { readonly type: string; readonly fields: ReadonlyMap<string, string> };

const none: Descriptions = { type: '', fields: new Map() };
const known = new Map<string, Descriptions>();
/** Has the fields every object has. */
const plainObject = 'io.k8s.api.core.v1.ConfigMap';

/** The texts of a built-in type by its OpenAPI name. */
export function descriptionsOf(typeName: string): Descriptions {
  let found = known.get(typeName);
  if (found === undefined) {
    found = ownTexts(typeName) ?? read(typeName) ?? none;
    known.set(typeName, found);
  }
  return found;
}

function ownTexts(typeName: string): Descriptions | undefined {
  const texts = metricsTexts[/^io\.k8s\.metrics\.pkg\.apis\.metrics\.v1beta1\.(\w+)$/.exec(typeName)?.[1] ?? ''];
  if (texts === undefined) return undefined;
  const { fields } = descriptionsOf(plainObject);
  return { type: texts.type, fields: new Map([...fields, ...Object.entries(texts.fields)]) };
}

function read(typeName: string): Descriptions | undefined {
  const file = declarationFile(typeName);
  if (file === undefined) return undefined;
  try {
    return parse(readFileSync(file, 'utf8'), typeName.slice(typeName.lastIndexOf('.') + 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** `io.k8s.api.apps.v1.Deployment` → `kubernetes-models/apps/v1/Deployment.d.ts`. */
function declarationFile(typeName: string): string | undefined {
  const meta = /^io\.k8s\.apimachinery\.pkg\.(.+)\.([^.]+)$/.exec(typeName);
  if (meta !== null) return inPackage('@kubernetes-models/apimachinery', `${meta[1]?.replaceAll('.', '/')}/${meta[2]}`);
  const api = /^io\.k8s\.(?:api|[^.]+\.pkg\.apis)\.([^.]+)\.([^.]+)\.([^.]+)$/.exec(typeName);
  if (api === null) return undefined;
  const [, group = '', version = '', kind = ''] = api;
  return inPackage(
    'kubernetes-models',
    group === 'core' ? `${version}/${kind}` : `${folders[group] ?? group}/${version}/${kind}`,
  );
}

/** Groups whose folder is their full name. */
const folders: Readonly<Record<string, string>> = {
  admissionregistration: 'admissionregistration.k8s.io',
  apiextensions: 'apiextensions.k8s.io',
  apiregistration: 'apiregistration.k8s.io',
  authentication: 'authentication.k8s.io',
  authorization: 'authorization.k8s.io',
  certificates: 'certificates.k8s.io',
  coordination: 'coordination.k8s.io',
  discovery: 'discovery.k8s.io',
  events: 'events.k8s.io',
  flowcontrol: 'flowcontrol.apiserver.k8s.io',
  networking: 'networking.k8s.io',
  node: 'node.k8s.io',
  rbac: 'rbac.authorization.k8s.io',
  resource: 'resource.k8s.io',
  scheduling: 'scheduling.k8s.io',
  storage: 'storage.k8s.io',
};

const require = createRequire(import.meta.url);

function inPackage(name: string, path: string): string | undefined {
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), `${path}.d.ts`);
  } catch {
    return undefined;
  }
}

const typed = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
const typeFields = ['apiVersion', 'kind'];

/** Reads the comments of the interface `I<kind>`: the one before it, and one before each field. */
function parse(source: string, kind: string): Descriptions {
  const start = source.indexOf(`export interface I${kind} `);
  if (start < 0) return none;
  const before = source.slice(0, start);
  const opening = before.lastIndexOf('/**');
  const fields = new Map<string, string>();
  const body = source.slice(start, source.indexOf('\n}', start));
  for (const match of body.matchAll(/\n {4}\/\*\*\n([\s\S]*?)\n {4}\s*\*\/\n {4}"([^"]+)"/g)) {
    fields.set(match[2] ?? '', text(match[1] ?? ''));
  }
  // Objects of their own say what they are; the package tells what that means only where it is not fixed.
  if (/^export interface \w+ extends TypeMeta /.test(source.slice(start)))
    for (const name of typeFields) fields.set(name, descriptionsOf(typed).fields.get(name) ?? '');
  return { type: opening < 0 ? '' : text(before.slice(opening + 3, before.lastIndexOf('*/'))), fields };
}

/** A comment's lines without their stars; the package escapes `*` and the end of a comment. */
function text(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replaceAll('*\\/', '*/')
    .replaceAll('\\*', '*')
    .trim();
}
