// A Deployment that is rolled out to another image while things break.

import { expect } from 'vitest';
import type { Random } from '../../streams/base/random.ts';
import type { Deployment } from '../../streams/resources/workload.ts';
import type { ApiClient } from '../kit/api-client.ts';
import { eventually } from '../kit/eventually.ts';

const collection = '/apis/apps/v1/namespaces/default/deployments';
const name = 'web';

/** Small steps that take their time: somebody has to take each of them, before, during or after what breaks. */
const startLatency = '400ms';
const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };

export class Rollout {
  readonly #client: ApiClient;
  readonly #replicas: number;

  constructor(client: ApiClient, { replicas }: { replicas: number }) {
    this.#client = client;
    this.#replicas = replicas;
  }

  /** Creates the Deployment and resolves when all of it is available. */
  async create(): Promise<void> {
    const labels = { app: name };
    const template = {
      metadata: { labels, annotations: { 'simulation.shiplog.dev/start-latency': startLatency } },
      spec: { containers: [{ name: 'main', image: 'example.test/web:1' }] },
    };
    const spec = { replicas: this.#replicas, selector: { matchLabels: labels }, strategy, template };
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
    await this.#client.ok({ method: 'POST', path: collection, body });
    await this.finished();
  }

  /** Rolls out another image and resolves somewhere in the middle, where `random` says. */
  async reachMiddle(random: Random): Promise<number> {
    const spec = { template: { spec: { containers: [{ name: 'main', image: 'example.test/web:2' }] } } };
    await this.#client.ok({
      method: 'PATCH',
      path: `${collection}/${name}`,
      body: { spec },
      contentType: 'application/strategic-merge-patch+json',
    });
    const updatedMin = 1 + random.int(this.#replicas / 2);
    return eventually(async () => {
      const { metadata, status } = await this.#get();
      // Until the controller has seen the new image, its counts are those of the old one.
      expect(status?.observedGeneration).toBe(metadata.generation);
      const { updatedReplicas = 0 } = status ?? {};
      expect(updatedReplicas, 'updated replicas').toBeGreaterThanOrEqual(updatedMin);
      return updatedReplicas;
    });
  }

  /** Resolves when every replica is of the newest template and available, and the status says so of this generation. */
  async finished(): Promise<void> {
    const all = this.#replicas;
    await eventually(async () => {
      const { metadata, status } = await this.#get();
      expect(status).toMatchObject({
        observedGeneration: metadata.generation,
        replicas: all,
        updatedReplicas: all,
        availableReplicas: all,
      });
      expect(status?.unavailableReplicas ?? 0).toBe(0);
    }, 90_000);
  }

  #get(): Promise<Deployment> {
    return this.#client.ok<Deployment>({ method: 'GET', path: `${collection}/${name}`, timeoutMs: 5_000 });
  }
}
