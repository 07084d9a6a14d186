// Sends answers: an object, a list streamed object by object without ever blocking the event loop for long, a Status.

import type { Clock } from '../../../streams/base/clock.ts';
import type { AnyObject } from '../../../streams/resources/meta.ts';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import type { ApiError } from '../errors.ts';
import type { ApiResponse } from '../http/exchange.ts';
import { lendable, takeBack } from '../http/lent-memory.ts';
import { sendStatus } from '../http/status.ts';
import { contentTypes, type Form } from '../render/form.ts';
import { listPieces } from '../render/list-pieces.ts';
import { encodeValue, type Rendering, renderMade, renderStored } from '../render/render.ts';
import type { Listed } from '../verbs/list.ts';
import { Turns } from '../verbs/turns.ts';

export type Answer = { readonly response: ApiResponse; readonly warnings: readonly string[] };

const nothing = Buffer.alloc(0);

/** Shorter lists are sent at once, with their length. */
const streamedFrom = 32;

export function sendStored(
  answer: Answer,
  { stored, rendering, status }: { stored: StoredObject; rendering: Rendering; status: number },
): void {
  answer.response.send(head(answer, rendering.form, status), renderStored(stored, rendering));
}

export function sendMade(answer: Answer, { object, rendering }: { object: AnyObject; rendering: Rendering }): void {
  answer.response.send(head(answer, rendering.form, 200), renderMade(object, rendering));
}

export function sendValue(
  answer: Answer,
  { value, form, status }: { value: object; form: Form; status: number },
): void {
  answer.response.send(head(answer, form, status), encodeValue(value, form));
}

export async function sendList(
  answer: Answer,
  { listed, rendering }: { listed: Listed; rendering: Rendering },
  { clock }: { readonly clock: Clock },
): Promise<void> {
  if (listed.items.length < streamedFrom) {
    const pieces = [...listPieces(listed, rendering)].map((piece) => piece?.written() ?? nothing);
    return answer.response.send(head(answer, rendering.form, 200), Buffer.concat(pieces));
  }
  const stream = answer.response.open(head(answer, rendering.form, 200));
  const turns = new Turns(clock);
  // Whoever looked for the objects has had a slice already.
  await turns.next();
  for (const piece of listPieces(listed, rendering, lendable)) {
    if (stream.closed) return;
    const full = piece !== undefined && !stream.write(piece.written(), () => takeBack(piece));
    if (full) await stream.drained();
    // Several sockets may take more at once: who was waiting for one waits for a turn, too.
    if (full || turns.over) await turns.next();
  }
  stream.end();
}

export function sendError(answer: Answer, error: ApiError): void {
  sendStatus(answer.response, error.toStatus());
}

function head({ warnings }: Answer, form: Form, status: number) {
  return {
    status,
    headers: {
      'content-type': contentTypes[form.encoding],
      'cache-control': 'no-cache, private',
      ...(warnings.length === 0 ? undefined : { warning: warnings.flatMap(warningHeader) }),
    },
  };
}

/** Other letters than ASCII's travel as their UTF-8 bytes; a warning with control characters is not sent, as upstream. */
function warningHeader(text: string): readonly string[] {
  if (/\p{Cc}/u.test(text)) return [];
  return [`299 - ${Buffer.from(JSON.stringify(text)).toString('latin1')}`];
}
