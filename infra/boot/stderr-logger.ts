// The process's own log: JSON lines on standard error, warnings and errors only, because what happens in the cluster is
// on the cluster's log.

import type { Clock } from '../../streams/base/clock.ts';
import type { LogFields, Logger } from '../../streams/base/logger.ts';

export function stderrLogger(clock: Clock): Logger {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      const entry = { time: new Date(clock.now()).toISOString(), level, message, ...plain(fields) };
      process.stderr.write(`${JSON.stringify(entry)}\n`);
    };
  return { debug() {}, info() {}, warn: write('warn'), error: write('error') };
}

function plain(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([key, value]) => [
    key,
    value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value,
  ]);
  return Object.fromEntries(entries) as LogFields;
}
