// How much memory a cluster's process takes from the machine. V8 lets a heap grow as if nothing else ran there: with its
// defaults the process holds twice what it needs. Collecting a little more often costs next to nothing.

import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** How far the old generation may grow beyond what survived the last collection, in percent. */
const growingPercent = 50;
/** What the young generation may take, both halves: V8 goes up to 128 MB, most of it filled with garbage. */
const youngBytesMax = 32 * 1024 * 1024;

export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
  limitYoungGeneration();
}

/**
 * Its largest size is settled before a program can say anything, but not how it gets there: it doubles until it is large
 * enough, and does so again after it was made smaller while there was nothing to do.
 */
function limitYoungGeneration(): void {
  let grows = true;
  const decide = () => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    const mayGrow = (young?.space_size ?? 0) < youngBytesMax;
    if (mayGrow === grows) return;
    grows = mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  };
  new PerformanceObserver(decide).observe({ entryTypes: ['gc'] });
}
