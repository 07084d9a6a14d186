// Patches of all four types against an object of any kind, its status and its scale: operations that do not fit, merges
// with values of the wrong type, directives in the wrong place, applied configurations with broken fields.

import { stringify } from 'yaml';
import type { Body } from '../../kit/api-world.ts';
import { gadget, gadgetsPath, goldens } from '../corpus.ts';
import type { Draw } from '../draw.ts';
import { fittingObject, junk, mutated } from '../mutate.ts';
import { collectionPath, type FuzzRequest, freshNames, jsonBody, kindOfBody, type TypedBody } from '../request.ts';
import { rawBody } from './bodies.ts';

const types = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export function patches(draw: Draw): FuzzRequest {
  const custom = draw.chance(0.1);
  const object = custom ? gadget : draw.one(goldens);
  const collection = custom ? gadgetsPath : collectionPath(kindOfBody(object));
  const parts = custom ? ['status', 'scale'] : kindOfBody(object).subresources.map(({ name }) => name);
  const part = draw.chance(0.25) ? `/${draw.one([...parts, 'status'])}` : '';
  const type = draw.one(Object.values(types));
  const name = draw.chance(0.9) ? 'golden' : draw.one(freshNames);
  const query = [
    draw.chance(0.5) ? 'dryRun=All' : '',
    draw.chance(type === types.apply ? 0.9 : 0.2) ? `fieldManager=${draw.one(['f', 'g', 'kubectl', '%07'])}` : '',
    draw.chance(0.3) ? `force=${draw.one(['true', 'false', 'x'])}` : '',
    draw.chance(0.2) ? `fieldValidation=${draw.one(['Strict', 'Warn'])}` : '',
  ];
  const path = `${collection}/${name}${part}?${query.filter(Boolean).join('&')}`;
  const body = draw.chance(0.05) ? rawBody(draw) : patchOf(draw, type, object, custom);
  const header = draw.chance(0.03) ? draw.one(['application/json', 'text/plain', '', `${type};charset=x`]) : type;
  return { method: 'PATCH', path, headers: { 'content-type': header }, body };
}

function patchOf(draw: Draw, type: string, object: TypedBody, custom: boolean): Buffer {
  if (type === types.json) return jsonBody(draw.chance(0.05) ? draw.one(junk) : operations(draw, object));
  if (type === types.apply) {
    const configuration = mutated(draw, object, draw.int(3));
    return draw.chance(0.5) ? jsonBody(configuration) : Buffer.from(stringify(configuration));
  }
  if (draw.chance(0.5) && !custom) return jsonBody(fittingObject(draw, kindOfBody(object).schema));
  return jsonBody(type === types.strategic ? withDirectives(draw, mutated(draw, object)) : mutated(draw, object));
}

function operations(draw: Draw, object: TypedBody): readonly unknown[] {
  const whole = draw.some(4, () => ({
    op: draw.one(['add', 'remove', 'replace', 'test', 'move', 'copy', 'jump', 5]),
    path: pointer(draw, object),
    value: draw.one(junk),
    from: pointer(draw, object),
  }));
  return draw.chance(0.1) ? (mutated(draw, whole) as unknown[]) : whole;
}

/** To somewhere in the object, or just beside it. */
function pointer(draw: Draw, object: unknown): unknown {
  let at = object;
  let path = '';
  while (typeof at === 'object' && at !== null && draw.chance(0.7)) {
    const key = draw.chance(0.85)
      ? (draw.one(Object.keys(at)) ?? '')
      : draw.one(['-', '0', '-1', '01', '__proto__', '~', 'x', '1e3']);
    path += `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    at = (at as Body)[key];
  }
  return draw.chance(0.05) ? draw.one([null, 7, 'x', '', '/', {}, '/metadata/managedFields/0/fieldsV1']) : path;
}

const directives: readonly (readonly [string, readonly unknown[]])[] = [
  ['$patch', ['delete', 'replace', 'merge', 'x', 5]],
  ['$retainKeys', [['name'], [], 'x', [5]]],
  ['$setElementOrder/containers', [['c'], [{ name: 'c' }], [{ name: 'x' }], {}, 'x']],
  ['$setElementOrder/ports', [[{ port: 80 }], [{ containerPort: 1 }], [null]]],
  ['$setElementOrder/finalizers', [['a'], [5], [['a']]]],
  ['$deleteFromPrimitiveList/finalizers', [['a'], [5], 'x', [[]]]],
  ['$unknown/x', [1]],
];

/** A directive put somewhere into the patch. */
function withDirectives(draw: Draw, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null) return patch;
  if (Array.isArray(patch)) {
    const at = draw.int(patch.length);
    return draw.chance(0.2)
      ? [...patch, { $patch: draw.one(['delete', 'replace', 'x']) }]
      : patch.map((item, index) => (index === at ? withDirectives(draw, item) : item));
  }
  const keys = Object.keys(patch);
  if (keys.length === 0 || draw.chance(0.35)) {
    const [name, values] = draw.one(directives);
    return { ...patch, [name]: draw.one(values) };
  }
  const key = draw.one(keys);
  return { ...patch, [key]: withDirectives(draw, (patch as Body)[key]) };
}
