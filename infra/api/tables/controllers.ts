// `kubectl get` of the kinds that make pods, beside deployments and replica sets: controllers of state, of nodes and of
// work that ends, and what they remember.

import { type AnyObject, controllerOf, type LabelSelector, type Labels } from '../../../streams/resources/meta.ts';
import type { PodTemplate } from '../../../streams/resources/workload.ts';
import {
  column,
  containerImages,
  containerNames,
  humanDuration,
  labelsText,
  none,
  selectorText,
  since,
  wide,
} from './cells.ts';
import { aged, counted, type Entry, field, list, named, tabled, text, value } from './entries.ts';
import type { TablePrinter } from './table.ts';

const template = (object: AnyObject, path: string) => value(object, path) as PodTemplate | undefined;

/** The containers of the template at the path, shown wide. */
function containers(path = 'spec.template'): readonly [Entry, Entry] {
  return [
    [wide('Containers'), (object) => containerNames(template(object, path))],
    [wide('Images'), (object) => containerImages(template(object, path))],
  ];
}

function selector(path = 'spec.selector'): Entry {
  return [wide('Selector'), (object) => selectorText(value(object, path) as LabelSelector | undefined)];
}

function count(label: string, path: string): Entry {
  return field(label, path, 0, 'integer');
}

export const replicationControllerTable: TablePrinter = tabled(
  named,
  count('Desired', 'spec.replicas'),
  count('Current', 'status.replicas'),
  count('Ready', 'status.readyReplicas'),
  aged,
  ...containers(),
  [wide('Selector'), (object) => labelsText(value(object, 'spec.selector') as Labels | undefined)],
);

export const statefulSetTable: TablePrinter = tabled(
  named,
  [column('Ready'), (object) => `${text(object, 'status.readyReplicas') || 0}/${text(object, 'spec.replicas') || 0}`],
  aged,
  ...containers(),
);

export const daemonSetTable: TablePrinter = tabled(
  named,
  count('Desired', 'status.desiredNumberScheduled'),
  count('Current', 'status.currentNumberScheduled'),
  count('Ready', 'status.numberReady'),
  count('Up-to-date', 'status.updatedNumberScheduled'),
  count('Available', 'status.numberAvailable'),
  [
    column('Node Selector'),
    (object) => labelsText(value(object, 'spec.template.spec.nodeSelector') as Labels | undefined),
  ],
  aged,
  ...containers(),
  selector(),
);

type Condition = { readonly type: string; readonly status: string };

/** The most telling thing there is to say of a job. */
function jobStatus(object: AnyObject): string {
  const holds = (type: string) =>
    list<Condition>(object, 'status.conditions').some((one) => one.type === type && one.status === 'True');
  for (const end of ['Complete', 'Failed']) if (holds(end)) return end;
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running';
}

function completions(object: AnyObject): string {
  const done = text(object, 'status.succeeded') || 0;
  const wanted = value(object, 'spec.completions');
  if (typeof wanted === 'number') return `${done}/${wanted}`;
  const parallelism = Number(value(object, 'spec.parallelism') ?? 0);
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function jobDuration(object: AnyObject, nowMs: number): string {
  const [start, end] = [text(object, 'status.startTime'), text(object, 'status.completionTime')];
  if (start === '') return '';
  return humanDuration((end === '' ? nowMs : Date.parse(end)) - Date.parse(start));
}

export const jobTable: TablePrinter = tabled(
  named,
  [column('Status'), jobStatus],
  [column('Completions'), completions],
  [column('Duration'), jobDuration],
  aged,
  ...containers(),
  selector(),
);

function flagText(flag: unknown): string {
  return typeof flag === 'boolean' ? (flag ? 'True' : 'False') : '<unset>';
}

export const cronJobTable: TablePrinter = tabled(
  named,
  field('Schedule', 'spec.schedule'),
  field('Timezone', 'spec.timeZone', none),
  [column('Suspend', 'boolean'), (object) => flagText(value(object, 'spec.suspend'))],
  counted('Active', 'status.active'),
  [
    column('Last Schedule'),
    (object, nowMs) => {
      const last = text(object, 'status.lastScheduleTime');
      return last === '' ? none : since(last, nowMs);
    },
  ],
  aged,
  ...containers('spec.jobTemplate.spec.template'),
  selector('spec.jobTemplate.spec.selector'),
);

function controllerText(object: AnyObject): string {
  const owner = controllerOf(object);
  if (owner === undefined) return none;
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/', 1)[0]}` : '';
  return `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}`;
}

export const controllerRevisionTable: TablePrinter = tabled(
  named,
  [column('Controller'), controllerText],
  field('Revision', 'revision', 0),
  aged,
);

export const podTemplateTable: TablePrinter = tabled(
  named,
  [column('Containers'), (object) => containerNames(template(object, 'template'))],
  [column('Images'), (object) => containerImages(template(object, 'template'))],
  [column('Pod Labels'), (object) => labelsText(value(object, 'template.metadata.labels') as Labels | undefined)],
);
