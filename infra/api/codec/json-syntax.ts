// Says what is wrong with a text that JSON.parse refused, in the words of Go's scanner: clients and users know them.
// Only ever runs on the error path. Works on bytes, because Go names the offending byte.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** `invalid character '}' looking for beginning of value` and the like, or undefined when the text is JSON after all. */
export function jsonSyntaxError(bytes: Uint8Array): string | undefined {
  try {
    const scanner = new Scanner(bytes);
    scanner.value('looking for beginning of value');
    scanner.skipSpace();
    return scanner.atEnd ? undefined : scanner.complaint('after top-level value').message;
  } catch (error) {
    if (error instanceof Complaint) return error.message;
    throw error;
  }
}

class Complaint extends Error {
  override readonly name = 'Complaint';
}

class Scanner {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Iterative, so that a text of nothing but brackets cannot exhaust the stack. */
  value(context: string): void {
    const open: number[] = [];
    let expected = context;
    for (;;) {
      this.skipSpace();
      const byte = this.#peek();
      if (byte === 0x7b || byte === 0x5b) {
        this.#at++;
        this.skipSpace();
        if (this.#peek() === byte + 2) this.#at++;
        else {
          open.push(byte);
          if (byte === 0x7b) this.#key();
          expected = 'looking for beginning of value';
          continue;
        }
      } else this.#literal(byte, expected);
      if (!this.#next(open)) return;
      expected = 'looking for beginning of value';
    }
  }

  skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  complaint(context: string): Complaint {
    return new Complaint(`invalid character ${quoteChar(this.#peek())} ${context}`);
  }

  /** After a value: closes what ends here and moves to the next value. False when the text's one value is complete. */
  #next(open: number[]): boolean {
    while (open.length > 0) {
      const container = open.at(-1) as number;
      this.skipSpace();
      const byte = this.#peek();
      if (byte === 0x2c) {
        this.#at++;
        if (container === 0x7b) this.#key();
        return true;
      }
      if (byte !== container + 2) {
        throw this.complaint(container === 0x7b ? 'after object key:value pair' : 'after array element');
      }
      this.#at++;
      open.pop();
    }
    return false;
  }

  #key(): void {
    this.skipSpace();
    if (this.#peek() !== QUOTE) throw this.complaint('looking for beginning of object key string');
    this.#string();
    this.skipSpace();
    if (this.#peek() !== 0x3a) throw this.complaint('after object key');
    this.#at++;
  }

  #literal(byte: number, context: string): void {
    if (byte === QUOTE) this.#string();
    else if (byte === 0x74) this.#word('true');
    else if (byte === 0x66) this.#word('false');
    else if (byte === 0x6e) this.#word('null');
    else if (byte === 0x2d || isDigit(byte)) this.#number();
    else throw this.complaint(context);
  }

  #word(word: string): void {
    for (let index = 1; index < word.length; index++) {
      this.#at++;
      if (this.#peekOrBlank() !== word.charCodeAt(index)) {
        throw this.#cutOff(`in literal ${word} (expecting '${word[index]}')`);
      }
    }
    this.#at++;
  }

  #string(): void {
    for (this.#at++; this.#peek() !== QUOTE; this.#at++) {
      if (this.#peek() < 0x20) throw this.complaint('in string literal');
      if (this.#peek() === BACKSLASH) this.#escape();
    }
    this.#at++;
  }

  #escape(): void {
    this.#at++;
    const kind = String.fromCharCode(this.#peekOrBlank());
    if (kind !== 'u') {
      if (!'bfnrt\\/"'.includes(kind)) throw this.#cutOff('in string escape code');
      return;
    }
    for (let digit = 0; digit < 4; digit++) {
      this.#at++;
      if (!/[0-9a-fA-F]/.test(String.fromCharCode(this.#peekOrBlank()))) {
        throw this.#cutOff('in \\u hexadecimal character escape');
      }
    }
  }

  #number(): void {
    if (this.#peekOrBlank() === 0x2d) {
      this.#at++;
      if (!isDigit(this.#peekOrBlank())) throw this.#cutOff('in numeric literal');
    }
    if (this.#peekOrBlank() === 0x30) this.#at++;
    else this.#digits();
    if (this.#bytes[this.#at] === 0x2e) {
      this.#at++;
      if (!isDigit(this.#peekOrBlank())) throw this.#cutOff('after decimal point in numeric literal');
      this.#digits();
    }
    const exponent = this.#bytes[this.#at];
    if (exponent === 0x65 || exponent === 0x45) {
      this.#at++;
      if (this.#peekOrBlank() === 0x2b || this.#peekOrBlank() === 0x2d) this.#at++;
      if (!isDigit(this.#peekOrBlank())) throw this.#cutOff('in exponent of numeric literal');
      this.#digits();
    }
  }

  #digits(): void {
    while (isDigit(this.#bytes[this.#at] ?? 0)) this.#at++;
  }

  /** Go's scanner ends every text with a blank, which is what a literal that is cut off runs into. */
  #peekOrBlank(): number {
    return this.#bytes[this.#at] ?? 0x20;
  }

  #cutOff(context: string): Complaint {
    return new Complaint(`invalid character ${quoteChar(this.#peekOrBlank())} ${context}`);
  }

  #peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Complaint('unexpected end of JSON input');
    return byte;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** As Go quotes a character: the byte stands for the code point of the same number. */
function quoteChar(byte: number): string {
  if (byte === 0x27) return "'\\''";
  if (byte === QUOTE) return `'"'`;
  if (byte === BACKSLASH) return "'\\\\'";
  const escaped = ESCAPES[byte];
  if (escaped !== undefined) return `'${escaped}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`;
  if ((byte >= 0x80 && byte <= 0xa0) || byte === 0xad) return `'\\u00${byte.toString(16)}'`;
  return `'${String.fromCharCode(byte)}'`;
}

const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};
