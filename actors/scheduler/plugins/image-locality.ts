// Prefers nodes that already hold the pod's images, weighted by their size and by how common they are, so that one node
// with a popular image does not draw all pods.

import type { ScorePlugin } from '../framework.ts';
import type { PodShape } from '../pod-shape.ts';

const mebibyte = 1024 * 1024;
const bytesMin = 23 * mebibyte;
const bytesMaxPerContainer = 1_000 * mebibyte;

export const imageLocality: ScorePlugin = {
  name: 'ImageLocality',
  // How common an image is changes with every node that pulls it, so scores are not remembered.
  scope: 'cluster',
  preScore({ shape }, cluster) {
    const nodes = cluster.nodes.length;
    const wanted = imagesOf(shape);
    const images = wanted
      .map((image) => ({ image, share: cluster.nodesWithImage(image) / nodes }))
      .filter(({ share }) => share > 0);
    if (images.length === 0) return undefined;
    const bytesMax = bytesMaxPerContainer * wanted.length;
    return (node) => {
      let sum = 0;
      for (const { image, share } of images) {
        const held = node.images.get(image);
        if (held !== undefined) sum += Math.floor(held.sizeBytes * share);
      }
      const clamped = Math.min(Math.max(sum, bytesMin), bytesMax);
      return Math.floor((100 * (clamped - bytesMin)) / (bytesMax - bytesMin));
    };
  },
};

/** One per container, as nodes report them: with a tag. */
function imagesOf({ spec }: PodShape): string[] {
  return [...(spec.initContainers ?? []), ...spec.containers].map(({ image }) =>
    image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image,
  );
}
