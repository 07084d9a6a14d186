// The scale of a custom resource: where its definition says the numbers and the selector are.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { setKey } from '../codec/own-key.ts';
import { ApiError } from '../errors.ts';
import type { ScalePaths } from './definition.ts';
import { isObject, type Json } from './json.ts';
import { valueAtDots } from './validate-custom-resource.ts';

export type ScaleNumbers = {
  /** Undefined where the object says nothing about it. */
  readonly replicas: number | undefined;
  readonly current: number;
  readonly selector: string;
};

export function scaleNumbers(object: AnyObject, paths: ScalePaths): ScaleNumbers {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = paths;
  const current = numberAt(object, statusReplicasPath) ?? 0;
  const selector = labelSelectorPath ? valueAtDots(object, labelSelectorPath) : undefined;
  return {
    replicas: numberAt(object, specReplicasPath),
    current,
    selector: selector?.kind === 'found' && typeof selector.value === 'string' ? selector.value : '',
  };
}

/** Where the object lacks what its scale would show. */
export function noReplicas({ specReplicasPath }: ScalePaths): ApiError {
  const message = `Internal error occurred: the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`;
  return new ApiError({ code: 500, reason: 'InternalError', message });
}

export function withReplicas(object: AnyObject, { specReplicasPath }: ScalePaths, replicas: number): AnyObject {
  return withValue(object, specReplicasPath.replace(/^\./, '').split('.'), replicas) as AnyObject;
}

function numberAt(object: AnyObject, path: string): number | undefined {
  const found = valueAtDots(object, path);
  return found.kind === 'found' && typeof found.value === 'number' ? Math.trunc(found.value) : undefined;
}

function withValue(value: unknown, [key = '', ...rest]: readonly string[], leaf: number): Json {
  const copy: Json = isObject(value) ? { ...value } : {};
  setKey(copy, key, rest.length === 0 ? leaf : withValue(copy[key], rest, leaf));
  return copy;
}
