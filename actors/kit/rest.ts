// How long a key rests after it was reconciled. Looking at a workload costs time in proportion to its pods, and its pods
// change one by one: resting lets many changes be taken in at one look, so the cost stays a small part of the time.

const podsPerMs = 50;
const restMsMax = 100;

/** Milliseconds; 0 for small workloads, which are looked at as soon as anything changes. */
export function restMs(pods: number): number {
  return Math.min(restMsMax, Math.floor(pods / podsPerMs));
}
