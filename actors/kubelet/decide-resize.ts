// Whether a node grants a pod the resources it wants now: never what exceeds the node as a whole, later what has no room
// beside the other pods, and at once everything else. What waits is tried again when room comes free, by priority.

import { fits, refusalOf, type Share, shareOf, wantedShareOf } from './admission.ts';
import type { KubeletTurn } from './heartbeat.ts';
import type { DeferredResize, KubeletEvent, ResizeAnswer } from './kubelet-context.ts';

export function decideResize(turn: KubeletTurn, event: KubeletEvent): void {
  if (event.type !== 'pod.resizing') return;
  const { pod } = event;
  const { generation } = pod.metadata;
  const wish = { share: wantedShareOf(pod), generation, priority: pod.spec.priority ?? 0 };
  const { deferred, shares } = turn.draft;
  turn.draft.deferred = deferred.filter(({ share }) => share.uid !== wish.share.uid);
  // One that was granted before the kubelet was restarted counts as what the pod shows.
  if (!shares.some(({ uid }) => uid === wish.share.uid)) turn.draft.shares = [...shares, shareOf(pod)];
  decide(turn, wish, { tells: true });
  retryDeferred(turn);
}

/** Room may have come free: those who wait are looked at again, silently where nothing changed. */
export function retryDeferred(turn: KubeletTurn): void {
  const waiting = [...turn.draft.deferred].sort((a, b) => b.priority - a.priority);
  if (waiting.length === 0) return;
  turn.draft.deferred = [];
  for (const wish of waiting) decide(turn, wish, { tells: false });
}

function decide(turn: KubeletTurn, wish: DeferredResize, { tells }: { readonly tells: boolean }): void {
  const { draft } = turn;
  const { share, generation } = wish;
  const allocatable = draft.node?.status?.allocatable ?? draft.profile.capacity;
  const answer = (told: ResizeAnswer) => turn.ask({ kind: 'answerResize', uid: share.uid, answer: told });
  const tooLarge = fits(share, allocatable);
  if (tooLarge !== undefined) {
    answer({ type: 'resize.refused', generation, reason: 'Infeasible', message: tooLarge });
    return;
  }
  const others = draft.shares.filter(({ uid }) => uid !== share.uid);
  const refusal = refusalOf(share, { shares: others, allocatable });
  if (refusal === undefined) {
    draft.shares = draft.shares.map((known): Share => (known.uid === share.uid ? share : known));
    answer({ type: 'resize.granted', generation });
    return;
  }
  draft.deferred = [...draft.deferred, wish];
  const message = refusal.message.replace(/^Pod was rejected: /, '');
  if (tells) answer({ type: 'resize.refused', generation, reason: 'Deferred', message });
}
