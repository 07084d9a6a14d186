// The small share of the fuzz that every run of the tests takes: in process, on a virtual clock. Whatever comes in is
// refused with a clear 4xx or taken; never a 5xx, never a request without an answer, and what was refused changed nothing.
// `npm run fuzz` sends the whole to a real server.

import { expect, test } from 'vitest';
import { ApiWorld, settled } from '../kit/api-world.ts';
import { requests } from './areas.ts';
import { Counts } from './counts.ts';
import { tend, tendEvery } from './gardener.ts';
import { asCurl, type FuzzAnswer, verdict } from './judge.ts';
import type { FuzzRequest } from './request.ts';

const requestsPerSeed = 1_500;
/** Virtual seconds after which an unanswered request counts as one that hangs. */
const answeredWithin = 90;
const turnsMax = 100_000;

async function send(world: ApiWorld, { method, path, headers, body, anonymous }: FuzzRequest): Promise<FuzzAnswer> {
  const who = anonymous === true ? { user: undefined } : {};
  const exchange = world.open(path, { method, headers, body, ...who });
  let status = 0;
  let ended = false;
  void exchange.opened.then((head) => {
    status = head.status;
  });
  void exchange.ended.then(() => {
    ended = true;
  });
  await settled(1);
  for (let second = 0; !ended && second < answeredWithin; second++) {
    await world.clock.advance(1_000);
    // A stream that goes on has been answered; a second is enough of it.
    if (status !== 0 && second > 0) exchange.leave();
    await settled(1);
  }
  // Keys and compressed bodies are worked on by threads, which know no virtual time.
  for (let turn = 0; !ended && turn < turnsMax; turn++) await settled(1);
  return { status, text: exchange.received.toString('utf8') };
}

/** How many events clients have recorded. */
async function written(world: ApiWorld): Promise<number> {
  return (await world.events()).filter(({ author }) => author.sourceIP !== undefined).length;
}

test.each(['one', 'two', 'three'])('malformed requests are refused with 4xx: seed %s', async (seed) => {
  const world = await ApiWorld.start();
  const counts = new Counts();
  const broken: string[] = [];
  let left = requestsPerSeed;
  for (const { area, request } of requests(seed)) {
    if (left % tendEvery === 0) {
      const refused = await tend((it) => send(world, it));
      if (left === requestsPerSeed) expect(refused).toEqual([]);
    }
    if (left-- === 0) break;
    const before = world.stack.view.revision('LOG');
    const clientsBefore = counts.total % 25 === 0 ? await written(world) : undefined;
    const answer = await send(world, request);
    counts.add(area, answer.status);
    const wrong = verdict(request, answer);
    if (wrong !== undefined) broken.push(`${area}: ${asCurl(request)}\n    ${wrong.slice(0, 500)}`);
    const unchanged = answer.status < 400 || world.stack.view.revision('LOG') === before;
    if (unchanged || clientsBefore === undefined || (await written(world)) === clientsBefore) continue;
    broken.push(`${area}: ${asCurl(request)}\n    was refused and yet changed something`);
  }
  process.stdout.write(`fuzz, seed ${seed}: ${counts.total} requests answered\n${counts.lines().join('\n')}\n`);
  expect(broken).toEqual([]);
  expect(world.reported.filter(({ message }) => message !== 'request handler failed')).toEqual([]);
  expect((await world.ask('/livez')).text).toBe('ok');
  await world.stop();
});
