// Resource claims are not allocated here yet, so there is never one to give back: it says so, as Kubernetes does since
// dynamic resource allocation is part of every scheduler, because people and tests read the whole text.

import type { PostFilterPlugin } from '../framework.ts';

export const dynamicResources: PostFilterPlugin = {
  name: 'DynamicResources',
  postFilter: () => ({ kind: 'helpless', message: 'no new claims to deallocate' }),
};
