// `/shiplog/v1/nodes`: the simulated nodes, listed with GET and told what to do with POST `/shiplog/v1/nodes/<action>`.
// The process that runs the nodes answers; any other says which one that is.

import { pressures } from '../../actors/kubelet/pressure.ts';
import { type Clock, sleep } from '../../streams/base/clock.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { ApiError, badRequest, methodNotAllowed, unknownPath } from '../api/errors.ts';
import { sendJson } from '../api/http/status.ts';
import { nameProblem } from '../api/registry/names.ts';
import type { Call } from '../api/server/call.ts';
import type { OwnPath } from '../api/server/own-paths.ts';
import { readBytes } from '../api/verbs/body.ts';
import { listNodes } from '../nodes/node-list.ts';
import { addMax, type NodesAnswer, type NodesRequest } from '../nodes/node-requests.ts';
import { ProfileRefused, readyProfile, readyProfiles } from '../nodes/profile-shelf.ts';
import { allReady } from '../nodes/ready-nodes.ts';
import { NoAddresses, NodeStays, type SimulatedNodes, UnknownNode } from '../nodes/simulated-nodes.ts';

export type NodesPorts = {
  /** Undefined while another process runs them. */
  nodes(): SimulatedNodes | undefined;
  /** Why there are none here. */
  elsewhere(): string;
  readonly view: ObjectView;
  readonly clock: Clock;
};

/** So long the answer waits for new nodes to become ready. */
const readyMsMax = 50_000;

/** What whoever asks can mend. */
const refusals = [UnknownNode, ProfileRefused, NoAddresses];

/** A node's name is also the value of a label, which has room for 63 characters: the number takes up to six. */
const prefixMax = 57;

type Action = (
  nodes: SimulatedNodes,
  request: NodesRequest,
  ports: NodesPorts,
) => readonly string[] | Promise<readonly string[]>;

const each =
  (act: (nodes: SimulatedNodes, name: string) => void | Promise<void>): Action =>
  async (nodes, request) => {
    const names = namesIn(request, nodes);
    for (const name of names) await act(nodes, name);
    return names;
  };

const actions: Readonly<Record<string, Action>> = {
  add,
  remove: each((nodes, name) => nodes.remove(name)),
  crash: each((nodes, name) => nodes.crash(name)),
  restart: each((nodes, name) => nodes.restartKubelet(name)),
  reboot: each((nodes, name) => nodes.restart(name)),
  pressure(nodes, request) {
    const pressure = pressures.find((known) => known === request.resource);
    if (pressure === undefined) throw badRequest(`the resource must be one of ${pressures.join(', ')}`);
    if (request.state !== 'on' && request.state !== 'off') throw badRequest('the state must be on or off');
    const names = namesIn(request, nodes);
    for (const name of names) nodes.press(name, pressure, request.state === 'on');
    return names;
  },
};

export function nodesPath(ports: NodesPorts): OwnPath {
  return async (call, [action, ...more]) => {
    const act = action !== undefined && Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (more.length > 0 || (action !== undefined && act === undefined)) throw unknownPath();
    const { method } = call.request;
    if (method !== (act === undefined ? 'GET' : 'POST')) throw methodNotAllowed();
    const nodes = ports.nodes();
    if (nodes === undefined)
      throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message: ports.elsewhere() });
    if (act === undefined) {
      sendJson(call.response, 200, { items: await listNodes(nodes, { world: ports.view, clock: ports.clock }) });
      return;
    }
    try {
      const answer: NodesAnswer = { names: await act(nodes, await requestOf(call), ports) };
      sendJson(call.response, 200, answer);
    } catch (error) {
      if (refusals.some((refusal) => error instanceof refusal)) throw badRequest((error as Error).message);
      if (error instanceof NodeStays)
        throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message: error.message });
      throw error;
    }
  };
}

async function add(
  nodes: SimulatedNodes,
  request: NodesRequest,
  { view, clock }: NodesPorts,
): Promise<readonly string[]> {
  const { count = 1, prefix, profile: text = 'small' } = request;
  if (!Number.isInteger(count) || count < 1 || count > addMax)
    throw badRequest(`the count must be a whole number from 1 to ${addMax}`);
  if (prefix !== undefined && typeof prefix !== 'string') throw badRequest('the prefix must be a text');
  if (typeof text !== 'string') throw badRequest('the profile must be a text: the name of one, or one in YAML');
  if (prefix !== undefined && (prefix.length > prefixMax || nameProblem(prefix, 'subdomain') !== undefined))
    throw badRequest(
      `the prefix must be at most ${prefixMax} lower-case letters, digits, dashes and dots, as names of nodes are: it, and each part between two dots, begins and ends with a letter or a digit`,
    );
  const isName = /^[a-z0-9-]+$/.test(text);
  const ready = isName ? readyProfile(text) : text;
  const kept = isName ? nodes.shelf.named(text) : undefined;
  if (ready === undefined && kept === undefined)
    throw badRequest(
      `there is no profile ${text}; there are ${readyProfiles().join(', ')}, and those in files of your own`,
    );
  const profile = kept ?? (await nodes.shelf.keep(ready ?? '', { isUsed: (name) => nodes.uses(name) }));
  const names = nodes.add(count, { profile, ...(prefix !== undefined && { prefix }) });
  const enough = new AbortController();
  await Promise.race([allReady(view, names, { signal: enough.signal }), sleep(clock, readyMsMax, enough.signal)]);
  enough.abort();
  return names;
}

function namesIn({ names }: NodesRequest, nodes: SimulatedNodes): readonly string[] {
  if (!Array.isArray(names) || names.length === 0) throw badRequest('names must be a list of nodes');
  for (const name of names) if (nodes.find(name) === undefined) throw new UnknownNode(name, nodes.names);
  return names;
}

async function requestOf({ request }: Call): Promise<NodesRequest> {
  const text = (await readBytes(request)).toString('utf8');
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below like everything else that is no object.
  }
  throw badRequest('the body must be a JSON object');
}
