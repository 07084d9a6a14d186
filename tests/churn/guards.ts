// What users set up to bound workloads: quotas, disruption budgets, autoscalers. Each comes, changes and goes.

import { type Door, type Draw, type Operation, type Place, pathOf, put } from './door.ts';

function set(resource: Place, weight: number, make: (draw: Draw) => Named): Operation {
  return {
    name: `set ${resource}`,
    weight,
    run: (draw, door) => put(door, pathOf(resource, draw.namespace), make(draw)),
  };
}

type Named = { readonly metadata: { readonly name: string }; readonly spec: object };

function unset(resource: Place, weight: number, name: (draw: Draw) => string): Operation {
  return {
    name: `unset ${resource}`,
    weight,
    async run(draw: Draw, door: Door) {
      await door.ask('DELETE', pathOf(resource, draw.namespace, name(draw)));
    },
  };
}

const guarded = (draw: Draw) => draw.of([`d-${draw.name}`, `s-${draw.name}`]);

function budget(draw: Draw): Named {
  const name = guarded(draw);
  // A patch of one bound must take the other away.
  const bound = draw.of([
    { minAvailable: 1 + draw.below(4), maxUnavailable: null },
    { minAvailable: null, maxUnavailable: draw.of([1, '50%']) },
  ]);
  const object = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name } };
  return { ...object, spec: { ...bound, selector: { matchLabels: { app: name } } } };
}

function autoscaler(draw: Draw): Named {
  const name = `d-${draw.name}`;
  const minReplicas = 1 + draw.below(3);
  const target = { type: 'Utilization', averageUtilization: draw.of([10, 50, 200]) };
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    minReplicas,
    maxReplicas: minReplicas + draw.below(6),
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
  };
  const object = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name } };
  return { ...object, spec };
}

function quota(draw: Draw): Named {
  const spec = { hard: { pods: String(5 + draw.below(40)) } };
  return { ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' } }, spec };
}

export const guards: readonly Operation[] = [
  set('resourcequotas', 1, quota),
  set('poddisruptionbudgets', 3, budget),
  unset('poddisruptionbudgets', 1, guarded),
  set('horizontalpodautoscalers', 2, autoscaler),
  unset('horizontalpodautoscalers', 1, (draw) => `d-${draw.name}`),
];
