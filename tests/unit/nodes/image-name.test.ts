// Image names as runtimes know them.

import { expect, test } from 'vitest';
import { imaginedImage, parseImage } from '../../../infra/nodes/image-name.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27', 'docker.io/library/nginx:1.27'],
  ['busybox:1', 'docker.io/library/busybox:1'],
  ['library/nginx', 'docker.io/library/nginx:latest'],
  ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
  ['localhost:5000/a/b:v1', 'localhost:5000/a/b:v1'],
  ['localhost/a', 'localhost/a:latest'],
  ['REGISTRY.example/a:T', 'registry.example/a:T'],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
  [`nginx:1.27@${digest}`, `docker.io/library/nginx@${digest}`],
])('%s means %s', (text, full) => {
  expect(parseImage(text)?.full).toBe(full);
});

test.each(['', 'NGINX', 'nginx:', 'nginx:a b', '-nginx', 'nginx@sha256:12', 'a//b', 'nginx:1:2'])(
  '"%s" names no image',
  (text) => {
    expect(parseImage(text)).toBeUndefined();
  },
);

test('an imagined image depends on its name alone, and keeps a digest that was given', () => {
  const nginx = parseImage('nginx:1.27');
  const pinned = parseImage(`nginx@${digest}`);
  if (nginx === undefined || pinned === undefined) throw new Error('both are names');
  expect(imaginedImage(nginx)).toEqual(imaginedImage(nginx));
  expect(imaginedImage(pinned).imageID).toBe(`docker.io/library/nginx@${digest}`);
});
