// Named formats: what Kubernetes' names and the formats of schemas have to look like, and why a text does not.

import { hasFormat } from '../../crd/formats.ts';
import { labelValueProblem, nameProblem, qualifiedNameProblem } from '../../registry/names.ts';
import { ArrayList } from '../collections.ts';
import { NOTHING, Optional, type Result } from '../values.ts';
import { kubernetesType, Opaque } from './opaque.ts';
import type { Implementation, Library } from './signature.ts';
import { uriProblem } from './urls.ts';

const TYPE = kubernetesType('NamedFormat');

type Problem = (text: string) => string | undefined;

class Format extends Opaque {
  readonly type = TYPE;
  readonly name: string;
  readonly problem: Problem;
  /** How long the pattern behind it is, which is what checking costs. */
  readonly patternSize: number;

  constructor(name: string, patternSize: number, problem: Problem) {
    super();
    this.name = name;
    this.problem = problem;
    this.patternSize = patternSize;
  }

  protected same(other: Format): boolean {
    return this.name === other.name;
  }
}

/** Names that are completed may end in a dash. */
const asPrefix = (problem: Problem): Problem => {
  return (text) => problem(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
};
const label: Problem = (text) => nameProblem(text, 'label')?.replace(/^must not contain dots$/, LABEL_TEXT);
const subdomain: Problem = (text) => nameProblem(text, 'subdomain');
const service: Problem = (text) => nameProblem(text, 'service');
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

function schemaFormat(name: string, message: string): Problem {
  return (text) => (hasFormat(name, text) ? undefined : message);
}

const FORMATS: ReadonlyMap<string, Format> = new Map(
  (
    [
      ['dns1123Label', 30, label],
      ['dns1123Subdomain', 60, subdomain],
      ['dns1035Label', 30, service],
      ['qualifiedName', 60, qualifiedNameProblem],
      ['dns1123LabelPrefix', 30, asPrefix(label)],
      ['dns1123SubdomainPrefix', 60, asPrefix(subdomain)],
      ['dns1035LabelPrefix', 30, asPrefix(service)],
      ['labelValue', 40, labelValueProblem],
      ['uri', 1103, uriProblem],
      ['uuid', 70, schemaFormat('uuid', 'does not match the UUID format')],
      ['byte', 84, schemaFormat('byte', 'invalid base64')],
      ['date', 71, schemaFormat('date', 'invalid date')],
      ['datetime', 71, schemaFormat('datetime', 'invalid datetime')],
    ] satisfies readonly (readonly [string, number, Problem])[]
  ).map(([name, size, problem]) => [name, new Format(name, size, problem)]),
);

export const FORMATS_LIBRARY: Library = {
  ...Object.fromEntries([...FORMATS].map(([name, format]) => [`format.${name}`, constant(name, format)])),
  'format.named': {
    'format-named(string) optional_type(kubernetes.NamedFormat)': (name: string): Result => {
      const format = FORMATS.get(name);
      return format === undefined ? NOTHING : new Optional(format);
    },
  },
  validate: {
    '.format-validate(kubernetes.NamedFormat, string) optional_type(list(string))': (
      { problem }: Format,
      text: string,
    ): Result => {
      const found = problem(text);
      return found === undefined ? NOTHING : new Optional(new ArrayList([found]));
    },
  },
};

function constant(name: string, format: Format): Readonly<Record<string, Implementation>> {
  return { [`format.${name}() kubernetes.NamedFormat`]: () => format };
}
