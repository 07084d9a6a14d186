// The bytes of protobuf: varints, tags and length-delimited parts. The reader never reads past its end and names what
// is broken; the writer fills its buffer from the back, so that a part's length is known when its head is written and
// no sizes are computed beforehand. Knows nothing of Kubernetes.

/** The bytes are not protobuf. Thrown inside the codec only; its doors turn it into an outcome. */
export class WireFault extends Error {
  override readonly name = 'WireFault';
}

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const SHORT_TEXT = 40;

export class WireReader {
  readonly bytes: Buffer;
  position: number;
  /** The high half of the varint read last; `varint()` returns the low half. */
  high = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.position = 0;
  }

  /** Reads a varint and returns its low 32 bits as a signed number; the high 32 bits are left in `high`. */
  varint(end: number): number {
    let low = 0;
    this.high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= end) throw new WireFault('unexpected EOF');
      const byte = this.bytes[this.position++] as number;
      const value = byte & 0x7f;
      if (shift < 28) low |= value << shift;
      else if (shift === 28) {
        low |= value << 28;
        this.high = value >>> 4;
      } else this.high |= value << (shift - 32);
      if (byte < 0x80) return low;
    }
    throw new WireFault('proto: integer overflow');
  }

  /** Exact within ±2^53; JSON numbers lose the rest in every JavaScript client too. */
  int64(end: number): number {
    const low = this.varint(end) >>> 0;
    return (this.high | 0) * 4_294_967_296 + low;
  }

  double(end: number): number {
    if (this.position + 8 > end) throw new WireFault('unexpected EOF');
    const value = this.bytes.readDoubleLE(this.position);
    this.position += 8;
    return value;
  }

  /** Reads a length and returns where the part ends. */
  partEnd(end: number): number {
    const length = this.varint(end);
    if (length < 0 || this.high !== 0) throw new WireFault('proto: negative length found during unmarshaling');
    const partEnd = this.position + length;
    if (partEnd > end) throw new WireFault('unexpected EOF');
    return partEnd;
  }

  text(end: number): string {
    const partEnd = this.partEnd(end);
    const text = this.bytes.toString('utf8', this.position, partEnd);
    this.position = partEnd;
    return text;
  }

  base64(end: number): string {
    const partEnd = this.partEnd(end);
    const text = this.bytes.toString('base64', this.position, partEnd);
    this.position = partEnd;
    return text;
  }

  skip(wireType: number, end: number): void {
    if (wireType === WIRE_VARINT) this.varint(end);
    else if (wireType === WIRE_BYTES) this.position = this.partEnd(end);
    else if (wireType === WIRE_FIXED64 || wireType === WIRE_FIXED32) {
      this.position += wireType === WIRE_FIXED64 ? 8 : 4;
      if (this.position > end) throw new WireFault('unexpected EOF');
    } else throw new WireFault(`proto: illegal wireType ${wireType}`);
  }
}

export class WireWriter {
  #bytes: Buffer;
  #position: number;

  constructor(sizeHint = 4096) {
    this.#bytes = Buffer.allocUnsafe(sizeHint);
    this.#position = sizeHint;
  }

  /** Bytes written so far. The difference of two readings is a part's length. */
  get size(): number {
    return this.#bytes.length - this.#position;
  }

  /** What was written, front to back; valid until the next write. */
  finish(): Buffer {
    return this.#bytes.subarray(this.#position);
  }

  /** A copy of what was written since `size` was `sizeBefore`. */
  since(sizeBefore: number): Buffer {
    const written = this.#bytes.subarray(this.#position, this.#bytes.length - sizeBefore);
    return Buffer.from(written);
  }

  /** Begins anew in the same memory. */
  reset(): void {
    this.#position = this.#bytes.length;
  }

  tag(number: number, wireType: number): void {
    this.varint((number << 3) | wireType);
  }

  /** Closes a part begun when `size` was `sizeBefore`: its length and tag go in front. */
  part(number: number, sizeBefore: number): void {
    this.varint(this.size - sizeBefore);
    this.tag(number, WIRE_BYTES);
  }

  /** Any integer within ±2^53; negative ones take ten bytes, as protobuf's int32 and int64 do. */
  varint(value: number): void {
    if (value >= 0 && value < 128) {
      this.#room(1);
      this.#bytes[--this.#position] = value;
      return;
    }
    this.#room(10);
    const low = value >>> 0;
    const high = Math.floor(value / 4_294_967_296) >>> 0;
    let length = 1;
    if (high === 0) for (let rest = low >>> 7; rest !== 0; rest >>>= 7) length++;
    else {
      length = 5;
      for (let rest = high >>> 3; rest !== 0; rest >>>= 7) length++;
    }
    this.#position -= length;
    for (let index = 0; index < length; index++) {
      const shift = index * 7;
      const bits = shift < 28 ? low >>> shift : shift === 28 ? (low >>> 28) | (high << 4) : high >>> (shift - 32);
      this.#bytes[this.#position + index] = (bits & 0x7f) | (index === length - 1 ? 0 : 0x80);
    }
  }

  double(value: number): void {
    this.#room(8);
    this.#position -= 8;
    this.#bytes.writeDoubleLE(value, this.#position);
  }

  text(value: string): void {
    if (value.length <= SHORT_TEXT && this.#shortText(value)) return;
    const length = Buffer.byteLength(value);
    this.#room(length);
    this.#position -= length;
    this.#bytes.write(value, this.#position, length, 'utf8');
  }

  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#position -= value.length;
    this.#bytes.set(value, this.#position);
  }

  /** Most texts are short and ASCII: writing their bytes here is cheaper than calling out twice. */
  #shortText(value: string): boolean {
    const { length } = value;
    this.#room(length);
    const start = this.#position - length;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      this.#bytes[start + index] = code;
    }
    this.#position = start;
    return true;
  }

  #room(bytes: number): void {
    if (this.#position >= bytes) return;
    const size = this.size;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, size + bytes + 1024));
    const position = grown.length - size;
    this.#bytes.copy(grown, position, this.#position);
    this.#bytes = grown;
    this.#position = position;
  }
}
