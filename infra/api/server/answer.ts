// Sends answers: an object, a list streamed object by object without ever blocking the event loop for long, a Status.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StoredObject } from '../../../streams/views/stored-object.ts';
import type { ApiError } from '../errors.ts';
import type { ApiResponse } from '../http/exchange.ts';
import { sendStatus } from '../http/status.ts';
import { shown } from '../render/convert.ts';
import { contentTypes, type Form } from '../render/form.ts';
import {
  encodeValue,
  listHead,
  listTail,
  type Rendering,
  renderList,
  renderStored,
  servesStoredBytes,
} from '../render/render.ts';
import type { Listed } from '../verbs/list.ts';

export type Answer = { readonly response: ApiResponse; readonly warnings: readonly string[] };

/** Objects copied between two looks at the socket and the event loop. */
const objectsPerSlice = 64;
const streamedFrom = 32;
const comma = Buffer.from(',');

export function sendStored(
  answer: Answer,
  { stored, rendering, status }: { stored: StoredObject; rendering: Rendering; status: number },
): void {
  answer.response.send(head(answer, rendering.form, status), renderStored(stored, rendering));
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
): Promise<void> {
  const { kind, form } = rendering;
  if (!servesStoredBytes(rendering))
    return answer.response.send(head(answer, form, 200), renderList(listed, rendering));
  const { items } = listed;
  if (items.length < streamedFrom) {
    const parts: Uint8Array[] = [Buffer.from(listHead(kind, listed))];
    for (const [index, stored] of items.entries()) {
      if (index > 0) parts.push(comma);
      parts.push(shown(stored, kind).json);
    }
    parts.push(Buffer.from(listTail));
    return answer.response.send(head(answer, form, 200), Buffer.concat(parts));
  }
  const stream = answer.response.open(head(answer, form, 200));
  stream.write(Buffer.from(listHead(kind, listed)));
  for (let start = 0; start < items.length && !stream.closed; start += objectsPerSlice) {
    const parts: Uint8Array[] = [];
    for (const [index, stored] of items.slice(start, start + objectsPerSlice).entries()) {
      if (start + index > 0) parts.push(comma);
      parts.push(shown(stored, kind).json);
    }
    if (!stream.write(Buffer.concat(parts))) await stream.drained();
    await nextTurn();
  }
  stream.write(Buffer.from(listTail));
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
      ...(warnings.length === 0 ? undefined : { warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`) }),
    },
  };
}
