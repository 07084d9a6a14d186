import { describe, expect, it } from 'vitest';
import { negotiate, negotiateBody, type Offer, offers } from '../../../../infra/api/http/negotiate.ts';

function chosen(accept: string | undefined, offer: Offer = offers.builtIn): string {
  const outcome = negotiate({ accept }, offer);
  if (outcome.kind === 'notAcceptable') return outcome.message;
  const { encoding, shape } = outcome;
  return shape === undefined ? encoding : `${shape.kind} ${shape.version} ${encoding}`;
}

const table = (version: string) => `application/json;as=Table;v=${version};g=meta.k8s.io`;
const partial = (list: string) => `application/json;as=PartialObjectMetadata${list};g=meta.k8s.io;v=v1`;
const discovery = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
const protobuf = 'application/vnd.kubernetes.protobuf';
const only = 'only the following media types are accepted: ';

describe('an answer', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['*', 'json'],
    ['application/*', 'json'],
    ['application/json', 'json'],
    ['Application/JSON', 'json'],
    ['application/yaml', 'yaml'],
    [protobuf, 'protobuf'],
    ['application/json, */*', 'json'],
    [`${protobuf},application/json`, 'protobuf'],
    [`application/json,${protobuf}`, 'json'],
    [`application/json;q=0.5,${protobuf};q=0.9`, 'protobuf'],
    ['*/*,application/yaml', 'yaml'],
    ['application/*,application/yaml', 'yaml'],
    ['application/json;q=0,application/yaml', 'yaml'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json'],
    ['application/json;charset=utf-8', 'json'],
    ['text/html, application/yaml;q=0.2', 'yaml'],
  ])('to Accept: %s is %s', (accept, expected) => {
    expect(chosen(accept)).toBe(expected);
  });

  it.each([
    [`${table('v1')},${table('v1beta1')},application/json`, 'Table v1 json'],
    [`${table('v1beta1')},application/json`, 'Table v1beta1 json'],
    ['application/yaml;as=Table;v=v1;g=meta.k8s.io', 'Table v1 yaml'],
    ['application/json;as="Table";v="v1";g="meta.k8s.io"', 'Table v1 json'],
    ['application/json; as=Table ; v=v1 ; g=meta.k8s.io', 'Table v1 json'],
    [`${table('v2')},application/json`, 'json'],
    [`${protobuf};as=Table;v=v1;g=meta.k8s.io,application/json`, 'json'],
    ['*/*;as=Table;v=v1;g=meta.k8s.io', 'Table v1 json'],
    [partial(''), 'PartialObjectMetadata v1 json'],
    [partial('List'), 'PartialObjectMetadataList v1 json'],
    [`${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`, 'PartialObjectMetadata v1 protobuf'],
    ['application/json;as=Unknown;g=meta.k8s.io;v=v1,application/yaml', 'yaml'],
  ])('to Accept: %s is %s', (accept, expected) => {
    expect(chosen(accept)).toBe(expected);
  });

  it.each([
    ['text/html', offers.builtIn, 'application/json, application/yaml, application/vnd.kubernetes.protobuf'],
    [table('v2'), offers.builtIn, 'application/json, application/yaml, application/vnd.kubernetes.protobuf'],
    ['application/json/x', offers.builtIn, 'application/json, application/yaml, application/vnd.kubernetes.protobuf'],
    [protobuf, offers.custom, 'application/json, application/yaml, application/vnd.kubernetes.protobuf'],
    ['application/yaml', offers.builtInWatch, `application/json;stream=watch, ${protobuf};stream=watch`],
    ['application/json;stream=other', offers.builtInWatch, `application/json;stream=watch, ${protobuf};stream=watch`],
    ['application/json;stream=watch', offers.plain, 'application/json, application/yaml'],
  ] as const)('to Accept: %s is refused by what would do', (accept, offer, types) => {
    expect(negotiate({ accept }, offer)).toEqual({ kind: 'notAcceptable', message: only + types });
  });

  it.each([
    ['application/json', offers.builtInWatch, 'application/json'],
    ['application/json;stream=watch', offers.builtInWatch, 'application/json'],
    [`${protobuf};stream=watch`, offers.builtInWatch, `${protobuf};stream=watch`],
    [`${protobuf},application/json`, offers.builtIn, protobuf],
    [`${protobuf},application/json`, offers.custom, 'application/json'],
    [`${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`, offers.custom, protobuf],
    [`${protobuf};stream=watch,application/json`, offers.customWatch, 'application/json'],
    [`${table('v1')},application/json`, offers.builtInWatch, 'application/json'],
    [`${discovery('v2')},${discovery('v2beta1')},application/json`, offers.discoveryRoot, discovery('v2')],
    [`${discovery('v2beta1')},application/json`, offers.discoveryRoot, discovery('v2beta1')],
    ['application/json', offers.discoveryRoot, 'application/json'],
    [`${protobuf};as=APIGroupDiscoveryList;g=apidiscovery.k8s.io;v=v2,*/*`, offers.discoveryRoot, 'application/json'],
  ] as const)('to Accept: %s says its content type', (accept, offer, contentType) => {
    expect(negotiate({ accept }, offer)).toMatchObject({ kind: 'accepted', contentType });
  });

  it('is indented for people', () => {
    const prettyOf = (asked: { accept?: string; pretty?: string; userAgent?: string }) => {
      const outcome = negotiate({ accept: asked.accept, ...asked }, offers.builtIn);
      return outcome.kind === 'accepted' && outcome.pretty;
    };
    expect(prettyOf({ accept: 'application/json' })).toBe(false);
    expect(prettyOf({ accept: 'application/json;pretty=1' })).toBe(true);
    expect(prettyOf({ pretty: 'true' })).toBe(true);
    expect(prettyOf({ pretty: '1' })).toBe(true);
    expect(prettyOf({ pretty: 'yes' })).toBe(false);
    expect(prettyOf({ userAgent: 'curl/8.5.0' })).toBe(true);
    expect(prettyOf({ userAgent: 'curl/8.5.0', pretty: 'false' })).toBe(false);
    expect(prettyOf({ userAgent: 'kubectl/v1.33.0' })).toBe(false);
    expect(prettyOf({ accept: 'application/json' })).toBe(false);
  });

  it('to the same header is the same for each of many different headers', () => {
    for (let i = 0; i < 1_000; i++) expect(chosen(`text/x${i},application/yaml`)).toBe('yaml');
    expect(chosen('text/x0,application/yaml')).toBe('yaml');
    expect(chosen('text/x0,application/yaml', offers.builtInWatch)).toContain(only);
  });
});

describe('a body', () => {
  const types = ['application/json', 'application/yaml', protobuf] as const;

  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['application/json', 'application/json'],
    ['application/yaml', 'application/yaml'],
    ['Application/JSON; charset=utf-8', 'application/json'],
    [protobuf, protobuf],
  ])('with Content-Type: %s is read as %s', (contentType, mediaType) => {
    expect(negotiateBody(contentType, types)).toEqual({ kind: 'accepted', mediaType });
  });

  it('of another type is refused by what would do', () => {
    expect(negotiateBody('text/plain', types)).toEqual({
      kind: 'unsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: ' +
        'application/json, application/yaml, application/vnd.kubernetes.protobuf',
    });
  });
});
