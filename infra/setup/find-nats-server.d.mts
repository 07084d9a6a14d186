// The types of find-nats-server.mjs, for the TypeScript sources that share it.

export type FoundNatsServer = { readonly path: string; readonly version: string; readonly way: string };
export type TriedWay = { readonly way: string; readonly reason: string };
export type NatsServerSearch = {
  readonly found: FoundNatsServer | undefined;
  readonly tried: readonly TriedWay[];
  /** SHIPLOG_NATS_SERVER is set, so nothing else may be used in its place. */
  readonly named: boolean;
};

export declare function findNatsServer(options: {
  readonly root: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}): NatsServerSearch;
export declare function compareVersions(left: string, right: string): number;
