// `npm run bench [-- NAME …]`: runs the benchmarks and prints one table. `-o json` prints the rows for machines.

import { createTerminal, renderJson, renderTable } from '../../infra/cli/terminal.ts';
import { systemClock } from '../../streams/base/clock.ts';
import { apiBench } from './api.ts';
import { appendBench } from './append.ts';
import { type Bench, meets, type Row } from './bench.ts';
import { deploymentBench } from './deployment.ts';
import { listBench } from './list.ts';
import { replayBench } from './replay.ts';
import { scaleBench } from './scale.ts';
import { schedulerBench } from './scheduler.ts';
import { startUpBench } from './start-up.ts';
import { watchBench } from './watch.ts';

const benches: readonly Bench[] = [
  startUpBench,
  appendBench,
  replayBench,
  apiBench,
  listBench,
  watchBench,
  deploymentBench,
  schedulerBench,
  scaleBench,
];

const args = process.argv.slice(2);
const json = args.some((arg, index) => arg === '--output=json' || (arg === '-o' && args[index + 1] === 'json'));
const names = args.filter((arg) => !arg.startsWith('-') && arg !== 'json');

if (args.includes('--help')) {
  console.log(
    [
      'Usage: npm run bench -- [NAME …] [-o json]',
      '',
      ...benches.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`),
      '',
      'Example: npm run bench -- append api',
    ].join('\n'),
  );
  process.exit(0);
}
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no benchmark named ${unknown.join(', ')}; there are: ${benches.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}

const rows: Row[] = [];
for (const bench of benches) {
  if (names.length > 0 ? !names.includes(bench.name) : bench.onlyWhenNamed === true) continue;
  rows.push(...(await bench.run((progress) => process.stderr.write(`${bench.name}: ${progress}\n`))));
}
if (json) console.log(renderJson(rows));
else for (const line of table(rows)) console.log(line);

function table(all: readonly Row[]): readonly string[] {
  const { paint } = createTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    clock: systemClock,
  });
  const headers = ['WORK', 'MEASURED', 'BUDGET', '', 'YARDSTICK OF THIS RUN', 'RATIO', 'NOTE'];
  return renderTable(
    headers,
    all.map((row) => {
      const met = meets(row);
      return [
        row.work,
        `${figure(row.measured)} ${row.unit}`,
        budgetText(row),
        met === undefined ? '' : met ? paint('green', 'met') : paint('red', 'missed'),
        row.yardstick === undefined ? '' : `${row.yardstick.what}: ${figure(row.yardstick.value)}`,
        row.yardstick === undefined ? '' : (row.measured / row.yardstick.value).toFixed(2),
        row.note ?? '',
      ];
    }),
  );
}

function budgetText({ budget }: Row): string {
  if (budget === undefined) return '';
  return 'atLeast' in budget ? `≥ ${figure(budget.atLeast)}` : `≤ ${figure(budget.atMost)}`;
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2);
}
