// What every property test of a run starts from. The seed is the same each time, so that a run tells about the change and not
// about the dice; `SHIPLOG_SEED` throws them: a number repeats a run, `any` takes a new seed and says which.

import fc from 'fast-check';

const fixed = 20_240_229;
const { SHIPLOG_SEED: wish } = process.env;

fc.configureGlobal({ seed: seedOf(wish) });

function seedOf(text: string | undefined): number {
  if (text === undefined || text === '') return fixed;
  if (text !== 'any') {
    const seed = Number(text);
    if (Number.isInteger(seed)) return seed;
    throw new Error(`SHIPLOG_SEED is "${text}": it must be a whole number, or "any" for a new seed.`);
  }
  const seed = process.pid ^ Number(process.hrtime.bigint() & 0x7fff_ffffn);
  console.info(`properties: SHIPLOG_SEED=${seed} repeats these`);
  return seed;
}
