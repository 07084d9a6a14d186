// The Writer of this process: actors' writes go through the same registry as HTTP requests, and every refusal comes
// back as an outcome.

import type { FailureReason, Note, Write, WriteOutcome } from '../../../actors/kit/write.ts';
import type { AnyObject, ResourceName } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import type { WriteContext, Writer } from '../../host/writer.ts';
import { ApiError, unknownPath } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import type { KindTable } from '../kinds/kind-table.ts';
import { updateScale } from '../verbs/scale.ts';
import { bind } from './binding.ts';
import type { RequestContext } from './context.ts';
import type { Deleter } from './deletion.ts';
import { finalizeNamespace } from './finalize.ts';
import type { NoteRecorder } from './note-recorder.ts';
import type { Registry } from './registry.ts';

export type LocalWriterPorts = {
  readonly kinds: KindTable;
  readonly registry: Registry;
  readonly deleter: Deleter;
  readonly notes: NoteRecorder;
};

export function localWriter({ kinds, registry, deleter, notes }: LocalWriterPorts): Writer {
  const kindFor = ({ resource: { group, resource } }: { readonly resource: ResourceName }): Kind => {
    const kind = kinds.preferred(group, resource);
    // What is left of a definition that has gone is nobody's to change.
    if (kind === undefined) throw unknownPath();
    return kind;
  };
  const run = (write: Write, context: RequestContext): Promise<StoredObject> => {
    switch (write.kind) {
      case 'create': {
        const namespace = write.object.metadata.namespace ?? '';
        const body = write.object as unknown as AnyObject;
        return registry.create({ kind: kindFor(write), namespace, body }, context);
      }
      case 'update': {
        const { metadata } = write.object;
        const target = { kind: kindFor(write), namespace: metadata.namespace ?? '', name: metadata.name };
        const next = write.object as AnyObject;
        if (write.subresource === 'finalize') return finalizeNamespace(registry, { target, next }, context);
        if (write.subresource === 'scale')
          return updateScale(registry, { target, change: () => next, repeatable: false }, context);
        const update = { change: () => next, ...(write.subresource && { subresource: write.subresource }) };
        return registry.update(target, update, context);
      }
      case 'delete': {
        const { namespace, name, uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = write;
        const options = { gracePeriodSeconds, propagationPolicy, preconditions: { uid, resourceVersion } };
        const target = { kind: kindFor(write), namespace, name };
        return deleter.delete(target, options, context).then(({ stored }) => stored);
      }
      case 'bind': {
        const kind = kindFor({ resource: resources.pods });
        const { namespace, name, uid, node } = write;
        return bind(registry, { target: { kind, namespace, name }, uid, node }, context);
      }
    }
  };
  return {
    async write(write, context): Promise<WriteOutcome> {
      try {
        return done(await run(write, requestContext(context)));
      } catch (error) {
        if (error instanceof ApiError) return { kind: 'failed', reason: reasonOf(error), message: error.message };
        throw error;
      }
    },
    note(note: Note, context) {
      notes.record(note, requestContext(context));
    },
  };
}

/** Few ask for the object, and it may have been superseded and let go by now: it is read when it is asked for. */
function done(stored: StoredObject): WriteOutcome {
  return {
    kind: 'done',
    get object() {
      return stored.object;
    },
  };
}

function requestContext({ user, agent = '', cause }: WriteContext): RequestContext {
  return {
    user: { username: user, groups: [] },
    inProcess: true,
    agent,
    cause,
    dryRun: false,
    tracksOwnership: false,
    warn: unheard,
  };
}

function unheard(): void {}

const known: ReadonlySet<string> = new Set<FailureReason>([
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Invalid',
  'Forbidden',
  'TooManyRequests',
]);

function reasonOf(error: ApiError): FailureReason {
  if (error.code === 503) return 'Unavailable';
  return known.has(error.reason) ? (error.reason as FailureReason) : 'Other';
}
