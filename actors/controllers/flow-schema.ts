// The flow schema controller: each schema tells whether the priority level it gives its requests to is there.

import type { FlowSchema } from '../../streams/resources/flow.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectReader } from '../../streams/views/object-reader.ts';
import { findCondition, withCondition } from '../kit/conditions.ts';
import {
  type Controller,
  type Key,
  nothingToDo,
  type Plan,
  type ReconcileInput,
  type WatchedChange,
} from '../kit/controller.ts';

export function flowSchemaController(): Controller {
  return {
    name: 'priority-and-fairness-config-consumer',
    user: 'system:apiserver',
    workers: 2,
    watches: [
      { resource: resources.flowSchemas, keys: ({ current }) => [current.ref.name] },
      { resource: resources.priorityLevels, keys: schemasOf },
    ],
    reconcile,
  };
}

function reconcile({ world, key, nowMs }: ReconcileInput): Plan {
  const schema = world.get<FlowSchema>(resources.flowSchemas, { name: key });
  if (schema === undefined) return nothingToDo;
  const condition = danglingCondition(schema, world);
  const before = findCondition(schema.status?.conditions, condition.type);
  const { status, reason, message } = condition;
  if (before?.status === status && before.reason === reason && before.message === message) return nothingToDo;
  const conditions = withCondition(schema.status?.conditions, condition, nowMs);
  const object: FlowSchema = { ...schema, status: { ...schema.status, conditions } };
  return { writes: [{ kind: 'update', resource: resources.flowSchemas, subresource: 'status', object }] };
}

function danglingCondition({ spec }: FlowSchema, world: ObjectReader) {
  const { name } = spec.priorityLevelConfiguration;
  const names = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`;
  return world.get(resources.priorityLevels, { name }) === undefined
    ? ({
        type: 'Dangling',
        status: 'True',
        reason: 'NotFound',
        message: `${names} but there is no such object`,
      } as const)
    : ({ type: 'Dangling', status: 'False', reason: 'Found', message: `${names} and it exists` } as const);
}

/** A level is missed or found again when it goes or comes; what it grants is nothing to its schemas. */
function schemasOf({ type, current }: WatchedChange, world: ObjectReader): readonly Key[] {
  if (type === 'MODIFIED') return [];
  const schemas = world.list<FlowSchema>(resources.flowSchemas);
  return schemas
    .filter(({ spec }) => spec.priorityLevelConfiguration.name === current.ref.name)
    .map(({ metadata }) => metadata.name);
}
