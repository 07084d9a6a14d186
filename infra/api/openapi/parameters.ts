// What requests may say in their path and query, as OpenAPI parameters. Invariant: an operation names what it takes in
// the order upstream's documents have, by name.

import type { Verb } from '../kinds/kind.ts';

type Type = 'boolean' | 'integer' | 'string';

// biome-ignore format: a table is read by columns
const types: Readonly<Record<string, Type>> = {
  allowWatchBookmarks: 'boolean',
  follow: 'boolean',
  force: 'boolean',
  gracePeriodSeconds: 'integer',
  ignoreStoreReadErrorWithClusterBreakingPotential: 'boolean',
  insecureSkipTLSVerifyBackend: 'boolean',
  limit: 'integer',
  limitBytes: 'integer',
  orphanDependents: 'boolean',
  previous: 'boolean',
  sendInitialEvents: 'boolean',
  sinceSeconds: 'integer',
  tailLines: 'integer',
  timeoutSeconds: 'integer',
  timestamps: 'boolean',
  watch: 'boolean',
};

const texts: Readonly<Record<string, string>> = {
  namespace: 'object name and auth scope, such as for teams and projects',
  pretty:
    "If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a browser or command-line HTTP tool (curl and wget).",
  dryRun:
    'When present, indicates that modifications should not be persisted. An invalid or unrecognized dryRun directive will result in an error response and no further processing of the request. Valid values are: - All: all dry run stages will be processed',
  fieldManager:
    'fieldManager is a name associated with the actor or entity that is making these changes. The value must be less than or 128 characters long, and only contain printable characters, as defined by https://golang.org/pkg/unicode/#IsPrint.',
  fieldSelector: 'A selector to restrict the list of returned objects by their fields. Defaults to everything.',
  force:
    'Force is going to "force" Apply requests. It means user will re-acquire conflicting fields owned by other people. Force flag must be unset for non-apply patch requests.',
  labelSelector: 'A selector to restrict the list of returned objects by their labels. Defaults to everything.',
  timeoutSeconds:
    'Timeout for the list/watch call. This limits the duration of the call, regardless of any activity or inactivity.',
  watch:
    'Watch for changes to the described resources and return them as a stream of add, update, and remove notifications. Specify resourceVersion.',
};

const ofPatches =
  'This field is required for apply requests (application/apply-patch) but optional for non-apply patch types (JsonPatch, MergePatch, StrategicMergePatch).';

const paging = ['labelSelector', 'limit', 'resourceVersion', 'resourceVersionMatch', 'sendInitialEvents'];
const written = ['dryRun', 'fieldManager', 'fieldValidation'];
const deletion = ['gracePeriodSeconds', 'ignoreStoreReadErrorWithClusterBreakingPotential'];
const dependents = ['orphanDependents', 'propagationPolicy'];

const names: Readonly<Record<Verb, readonly string[]>> = {
  get: [],
  list: ['allowWatchBookmarks', 'continue', 'fieldSelector', ...paging, 'timeoutSeconds', 'watch'],
  watch: [],
  create: written,
  update: written,
  patch: [...written, 'force'],
  delete: ['dryRun', ...deletion, ...dependents],
  deletecollection: ['continue', 'dryRun', 'fieldSelector', ...deletion, ...paging, ...dependents, 'timeoutSeconds'],
};

/** What a subresource that is no object takes. */
const ofSubresources: Readonly<Record<string, readonly string[]>> = {
  log: [
    'container',
    'follow',
    'insecureSkipTLSVerifyBackend',
    'limitBytes',
    'previous',
    'sinceSeconds',
    'stream',
    'tailLines',
    'timestamps',
  ],
};

export type Parameter = { readonly name: string };

/** What an operation takes in its query beside what its path takes. */
export function queryParameters(verb: Verb, subresource = ''): readonly Parameter[] {
  const taken = [...names[verb], ...(ofSubresources[subresource] ?? [])];
  return taken.sort().map((name) => queryParameter(name, verb));
}

/** What all operations of a path take: the parts of the path, and how to print the answer. */
export function pathParameters(path: string, kind: string): readonly Parameter[] {
  const parts = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return [
    ...parts.map((name) => ({
      description: name === 'name' ? `name of the ${kind}` : texts[name],
      ...bare(name, 'path'),
      required: true,
    })),
    queryParameter('pretty', 'get'),
  ];
}

function queryParameter(name: string, verb: Verb): Parameter {
  const description = name === 'fieldManager' && verb === 'patch' ? `${texts[name]} ${ofPatches}` : texts[name];
  return { ...(description === undefined ? undefined : { description }), ...bare(name, 'query') };
}

function bare(name: string, where: 'path' | 'query') {
  return { name, in: where, schema: { type: types[name] ?? 'string', uniqueItems: true } };
}
