// Every bound of the system in one place, asserted against each other when the process starts.

import { assert } from './assert.ts';

export const limits = {
  /** Largest request body the API server reads, as upstream. */
  requestBytesMax: 3 * 1024 * 1024,
  /** Largest object (its JSON) the log takes, as etcd's default request limit. */
  objectBytesMax: 1_572_864,
  /** Largest message nats-server takes: an object with its envelope. `nats.conf` says the same. */
  messageBytesMax: 2 * 1024 * 1024,
  /** Events one atomic batch may hold; nats-server's own bound is 1,000. */
  batchEventsMax: 256,
  /** Bytes of events one atomic batch may hold, so that a burst of large objects does not become one giant write. */
  batchBytesMax: 8 * 1024 * 1024,
  /** Appends sent one by one, before an atomic batch is cheaper: a batch costs the server about ten single writes. */
  singlesInFlightMax: 8,
  /** Bytes of a subject; nats-server drops the connection of a client whose command exceeds 4 KiB. */
  subjectBytesMax: 3_072,
  /** Appends waiting for the committer before callers are told to come back later. */
  appendsPendingMax: 100_000,
  /** Messages one reader asks the log for at a time, and the bytes they may take: far below nats-server's bound of 64 MiB per client. */
  readMessagesMax: 2_000,
  readBytesMax: 8 * 1024 * 1024,
  /** Events decoded in one turn of the event loop: a millisecond or so. */
  decodeEventsMax: 256,
  /** Changes each resource keeps in memory for watches that resume and for lists at an exact revision. */
  windowChangesMax: 8_192,
  /** The same in bytes of their objects' JSON; in memory most of it is packed. */
  windowBytesMax: 128 * 1024 * 1024,
  /** Bytes a watcher may lag before it is cut off. */
  watchPendingBytesMax: 16 * 1024 * 1024,
  /** Newest revisions LOG keeps for one object; HIST keeps all. */
  revisionsPerSubject: 64,
  /** How long core Events live (ms), as kube-apiserver's --event-ttl default. */
  eventTtlMs: 3_600_000,
} as const;

assert(limits.objectBytesMax < limits.messageBytesMax, 'an object must fit a message');
assert(limits.objectBytesMax < limits.requestBytesMax, 'an object must fit a request');
assert(limits.batchEventsMax <= 1_000, 'nats-server refuses larger batches');
assert(limits.messageBytesMax * 2 < limits.readBytesMax, 'a reader can ask for the largest message');
