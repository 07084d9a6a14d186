// The types of what npm-packages.mjs offers to TypeScript.

import type { setupPaths } from './layout.mjs';

export declare function packagesAreInstalled(paths: ReturnType<typeof setupPaths>): boolean;
