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
  /** Appends waiting for the committer before callers are told to come back later. */
  appendsPendingMax: 100_000,
  /** Changes each resource keeps in memory for watches that resume and for lists at an exact revision. */
  windowChangesMax: 20_000,
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
