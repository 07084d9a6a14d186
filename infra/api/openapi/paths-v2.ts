// Path items of OpenAPI v3 in the words of v2: bodies are parameters, and content types are told apart from schemas.

import type { Parameter } from './parameters.ts';
import type { PathItem } from './paths.ts';

type Content = Readonly<Record<string, { readonly schema: object }>>;
type ParameterV3 = Parameter & { readonly schema: object };
type Operation = {
  readonly parameters: readonly ParameterV3[];
  readonly requestBody?: { readonly content: Content; readonly required?: boolean };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
};

export function itemV2({ parameters, ...operations }: PathItem): PathItem {
  const entries = Object.entries(operations as Readonly<Record<string, Operation>>);
  return {
    ...Object.fromEntries(entries.map(([method, operation]) => [method, operationV2(operation)])),
    parameters: (parameters as readonly ParameterV3[]).map(parameterV2),
  };
}

function operationV2({ parameters, requestBody, responses, ...rest }: Operation): PathItem {
  const produced = Object.values(responses).flatMap(({ content = {} }) => Object.keys(content));
  const body = requestBody === undefined ? [] : [bodyParameter(requestBody)];
  return {
    ...rest,
    schemes: ['https'],
    consumes: requestBody === undefined ? ['*/*'] : Object.keys(requestBody.content),
    produces: [...new Set(produced)],
    parameters: [...body, ...parameters.map(parameterV2)],
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, { description, content }]) => [
        status,
        { description, ...schemaOf(content) },
      ]),
    ),
  };
}

function bodyParameter({ content, required }: NonNullable<Operation['requestBody']>): object {
  return { name: 'body', in: 'body', ...(required === true ? { required } : undefined), ...schemaOf(content) };
}

/** All content types of a body have one schema. */
function schemaOf(content: Content | undefined): object {
  const [one] = Object.values(content ?? {});
  return one === undefined ? {} : { schema: one.schema };
}

function parameterV2({ schema, ...parameter }: ParameterV3): object {
  return { ...parameter, ...schema };
}
