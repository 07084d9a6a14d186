// Expressions of CEL: grown from its grammar, so that many parse and some have types, with slips of the pen in others.
// They go into the rules of definitions and into admission policies.

import type { Body } from '../../kit/api-world.ts';
import { gadgetDefinition, policedNamespace, policy, policyName } from '../corpus.ts';
import type { Draw } from '../draw.ts';
import { mutated } from '../mutate.ts';
import {
  collectionPath,
  type FuzzRequest,
  freshNames,
  jsonBody,
  jsonType,
  kindOfBody,
  rootPath,
  type TypedBody,
} from '../request.ts';

export function expression(draw: Draw): string {
  const grown = grow(draw, 1 + draw.int(4));
  return draw.chance(0.15) ? draw.typo(grown) : grown;
}

/** A definition whose rules are any expressions. */
export function rules(draw: Draw): FuzzRequest {
  const rule = (): Body => ({
    rule: expression(draw),
    ...(draw.chance(0.2) ? { messageExpression: expression(draw) } : { message: draw.one(['no', '', ' ', 'a\nb']) }),
    ...(draw.chance(0.1) ? { optionalOldSelf: draw.one([true, false, 'x']) } : undefined),
    ...(draw.chance(0.1)
      ? { reason: draw.one(['FieldValueInvalid', 'x']), fieldPath: draw.one(['.a', '.spec', 'x', '.list[0]']) }
      : undefined),
  });
  const ruled = (schema: Body): Body =>
    draw.chance(0.5) ? { ...schema, 'x-kubernetes-validations': draw.some(2, rule) } : schema;
  const schema = ruled({
    type: 'object',
    properties: {
      spec: ruled({
        type: 'object',
        properties: {
          a: ruled({ type: 'string', ...bound(draw, 'maxLength') }),
          n: ruled({ type: 'integer' }),
          list: ruled({
            type: 'array',
            ...bound(draw, 'maxItems'),
            items: ruled({ type: 'string', ...bound(draw, 'maxLength') }),
          }),
          map: ruled({
            type: 'object',
            ...bound(draw, 'maxProperties'),
            additionalProperties: ruled({ type: 'integer' }),
          }),
          when: { type: 'string', format: draw.one(['date-time', 'duration', 'date', 'x']) },
        },
      }),
    },
  });
  const plural = `rules${draw.int(4)}`;
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }];
  const body = {
    ...gadgetDefinition,
    metadata: { name: `${plural}.fuzz.example.com` },
    spec: { ...(gadgetDefinition.spec as Body), names: { plural, kind: plural.toUpperCase() }, versions },
  };
  const path = collectionPath(kindOfBody(gadgetDefinition));
  return {
    method: 'POST',
    path: `${path}${draw.chance(0.97) ? '?dryRun=All' : ''}`,
    headers: jsonType,
    body: jsonBody(body),
  };
}

/** A policy with any expressions, or a request it is asked about. */
export function policies(draw: Draw): FuzzRequest {
  if (draw.chance(0.4)) return judged(draw);
  const spec = policy.spec as Body;
  const changed = {
    ...spec,
    ...(draw.chance(0.3)
      ? {
          variables: draw.some(3, () => ({ name: draw.one(['labels', 'x', 'a.b', '']), expression: expression(draw) })),
        }
      : undefined),
    ...(draw.chance(0.2)
      ? { matchConditions: draw.some(2, () => ({ name: draw.one(['a', 'b', 'A B']), expression: expression(draw) })) }
      : undefined),
    ...(draw.chance(0.2)
      ? { auditAnnotations: [{ key: draw.one(['a', 'a b', '']), valueExpression: expression(draw) }] }
      : undefined),
    ...(draw.chance(0.1)
      ? {
          paramKind: draw.one([
            { apiVersion: 'v1', kind: 'ConfigMap' },
            { apiVersion: 'x/y/z', kind: '' },
          ]),
        }
      : undefined),
    failurePolicy: draw.one(['Fail', 'Ignore']),
    validations: draw.some(3, () => ({
      expression: expression(draw),
      ...(draw.chance(0.3) ? { messageExpression: expression(draw) } : undefined),
    })),
  };
  const whole = { ...policy, spec: draw.chance(0.2) ? mutated(draw, changed) : changed };
  if (draw.chance(0.3)) return mutatingPolicy(draw);
  const path = `${collectionPath(kindOfBody(policy))}/${policyName}${draw.chance(0.5) ? '?dryRun=All' : ''}`;
  return { method: 'PUT', path, headers: jsonType, body: jsonBody(whole) };
}

function mutatingPolicy(draw: Draw): FuzzRequest {
  const { matchConstraints, failurePolicy } = policy.spec as Body;
  const mutations = draw.some(2, () =>
    draw.chance(0.5)
      ? {
          patchType: 'JSONPatch',
          jsonPatch: { expression: `[JSONPatch{op: "add", path: "/metadata/labels/x", value: ${expression(draw)}}]` },
        }
      : {
          patchType: 'ApplyConfiguration',
          applyConfiguration: { expression: `Object{metadata: Object.metadata{labels: ${expression(draw)}}}` },
        },
  );
  const object = {
    apiVersion: policy.apiVersion,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: draw.one(freshNames) },
    spec: { matchConstraints, failurePolicy, reinvocationPolicy: draw.one(['Never', 'IfNeeded', 'x']), mutations },
  } as TypedBody;
  return {
    method: 'POST',
    path: `${collectionPath(kindOfBody(object))}?dryRun=All`,
    headers: jsonType,
    body: jsonBody(object),
  };
}

/** A write the bound policy has a say in. */
function judged(draw: Draw): FuzzRequest {
  const labels = draw.one<unknown>([{}, { app: 'golden' }, { app: 'A1' }, { app: '' }, null, { 'a/b': 'c' }]);
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: draw.one(freshNames), labels },
    data: { a: draw.one(['', 'x', '5']) },
  };
  const path = `${rootPath('v1')}/namespaces/${policedNamespace}/configmaps`;
  const body = jsonBody(draw.chance(0.3) ? mutated(draw, object) : object);
  if (draw.chance(0.2)) return { method: 'DELETE', path: `${path}/${draw.one(freshNames)}`, headers: {} };
  return { method: 'POST', path: path + draw.one(['', '?dryRun=All']), headers: jsonType, body };
}

function bound(draw: Draw, name: string): Body {
  return draw.chance(0.7) ? { [name]: draw.one([1, 10, 1_000, -1, 1e15]) } : {};
}

function grow(draw: Draw, depth: number): string {
  if (depth <= 0) return draw.one(leaves);
  const inner = () => grow(draw, depth - 1);
  return draw.way([
    [4, () => `${inner()} ${draw.one(operators)} ${inner()}`],
    [3, () => `${inner()}.${draw.one(methods)}(${draw.some(2, inner).join(', ')})`],
    [2, () => `${draw.one(functions)}(${draw.some(2, inner).join(', ')})`],
    [2, () => `${inner()}.${draw.one(macros)}(${draw.one(['x', 'y', 'self', '__proto__'])}, ${inner()})`],
    [1, () => `${draw.one(['!', '-', '--', '!!'])}${inner()}`],
    [1, () => `${inner()} ? ${inner()} : ${inner()}`],
    [1, () => `[${draw.some(3, inner).join(', ')}]`],
    [1, () => `{${draw.some(2, () => `${inner()}: ${inner()}`).join(', ')}}`],
    [1, () => `${inner()}[${inner()}]`],
    [1, () => `${inner()}.${draw.one(['a', 'spec', 'list', '?a', '`a-b`', 'constructor'])}`],
    [1, () => `has(${inner()}.${draw.one(['a', 'spec', 'x'])})`],
    [1, () => `(${inner()})`],
  ]);
}

const leaves = [
  ...[
    'self',
    'self.spec',
    'self.a',
    'self.list',
    'self.map',
    'self.spec.n',
    'oldSelf',
    'oldSelf.a',
    'x',
    'y',
    'object',
  ],
  ...['object.metadata.name', 'oldObject', 'request.operation', 'request.userInfo.groups', 'params', 'variables.x'],
  ...['namespaceObject.metadata.labels', 'authorizer', 'authorizer.group("").resource("pods").check("get").allowed()'],
  ...['true', 'false', 'null', '0', '-1', '9223372036854775807', '18446744073709551615u', '1e308', '1.5', '0x1F', '.5'],
  ...[
    "'a'",
    '"b"',
    "r'\\d'",
    "b'\\xff'",
    "'''x'''",
    "'\\u00e9'",
    "'(a+)+$'",
    "'2020-01-01T00:00:00Z'",
    "'1h'",
    "'10.0.0.1'",
  ],
  ...[
    "'('",
    '[]',
    '{}',
    "['a', 'b']",
    "{'a': 1}",
    'int',
    'type(1)',
    'google.protobuf.Timestamp{}',
    'optional.none()',
    '`x`',
  ],
];
const operators = ['==', '!=', '<', '<=', '>', '>=', '&&', '||', '+', '-', '*', '/', '%', 'in', '=', '&', '??'];
const macros = ['all', 'exists', 'exists_one', 'map', 'filter', 'transformList', 'transformMap', 'existsOne', 'sortBy'];
const methods = [
  ...[
    'size',
    'contains',
    'startsWith',
    'endsWith',
    'matches',
    'split',
    'join',
    'replace',
    'substring',
    'lowerAscii',
    'charAt',
  ],
  ...[
    'find',
    'findAll',
    'indexOf',
    'sum',
    'min',
    'max',
    'isSorted',
    'getHours',
    'getSeconds',
    'getHost',
    'reverse',
    'format',
  ],
  ...[
    'compareTo',
    'isGreaterThan',
    'asInteger',
    'ip',
    'containsIP',
    'family',
    'orValue',
    'hasValue',
    'value',
    'trim',
    'nope',
  ],
];
const functions = [
  ...[
    'size',
    'int',
    'uint',
    'double',
    'string',
    'bytes',
    'bool',
    'timestamp',
    'duration',
    'type',
    'dyn',
    'matches',
    'url',
  ],
  ...[
    'quantity',
    'isQuantity',
    'ip',
    'isIP',
    'cidr',
    'isURL',
    'semver',
    'isSemver',
    'optional.of',
    'sets.contains',
    'nope',
  ],
  ...['format.named', 'math.greatest', 'jsonpatch.escapeKey', 'sets.intersects', 'cel.bind', 'lists.range'],
];
