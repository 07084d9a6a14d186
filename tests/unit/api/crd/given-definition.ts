// Definitions as clients write them, and a world that serves one.

import type { JsonSchema } from '../../../../infra/api/crd/definition.ts';
import { type ApiWorld, apiWorld, type Body, settled, type WorldOptions } from '../../../kit/api-world.ts';

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const group = 'example.com';
export const widgetsPath = `/apis/${group}/v1/namespaces/default/widgets`;

export type VersionOptions = {
  readonly name?: string;
  readonly schema?: JsonSchema;
  readonly [more: string]: unknown;
};

/** A version with any spec and status unless a schema is given. */
export function version({ name = 'v1', schema = open, ...more }: VersionOptions = {}): Body {
  return { name, served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more };
}

export const open: JsonSchema = {
  type: 'object',
  properties: {
    spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

/** A schema whose spec has these properties. */
export function specOf(properties: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema {
  return { type: 'object', properties: { spec: { type: 'object', properties, ...more } } };
}

export function definition(versions: readonly Body[] = [version()], more: Body = {}, metadata: Body = {}): Body {
  const spec = { group, scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions, ...more };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com', ...metadata },
    spec,
  };
}

/** The definition created and what it defines served. */
export async function install(world: ApiWorld, body: Body): Promise<void> {
  await world.ok(definitionsPath, { method: 'POST', body });
  await settled(12);
}

/** A world that serves widgets in these versions. */
export async function widgetWorld(versions?: readonly Body[], options: WorldOptions = {}): Promise<ApiWorld> {
  const world = await apiWorld(options);
  await install(world, definition(versions));
  return world;
}

export function widget(name: string, more: Body = {}, version = 'v1'): Body {
  return { apiVersion: `${group}/${version}`, kind: 'Widget', metadata: { name }, ...more };
}

/** Lets controllers that rest between two looks go on. */
export async function pass(world: ApiWorld, ms: number): Promise<void> {
  await settled(12);
  await world.clock.advance(ms);
  await settled(12);
}
