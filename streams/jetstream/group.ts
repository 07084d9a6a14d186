// Which waiting appends go out together as one atomic batch: in order, no subject twice and none that is under way (the
// second could not know what to expect), no more than the limits, and none that would probably spoil it for the others. Pure.

import type { Subject } from '../base/brand.ts';
import { limits } from '../base/limits.ts';
import type { Append } from './append.ts';
import type { Heads } from './heads.ts';

/** Takes a group from the front of the queue; what is left keeps its order. `underWay` has the subjects of other groups. */
export function takeGroup(queue: Append[], heads: Heads, underWay: ReadonlySet<Subject>): Append[] {
  const group: Append[] = [];
  const left: Append[] = [];
  const subjects = new Set<Subject>();
  let bytes = 0;
  let scanned = 0;
  for (; scanned < queue.length && scanned < 2 * limits.batchEventsMax; scanned++) {
    const append = queue[scanned] as Append;
    if (group.length === limits.batchEventsMax) break;
    if (group.length > 0 && bytes + append.payload.length > limits.batchBytesMax) break;
    append.alone ||= heads.looksLost(append.subject, append.request.expect, append.expected);
    if (append.alone || underWay.has(append.subject) || subjects.has(append.subject)) left.push(append);
    else {
      group.push(append);
      bytes += append.payload.length;
    }
    subjects.add(append.subject);
  }
  queue.splice(0, scanned, ...left);
  return group;
}
