// A string as a literal that reads back as the same string.

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\u000b', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
]);

export function quote(text: string): string {
  let quoted = '';
  for (const character of text) quoted += ESCAPES.get(character) ?? character;
  return `"${quoted}"`;
}
