// The OpenAPI documents as an endpoint of the API.

import type { Call } from './call.ts';

export type OpenApi = {
  /** `rest` is what follows `/openapi/`: `v2`, `v3`, `v3/apis/apps/v1`. */
  answer(call: Call, rest: readonly string[]): Promise<void>;
};
