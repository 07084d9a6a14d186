// Image names as runtimes know them: `nginx` means `docker.io/library/nginx:latest`.

import { createHash } from 'node:crypto';

export type ImageName = {
  /** With registry, repository and tag or digest. */
  readonly full: string;
  readonly repository: string;
};

const reference =
  /^([a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\d+(?=\/))?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** The same few texts come with every pod: each is read once, and its words are kept once. */
const known = new Map<string, ImageName | undefined>();
const knownMax = 4_096;

/** Undefined where the text names no image. */
export function parseImage(text: string): ImageName | undefined {
  if (known.has(text)) return known.get(text);
  if (known.size >= knownMax) known.clear();
  const name = readName(text);
  known.set(text, name);
  return name;
}

function readName(text: string): ImageName | undefined {
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

export type ImaginedImage = { readonly imageID: string; readonly bytes: number };

const imagined = new WeakMap<ImageName, ImaginedImage>();

/** A digest and a size that depend on the name alone. */
export function imaginedImage(name: ImageName): ImaginedImage {
  let image = imagined.get(name);
  if (image === undefined) {
    image = imagine(name);
    imagined.set(name, image);
  }
  return image;
}

function imagine({ repository, full }: ImageName): ImaginedImage {
  const hash = createHash('sha256').update(full).digest('hex');
  const digest = full.includes('@') ? full.slice(full.indexOf('@') + 1) : `sha256:${hash}`;
  return {
    imageID: `${repository}@${digest}`,
    bytes: 5_000_000 + (Number.parseInt(hash.slice(0, 8), 16) % 120_000_000),
  };
}
