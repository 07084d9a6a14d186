// How much memory a cluster's process takes from the machine. V8 lets a heap grow as if nothing else ran there: with its
// defaults the process holds twice what it needs. Collecting a little more often costs next to nothing.

import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** How far the old generation may grow beyond what survived the last collection, in percent. */
const growingPercent = 75;
/**
 * What the young generation may take, both halves: V8 goes up to 128 MB, most of it filled with garbage. In a small heap
 * that would be most of its memory; in a large one it is little, and saves collections that each look through much.
 */
const youngBytesMin = 32 * 1024 * 1024;
const youngShare = 0.1;

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
    let young = 0;
    let all = 0;
    for (const { space_name: name, space_size: bytes } of getHeapSpaceStatistics()) {
      all += bytes;
      if (name === 'new_space') young = bytes;
    }
    const mayGrow = young < Math.max(youngBytesMin, all * youngShare);
    if (mayGrow === grows) return;
    grows = mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  };
  new PerformanceObserver(decide).observe({ entryTypes: ['gc'] });
}
