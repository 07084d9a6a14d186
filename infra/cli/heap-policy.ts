// How much memory a cluster's process takes from the machine. V8 lets a heap grow as if nothing else ran there: with its
// defaults the process holds twice what it needs. Collecting a little more often costs next to nothing.

import { setFlagsFromString } from 'node:v8';

/** How far the old generation may grow beyond what survived the last collection, in percent. */
const growingPercent = 50;

export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
}
