// `kubectl get` of dynamic resources, and of the components `kubectl get cs` asks for.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { column } from './cells.ts';
import { aged, field, list, named, tabled, value } from './entries.ts';

export const nameAndAgeTable = tabled(named, aged);

export const resourceClaimTable = tabled(named, [column('State'), claimState], aged);

export const resourceSliceTable = tabled(
  named,
  field('Node', 'spec.nodeName'),
  field('Driver', 'spec.driver'),
  field('Pool', 'spec.pool.name'),
  aged,
);

type ComponentCondition = {
  readonly type?: string;
  readonly status?: string;
  readonly message?: string;
  readonly error?: string;
};

export const componentStatusTable = tabled(
  named,
  [column('Status'), (object) => healthText(health(object))],
  [column('Message'), (object) => health(object)?.message ?? ''],
  [column('Error'), (object) => health(object)?.error ?? ''],
);

function claimState(object: AnyObject): string {
  const deleted = object.metadata.deletionTimestamp !== undefined;
  const allocated = value(object, 'status.allocation') !== undefined;
  const reserved = allocated && list(object, 'status.reservedFor').length > 0;
  const states = [
    deleted && 'deleted',
    !allocated && !deleted && 'pending',
    allocated && 'allocated',
    reserved && 'reserved',
  ];
  return states.filter((state) => state !== false).join(',');
}

function health(object: AnyObject): ComponentCondition | undefined {
  return list<ComponentCondition>(object, 'conditions').find(({ type }) => type === 'Healthy');
}

function healthText(condition: ComponentCondition | undefined): string {
  if (condition === undefined) return 'Unknown';
  return condition.status === 'True' ? 'Healthy' : 'Unhealthy';
}
