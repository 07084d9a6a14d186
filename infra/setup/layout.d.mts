// The types of layout.mjs, for the TypeScript sources that share it.

export declare const projectRoot: string;
export declare const NATS_VERSION: string;
export declare function setupPaths(root: string): {
  readonly root: string;
  readonly cache: string;
  readonly lock: string;
  readonly stamp: string;
  readonly packageLock: string;
  readonly installedLock: string;
  readonly node: string;
  readonly natsMemo: string;
  readonly nats: string;
  readonly natsServer: string;
  readonly compileCache: string;
};
