// The Writer of this process: actors' writes go through the same registry as HTTP requests, and every refusal comes
// back as an outcome.

import type { FailureReason, Note, Write, WriteOutcome } from '../../../actors/kit/write.ts';
import type { AnyObject, ResourceName } from '../../../streams/resources/meta.ts';
import { resources } from '../../../streams/resources/names.ts';
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
  const run = async (write: Write, context: RequestContext): Promise<AnyObject> => {
    switch (write.kind) {
      case 'create': {
        const namespace = write.object.metadata.namespace ?? '';
        const body = write.object as unknown as AnyObject;
        return (await registry.create({ kind: kindFor(write), namespace, body }, context)).object;
      }
      case 'update': {
        const { metadata } = write.object;
        const target = { kind: kindFor(write), namespace: metadata.namespace ?? '', name: metadata.name };
        const next = write.object as AnyObject;
        if (write.subresource === 'finalize')
          return (await finalizeNamespace(registry, { target, next }, context)).object;
        if (write.subresource === 'scale')
          return (await updateScale(registry, { target, change: () => next, repeatable: false }, context)).object;
        const update = { change: () => next, ...(write.subresource && { subresource: write.subresource }) };
        return (await registry.update(target, update, context)).object;
      }
      case 'delete': {
        const { namespace, name, uid, resourceVersion, gracePeriodSeconds, propagationPolicy } = write;
        const options = { gracePeriodSeconds, propagationPolicy, preconditions: { uid, resourceVersion } };
        return (await deleter.delete({ kind: kindFor(write), namespace, name }, options, context)).stored.object;
      }
      case 'bind': {
        const kind = kindFor({ resource: resources.pods });
        const { namespace, name, uid, node } = write;
        return (await bind(registry, { target: { kind, namespace, name }, uid, node }, context)).object;
      }
    }
  };
  return {
    async write(write, context): Promise<WriteOutcome> {
      try {
        return { kind: 'done', object: await run(write, requestContext(context)) };
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

function requestContext({ user, agent = '', cause }: WriteContext): RequestContext {
  return {
    user: { username: user, groups: [] },
    inProcess: true,
    agent,
    cause,
    dryRun: false,
    tracksOwnership: false,
    warn: () => {},
  };
}

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
