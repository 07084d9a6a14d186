// Selectors and continue tokens: what a list or a watch is asked with, well-formed for the most part and then not.

import { goldens } from '../corpus.ts';
import type { Draw } from '../draw.ts';
import { collectionPath, type FuzzRequest, kindOfBody } from '../request.ts';

export function selectors(draw: Draw): FuzzRequest {
  const kind = kindOfBody(draw.one(goldens));
  const label = draw.chance(0.7) ? `labelSelector=${encoded(draw, labelSelector(draw))}` : '';
  const field = draw.chance(0.5) ? `&fieldSelector=${encoded(draw, fieldSelector(draw))}` : '';
  const watch = draw.chance(0.1) ? '&watch=1&timeoutSeconds=1' : '';
  const method = draw.chance(0.9) ? 'GET' : 'DELETE';
  const dry = method === 'DELETE' ? '&dryRun=All' : '';
  return { method, path: `${collectionPath(kind)}?${label}${field}${watch}${dry}`, headers: {} };
}

export function continues(draw: Draw): FuzzRequest {
  const kind = kindOfBody(draw.one(goldens));
  const json = JSON.stringify({
    v: draw.one(['meta.k8s.io/v1', 'meta.k8s.io/v1', 'meta.k8s.io/v2', '', 5, null]),
    rv: draw.one([-1, 0, 1, 5, 40, 1e9, 2 ** 53, 1e300, -5, 1.5, '1', null]),
    start: draw.one([
      'golden\u0000',
      'default/golden',
      'default/',
      '/',
      '../x',
      '\u0000',
      'x'.repeat(400),
      5,
      null,
      {},
    ]),
  });
  const bytes = draw.way([
    [4, () => Buffer.from(json)],
    [2, () => Buffer.from(draw.typo(json))],
    [1, () => draw.bytes(60)],
  ]);
  const form = draw.one(['base64url', 'base64', 'hex'] as const);
  const token = encodeURIComponent(
    draw.chance(0.2) ? draw.typo(bytes.toString(form), 1).toWellFormed() : bytes.toString(form),
  );
  const more = draw.one(['', '', '&resourceVersion=1', '&resourceVersionMatch=Exact', '&watch=1', '&labelSelector=a']);
  return {
    method: 'GET',
    path: `${collectionPath(kind)}?limit=${draw.one([1, 2, 500])}&continue=${token}${more}`,
    headers: {},
  };
}

function labelSelector(draw: Draw): string {
  return draw
    .some(3, () => {
      const key = draw.one(['app', 'a.b/c', '', 'a/b/c', '-', 'x'.repeat(300), 'in', 'notin', '!']);
      const value = draw.one(['golden', '', 'a b', '-x', 'x'.repeat(100), '(', '💥']);
      return draw.one([
        `${key}=${value}`,
        `${key}==${value}`,
        `${key}!=${value}`,
        `${key} in (${value},${value})`,
        `${key} notin (${value})`,
        `${key}>${draw.one(['1', 'x', '1e3', '99999999999999999999'])}`,
        `${key}<1`,
        `!${key}`,
        key,
        `${key} in ${value}`,
        `${key} in (`,
      ]);
    })
    .join(draw.one([',', ',', ',,', ';', ' ']));
}

function fieldSelector(draw: Draw): string {
  return draw
    .some(3, () => {
      const field = draw.one([
        ...['metadata.name', 'metadata.namespace', 'spec.nodeName', 'status.phase', 'type', 'involvedObject.kind'],
        ...[
          'spec.unschedulable',
          'status.nope',
          '__proto__',
          'metadata',
          '',
          '.',
          'reason',
          'spec.name',
          'status.successful',
        ],
      ]);
      return `${field}${draw.one(['=', '==', '!=', '>', ''])}${draw.one(['golden', '', 'a\\,b', 'a\\', 'a\\=b', '💥', 'x y'])}`;
    })
    .join(draw.one([',', ',', ';', ',,']));
}

function encoded(draw: Draw, text: string): string {
  const whole = draw.chance(0.2) ? draw.typo(text) : text;
  return encodeURIComponent(whole.toWellFormed());
}
