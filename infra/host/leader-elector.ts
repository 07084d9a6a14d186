// Runs for one lease: tells the machine what the log says of it, carries out what the machine asks for, and tells whoever
// does the work when to begin and when to stop.

import { createActor } from 'xstate';
import { type ElectionEvent, holderOf, leaderElectionMachine } from '../../actors/election/leader-election-machine.ts';
import type { Effect } from '../../actors/kit/effect.ts';
import { assert } from '../../streams/base/assert.ts';
import type { Clock, Timer } from '../../streams/base/clock.ts';
import type { Logger } from '../../streams/base/logger.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Lease } from '../../streams/resources/node.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import type { WriteContext, Writer } from './writer.ts';

export type ElectionPorts = {
  readonly view: ObjectView;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
};

export type Candidacy = {
  /** The lease, e.g. `kube-scheduler`; in kube-system. */
  readonly lease: string;
  /** No two living processes share it. */
  readonly identity: string;
  /** Called with true when this process begins to lead, with false when it no longer does. */
  readonly onLeadership: (leading: boolean) => void;
};

export type Election = {
  /** Whoever holds the lease now; empty where nobody does. */
  readonly leader: string;
  readonly leading: boolean;
  /** Resolves once it is known who leads. */
  readonly decided: Promise<void>;
  /** Gives the lease back; the work must have been stopped. Resolves once that is recorded, or cannot be. */
  stop(): Promise<void>;
};

const namespace = 'kube-system';

/** The view must be complete. */
export function standForElection({ lease: name, identity, onLeadership }: Candidacy, ports: ElectionPorts): Election {
  const { view, writer, clock, logger } = ports;
  const context: WriteContext = { user: `system:${name}`, agent: name, cause: null };
  const actor = createActor(leaderElectionMachine, { input: { namespace, name, identity } });
  const decided = Promise.withResolvers<void>();
  const timers = new Map<string, Timer>();
  const writes = new Set<Promise<void>>();
  let leading = false;
  const seen = () => ({ nowMs: clock.now(), tickMs: clock.monotonic() });
  const send = (event: ElectionEvent): void => {
    if (actor.getSnapshot().status !== 'active') return;
    actor.send(event);
    if (actor.getSnapshot().value === 'faulted') logger.error('leader election was sent an unknown event', { name });
  };
  const perform = (effect: Effect): void => {
    switch (effect.kind) {
      case 'write': {
        const { ticket, write } = effect;
        const writing = writer.write(write, context).then((outcome) => {
          writes.delete(writing);
          send({ type: 'write.settled', ticket, outcome, ...seen() });
        });
        writes.add(writing);
        return;
      }
      case 'note':
        writer.note(effect.note, context);
        return;
      case 'arm': {
        const { timer, generation, ms } = effect;
        timers.get(timer)?.cancel();
        timers.set(
          timer,
          clock.after(ms, () => send({ type: 'timer.fired', timer, generation, ...seen() })),
        );
        return;
      }
      case 'disarm':
        timers.get(effect.timer)?.cancel();
        return;
      default:
        assert(false, `leader election does not emit ${effect.kind}`);
    }
  };
  // Effects are carried out after the machine's step: a write's answer must find the state that asked for it.
  actor.on('effect', ({ effect }) => queueMicrotask(() => perform(effect)));
  actor.on('leadership', (event) => {
    leading = event.leading;
    logger.info(leading ? 'this process leads' : 'this process no longer leads', { lease: name });
    decided.resolve();
    onLeadership(leading);
  });
  actor.start();
  const current = () => view.get<Lease>(resources.leases, { namespace, name });
  const observe = (lease: Lease | undefined): void => {
    send({ type: 'lease.observed', lease, ...seen() });
    if (holderOf(lease) !== '' && holderOf(lease) !== identity) decided.resolve();
  };
  const unlisten = view.resource(resources.leases).listen(({ type, ref, current: { object } }) => {
    if (ref.name === name && ref.namespace === namespace) observe(type === 'DELETED' ? undefined : (object as Lease));
  });
  observe(current());
  return {
    get leader() {
      return holderOf(current());
    },
    get leading() {
      return leading;
    },
    decided: decided.promise,
    async stop() {
      unlisten();
      leading = false;
      send({ type: 'stop', ...seen() });
      for (const timer of timers.values()) timer.cancel();
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      await Promise.all(writes);
    },
  };
}
