// Shows what the set-up is doing: one line when a step ends, and on a terminal a moving line while steps run.
//
// Everything goes to stderr, so that a command's own output on stdout stays clean even when it had to set up first.

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 120;

/**
 * @param {NodeJS.WriteStream} [stream]
 * @returns {{ step<T>(name: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>, note(line: string): void }}
 */
export function createProgress(stream = process.stderr) {
  return stream.isTTY === true ? terminalProgress(stream) : plainProgress(stream);
}

function plainProgress(stream) {
  return {
    note: (line) => void stream.write(`${line}\n`),
    async step(name, work) {
      const started = Date.now();
      stream.write(`  ${name} …\n`);
      try {
        const result = await work(() => undefined);
        stream.write(`  ${name}: done (${seconds(started)})\n`);
        return result;
      } catch (error) {
        stream.write(`  ${name}: failed (${seconds(started)})\n`);
        throw error;
      }
    },
  };
}

function terminalProgress(stream) {
  const colour = process.env.NO_COLOR === undefined || process.env.NO_COLOR === '';
  const green = (text) => (colour ? `\u001b[32m${text}\u001b[0m` : text);
  const red = (text) => (colour ? `\u001b[31m${text}\u001b[0m` : text);
  const running = new Map();
  let timer;
  let frame = 0;
  const clear = () => stream.write('\r\u001b[2K');
  const draw = () => {
    frame = (frame + 1) % FRAMES.length;
    const parts = [...running].map(
      ([name, { started, detail }]) => `${name} ${seconds(started)}${detail && ` ${detail}`}`,
    );
    stream.write(`\r\u001b[2K${`${FRAMES[frame]} ${parts.join(' · ')}`.slice(0, (stream.columns ?? 80) - 1)}`);
  };
  const line = (text) => {
    clear();
    stream.write(`${text}\n`);
  };
  return {
    note: line,
    async step(name, work) {
      const state = { started: Date.now(), detail: '' };
      running.set(name, state);
      timer ??= setInterval(draw, FRAME_MS);
      try {
        const result = await work((detail) => {
          state.detail = detail;
        });
        line(`${green('✓')} ${name} (${seconds(state.started)})`);
        return result;
      } catch (error) {
        line(`${red('✗')} ${name} (${seconds(state.started)})`);
        throw error;
      } finally {
        running.delete(name);
        if (running.size === 0) {
          clearInterval(timer);
          timer = undefined;
          clear();
        }
      }
    },
  };
}

/** @param {number} started */
function seconds(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}
