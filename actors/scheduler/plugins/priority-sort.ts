// Important pods first; among equals, those that have waited longest.

import type { QueueSortPlugin } from '../framework.ts';

export const prioritySort: QueueSortPlugin = {
  name: 'PrioritySort',
  before(a, b) {
    const difference = a.info.shape.priority - b.info.shape.priority;
    return difference > 0 || (difference === 0 && a.queuedAtMs < b.queuedAtMs);
  },
};
