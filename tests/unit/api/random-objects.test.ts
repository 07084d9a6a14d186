// Objects of the right types with any values: whatever the schema allows is taken or refused with a 4xx, and what is
// taken can be shown in every form, changed back into itself, and deleted.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allKinds } from '../../../infra/api/kinds/kinds.ts';
import { aDeploymentBody, aPodBody, aServiceBody } from '../../kit/api-objects.ts';
import { ApiWorld, type Body } from '../../kit/api-world.ts';
import { type Golden, goldenKinds } from '../../kit/golden-kinds.ts';
import { objectsOf } from './codec/schema-objects.ts';

const stored = allKinds().filter(({ verbs }) => verbs.includes('update'));
/** What hardly any random value would be, so that some objects get past validation. */
const valid: Readonly<Record<string, Body>> = {
  Pod: {
    ...(aPodBody('a').spec as Body),
    volumes: [],
    initContainers: [],
    restartPolicy: 'Always',
    tolerations: [],
    affinity: {},
    dnsPolicy: '',
    nodeSelector: {},
    topologySpreadConstraints: [],
    serviceAccountName: '',
    serviceAccount: '',
    priorityClassName: '',
    nodeName: '',
  },
  Deployment: aDeploymentBody('a').spec as Body,
  ReplicaSet: aDeploymentBody('a').spec as Body,
  Service: { ...(aServiceBody('a').spec as Body), type: 'ClusterIP', clusterIP: '', clusterIPs: [] },
};

const accepts = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
];

test.each(stored.map((kind) => [`${kind.resource}.${kind.group}`, kind] as const))(
  'any %s is taken or refused, and then shown in every form',
  async (_, kind) => {
    const world = await ApiWorld.start();
    const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
    const collection = `${root}${kind.namespaced ? '/namespaces/default' : ''}/${kind.resource}`;
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    const broken: string[] = [];
    let taken = 0;
    const must = async (path: string, options: Parameters<ApiWorld['ask']>[1], codes: readonly number[]) => {
      const answer = await world.ask(path, options);
      if (!codes.includes(answer.status)) {
        broken.push(
          `${options?.method ?? 'GET'} ${path} ${JSON.stringify(options?.body)?.slice(0, 2_000)}: ${answer.text.slice(0, 500)}`,
        );
      }
      return answer;
    };
    await fc.assert(
      fc.asyncProperty(objectsOf(kind.schema, 6), async (object) => {
        const metadata = { ...(kind.namespaced ? { namespace: 'default' } : undefined), name: 'a' };
        const spec = valid[kind.kind] && { spec: { ...(object.spec as Body), ...valid[kind.kind] } };
        const base = spec ?? likeGolden(kind.kind, object);
        const body = { ...object, ...base, apiVersion, kind: kind.kind, metadata } as Body;
        const created = await must(collection, { method: 'POST', body }, [201, 400, 403, 409, 413, 422]);
        if (created.status !== 201) return;
        taken++;
        for (const accept of accepts) {
          await must(`${collection}/a`, { headers: { accept } }, [200]);
          await must(collection, { headers: { accept } }, [200]);
        }
        // Controllers may have had their say since it was created.
        const { json: current } = await must(`${collection}/a`, {}, [200]);
        const same = await must(`${collection}/a`, { method: 'PUT', body: current }, [200]);
        expect(same.json).toEqual(current);
        await must(`${collection}/a`, { method: 'DELETE', body: { gracePeriodSeconds: 0 } }, [200]);
        const held = world.get(`${kind.resource}${kind.group === '' ? '' : `.${kind.group}`}`, 'a');
        if (held !== undefined && kind.kind === 'Namespace') {
          await must(`${collection}/a/finalize`, { method: 'PUT', body: { ...held, spec: {} } as Body }, [200]);
        }
      }),
      { numRuns: 80, endOnFailure: true },
    );
    expect(broken).toEqual([]);
    expect(world.reported).toEqual([]);
    process.stdout.write(`${kind.resource}: ${taken} of 80 taken\n`);
    await world.stop();
  },
);

/** A valid object with what is random only where the valid one says nothing. */
function likeGolden(kind: string, object: Body): Body {
  const golden = goldenKinds.find((one) => one.kind === kind);
  if (golden === undefined) return {};
  const { metadata: _, ...parts } = golden as Golden;
  return Object.fromEntries(
    Object.entries(parts).map(([key, own]) => {
      const random = object[key];
      const both = typeof own === 'object' && own !== null && !Array.isArray(own) && typeof random === 'object';
      return [key, both ? { ...random, ...own } : own];
    }),
  );
}
