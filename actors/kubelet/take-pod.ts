// Which pods a kubelet takes: those that fit, and those it took in an earlier life, whatever has changed since. A pod
// that is over or going away is taken too, because its end must be told.

import { admissionRefusal, shareOf } from './admission.ts';
import { retryDeferred } from './decide-resize.ts';
import type { KubeletTurn } from './heartbeat.ts';
import type { KubeletEvent } from './kubelet-context.ts';

export function takePod(turn: KubeletTurn, event: KubeletEvent): void {
  if (event.type !== 'pod.bound') return;
  const { draft } = turn;
  const { pod } = event;
  const { deletionTimestamp } = pod.metadata;
  const share = shareOf(pod);
  const taken = pod.status?.startTime !== undefined || deletionTimestamp !== undefined;
  const allocatable = draft.node?.status?.allocatable ?? draft.profile.capacity;
  const refusal = taken ? undefined : admissionRefusal(pod, { ...draft, share, allocatable });
  if (refusal === undefined) draft.shares = [...draft.shares.filter(({ uid }) => uid !== share.uid), share];
  turn.ask({ kind: 'runPod', pod, refusal });
  if (refusal === undefined) return;
  const { reason } = refusal;
  const message = refusal.message.replace(/^Pod was rejected: /, '');
  const host = draft.profile.name;
  turn.ask({ kind: 'note', note: { regarding: pod, type: 'Warning', reason, message, component: 'kubelet', host } });
}

export function forgetPod(turn: KubeletTurn, event: KubeletEvent): void {
  if (event.type !== 'pod.ended') return;
  turn.draft.shares = turn.draft.shares.filter(({ uid }) => uid !== event.uid);
  turn.draft.deferred = turn.draft.deferred.filter(({ share }) => share.uid !== event.uid);
  retryDeferred(turn);
}
