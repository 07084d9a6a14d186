// A fieldsV1 of managedFields as JSON. It is often the longest part of an object, and objects that are made alike have
// it alike: sets that are shared by many are spelled once. Their text is what JSON.stringify would write.

const texts = new WeakMap<object, string>();

/** Spells the set for all who will have it: it must never change. */
export function spellOnce(fields: object): void {
  texts.set(fields, textOf(fields));
}

export function textOf(fields: object): string {
  return texts.get(fields) ?? spelled(fields as Readonly<Record<string, unknown>>);
}

function spelled(fields: Readonly<Record<string, unknown>>): string {
  let text = '{';
  for (const element in fields) {
    const below = fields[element];
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(element)}:`;
    text += typeof below === 'object' && below !== null ? textOf(below) : JSON.stringify(below);
  }
  return `${text}}`;
}
