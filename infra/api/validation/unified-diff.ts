// How a change of a structure is shown to clients: a unified diff of both printed as JSON, one space deep, three lines
// of context (facts: upstream prints the same form).

const contextLines = 3;

type Step = { readonly sign: ' ' | '-' | '+'; readonly line: string };

export function unifiedDiff(before: unknown, after: unknown): string {
  const [a, b] = [lines(before), lines(after)];
  const steps = differences(a, b);
  let text = '';
  for (const [start, end] of hunks(steps)) {
    const shown = steps.slice(start, end);
    const earlier = steps.slice(0, start);
    const from = earlier.filter(({ sign }) => sign !== '+').length + 1;
    const to = earlier.filter(({ sign }) => sign !== '-').length + 1;
    const removed = shown.filter(({ sign }) => sign !== '+').length;
    const added = shown.filter(({ sign }) => sign !== '-').length;
    text += `@@ -${from},${removed} +${to},${added} @@\n`;
    for (const { sign, line } of shown) text += `${sign}${line}\n`;
  }
  return text;
}

function lines(value: unknown): readonly string[] {
  return JSON.stringify(value, null, 1).split('\n');
}

/** The shortest way from one list of lines to the other; both are of one object, so they are short. */
function differences(a: readonly string[], b: readonly string[]): readonly Step[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const same = (from: number, to: number): Step[] => a.slice(from, to).map((line) => ({ sign: ' ', line }));
  const middle = changed(a.slice(start, endA), b.slice(start, endB));
  return [...same(0, start), ...middle, ...same(endA, a.length)];
}

/** Beyond this the changed part is shown as removed and added whole. */
const cellsMax = 1_000_000;

function changed(a: readonly string[], b: readonly string[]): readonly Step[] {
  const removed = (line: string): Step => ({ sign: '-', line });
  const added = (line: string): Step => ({ sign: '+', line });
  if (a.length * b.length > cellsMax) return [...a.map(removed), ...b.map(added)];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      steps.push({ sign: ' ', line: a[i++] ?? '' });
      j++;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) steps.push(removed(a[i++] ?? ''));
    else steps.push(added(b[j++] ?? ''));
  }
  return steps;
}

/** Stretches with changes and their context, as half-open ranges of steps. */
function hunks(steps: readonly Step[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const [i, { sign }] of steps.entries()) {
    if (sign === ' ') continue;
    const [from, to] = [Math.max(0, i - contextLines), Math.min(steps.length, i + contextLines + 1)];
    const last = ranges.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else ranges.push([from, to]);
  }
  return ranges;
}
