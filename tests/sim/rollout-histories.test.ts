// Deployments under everything that people and machines do to them at once: images, scaling, pausing, going back, a node
// that is lost and comes back. However the history goes: there are never more pods than replicas + maxSurge of a size that
// was asked for, a paused deployment begins no rollout, and in the end there is what the spec asks for.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rolloutBounds } from '../../actors/controllers/deployment-bounds.ts';
import { isPodActive } from '../../actors/pod/pod-conditions.ts';
import { resources } from '../../streams/resources/names.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { Deployment, ReplicaSet } from '../../streams/resources/workload.ts';
import { LiveCluster } from '../kit/live-cluster.ts';
import { RolloutWatch } from '../kit/rollout-watch.ts';
import { aDeployment, template } from '../kit/workloads.ts';

const seed = fc.integer({ min: 1, max: 1_000_000 });
const bounds = fc
  .record({ maxSurge: fc.integer({ min: 0, max: 3 }), maxUnavailable: fc.integer({ min: 0, max: 3 }) })
  .filter(({ maxSurge, maxUnavailable }) => maxSurge + maxUnavailable > 0);
const deed = fc.oneof(
  fc.record({
    kind: fc.constant('image' as const),
    image: fc.constantFrom('nginx:1', 'nginx:2', 'nginx:3', 'broken:1'),
  }),
  fc.record({ kind: fc.constant('scale' as const), replicas: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('pause' as const) }),
  fc.record({ kind: fc.constant('resume' as const) }),
  fc.record({ kind: fc.constant('undo' as const) }),
  fc.record({ kind: fc.constant('lose' as const), node: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('find' as const) }),
);
const history = fc.array(fc.tuple(deed, fc.integer({ min: 0, max: 20_000 })), { minLength: 3, maxLength: 10 });
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

class Played {
  readonly cluster: LiveCluster;
  readonly watch: RolloutWatch;
  readonly broken: string[] = [];
  readonly #lost = new Set<string>();
  /** Most pods that any size or strategy that has stood of late allows. */
  #allowed = 0;

  constructor(cluster: LiveCluster) {
    this.cluster = cluster;
    this.watch = new RolloutWatch(cluster, 'web');
    cluster.view.listen(({ ref, event }) => {
      if (ref.resource === 'deployments') this.#heed();
      if (ref.resource !== 'pods') return;
      const active = this.#pods().filter(isPodActive).length;
      if (active > this.#allowed) this.broken.push(`${event.revision}: ${active} pods where ${this.#allowed} may be`);
    });
  }

  /** Pods made for a larger size go in their own time, so the largest since the last quiet moment counts. */
  #heed(): void {
    const deployment = this.deployment;
    if (deployment === undefined) return;
    const { replicas, maxSurge } = rolloutBounds(deployment);
    this.#allowed = Math.max(this.#allowed, replicas + maxSurge);
  }

  quiet(): void {
    this.#allowed = 0;
    this.#heed();
  }

  get deployment(): Deployment | undefined {
    return this.cluster.get<Deployment>('Deployment', 'web');
  }

  #pods(): Pod[] {
    return this.#sets().flatMap(({ metadata }) => this.cluster.view.ownedBy<Pod>(resources.pods, metadata.uid));
  }

  #sets(): ReplicaSet[] {
    const uid = this.deployment?.metadata.uid ?? '';
    return this.cluster.view.ownedBy<ReplicaSet>(resources.replicaSets, uid);
  }

  async play(deed: Deed): Promise<void> {
    switch (deed.kind) {
      case 'image':
        return this.#spec({ template: template(deed.image) });
      case 'scale':
        return this.#spec({ replicas: deed.replicas });
      case 'pause':
        return this.#spec({ paused: true });
      case 'resume':
        return this.#spec({ paused: false });
      case 'undo':
        return this.#annotate('deprecated.deployment.rollback.to', '0');
      case 'lose':
        this.#lost.add(`node-${deed.node}`);
        return this.cluster.nodes.silence(`node-${deed.node}`);
      case 'find':
        return this.found();
    }
  }

  async found(): Promise<void> {
    for (const node of this.#lost) await this.cluster.settled(this.cluster.nodes.revive(node));
    this.#lost.clear();
  }

  #spec(change: Partial<Deployment['spec']>): Promise<void> {
    return this.cluster.change<Deployment>('Deployment', 'web', (deployment) => {
      return { ...deployment, spec: { ...deployment.spec, ...change } };
    });
  }

  #annotate(name: string, value: string): Promise<void> {
    return this.cluster.change<Deployment>('Deployment', 'web', ({ metadata, ...deployment }) => {
      return { ...deployment, metadata: { ...metadata, annotations: { ...metadata.annotations, [name]: value } } };
    });
  }

  /** Images of the templates that have pods. */
  images(): string[] {
    return this.#sets()
      .filter(({ spec }) => (spec.replicas ?? 0) > 0)
      .map(({ spec }) => spec.template?.spec.containers[0]?.image ?? '')
      .sort();
  }

  async ends(): Promise<void> {
    await this.found();
    // A wish to go back that was made while it was paused would still be fulfilled: it is taken away.
    await this.#annotate('deprecated.deployment.rollback.to', '');
    await this.#spec({ paused: false, replicas: 4, template: template('nginx:9') });
    await this.cluster.until('all is as the spec says', () => this.watch.isComplete(), 1_200);
    expect(this.images()).toEqual(['nginx:9']);
    expect(this.broken).toEqual([]);
    await this.cluster.stop();
    expect(this.cluster.anomalies).toEqual([]);
    expect(this.cluster.complaints).toEqual([]);
  }
}

async function played(seed: number, rollingUpdate: { maxSurge: number; maxUnavailable: number }): Promise<Played> {
  const cluster = await LiveCluster.start({ seed });
  const play = new Played(cluster);
  await cluster.create(aDeployment({ replicas: 4, strategy: { type: 'RollingUpdate', rollingUpdate } }));
  await cluster.until('the first rollout is complete', () => play.watch.isComplete());
  play.quiet();
  return play;
}

test('whatever is done to a deployment, it keeps to its surge and ends with what its spec asks for', async () => {
  await fc.assert(
    fc.asyncProperty(seed, bounds, history, async (seed, rollingUpdate, history) => {
      const play = await played(seed, rollingUpdate);
      for (const [deed, afterMs] of history) {
        await play.cluster.clock.advance(afterMs);
        await play.play(deed);
      }
      await play.ends();
    }),
    { numRuns: 20 },
  );
});

test('while it is paused a new template waits, and scaling is shared out between the templates there are', async () => {
  await fc.assert(
    fc.asyncProperty(seed, fc.integer({ min: 6, max: 20 }), fc.integer({ min: 1, max: 8 }), async (seed, size, ms) => {
      const play = await played(seed, { maxSurge: 2, maxUnavailable: 1 });
      await play.play({ kind: 'scale', replicas: 8 });
      await play.cluster.until('it is scaled', () => play.watch.isComplete());
      await play.play({ kind: 'image', image: 'nginx:2' });
      await play.cluster.clock.advance(ms * 500);
      await play.play({ kind: 'pause' });
      await play.cluster.pass(1);
      const before = play.images();
      await play.play({ kind: 'image', image: 'nginx:3' });
      await play.play({ kind: 'scale', replicas: size });
      await play.cluster.pass(30);
      expect(play.images()).toEqual(before);
      const total = (play.deployment?.status?.replicas ?? 0) - size;
      // Between two templates the surge is shared too; one alone gets what the spec says.
      expect(total).toBe(before.length > 1 ? 2 : 0);
      const progressing = play.deployment?.status?.conditions?.find(({ type }) => type === 'Progressing');
      expect(progressing?.reason).toBe('DeploymentPaused');
      play.quiet();
      await play.ends();
    }),
    { numRuns: 8 },
  );
});
