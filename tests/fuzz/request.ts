// A request of the fuzz, as any client of HTTP could send it, and the paths of what it is about.

import type { Kind } from '../../infra/api/kinds/kind.ts';
import { kindByGvk } from '../../infra/api/kinds/kinds.ts';
import type { Body } from '../kit/api-world.ts';
import type { Draw } from './draw.ts';

export type FuzzRequest = {
  readonly method: string;
  /** Path and query, as they are sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  /** Without the administrator's certificate. */
  readonly anonymous?: boolean;
};

export type Area = {
  readonly name: string;
  /** Of how many requests in a thousand. */
  readonly share: number;
  readonly draw: (draw: Draw) => FuzzRequest;
};

export type TypedBody = Body & { readonly apiVersion: string; readonly kind: string; readonly metadata: Body };

/** Names of what the fuzz itself makes: few, so that little piles up. */
export const freshNames = Array.from({ length: 6 }, (_, index) => `f${index}`);

export const namespace = 'default';

export function rootPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

export function collectionPath({ group, version, resource, namespaced }: Kind, within = namespace): string {
  const root = rootPath(group === '' ? version : `${group}/${version}`);
  return `${root}${namespaced ? `/namespaces/${within}` : ''}/${resource}`;
}

/** The kind of a built-in object. */
export function kindOfBody({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Kind {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const found = kindByGvk(group, version, kind);
  if (found === undefined) throw new Error(`no kind is called ${kind} in ${apiVersion}`);
  return found;
}

export function named(object: TypedBody, name: string): TypedBody {
  return { ...object, metadata: { ...object.metadata, name } };
}

export function jsonBody(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value) ?? '');
}

export const jsonType = { 'content-type': 'application/json' };

/** Most writes only ask whether they would do: what is refused is the same. */
export function dryRun(draw: Draw, probability = 0.5): string {
  return draw.chance(probability) ? '?dryRun=All' : '';
}
