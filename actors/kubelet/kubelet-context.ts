// What a kubelet remembers about its node, and what it hears. Plain data.

import type { KubeObject } from '../../streams/resources/meta.ts';
import type { Node } from '../../streams/resources/node.ts';
import type { Pod } from '../../streams/resources/pod.ts';
import type { WriteSettled } from '../kit/effect.ts';
import type { Refusal, Share } from './admission.ts';
import type { NodeProfile } from './node-object.ts';
import type { Pressure } from './pressure.ts';
import type { NodeTimerFired, RuntimeEvent, Timed } from './runtime.ts';
import type { CommonEffect, TurnContext } from './turn.ts';

export type Beat = {
  /** Time between two renewals of the lease, its jitter included. */
  readonly renewMs: number;
  /** Time to the first renewal: spreads the renewals of nodes that start together. */
  readonly firstRenewMs: number;
  /** A status is told at least this often. */
  readonly statusMs: number;
};

export type KubeletInput = { readonly profile: NodeProfile; readonly beat: Beat };

export type KubeletEvent =
  /** The machine is up. `node` is its Node object as the world has it. */
  | Timed<{ readonly type: 'kubelet.started'; readonly node: Node | undefined; readonly bootID: string }>
  /** The machine is down, and with it everything that ran on it. */
  | Timed<{ readonly type: 'kubelet.crashed' }>
  /** Its process ends; the machine and what runs on it are left alone. */
  | Timed<{ readonly type: 'kubelet.stopped' }>
  | Timed<{ readonly type: 'node.changed'; readonly node: Node | undefined }>
  /** A pod of this node has no worker yet. */
  | Timed<{ readonly type: 'pod.bound'; readonly pod: Pod }>
  /** A pod's containers have ended for good, or the pod is no more. */
  | Timed<{ readonly type: 'pod.ended'; readonly uid: string }>
  /** What the node is short of from now on; one that evicts says for what. */
  | Timed<{ readonly type: 'node.pressed'; readonly pressures: readonly Pressure[]; readonly evictsFor?: Pressure }>
  /** A pod wants other resources than it was granted. */
  | Timed<{ readonly type: 'pod.resizing'; readonly pod: Pod }>
  /** `newest` is the object as the world has it, where the write was refused. */
  | Timed<WriteSettled & { readonly newest?: KubeObject | undefined }>
  | NodeTimerFired;

export type KubeletEffect =
  | CommonEffect
  /** Start the pod's worker; with a refusal it only tells the world why the pod failed. */
  | { readonly kind: 'runPod'; readonly pod: Pod; readonly refusal: Refusal | undefined }
  /** Renew the node's lease from now on, or no more. */
  | { readonly kind: 'holdLease'; readonly node: Node }
  | { readonly kind: 'dropLease' }
  | { readonly kind: 'answerResize'; readonly uid: string; readonly answer: ResizeAnswer };

export type ResizeAnswer = Extract<RuntimeEvent, { type: 'resize.granted' | 'resize.refused' }>;

/** A resize the node has no room for yet. */
export type DeferredResize = {
  readonly share: Share;
  readonly generation: number | undefined;
  readonly priority: number;
};

export type KubeletContext = TurnContext & {
  readonly profile: NodeProfile;
  readonly beat: Beat;
  /** As the world last showed it; null before the node is registered and after it was deleted. */
  readonly node: Node | null;
  /** Ticket of the write under way. */
  readonly nodeTicket: string | null;
  readonly holdsLease: boolean;
  /** When the status was last told. */
  readonly toldMs: number | null;
  /** The version of the node that was found to say the same as its kubelet, and until when that is enough. */
  readonly right: { readonly revision: string; readonly untilMs: number } | null;
  /** Writes refused in a row. */
  readonly failures: number;
  /** Of the pods that run on the node. */
  readonly shares: readonly Share[];
  readonly deferred: readonly DeferredResize[];
  /** What the node is short of. */
  readonly pressures: readonly Pressure[];
};

export function kubeletContext({ profile, beat }: KubeletInput): KubeletContext {
  return {
    profile,
    beat,
    node: null,
    nodeTicket: null,
    holdsLease: false,
    toldMs: null,
    right: null,
    failures: 0,
    shares: [],
    deferred: [],
    pressures: [],
    timers: {},
    count: 0,
  };
}
