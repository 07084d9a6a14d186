// The kinds that make pods from a template and keep them running: generation follows the spec, selectors never change.

import type { AnyObject, Labels } from '../../../streams/resources/meta.ts';
import { equal } from '../registry/equal.ts';
import type { Strategy } from '../registry/strategy.ts';
import {
  controllerRevision,
  daemonSet,
  daemonSetStatus,
  deployment,
  deploymentStatus,
  podTemplateObject,
  replicaSet,
  replicaSetStatus,
  replicationController,
  statefulSet,
  statefulSetStatus,
} from '../validation/apps.ts';
import { problemsOf, type Rule } from '../validation/check.ts';
import type { Json } from '../validation/rules.ts';
import { nameWarnings } from '../warnings/names.ts';
import { templateWarnings } from '../warnings/pod.ts';
import { fill, within } from './fill.ts';
import { defaultTemplate, type Template } from './template-defaults.ts';

type WithTemplate = Json & { readonly template?: Template };
type Specified = AnyObject & { readonly spec?: Json };
type Rollout = { readonly type?: string; readonly rollingUpdate?: object };

/** What all of them have: a spec with a template, a status of their controller's, the warnings of their pods. */
function workload(
  rules: { readonly object: Rule<AnyObject>; readonly status: Rule<AnyObject>; readonly named?: boolean },
  { defaults, status }: { readonly defaults: (spec: Json) => Json; readonly status: Json },
): Omit<Strategy, 'lifecycle'> {
  return {
    generation: true,
    status: true,
    // Go has a spec and a template in every object, so that their defaults are there even where the client left them out.
    defaults: (object) =>
      within(fill(object as Specified, { spec: {} }), 'spec', (spec) =>
        within(fill(defaults(spec), { template: {} }) as WithTemplate, 'template', defaultTemplate),
      ),
    prepareCreate: (object) => ({ ...object, status }) as AnyObject,
    validate: (next, before) => problemsOf(rules.object, next, before),
    warnings: (next, before) => workloadWarnings(next, before, rules.named === true),
    subresources: { status: { validate: (next, before) => problemsOf(rules.status, next, before) } },
  };
}

function workloadWarnings(next: AnyObject, before: AnyObject | undefined, named: boolean): readonly string[] {
  const template = (next.spec as { readonly template?: Template } | undefined)?.template;
  if (before === undefined) {
    const warnings = templateWarnings((template ?? {}) as never, 'spec.template');
    return named ? [...nameWarnings(next), ...warnings] : warnings;
  }
  if (next.metadata.generation === before.metadata.generation) return [];
  return templateWarnings((template ?? {}) as never, 'spec.template');
}

export const deploymentStrategy: Omit<Strategy, 'lifecycle'> = {
  ...workload(
    { object: deployment, status: deploymentStatus, named: true },
    {
      defaults: (spec) => {
        const filled = fill(spec, {
          replicas: 1,
          strategy: {},
          revisionHistoryLimit: 10,
          progressDeadlineSeconds: 600,
        });
        return within(filled as { readonly strategy?: Rollout }, 'strategy', (strategy) =>
          rollout(strategy, { maxUnavailable: '25%', maxSurge: '25%' }),
        ) as Json;
      },
      status: {},
    },
  ),
  generationOfAnnotations: true,
  statusKeepsLabels: true,
};

export const replicaSetStrategy = workload(
  { object: replicaSet, status: replicaSetStatus, named: true },
  { defaults: (spec) => fill(spec, { replicas: 1 }), status: { replicas: 0 } },
);

const noPods = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
const templateGeneration = 'deprecated.daemonset.template.generation';

export const daemonSetStrategy: Omit<Strategy, 'lifecycle'> = {
  ...workload(
    { object: daemonSet, status: daemonSetStatus },
    {
      defaults: (spec) => {
        const filled = fill(spec, { updateStrategy: {}, revisionHistoryLimit: 10 });
        return within(filled as { readonly updateStrategy?: Rollout }, 'updateStrategy', (strategy) =>
          rollout(strategy, { maxUnavailable: 1, maxSurge: 0 }),
        ) as Json;
      },
      status: noPods,
    },
  ),
  // The generation of the template is a field within, which this annotation shows.
  prepareCreate: (object) => withTemplateGeneration({ ...object, status: noPods } as AnyObject, 1),
  prepareUpdate(next, before) {
    const was = Number(before.metadata.annotations?.[templateGeneration] ?? 1);
    const template = (object: AnyObject) => (object.spec as Json | undefined)?.template;
    const filled = daemonSetStrategy.defaults?.(next) ?? next;
    return withTemplateGeneration(filled, equal(template(filled), template(before)) ? was : was + 1);
  },
};

function withTemplateGeneration(object: AnyObject, generation: number): AnyObject {
  const { annotations } = object.metadata;
  if (annotations?.[templateGeneration] === String(generation)) return object;
  const kept = { ...annotations, [templateGeneration]: String(generation) };
  return { ...object, metadata: { ...object.metadata, annotations: kept } } as AnyObject;
}

const noReplicas = { replicas: 0, availableReplicas: 0 };

export const statefulSetStrategy: Omit<Strategy, 'lifecycle'> = workload(
  { object: statefulSet, status: statefulSetStatus },
  {
    defaults: (spec) => {
      let filled = fill(spec, {
        podManagementPolicy: 'OrderedReady',
        replicas: 1,
        revisionHistoryLimit: 10,
        updateStrategy: {},
        persistentVolumeClaimRetentionPolicy: {},
      }) as Readonly<Record<string, object>>;
      filled = within(filled, 'updateStrategy', statefulSetRollout);
      filled = within(filled, 'persistentVolumeClaimRetentionPolicy', (policy) =>
        fill(policy, { whenDeleted: 'Retain', whenScaled: 'Retain' }),
      );
      return within(filled, 'volumeClaimTemplates', (templates) =>
        (templates as readonly AnyObject[]).map(defaultClaimTemplate),
      );
    },
    status: noReplicas,
  },
);

/** The template of a claim is a whole claim, as Go prints it. */
function defaultClaimTemplate(claim: AnyObject): AnyObject {
  const named = fill(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  const filled = within(named as AnyObject & { readonly spec?: object }, 'spec', (spec) =>
    fill(spec, { volumeMode: 'Filesystem' }),
  );
  return within(fill(filled, { status: {} }) as AnyObject & { readonly status: object }, 'status', (status) =>
    fill(status, { phase: 'Pending' }),
  );
}

function statefulSetRollout(strategy: Rollout): Rollout {
  const filled = strategy.type ? strategy : fill(fill(strategy, { type: 'RollingUpdate' }), { rollingUpdate: {} });
  if (filled.type !== 'RollingUpdate') return filled;
  return within(filled, 'rollingUpdate', (rolling) => fill(rolling, { partition: 0 }));
}

function rollout(strategy: Rollout, rolling: Json): Rollout {
  const filled: Rollout = fill(strategy, { type: 'RollingUpdate' });
  if (filled.type !== 'RollingUpdate') return filled;
  return within(fill(filled, { rollingUpdate: {} }), 'rollingUpdate', (given) => fill(given, rolling));
}

type ReplicationController = AnyObject & {
  readonly spec?: { readonly selector?: Labels; readonly template?: Template };
};

export const replicationControllerStrategy: Omit<Strategy, 'lifecycle'> = {
  orphansByDefault: true,
  ...workload(
    { object: replicationController, status: replicaSetStatus, named: true },
    { defaults: (spec) => fill(spec, { replicas: 1 }), status: { replicas: 0 } },
  ),
  defaults(object) {
    const labels = (object as ReplicationController).spec?.template?.metadata?.labels;
    const filled = within(fill(object as ReplicationController, { spec: {} }), 'spec', (spec) => {
      const selected = isEmpty(spec.selector) && labels ? { ...spec, selector: labels } : spec;
      return within(fill(selected, { replicas: 1 }), 'template', defaultTemplate);
    });
    if (!labels || !isEmpty(filled.metadata.labels)) return filled;
    return { ...filled, metadata: { ...filled.metadata, labels } };
  },
};

function isEmpty(labels: Labels | undefined | null): boolean {
  return labels === undefined || labels === null || Object.keys(labels).length === 0;
}

export const controllerRevisionStrategy: Omit<Strategy, 'lifecycle'> = {
  validate: (next, before) => problemsOf(controllerRevision, next, before),
};

export const podTemplateStrategy: Omit<Strategy, 'lifecycle'> = {
  generation: 'template',
  defaults: (object) => within(object as AnyObject & { readonly template?: Template }, 'template', defaultTemplate),
  validate: (next, before) => problemsOf(podTemplateObject, next, before),
  warnings: (next) => templateWarnings((next.template ?? {}) as never, 'template'),
};
