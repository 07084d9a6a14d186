// Everything between the log and the wire, composed without sockets: view, registry, writer and the API handler.
// A served cluster and a simulation are built from the same stack.

import { defined } from '../../streams/base/assert.ts';
import type { Clock } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { Random } from '../../streams/base/random.ts';
import type { ClusterLog } from '../../streams/log/event-log.ts';
import type { AnyObject } from '../../streams/resources/meta.ts';
import { type Feed, startFeed } from '../../streams/views/feed.ts';
import { ObjectView } from '../../streams/views/object-view.ts';
import { mutatingPolicies } from '../api/admission/admission-policies/mutating-policies.ts';
import { validatingPolicies } from '../api/admission/admission-policies/validating-policies.ts';
import { admissionPlugins } from '../api/admission/plugins.ts';
import { type Authorizer, anyOf, mastersAuthorizer } from '../api/auth/authorize.ts';
import { nodeAuthorizer } from '../api/auth/node/node-authorizer.ts';
import { escalationCheck } from '../api/auth/rbac/escalation.ts';
import { PolicyIndex } from '../api/auth/rbac/policy-index.ts';
import { rbacAuthorizer } from '../api/auth/rbac/rbac-authorizer.ts';
import type { Kind } from '../api/kinds/kind.ts';
import { KindTable } from '../api/kinds/kind-table.ts';
import { Deleter } from '../api/registry/deletion.ts';
import { localWriter } from '../api/registry/local-writer.ts';
import { NoteRecorder } from '../api/registry/note-recorder.ts';
import { Recorder } from '../api/registry/recorder.ts';
import { Registry, type RegistryPorts } from '../api/registry/registry.ts';
import { strategyOf } from '../api/strategies/strategies.ts';
import { conformed } from '../api/verbs/body.ts';
import type { Writer } from '../host/writer.ts';
import { startDefinitions } from './definitions.ts';
import { startPolicies } from './policies.ts';

export type StackPorts = {
  readonly log: ClusterLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

export type ApiStack = {
  readonly authorizer: Authorizer;
  /** Every kind served at this moment. */
  readonly kinds: KindTable;
  readonly view: ObjectView;
  readonly registry: Registry;
  readonly deleter: Deleter;
  readonly writer: Writer;
  readonly feed: Feed;
};

/** Resolves once the view holds the present of the log. */
export async function startApiStack({ log, clock, random, logger }: StackPorts): Promise<ApiStack> {
  const view = new ObjectView();
  const kinds = new KindTable();
  const recorder = new Recorder({ log, view, clock, random: random.stream('events') });
  const index = new PolicyIndex(view);
  const authorizer = anyOf([mastersAuthorizer, nodeAuthorizer(view), rbacAuthorizer(index)]);
  const late = lateWriter();
  const complete = (kind: Kind, object: AnyObject) => {
    const shaped = conformed(object, kind, { fieldValidation: 'Strict', warn: () => {} });
    return strategyOf(kind).defaults?.(shaped) ?? shaped;
  };
  const policies = [mutatingPolicies({ authorizer, kinds, complete }), validatingPolicies({ authorizer, kinds })];
  const chain = { authorizer, writer: late.writer, now: () => recorder.now(), policies };
  const ports: RegistryPorts = {
    view,
    random: random.stream('registry'),
    recorder,
    admission: [...admissionPlugins(chain), escalationCheck({ index, authorizer })],
    strategyOf,
  };
  const registry = new Registry(ports);
  const deleter = new Deleter(ports);
  const notes = new NoteRecorder({ registry, recorder, random: random.stream('notes') });
  const feed = await startFeed({ log, view });
  const writer = localWriter({ kinds, registry, deleter, notes });
  late.become(writer);
  const definitions = startDefinitions({ kinds, view, writer, clock, random, logger });
  const policing = startPolicies({ kinds, view, writer, clock, random, logger });
  const whole: Feed = {
    ended: feed.ended,
    async stop() {
      await policing.stop();
      await definitions.stop();
      await feed.stop();
    },
  };
  return { authorizer, kinds, view, registry, deleter, writer, feed: whole };
}

/** Admission writes through the registry it is part of: what it is given becomes the writer once there is one. */
function lateWriter(): { readonly writer: Writer; become(writer: Writer): void } {
  let real: Writer | undefined;
  const writer: Writer = {
    write: (write, context) =>
      defined(real, 'nothing is admitted before the registry is complete').write(write, context),
    note: (note, context) => real?.note(note, context),
  };
  return {
    writer,
    become(writer) {
      real = writer;
    },
  };
}
