// PodResizeValidator: a pod on a node may not be resized beyond what its node could ever give it.

import { amountsOf, requestsOf } from '../../../actors/scheduler/amounts.ts';
import { resources } from '../../../streams/resources/names.ts';
import type { Node } from '../../../streams/resources/node.ts';
import type { Pod } from '../../../streams/resources/pod.ts';
import { forbidden } from '../errors.ts';
import { equal } from '../registry/equal.ts';
import { type AdmissionPlugin, concerns } from './admission.ts';

const osLabel = 'kubernetes.io/os';

export const podResizeValidator: AdmissionPlugin = {
  name: 'PodResizeValidator',
  validate(request) {
    const { operation, object, before, kind, name, world } = request;
    if (operation !== 'update' || !concerns(request, { ...resources.pods, sub: 'resize' })) return;
    const spec = object.spec as Pod['spec'];
    const { nodeName = '' } = spec;
    if (nodeName === '' || equal(spec, before?.spec)) return;
    const node = world.get<Node>(resources.nodes, { name: nodeName });
    if (node === undefined) throw forbidden(kind, name, `node ${JSON.stringify(nodeName)} not found`);
    const os = node.metadata.labels?.[osLabel] ?? 'linux';
    if (os !== 'linux') {
      const where = `node ${JSON.stringify(nodeName)} is ${JSON.stringify(os)}`;
      const why = `pod resize is only supported on linux nodes, ${where}`;
      throw forbidden(kind, name, why, [{ reason: 'UnsupportedPlatform' }]);
    }
    const problem = tooMuch(spec, node);
    if (problem !== '') throw forbidden(kind, name, problem, [{ reason: 'NodeCapacity' }]);
  },
};

function tooMuch(spec: Pod['spec'], { status }: Node): string {
  const [asked, offered] = [requestsOf(spec), amountsOf(status?.allocatable)];
  const texts: string[] = [];
  for (const [what, field] of [
    ['cpu', 'milliCpu'],
    ['memory', 'memoryBytes'],
  ] as const) {
    if (asked[field] > offered[field])
      texts.push(`${what}, requested: ${asked[field]}, allocatable: ${offered[field]}`);
  }
  return texts.length === 0 ? '' : `node didn't have enough allocatable resources: ${texts.join('; ')}`;
}
