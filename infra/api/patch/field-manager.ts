// The name a write is owned under: the client's `fieldManager`, or else what its User-Agent starts with.

/** Kubernetes' bound on a manager's name, in bytes. */
export const fieldManagerBytesMax = 128;

/** The manager of a write that is not an apply; an apply must name its manager itself. */
export const fieldManagerOf = (request: { readonly fieldManager: string; readonly userAgent: string }): string =>
  request.fieldManager !== '' ? request.fieldManager : remembered(request.userAgent);

/** A few clients ask for everything. */
const remembered = (userAgent: string): string => {
  let product = products.get(userAgent);
  if (product === undefined) {
    product = productOf(userAgent);
    if (products.size >= productsMax) products.clear();
    if (userAgent.length <= rememberedCharsMax) products.set(userAgent, product);
  }
  return product;
};

const productsMax = 256;
const rememberedCharsMax = 1_024;
const products = new Map<string, string>();

/** Why a `fieldManager` parameter is refused, in upstream's words; undefined when it is fine. */
export const fieldManagerComplaint = (fieldManager: string): string | undefined => {
  if (Buffer.byteLength(fieldManager) > fieldManagerBytesMax) {
    return `fieldManager: Too long: may not be more than ${fieldManagerBytesMax} bytes`;
  }
  let position = 0;
  for (const character of fieldManager) {
    if (!PRINTABLE.test(character)) {
      const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
      return `fieldManager: Invalid value: ${JSON.stringify(fieldManager)}: invalid character U+${code} (at position ${position})`;
    }
    position += Buffer.byteLength(character);
  }
  return undefined;
};

const productOf = (userAgent: string): string => {
  let product = '';
  let bytes = 0;
  for (const character of userAgent.split('/', 1)[0] ?? '') {
    if (!PRINTABLE.test(character)) continue;
    bytes += Buffer.byteLength(character);
    if (bytes > fieldManagerBytesMax) break;
    product += character;
  }
  return product;
};

/** What Go calls printable: letters, marks, numbers, punctuation, symbols and the plain space. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
