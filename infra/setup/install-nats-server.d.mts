// The types of what install-nats-server.mjs offers to TypeScript.

export declare function downloadRelease(options: {
  readonly url: string;
  readonly sha256: string;
  /** The file to write. */
  readonly program: string;
}): Promise<void>;
export declare function describeFailure(tried: readonly { readonly way: string; readonly reason: string }[]): string;
