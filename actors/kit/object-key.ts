// Keys that name objects: `namespace/name`, or `name` alone for cluster-scoped ones.

import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Key } from './controller.ts';

export function keyOfObject({ metadata }: KubeObject): Key {
  return metadata.namespace === undefined || metadata.namespace === ''
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}

export function parseKey(key: Key): { readonly namespace: string; readonly name: string } {
  const at = key.indexOf('/');
  return at < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, at), name: key.slice(at + 1) };
}
