// How a kubelet keeps its node alive in the eyes of the cluster: registration, status and its lease. Each step looks at what
// the world shows and does what is missing (invariant: level-based), with one write under way per object.

import { resources } from '../../streams/resources/names.ts';
import type { Node } from '../../streams/resources/node.ts';
import { findCondition, holds } from '../kit/conditions.ts';
import type { KubeletContext, KubeletEffect, KubeletEvent } from './kubelet-context.ts';
import { nodeDraft, nodeLabels, nodeStatus, saysTheSame } from './node-object.ts';
import { conditionOf, type Pressure, pressures, starved } from './pressure.ts';
import { causeOf, isNewer, Turn } from './turn.ts';

const nodeTimer = 'node';
const statusTimer = 'status';
const retryFirstMs = 1_000;
const retryMaxMs = 7_000;
/** A status that others keep changing is corrected no more often than this. */
const correctMinMs = 10_000;

export class KubeletTurn extends Turn<
  KubeletContext,
  Extract<KubeletEffect, { kind: 'runPod' | 'answerResize' | 'holdLease' | 'dropLease' }>
> {}

/** Takes in what an event says. */
export function hear(turn: KubeletTurn, event: KubeletEvent): void {
  const { draft } = turn;
  switch (event.type) {
    case 'kubelet.started':
      draft.node = event.node ?? null;
      draft.right = null;
      draft.profile = { ...draft.profile, nodeInfo: { ...draft.profile.nodeInfo, bootID: event.bootID } };
      break;
    case 'node.changed':
      see(turn, event.node ?? null);
      break;
    case 'timer.fired':
      turn.spend(event.timer, event.generation);
      break;
    case 'node.pressed':
      pressed(turn, event);
      break;
    case 'write.settled':
      if (event.ticket === draft.nodeTicket) nodeSettled(turn, event);
      break;
    case 'kubelet.crashed':
    case 'kubelet.stopped':
    case 'pod.bound':
    case 'pod.ended':
    case 'pod.resizing':
      break;
  }
}

/** registering: the Node object comes to be, unless it is there from an earlier life. */
export function register(turn: KubeletTurn): void {
  const { draft, nowMs } = turn;
  if (draft.node !== null || draft.nodeTicket !== null || turn.isArmed(nodeTimer)) return;
  const ticket = turn.ticket('register');
  draft.nodeTicket = ticket;
  const write = { kind: 'create', resource: resources.nodes, object: nodeDraft(draft.profile, nowMs) } as const;
  turn.ask({ kind: 'write', ticket, write, cause: null });
}

/** The first thing people hear of a kubelet: that it starts, what its node is short of or not, and that it has joined. */
export function greet(turn: KubeletTurn, event: KubeletEvent): void {
  const { node, profile } = turn.draft;
  tell(turn, 'Starting', 'Starting kubelet.');
  for (const pressure of pressures) tellPressure(turn, pressure);
  if (isCordoned(node)) tellStatus(turn, 'NodeNotSchedulable');
  // A node that was there before says so with its next status, where it was not ready.
  if (event.type !== 'kubelet.started' && holds(node?.status?.conditions, 'Ready')) tellStatus(turn, 'NodeReady');
  const { bootID } = profile.nodeInfo;
  const before = node?.status?.nodeInfo?.bootID;
  if (before === undefined || before === '' || before === bootID) return;
  tell(turn, 'Rebooted', `Node ${profile.name} has been rebooted, boot id: ${bootID}`, 'Warning');
}

/** running: its status is told when it is due. */
export function beat(turn: KubeletTurn): void {
  const { node } = turn.draft;
  if (node === null) return;
  if (turn.draft.nodeTicket === null && !turn.isArmed(nodeTimer)) tellNode(turn, node);
}

/** The lease is held from the registration on, in the node's name. */
export function holdLease(turn: KubeletTurn): void {
  const { node } = turn.draft;
  if (node === null) return;
  turn.draft.holdsLease = true;
  turn.ask({ kind: 'holdLease', node });
}

/** Everything the machine was about is forgotten, and its timers with it. */
export function goDark(turn: KubeletTurn): void {
  if (turn.draft.holdsLease) turn.ask({ kind: 'dropLease' });
  turn.draft.holdsLease = false;
  for (const timer in turn.draft.timers) turn.disarm(timer);
  turn.draft.node = null;
  turn.draft.nodeTicket = null;
  turn.draft.toldMs = null;
  turn.draft.right = null;
  turn.draft.failures = 0;
}

export function loseAllPods(turn: KubeletTurn): void {
  turn.draft.shares = [];
  turn.draft.deferred = [];
  turn.draft.pressures = [];
}

/** The node is looked at when it has changed, and when its next status is due: not at each heartbeat. */
function tellNode(turn: KubeletTurn, node: Node): void {
  const { draft, nowMs } = turn;
  const { profile, toldMs, right: known } = draft;
  if (known !== null && known.revision === node.metadata.resourceVersion && nowMs < known.untilMs && toldMs !== null)
    return;
  draft.right = null;
  const labels = nodeLabels(profile);
  if (Object.entries(labels).some(([label, value]) => node.metadata.labels?.[label] !== value)) {
    const metadata = { ...node.metadata, labels: { ...node.metadata.labels, ...labels } };
    update(turn, { ...node, metadata });
    return;
  }
  const status = nodeStatus(profile, { before: node.status, nowMs, pressures: draft.pressures });
  const right = saysTheSame(node.status, status);
  // A status of this life that the world shows already, as after registration, counts as told.
  if (right && toldMs === null) draft.toldMs = nowMs;
  const dueMs = (draft.toldMs ?? 0) + (right ? draft.beat.statusMs : correctMinMs);
  if (draft.toldMs === null || dueMs <= nowMs) {
    tellFound(turn, node);
    draft.toldMs = nowMs;
    turn.arm(statusTimer, draft.beat.statusMs);
    update(turn, { ...node, status }, 'status');
  } else {
    if (!right || !turn.isArmed(statusTimer)) turn.arm(statusTimer, dueMs - nowMs);
    if (right) draft.right = { revision: node.metadata.resourceVersion ?? '', untilMs: dueMs };
  }
}

function update(turn: KubeletTurn, node: Node, subresource?: 'status'): void {
  const ticket = turn.ticket('node');
  turn.draft.nodeTicket = ticket;
  const write = {
    kind: 'update',
    resource: resources.nodes,
    object: node,
    ...(subresource && { subresource }),
  } as const;
  turn.ask({ kind: 'write', ticket, write, cause: causeOf(node) });
}

/** A shortage that begins or ends is told at once. */
function pressed(
  turn: KubeletTurn,
  { pressures: now, evictsFor }: Extract<KubeletEvent, { type: 'node.pressed' }>,
): void {
  const { draft } = turn;
  const changed = pressures.filter((pressure) => now.includes(pressure) !== draft.pressures.includes(pressure));
  draft.pressures = now;
  for (const pressure of changed) tellPressure(turn, pressure);
  if (changed.length > 0) draft.toldMs = null;
  if (evictsFor !== undefined)
    tell(turn, 'EvictionThresholdMet', `Attempting to reclaim ${starved[evictsFor]}`, 'Warning');
}

type Settled = Extract<KubeletEvent, { type: 'write.settled' }>;

function nodeSettled(turn: KubeletTurn, { outcome, newest }: Settled): void {
  const { draft } = turn;
  draft.nodeTicket = null;
  if (outcome.kind === 'done') {
    draft.failures = 0;
    const written = outcome.object as Node;
    if (draft.node === null || isNewer(written, draft.node)) see(turn, written);
    return;
  }
  if (newest !== undefined && (draft.node === null || isNewer(newest, draft.node))) {
    see(turn, newest as Node);
    draft.toldMs = null;
    return;
  }
  draft.toldMs = null;
  turn.arm(nodeTimer, retryMs(draft.failures++));
}

/** The node in its newest version. */
function see(turn: KubeletTurn, node: Node | null): void {
  const before = turn.draft.node;
  turn.draft.node = node;
  if (before === null || node === null || isCordoned(before) === isCordoned(node)) return;
  tellStatus(turn, isCordoned(node) ? 'NodeNotSchedulable' : 'NodeSchedulable');
}

function isCordoned(node: Node | null): boolean {
  return node?.spec?.unschedulable === true;
}

function retryMs(failures: number): number {
  return Math.min(retryFirstMs * 2 ** failures, retryMaxMs);
}

/** The world is about to see again what it had lost sight of, or sees for the first time. */
function tellFound(turn: KubeletTurn, { status: { conditions } = {} }: Node): void {
  // What the node has enough of was said at the start of this life.
  const before = turn.draft.toldMs === null ? [] : pressures;
  for (const pressure of before)
    if (findCondition(conditions, conditionOf[pressure].type)?.status === 'Unknown') tellPressure(turn, pressure);
  if (!holds(conditions, 'Ready')) tellStatus(turn, 'NodeReady');
}

/** Whether the node is short of it. */
function tellPressure(turn: KubeletTurn, pressure: Pressure): void {
  const [short, enough] = conditionOf[pressure].events;
  tellStatus(turn, turn.draft.pressures.includes(pressure) ? short : enough);
}

function tellStatus(turn: KubeletTurn, reason: string): void {
  tell(turn, reason, `Node ${turn.draft.profile.name} status is now: ${reason}`);
}

function tell(turn: KubeletTurn, reason: string, message: string, type: 'Normal' | 'Warning' = 'Normal'): void {
  const { node, profile } = turn.draft;
  if (node === null) return;
  const note = { regarding: node, type, reason, message, component: 'kubelet', host: profile.name } as const;
  turn.ask({ kind: 'note', note });
}
