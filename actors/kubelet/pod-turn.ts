// A turn of a pod's worker: with words for its containers, its reports and what it tells people.

import { listOf } from './back-off.ts';
import type { ContainerRecord } from './container-record.ts';
import type { RuntimeEffect } from './runtime.ts';
import { Turn } from './turn.ts';
import type { Reporting, WorkerContext } from './worker-context.ts';

export class PodTurn extends Turn<WorkerContext, RuntimeEffect> {
  /** The container's record as this turn has it. */
  container(name: string): ContainerRecord | undefined {
    return this.draft.containers.find((record) => record.name === name);
  }

  /** A new status is to be reported; other changes of a record are the worker's own. */
  setContainer(name: string, change: Partial<ContainerRecord>): void {
    this.draft.containers = this.draft.containers.map((record) =>
      record.name === name ? { ...record, ...change } : record,
    );
    if (change.status === undefined) return;
    this.draft.tellsSandbox = this.draft.podIP !== null;
    this.oweReport();
  }

  /** Something changed that the world may have to know. */
  oweReport(): void {
    this.setReporting({ dirty: true, told: false });
  }

  setReporting(change: Partial<Reporting>): void {
    this.draft.reporting = { ...this.draft.reporting, ...change };
  }

  note(type: 'Normal' | 'Warning', reason: string, message: string, container?: ContainerRecord): void {
    this.ask({
      kind: 'note',
      note: {
        regarding: this.draft.pod,
        ...(container === undefined ? undefined : { fieldPath: `spec.${listOf(container.role)}{${container.name}}` }),
        type,
        reason,
        message,
        component: 'kubelet',
        host: this.draft.node.name,
      },
    });
  }
}
