// Starts the load generator and reads its result.

import { fileURLToPath } from 'node:url';
import { run } from '../kit/running-cluster.ts';
import type { LoadOptions, LoadResult } from './load-generator.ts';

const program = fileURLToPath(new URL('./load-generator.ts', import.meta.url));

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const ran = await run(process.execPath, [program, JSON.stringify(options)]);
  if (ran.code !== 0) throw new Error(`the load generator failed: ${ran.stderr}`);
  const result = JSON.parse(ran.stdout) as LoadResult;
  const refused = Object.entries(result.statuses).filter(([status]) => !status.startsWith('2'));
  if (refused.length > 0) throw new Error(`the server refused ${JSON.stringify(refused)}`);
  return result;
}
