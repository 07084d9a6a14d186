// Memory that long answers are made in, used again as soon as the socket has taken what is in it: a list of 50,000 pods
// is hundreds of megabytes, and new memory for each piece would cost more than its encryption.

import { ByteWriter } from '../../../streams/base/byte-writer.ts';
import { framingRoom } from './exchange.ts';

/** Bytes of a piece: the fewer pieces the less they cost, as long as the processor's cache holds them. */
export const pieceBytes = 128 * 1024;
/** What is written last may reach so far beyond. */
const slackBytes = 32 * 1024;
const slabBytes = framingRoom.before + pieceBytes + slackBytes + framingRoom.behind;
/** More answers at once than this have the rest of theirs made anew. */
const freeMax = 16;

const free: Buffer[] = [];

/** A writer whose bytes can be lent to a stream. */
export function lendable(): ByteWriter {
  return new ByteWriter(free.pop() ?? Buffer.allocUnsafeSlow(slabBytes), framingRoom);
}

/** The bytes that a writer had are needed by nobody any more. */
export function takeBack({ memory }: ByteWriter): void {
  // What had to grow for a large object is let go.
  if (memory.length === slabBytes && free.length < freeMax) free.push(memory);
}
