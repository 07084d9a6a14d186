// Which representation an answer takes, from the Accept header, and which one a body has, from its Content-Type.
// Follows kube-apiserver: clauses by quality and then as listed, wildcards last; the first clause that the endpoint
// can serve wins; no header means the first type offered (k8s.io/apiserver, endpoints/handlers/negotiation).

import { contentTypes, type Encoding } from '../render/form.ts';

/** Another shape of the object that a client may ask for with `as`, `g` and `v`. */
export type Shape = {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly encodings: readonly Encoding[];
};

/** What an endpoint can serve. Compared by identity: make each once. */
export type Offer = {
  /** In the order of preference and of the 406 text. */
  readonly encodings: readonly Encoding[];
  /** Those that the objects themselves come in, where it is not every one. */
  readonly objects?: readonly Encoding[];
  readonly shapes: readonly Shape[];
  /** A watch: its events are framed, which not every encoding can be. */
  readonly stream: boolean;
};

export type Accepted = {
  readonly kind: 'accepted';
  readonly encoding: Encoding;
  /** Undefined for the object as it is. */
  readonly shape: Shape | undefined;
  /** Indented for people. */
  readonly pretty: boolean;
  /** Of the answer. */
  readonly contentType: string;
};

export type NotAcceptable = { readonly kind: 'notAcceptable'; readonly message: string };

export type AcceptedType<T extends string> = { readonly kind: 'accepted'; readonly mediaType: T };

export type UnsupportedMediaType = { readonly kind: 'unsupportedMediaType'; readonly message: string };

const all: readonly Encoding[] = ['json', 'yaml', 'protobuf'];
const textual: readonly Encoding[] = ['json', 'yaml'];

/** Tables are text; metadata comes in every encoding, also for custom resources. */
const metaShapes: readonly Shape[] = ['v1', 'v1beta1'].flatMap((version) => [
  { kind: 'Table', group: 'meta.k8s.io', version, encodings: textual },
  { kind: 'PartialObjectMetadata', group: 'meta.k8s.io', version, encodings: all },
  { kind: 'PartialObjectMetadataList', group: 'meta.k8s.io', version, encodings: all },
]);

const discoveryShapes: readonly Shape[] = ['v2', 'v2beta1'].map((version) => ({
  kind: 'APIGroupDiscoveryList',
  group: 'apidiscovery.k8s.io',
  version,
  encodings: ['json'],
}));

export const offers = {
  /** Objects and lists of built-in kinds. */
  builtIn: { encodings: all, shapes: metaShapes, stream: false },
  builtInWatch: { encodings: ['json', 'protobuf'], shapes: metaShapes, stream: true },
  /** Custom resources have no protobuf, their metadata has. */
  custom: { encodings: all, objects: textual, shapes: metaShapes, stream: false },
  customWatch: { encodings: ['json', 'protobuf'], objects: ['json'], shapes: metaShapes, stream: true },
  /** `/api` and `/apis`. */
  discoveryRoot: { encodings: all, shapes: discoveryShapes, stream: false },
  /** The rest of discovery. */
  discovery: { encodings: all, shapes: [], stream: false },
  /** Everything that is neither tabled nor stored: reviews, statuses. */
  plain: { encodings: textual, shapes: [], stream: false },
} as const satisfies Readonly<Record<string, Offer>>;

export type Asked = {
  readonly accept: string | undefined;
  /** The query parameter `pretty`. */
  readonly pretty?: string | null | undefined;
  readonly userAgent?: string | undefined;
};

export function negotiate({ accept, pretty, userAgent }: Asked, offer: Offer): Accepted | NotAcceptable {
  const outcome = remembered(accept ?? '', offer);
  if (outcome.kind === 'notAcceptable' || outcome.pretty || !wantsPretty(pretty, userAgent)) return outcome;
  return { ...outcome, pretty: true };
}

/** The media type of a body among those the endpoint reads. Without a Content-Type it is the first. */
export function negotiateBody<T extends string>(
  contentType: string | undefined,
  accepted: readonly [T, ...T[]],
): AcceptedType<T> | UnsupportedMediaType {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const found = mediaType === '' ? accepted[0] : accepted.find((type) => type === mediaType);
  if (found !== undefined) return { kind: 'accepted', mediaType: found };
  const list = accepted.join(', ');
  const message = `the body of the request was in an unknown format - accepted media types include: ${list}`;
  return { kind: 'unsupportedMediaType', message };
}

type Clause = {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
};

/** Clients send a handful of different headers, each thousands of times. */
const memory = new WeakMap<Offer, Map<string, Accepted | NotAcceptable>>();
const rememberedMax = 256;
const rememberedLengthMax = 1_024;

function remembered(accept: string, offer: Offer): Accepted | NotAcceptable {
  const byHeader = memory.get(offer) ?? new Map<string, Accepted | NotAcceptable>();
  const known = byHeader.get(accept);
  if (known !== undefined) return known;
  const outcome = decide(accept, offer);
  if (accept.length > rememberedLengthMax) return outcome;
  if (byHeader.size >= rememberedMax) byHeader.clear();
  byHeader.set(accept, outcome);
  memory.set(offer, byHeader);
  return outcome;
}

function decide(accept: string, offer: Offer): Accepted | NotAcceptable {
  const clauses = accept === '' ? [anything] : parseAccept(accept);
  for (const clause of clauses) {
    for (const encoding of offer.encodings) {
      if (!matches(clause, contentTypes[encoding])) continue;
      const accepted = serve(clause, encoding, offer);
      if (accepted !== undefined) return accepted;
    }
  }
  const types = offer.encodings.map((encoding) => contentTypes[encoding] + (offer.stream ? ';stream=watch' : ''));
  return { kind: 'notAcceptable', message: `only the following media types are accepted: ${types.join(', ')}` };
}

/** The clause in this encoding, unless its parameters ask for what the endpoint does not have. */
function serve({ parameters }: Clause, encoding: Encoding, offer: Offer): Accepted | undefined {
  const stream = parameters.get('stream') ?? '';
  if (stream !== '' && !(offer.stream && stream === 'watch')) return undefined;
  const shape = shapeOf(parameters, encoding, offer);
  if (shape === 'unknown') return undefined;
  if (shape === undefined && offer.objects?.includes(encoding) === false) return undefined;
  const contentType = answerType(encoding, shape, offer);
  return { kind: 'accepted', encoding, shape, pretty: parameters.get('pretty') === '1', contentType };
}

function shapeOf(
  parameters: ReadonlyMap<string, string>,
  encoding: Encoding,
  offer: Offer,
): Shape | 'unknown' | undefined {
  const kind = parameters.get('as');
  const group = parameters.get('g');
  const version = parameters.get('v');
  if (kind === undefined && group === undefined && version === undefined) return undefined;
  const shape = offer.shapes.find((known) => known.kind === kind && known.group === group && known.version === version);
  return shape?.encodings.includes(encoding) ? shape : 'unknown';
}

/** Discovery says its shape in the answer, and clients check it; JSON watches are told apart by nothing. */
function answerType(encoding: Encoding, shape: Shape | undefined, offer: Offer): string {
  const plain = contentTypes[encoding];
  if (shape?.group === 'apidiscovery.k8s.io') return `${plain};g=${shape.group};v=${shape.version};as=${shape.kind}`;
  return offer.stream && encoding !== 'json' ? `${plain};stream=watch` : plain;
}

const anything: Clause = { type: '*', subtype: '*', quality: 1, parameters: new Map() };

/** Highest quality first, then exact types before wildcards, then as listed (the sort is stable). */
function parseAccept(header: string): readonly Clause[] {
  return header
    .split(',')
    .map(parseClause)
    .filter((clause) => clause !== undefined)
    .sort((a, b) => b.quality - a.quality || Number(a.type === '*') - Number(b.type === '*') || wildcardLast(a, b));
}

function wildcardLast(a: Clause, b: Clause): number {
  return Number(a.subtype === '*') - Number(b.subtype === '*');
}

function parseClause(text: string): Clause | undefined {
  const [range = '', ...rest] = text.split(';');
  const [type = '', subtype = '', more] = range.trim().toLowerCase().split('/');
  if (more !== undefined || type === '' || (subtype === '' && type !== '*')) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const value = parameter.slice(equals + 1).trim();
    parameters.set(parameter.slice(0, equals).trim().toLowerCase(), value.replace(/^"(.*)"$/, '$1'));
  }
  const quality = Number(parameters.get('q') ?? 1);
  // RFC 9110, 12.4.2: a quality of zero means "not acceptable".
  if (!(quality > 0)) return undefined;
  return { type, subtype: subtype === '' ? '*' : subtype, quality, parameters };
}

function matches({ type, subtype }: Clause, mediaType: string): boolean {
  if (type === '*') return subtype === '*';
  return mediaType === `${type}/${subtype}` || (subtype === '*' && mediaType.startsWith(`${type}/`));
}

function wantsPretty(parameter: string | null | undefined, userAgent: string | undefined): boolean {
  // Go's ParseBool: everything else, and a parameter that makes no sense, is false.
  if (parameter) return /^(1|t|T|TRUE|true|True)$/.test(parameter);
  return userAgent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
