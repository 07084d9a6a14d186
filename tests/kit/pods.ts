// Small builders for pods and their statuses, for tests that care about a few fields only.

import type { Condition } from '../../streams/resources/meta.ts';
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodSpec,
  PodStatus,
} from '../../streams/resources/pod.ts';

export type PodShape = {
  readonly name?: string;
  readonly node?: string;
  readonly uid?: string;
  readonly revision?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deleted?: boolean;
  readonly spec?: Partial<PodSpec>;
  readonly status?: PodStatus;
};

export function aPod(shape: PodShape = {}): Pod {
  const { name = 'web', node, uid = 'uid-1', revision = 10, annotations, deleted = false, spec, status } = shape;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid,
      resourceVersion: String(revision),
      generation: 1,
      ...(annotations && { annotations }),
      ...(deleted && { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 }),
    },
    spec: { restartPolicy: 'Always', containers: [aContainer('c')], ...(node && { nodeName: node }), ...spec },
    ...(status && { status }),
  };
}

export function aContainer(name: string, more: Partial<Container> = {}): Container {
  return { name, image: 'nginx:1.27', imagePullPolicy: 'IfNotPresent', ...more };
}

export function aStatus(state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus {
  const base = { name: 'c', lastState: {}, restartCount: 0, image: 'nginx:1.27', imageID: '' };
  return { ...base, ready: state.running !== undefined, state, ...more };
}

export const waiting = (reason: string, message?: string): ContainerState => ({
  waiting: { reason, ...(message !== undefined && { message }) },
});
export const running: ContainerState = { running: { startedAt: '2026-01-01T00:00:00Z' } };
export const exited = (exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' },
});

export function holding(type: string, status: Condition['status'] = 'True', reason?: string): Condition {
  return { type, status, ...(reason !== undefined && { reason }) };
}
