// Image names as runtimes know them: `nginx` means `docker.io/library/nginx:latest`.

import { createHash } from 'node:crypto';

export type ImageName = {
  /** With registry, repository and tag or digest. */
  readonly full: string;
  readonly repository: string;
};

const reference =
  /^([a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\d+(?=\/))?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Undefined where the text names no image. */
export function parseImage(text: string): ImageName | undefined {
  // A registry may be written in capitals, a repository may not.
  const slash = text.indexOf('/');
  const host = slash < 0 ? '' : text.slice(0, slash);
  const isHost = /[.:]/.test(host) || host === 'localhost';
  const match = reference.exec(isHost ? host.toLowerCase() + text.slice(slash) : text);
  const [, path, tag, digest] = match ?? [];
  if (path === undefined) return undefined;
  const repository = isHost ? path : slash < 0 ? `docker.io/library/${path}` : `docker.io/${path}`;
  return { repository, full: digest === undefined ? `${repository}:${tag ?? 'latest'}` : `${repository}@${digest}` };
}

/** A digest and a size that depend on the name alone. */
export function imaginedImage({ repository, full }: ImageName): { readonly imageID: string; readonly bytes: number } {
  const hash = createHash('sha256').update(full).digest('hex');
  const digest = full.includes('@') ? full.slice(full.indexOf('@') + 1) : `sha256:${hash}`;
  return {
    imageID: `${repository}@${digest}`,
    bytes: 5_000_000 + (Number.parseInt(hash.slice(0, 8), 16) % 120_000_000),
  };
}
