// `kubectl get cs`: the health of what a control plane once consisted of, computed when asked for. Scheduler and
// controllers run in this very process, and the log stands in etcd's place.

import type { ClusterLog } from '../../../streams/log/event-log.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import { notFound } from '../errors.ts';
import type { ComputedObjects } from './computed-objects.ts';

export function componentStatuses(log: ClusterLog): ComputedObjects {
  const all = () => healths(log);
  return {
    get(_, name) {
      const found = all().find(({ metadata }) => metadata.name === name);
      if (found === undefined)
        throw notFound({ group: '', resource: 'componentstatus', kind: 'ComponentStatus' }, name);
      return found;
    },
    all: (_, isChosen) => all().filter(isChosen),
  };
}

function healths(log: ClusterLog): readonly AnyObject[] {
  const status = log.status();
  return [
    componentStatus('scheduler', { status: 'True', message: 'ok' }),
    componentStatus('controller-manager', { status: 'True', message: 'ok' }),
    componentStatus(
      'etcd-0',
      status.kind === 'ok' ? { status: 'True', message: 'ok' } : { status: 'False', error: status.reason },
    ),
  ];
}

function componentStatus(name: string, health: object): AnyObject {
  const conditions = [{ type: 'Healthy', ...health }];
  return { apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name }, conditions } as unknown as AnyObject;
}
