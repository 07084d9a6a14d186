// How long a key rests after it was reconciled. Looking at a workload costs time in proportion to its pods, and its pods
// change one by one: resting lets many changes be taken in at one look, so the cost stays a small part of the time.

const restMsMax = 200;

/**
 * Milliseconds; 0 for small workloads, which are looked at as soon as anything changes. `podsPerMs` is about a tenth of
 * the pods that one millisecond suffices to look at.
 */
export function restMs(pods: number, podsPerMs = 20): number {
  return Math.min(restMsMax, Math.floor(pods / podsPerMs));
}
