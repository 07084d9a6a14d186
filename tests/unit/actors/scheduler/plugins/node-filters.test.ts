import { describe, expect, test } from 'vitest';
import { nodeName } from '../../../../../actors/scheduler/plugins/node-name.ts';
import { nodePorts } from '../../../../../actors/scheduler/plugins/node-ports.ts';
import { nodeUnschedulable } from '../../../../../actors/scheduler/plugins/node-unschedulable.ts';
import { aNode, aPod, verdicts } from '../../../../kit/scheduling.ts';

describe('NodeUnschedulable', () => {
  const nodes = [aNode('a'), aNode('b', { unschedulable: true })];
  const cordoned = 'node(s) were unschedulable (unresolvable)';

  test.each([
    ['a cordoned node takes no pods', aPod('p'), { a: 'ok', b: cordoned }],
    [
      'a pod that tolerates the cordon goes there all the same',
      aPod('p', {
        tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }],
      }),
      { a: 'ok', b: 'ok' },
    ],
    ['a pod that tolerates everything too', aPod('p', { tolerations: [{ operator: 'Exists' }] }), { a: 'ok', b: 'ok' }],
    [
      'a toleration of another effect does not help',
      aPod('p', {
        tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoExecute' }],
      }),
      { a: 'ok', b: cordoned },
    ],
  ])('%s', (_, pod, expected) => expect(verdicts(nodeUnschedulable, pod, { nodes })).toEqual(expected));
});

describe('NodeName', () => {
  const nodes = [aNode('a'), aNode('b')];

  test.each([
    ['a pod that names no node may go anywhere', aPod('p'), { a: 'ok', b: 'ok' }],
    [
      'a pod that names one goes nowhere else',
      aPod('p', { nodeName: 'b' }),
      { a: "node(s) didn't match the requested node name (unresolvable)", b: 'ok' },
    ],
  ])('%s', (_, pod, expected) => expect(verdicts(nodeName, pod, { nodes })).toEqual(expected));
});

describe('NodePorts', () => {
  const taken = "node(s) didn't have free ports for the requested pod ports";
  const listening = (name: string, port: { hostPort: number; hostIP?: string; protocol?: string }, node?: string) =>
    aPod(name, {
      containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, ...port }] }],
      ...(node && { nodeName: node }),
    });

  test.each([
    ['the same port', { hostPort: 80 }, { hostPort: 80 }, taken],
    ['another port', { hostPort: 80 }, { hostPort: 81 }, 'ok'],
    ['the same port of another protocol', { hostPort: 80 }, { hostPort: 80, protocol: 'UDP' }, 'ok'],
    ['on another address', { hostPort: 80, hostIP: '10.0.0.1' }, { hostPort: 80, hostIP: '10.0.0.2' }, 'ok'],
    ['on all addresses after one', { hostPort: 80, hostIP: '10.0.0.1' }, { hostPort: 80 }, taken],
    ['on one address after all', { hostPort: 80, hostIP: '0.0.0.0' }, { hostPort: 80, hostIP: '10.0.0.1' }, taken],
    ['no host port at all', { hostPort: 80 }, { hostPort: 0 }, 'ok'],
  ])('%s: given %j, a pod that wants %j', (_, has, wants, expected) => {
    const given = { nodes: [aNode('a')], placed: [listening('q', has, 'a')] };
    expect(verdicts(nodePorts, listening('p', wants), given)).toEqual({ a: expected });
  });

  test('a sidecar holds its port, a one-shot init container does not', () => {
    const ports = [{ containerPort: 80, hostPort: 80 }];
    const holder = (restartPolicy?: string) =>
      aPod('q', {
        nodeName: 'a',
        initContainers: [{ name: 'i', image: 'i', ports, ...(restartPolicy && { restartPolicy }) }],
      });
    const nodes = [aNode('a')];
    const pod = aPod('p', { hostPort: 80 });
    expect(verdicts(nodePorts, pod, { nodes, placed: [holder()] })).toEqual({ a: 'ok' });
    expect(verdicts(nodePorts, pod, { nodes, placed: [holder('Always')] })).toEqual({ a: taken });
  });
});
