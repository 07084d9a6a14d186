// Copies pods elsewhere, three at a time. Nothing more is read from the log while three copies are under way, and every
// copy that is reported may be forgotten: the next run goes on after it.

import { appendFile } from 'node:fs/promises';
import process from 'node:process';
import { connect, SubscriptionFailed } from 'shiplog';

const [file = 'pods.ndjson', from = '1', to = '1000'] = process.argv.slice(2);
const shiplog = await connect();

const copies = shiplog.events$({
  kind: 'pod',
  from: Number(from),
  to: Number(to),
  concurrency: 3,
  async work({ revision, object }) {
    await appendFile(file, `${JSON.stringify(object)}\n`);
    return revision;
  },
});

try {
  await copies.forEach((revision) => {
    console.log(`copied ${revision}`);
  });
} catch (error) {
  if (!(error instanceof SubscriptionFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await shiplog.close();
}
