// Defaults of a template of pods, as every kind with one has it.

import type { ObjectMeta } from '../../../streams/resources/meta.ts';
import type { PodSpec } from '../../../streams/resources/pod.ts';
import { fill, within } from './fill.ts';
import { defaultPodSpec } from './pod-spec-defaults.ts';

export type Template = { readonly metadata?: Partial<ObjectMeta>; readonly spec?: PodSpec };

export function defaultTemplate(template: Template): Template {
  return within(fill(template, { metadata: { creationTimestamp: null }, spec: {} }), 'spec', defaultPodSpec);
}
