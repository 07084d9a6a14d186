// How commands speak: tables that line up, colours on terminals only, progress for what takes longer than a second.
//
// Answers go to stdout and everything about them to stderr, so that output can be piped. Colours follow the terminal
// and NO_COLOR (https://no-color.org).

import { stripVTControlCharacters } from 'node:util';
import type { Clock, Timer } from '../../streams/base/clock.ts';

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export type Terminal = {
  /** Writes a line of the answer. */
  print(line: string): void;
  /** Writes a line about the answer: notes, warnings, errors. */
  note(line: string): void;
  paint(colour: Colour, text: string): string;
  /** Shows what is being waited for if it takes longer than a second; a label that is asked for may tell how far it is. */
  waiting<T>(label: string | (() => string), work: Promise<T>): Promise<T>;
};

export type TerminalOptions = {
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
};

const codes: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const progressAfterMs = 1_000;
const frameMs = 120;
const columnGap = 3;
/** With the gap a column takes six places at least. */
const columnMin = 3;

export function createTerminal({ stdout, stderr, env, clock }: TerminalOptions): Terminal {
  const noColour = env.NO_COLOR !== undefined && env.NO_COLOR !== '';
  const colours = stdout.isTTY === true && !noColour && env.TERM !== 'dumb';
  return {
    print: (line) => void stdout.write(`${line}\n`),
    note: (line) => void stderr.write(`${line}\n`),
    paint(colour, text) {
      const [on, off] = codes[colour];
      return colours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
    },
    async waiting(label, work) {
      const progress = showProgress({ label, stream: stderr, clock });
      try {
        return await work;
      } finally {
        progress.end();
      }
    },
  };
}

/** Lines of a table as kubectl prints them: three blanks between columns, none at the end of a line. */
export function renderTable(headers: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [headers, ...rows];
  const widths = headers.map((_, column) =>
    lines.reduce((width, line) => Math.max(width, widthOf(line[column] ?? '')), columnMin),
  );
  return lines.map((line) =>
    line
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell) + columnGap))
      .join('')
      .trimEnd(),
  );
}

/** The text of `-o json`. */
export function renderJson(value: unknown): string {
  return JSON.stringify(value, null, 4);
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

type ProgressOptions = {
  readonly label: string | (() => string);
  readonly stream: TerminalOptions['stderr'];
  readonly clock: Clock;
};

/** On a terminal a line that moves and goes away; elsewhere one line, so that logs say why nothing happens. */
function showProgress({ label, stream, clock }: ProgressOptions): { end(): void } {
  const started = clock.monotonic();
  let drawn = 0;
  const draw = () => {
    const text = typeof label === 'string' ? label : label();
    if (stream.isTTY === true) {
      const seconds = Math.floor((clock.monotonic() - started) / 1_000);
      stream.write(`\r\u001b[2K${frames[drawn % frames.length]} ${text} (${seconds} s)`);
      timer = clock.after(frameMs, draw);
    } else stream.write(`${text} …\n`);
    drawn++;
  };
  let timer: Timer = clock.after(progressAfterMs, draw);
  return {
    end() {
      timer.cancel();
      if (drawn > 0 && stream.isTTY === true) stream.write('\r\u001b[2K');
    },
  };
}
