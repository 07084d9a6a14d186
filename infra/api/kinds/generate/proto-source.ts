// Reads a generated.proto: message names and the numbers of their fields. The Go tags carry the numbers too; the
// generator refuses to write a table in which the two disagree. Messages that stand for a named Go slice
// (`ExtraValue`) are known only here.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Field name → number. */
export type ProtoMessage = ReadonlyMap<string, number>;

export function readProto(directory: string): ReadonlyMap<string, ProtoMessage> {
  const file = join(directory, 'generated.proto');
  const messages = new Map<string, Map<string, number>>();
  if (!existsSync(file)) return messages;
  let open: Map<string, number> | undefined;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const message = /^message (\w+) \{$/.exec(line)?.[1];
    if (message !== undefined) {
      open = new Map();
      messages.set(message, open);
    } else if (line === '}') open = undefined;
    else if (open !== undefined) {
      const field = /^ {2}(?:(?:optional|required|repeated) [\w.]+|map<[\w., ]+>) (\w+) = (\d+);$/.exec(line);
      if (field?.[1] !== undefined) open.set(field[1], Number(field[2]));
    }
  }
  return messages;
}
