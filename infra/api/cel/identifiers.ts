// Names of properties that are no CEL identifiers are escaped in expressions (`a-b` is `a__dash__b`, `namespace` is
// `__namespace__`). A name that cannot be escaped cannot be used in an expression at all.

const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);
const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};
const UNESCAPES: Readonly<Record<string, string>> = { underscores: '__', dot: '.', dash: '-', slash: '/' };

export function escapeIdentifier(name: string): string | undefined {
  if (!/^[A-Za-z_./-][\w./-]*$/.test(name)) return undefined;
  if (RESERVED.has(name)) return `__${name}__`;
  return name.replace(/__|[-./]/g, (part) => ESCAPES[part] ?? part);
}

export function unescapeIdentifier(escaped: string): string | undefined {
  if (!escaped.includes('__')) return escaped;
  let possible = true;
  const name = escaped.replace(/__[^_]+__/g, (part) => {
    const inner = part.slice(2, -2);
    const known = Object.hasOwn(UNESCAPES, inner) ? UNESCAPES[inner] : undefined;
    if (known !== undefined) return known;
    if (!RESERVED.has(inner) || part.length !== escaped.length) possible = false;
    return inner;
  });
  return possible ? name : undefined;
}

/** A reserved word may also be written as it is, behind a dot. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name);
}
