import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const policy = fileURLToPath(new URL('../../../infra/cli/heap-policy.ts', import.meta.url));

/** Keeps so much alive, makes garbage of which a part lives for a while, and tells the young generation's size (MB). */
async function youngMbBeside(keptMb: number): Promise<number> {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    const { limitHeapGrowth } = await import(${JSON.stringify(policy)});
    limitHeapGrowth();
    const kept = [];
    for (let i = 0; i < ${keptMb * 8}; i++) kept.push(new Array(16_384).fill(i));
    let recent = [];
    let most = 0;
    for (let turn = 0; turn < 60; turn++) {
      for (let i = 0; i < 40_000; i++) {
        recent.push({ turn, i, text: 'n' + i });
        if (recent.length > 60_000) recent = [];
      }
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
    }
    console.log(Math.round(most / 1_048_576), kept.length);
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return Number(stdout.split(' ')[0]);
}

describe('the young generation', () => {
  test('stays small in a small heap', async () => {
    expect(await youngMbBeside(8)).toBeLessThanOrEqual(32);
  });

  test('takes its share of a large one', async () => {
    expect(await youngMbBeside(700)).toBeGreaterThan(32);
  });
});
