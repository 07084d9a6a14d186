// Whether a namespace still takes new objects.

import type { Namespace } from '../../streams/resources/config.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';

/** Creating anything in it would be refused. An absent namespace is not terminating. */
export function isTerminating(world: ObjectReader, namespace: string): boolean {
  const found = world.get<Namespace>(resources.namespaces, { name: namespace });
  return found?.metadata.deletionTimestamp !== undefined || found?.status?.phase === 'Terminating';
}
