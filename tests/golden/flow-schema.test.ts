// A flow schema tells whether its priority level is there.

import { expect, test } from 'vitest';
import { flowSchemaController } from '../../actors/controllers/flow-schema.ts';
import type { AnyObject, KubeObject } from '../../streams/resources/meta.ts';
import { planOf, reconciled, worldOf } from '../kit/given-world.ts';

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';
const metadata = { name: 'web', uid: 'uid-web' };
const level = { apiVersion, kind: 'PriorityLevelConfiguration', metadata: { ...metadata, name: 'slow' } } as KubeObject;

function schema(status: object = {}): AnyObject {
  return { apiVersion, kind: 'FlowSchema', metadata, spec: { priorityLevelConfiguration: { name: 'slow' } }, status };
}

function told(...objects: readonly KubeObject[]): readonly string[] {
  return reconciled(flowSchemaController(), worldOf(...objects), { key: 'web' });
}

/** The schema as the controller leaves it beside these objects. */
function settled(...others: readonly KubeObject[]): KubeObject {
  const [write] = planOf(flowSchemaController(), worldOf(schema(), ...others), { key: 'web' }).writes;
  if (write?.kind !== 'update') throw new Error('nothing was written');
  return write.object;
}

test('tells that its level is missing, or found, once', () => {
  expect(told(schema())).toEqual(['update flowschemas/status web: Dangling=True(NotFound)']);
  expect(told(schema(), level)).toEqual([expect.stringContaining('Dangling=False(Found)')]);
  expect(told(settled())).toEqual([]);
  expect(told(settled(), level)).toEqual([expect.stringContaining('Dangling=False(Found)')]);
  expect(told(settled(level), level)).toEqual([]);
  expect(told(settled(level))).toEqual([expect.stringContaining('Dangling=True(NotFound)')]);
  expect(told(level)).toEqual([]);
});

test('says so as a server does', () => {
  expect(settled(level)).toMatchObject({
    status: {
      conditions: [
        {
          type: 'Dangling',
          status: 'False',
          reason: 'Found',
          message: 'This FlowSchema references the PriorityLevelConfiguration object named "slow" and it exists',
        },
      ],
    },
  });
});
