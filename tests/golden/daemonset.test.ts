// The daemon set controller as a table: given these objects, when the daemon set is looked at, then these writes.

import { describe, expect, test } from 'vitest';
import { daemonSetController } from '../../actors/controllers/daemonset/daemon-set.ts';
import type { CreateWrite } from '../../actors/kit/write.ts';
import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Node, Taint } from '../../streams/resources/node.ts';
import type { Pod, PodSpec } from '../../streams/resources/pod.ts';
import type { ControllerRevision, DaemonSet } from '../../streams/resources/workload.ts';
import { planOf, reconciled, type When, worldOf } from '../kit/given-world.ts';
import {
  aDaemonSet,
  aNode,
  aPod,
  at,
  atMs,
  controlledBy,
  meta,
  type NodeTraits,
  type PodTraits,
  template,
} from '../kit/workloads.ts';

const controller = () => daemonSetController();
const key = 'default/web';

/** The revision the controller makes of the set's template. */
function revisionOf(set: DaemonSet, number = 1): ControllerRevision {
  const { object } = planOf(controller(), worldOf(set), { key }).writes[0] as CreateWrite;
  const metadata = { ...object.metadata, ...meta(object.metadata.name ?? '') };
  return { ...object, revision: number, metadata } as unknown as ControllerRevision;
}

const fresh = aDaemonSet();
const one = revisionOf(fresh);
const two = revisionOf(aDaemonSet({ template: template('nginx:2') }), 2);
const going = { meta: { deletionTimestamp: at(30) } };

/** Writes and notes but the status; names that were drawn are left out. */
function when(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return reconciled(controller(), worldOf(...objects), { key, ...change })
    .filter((line) => !line.startsWith('update daemonsets/'))
    .map((line) => line.replace(/(create pods|Created pod:) web-[a-z0-9]{5}$/, '$1 web-?'));
}

function reported(objects: readonly KubeObject[], change: Partial<When> = {}): string {
  const lines = reconciled(controller(), worldOf(...objects), { key, ...change });
  return lines.find((line) => line.startsWith('update daemonsets/')) ?? '';
}

/** Nodes the set's plan makes pods for. */
function started(objects: readonly KubeObject[]): string[] {
  return planOf(controller(), worldOf(...objects), { key }).writes.flatMap((write) => {
    if (write.kind !== 'create') return [];
    const { affinity } = (write.object as unknown as Pod).spec;
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    return required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields[0]?.values ?? []) ?? [];
  });
}

function deleted(objects: readonly KubeObject[], change: Partial<When> = {}): string[] {
  return when(objects, change)
    .filter((line) => line.startsWith('delete pods'))
    .map((line) => line.slice(12));
}

function pod(name: string, node: string, traits: PodTraits & { revision?: ControllerRevision } = {}): Pod {
  const { revision = one, ...rest } = traits;
  const hash = revision.metadata.labels?.['controller-revision-hash'] ?? '';
  const labels = { app: 'web', 'controller-revision-hash': hash };
  return aPod(name, { owner: fresh, node, ...rest, meta: { labels, ...rest.meta } });
}

const nodes = (count: number, traits: NodeTraits = {}) =>
  Array.from({ length: count }, (_, i) => aNode(`n${i + 1}`, traits));
const rolling = (rollingUpdate: object) =>
  aDaemonSet({ template: template('nginx:2'), updateStrategy: { type: 'RollingUpdate', rollingUpdate } });

describe('nodes', () => {
  test('that fit get a pod each, made for that node', () => {
    expect(when([fresh, one, ...nodes(2)])).toEqual([
      'create pods web-?',
      'create pods web-?',
      'note Normal SuccessfulCreate: Created pod: web-?',
      'note Normal SuccessfulCreate: Created pod: web-?',
    ]);
    expect(started([fresh, one, ...nodes(2)])).toEqual(['n1', 'n2']);
    const exists = (name: string, effect: string) => ({
      key: `node.kubernetes.io/${name}`,
      operator: 'Exists',
      effect,
    });
    expect(planOf(controller(), worldOf(fresh, one, ...nodes(1)), { key }).writes[0]).toMatchObject({
      object: {
        metadata: {
          generateName: 'web-',
          labels: { app: 'web', 'controller-revision-hash': one.metadata.labels?.['controller-revision-hash'] },
          ownerReferences: [controlledBy(fresh)],
        },
        spec: {
          tolerations: [
            exists('not-ready', 'NoExecute'),
            exists('unreachable', 'NoExecute'),
            exists('disk-pressure', 'NoSchedule'),
            exists('memory-pressure', 'NoSchedule'),
            exists('pid-pressure', 'NoSchedule'),
            exists('unschedulable', 'NoSchedule'),
          ],
        },
      },
    });
  });

  test('are served 250 at a time', () => {
    expect(started([fresh, one, ...nodes(300)]).length).toBe(250);
  });

  const front = { ...template(), spec: { ...template().spec, nodeSelector: { tier: 'front' } } };
  const anywhere = template().spec;
  const busy = (effect: Taint['effect']): Taint => ({ key: 'busy', effect });
  const affine: PodSpec = {
    ...anywhere,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['front'] }] }],
        },
      },
    },
  };

  test.each([
    ['has the label', front.spec, { labels: { tier: 'front' } }, true, true],
    ['lacks the label', front.spec, {}, false, false],
    ['matches the required affinity', affine, { labels: { tier: 'front' } }, true, true],
    ['does not match the required affinity', affine, { labels: { tier: 'back' } }, false, false],
    ['has another name than the template says', { ...anywhere, nodeName: 'n2' }, {}, false, false],
    ['is tainted NoSchedule', anywhere, { taints: [busy('NoSchedule')] }, false, true],
    ['is tainted NoExecute', anywhere, { taints: [busy('NoExecute')] }, false, false],
    ['is tainted PreferNoSchedule', anywhere, { taints: [busy('PreferNoSchedule')] }, true, true],
    [
      'has a taint that is tolerated',
      { ...anywhere, tolerations: [{ key: 'busy', operator: 'Exists' }] },
      { taints: [busy('NoExecute')] },
      true,
      true,
    ],
    [
      'is cordoned',
      anywhere,
      { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] },
      true,
      true,
    ],
    [
      'has no network yet',
      anywhere,
      { taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }] },
      false,
      true,
    ],
    [
      'has no network yet, for pods on the host network',
      { ...anywhere, hostNetwork: true },
      { taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }] },
      true,
      true,
    ],
  ] as [string, PodSpec, NodeTraits, boolean, boolean][])('one that %s', (_, spec, traits, runs, stays) => {
    const set = aDaemonSet({ template: { ...template(), spec } });
    const [node] = nodes(1, traits) as [Node];
    const revision = revisionOf(set);
    expect(started([set, revision, node]).length).toBe(runs ? 1 : 0);
    expect(deleted([set, revision, node, pod('a', 'n1', { revision })])).toEqual(stays ? [] : ['a']);
  });
});

describe('pods', () => {
  test('that failed are replaced, with a note and with back-off', () => {
    const world = worldOf(fresh, one, ...nodes(1), pod('a', 'n1', { phase: 'Failed' }));
    const same = controller();
    const lines = (nowMs: number) =>
      reconciled(same, world, { key, nowMs }).filter((line) => !line.startsWith('update daemonsets/'));
    const tried = [
      'delete pods a',
      'note Warning FailedDaemonPod: Found failed daemon pod default/a on node n1, will try to kill it',
      'note Normal SuccessfulDelete: Deleted pod: a',
    ];
    expect(lines(atMs(0))).toEqual(tried);
    expect(lines(atMs(0.4))).toEqual(['again after 600 ms']);
    expect(lines(atMs(1))).toEqual(tried);
    expect(lines(atMs(1.5))).toEqual(['again after 1500 ms']);
  });

  test('that succeeded are replaced', () => {
    expect(when([fresh, one, ...nodes(1), pod('a', 'n1', { phase: 'Succeeded' })])).toEqual([
      'delete pods a',
      'note Normal SucceededDaemonPod: Found succeeded daemon pod default/a on node n1, will try to delete it',
      'note Normal SuccessfulDelete: Deleted pod: a',
    ]);
  });

  test('that are going hold their place until they are gone', () => {
    expect(when([fresh, one, ...nodes(1), pod('a', 'n1', going)])).toEqual([]);
  });

  test('too many on a node go, the oldest stays', () => {
    const [a, b] = [pod('a', 'n1', { meta: { creationTimestamp: at(5) } }), pod('b', 'n1')];
    expect(deleted([fresh, one, ...nodes(1), a, b])).toEqual(['a']);
  });

  test('made for a node that is gone before they came there are deleted', () => {
    const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['n9'] }] }];
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
    const lost = pod('lost', '', { spec: { affinity: { nodeAffinity: required } } });
    expect(deleted([fresh, one, lost, pod('left', 'n8')])).toEqual(['lost']);
  });

  test('that match and belong to nobody are adopted', () => {
    expect(when([fresh, one, ...nodes(1), aPod('a')])[0]).toMatch(/^update pods a: metadata.ownerReferences none → /);
  });
});

describe('a roll-out', () => {
  const old = (count: number) => Array.from({ length: count }, (_, i) => pod(`p${i + 1}`, `n${i + 1}`));

  test.each([
    [{ maxUnavailable: 1 }, ['p1']],
    [{ maxUnavailable: '50%' }, ['p1', 'p2']],
    [{ maxUnavailable: 0, maxSurge: 0 }, ['p1']],
  ])('with %j takes old pods away, so many at a time', (rollingUpdate, gone) => {
    expect(deleted([rolling(rollingUpdate), one, two, ...nodes(4), ...old(4)])).toEqual(gone);
  });

  test('waits for new pods to become available', () => {
    const set = { ...rolling({ maxUnavailable: 1 }) };
    const late = pod('new', 'n1', { revision: two, unready: true });
    expect(when([set, one, two, ...nodes(2), late, ...old(2).slice(1)])).toEqual([]);
  });

  test('takes pods that are not available at once, beyond the bound', () => {
    const sick = [1, 2, 3].map((i) => pod(`p${i}`, `n${i}`, { unready: true }));
    expect(deleted([rolling({ maxUnavailable: 1 }), one, two, ...nodes(4), ...sick, pod('p4', 'n4')])).toEqual([
      'p1',
      'p2',
      'p3',
    ]);
  });

  test('that surges starts new pods beside the old ones', () => {
    expect(started([rolling({ maxUnavailable: 0, maxSurge: 2 }), one, two, ...nodes(4), ...old(4)])).toEqual([
      'n1',
      'n2',
    ]);
  });

  test('that surges takes the old pod away once the new one is available, or the old one is not ready', () => {
    const set = rolling({ maxUnavailable: 0, maxSurge: 1 });
    const fresh = (unready: boolean) => pod('new', 'n1', { revision: two, unready });
    expect(deleted([set, one, two, ...nodes(1), pod('old', 'n1'), fresh(true)])).toEqual([]);
    expect(deleted([set, one, two, ...nodes(1), pod('old', 'n1'), fresh(false)])).toEqual(['old']);
    expect(deleted([set, one, two, ...nodes(1), pod('old', 'n1', { unready: true }), fresh(true)])).toEqual(['old']);
  });

  test('by hand waits for whoever deletes the pods', () => {
    const set = aDaemonSet({ template: template('nginx:2'), updateStrategy: { type: 'OnDelete' } });
    expect(when([set, one, two, ...nodes(2), ...old(2)])).toEqual([]);
    expect(started([set, one, two, ...nodes(2), ...old(1)])).toEqual(['n2']);
  });
});

describe('revisions', () => {
  test('one is made of the template, and its hash is on the pods', () => {
    const hash = one.metadata.labels?.['controller-revision-hash'];
    expect(when([fresh])).toEqual([`create controllerrevisions web-${hash}`, 'again after 0 ms']);
    expect(one).toMatchObject({ data: { spec: { template: { $patch: 'replace', ...template() } } }, revision: 1 });
  });

  test('an old template that is back is the same revision with the next number', () => {
    const line = `update controllerrevisions ${one.metadata.name}: revision 1 → 3`;
    expect(when([fresh, one, two])).toEqual([line, 'again after 0 ms']);
  });

  test('of one template that are several become one: first their pods, then the rest', () => {
    const labels = { ...one.metadata.labels, 'controller-revision-hash': 'twin' };
    const twin = { ...one, revision: 0, metadata: { ...one.metadata, ...meta('web-twin'), labels } };
    const moved = pod('a', 'n1', { revision: twin });
    const line = when([fresh, one, twin, moved])[0];
    expect(line).toMatch(/^update pods a: metadata.labels.controller-revision-hash "twin" → /);
    expect(when([fresh, one, twin])[0]).toBe('delete controllerrevisions web-twin');
  });

  test('beyond the limit that no pod has go', () => {
    const set = aDaemonSet({
      template: template('nginx:9'),
      revisionHistoryLimit: 1,
      updateStrategy: { type: 'OnDelete' },
    });
    const last = revisionOf(set, 3);
    expect(when([set, one, two, last])).toEqual([`delete controllerrevisions ${one.metadata.name}`]);
    expect(when([set, one, two, last, ...nodes(1), pod('a', 'n1')])).toEqual([
      `delete controllerrevisions ${two.metadata.name}`,
    ]);
  });
});

test('the status counts nodes', () => {
  const set = {
    ...rolling({ maxUnavailable: 1 }),
    spec: { ...rolling({ maxUnavailable: 1 }).spec, minReadySeconds: 10 },
  };
  const away = aNode('away', { taints: [{ key: 'busy', effect: 'NoSchedule' }] });
  const all = [
    pod('a', 'n1', { revision: two }),
    pod('b', 'n2', { readyAt: 15 }),
    pod('c', 'n3', { unready: true }),
    pod('d', 'away'),
  ];
  const line = reported([set, one, two, ...nodes(4), away, ...all], { nowMs: atMs(20) });
  for (const change of [
    'currentNumberScheduled 0 → 3',
    'numberMisscheduled 0 → 1',
    'desiredNumberScheduled 0 → 4',
    'numberReady 0 → 2',
    'observedGeneration none → 1',
    'updatedNumberScheduled none → 1',
    'numberAvailable none → 1',
    'numberUnavailable none → 3',
  ])
    expect(line).toContain(`status.${change}`);
});

test('a daemon set that selects everything is left alone', () => {
  const set = aDaemonSet({ selector: {} });
  expect(when([set, ...nodes(1)])).toEqual([
    'note Warning SelectingAll: This daemon set is selecting all pods. A non-empty selector is required.',
  ]);
});

test('a daemon set that is going away is left alone', () => {
  expect(when([aDaemonSet({ meta: { deletionTimestamp: at(0) } }), one, ...nodes(1)])).toEqual([]);
});
