// What there is before the fuzz begins, and again after it has spoilt some of it: one object of every kind, a definition
// with everything a schema can say, an object of it, and a policy bound to one namespace.

import { goldenKinds } from '../kit/golden-kinds.ts';
import { collectionPath, kindOfBody, namespace, rootPath, type TypedBody } from './request.ts';

/** Objects of every kind; those that would be in the way of all others (a quota, a limit) are harmless. */
export const goldens: readonly TypedBody[] = goldenKinds;

const selfRule = (rule: string) => ({ rule, message: 'no' });

export const gadgetSchema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-validations': [
        selfRule('!has(self.min) || self.min <= self.max'),
        selfRule('!has(oldSelf.frozen) || self.frozen == oldSelf.frozen'),
      ],
      properties: {
        min: { type: 'integer', format: 'int32', minimum: -5 },
        max: { type: 'integer', maximum: 100, default: 10, multipleOf: 2 },
        ratio: { type: 'number', exclusiveMinimum: true, minimum: 0 },
        name: { type: 'string', maxLength: 20, pattern: '^[a-z]+(-[a-z]+)*$' },
        frozen: { type: 'string', maxLength: 10 },
        when: { type: 'string', format: 'date-time' },
        size: { 'x-kubernetes-int-or-string': true },
        mode: { type: 'string', enum: ['on', 'off'], default: 'on', nullable: true },
        tags: { type: 'array', items: { type: 'string', maxLength: 9 }, 'x-kubernetes-list-type': 'set', maxItems: 5 },
        ports: {
          type: 'array',
          maxItems: 5,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: {
            type: 'object',
            required: ['port'],
            properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' } },
          },
        },
        labels: { type: 'object', maxProperties: 3, additionalProperties: { type: 'string', minLength: 1 } },
        any: { 'x-kubernetes-preserve-unknown-fields': true },
        pod: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        either: { type: 'integer', oneOf: [{ minimum: 5 }, { maximum: 1 }], not: { enum: [7] } },
        replicas: { type: 'integer' },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
  },
};

export const gadgetDefinition: TypedBody = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.fuzz.example.com' },
  spec: {
    group: 'fuzz.example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', shortNames: ['gd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: gadgetSchema },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
        selectableFields: [{ jsonPath: '.spec.name' }],
        additionalPrinterColumns: [
          { name: 'Max', type: 'integer', jsonPath: '.spec.max' },
          { name: 'When', type: 'date', jsonPath: '.spec.when' },
        ],
      },
      { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: gadgetSchema } },
    ],
  },
};

export const gadget: TypedBody = {
  apiVersion: 'fuzz.example.com/v1',
  kind: 'Gadget',
  metadata: { name: 'golden', labels: { app: 'golden' } },
  spec: {
    min: 1,
    max: 4,
    ratio: 0.5,
    name: 'a-b',
    frozen: 'x',
    when: '2020-01-01T00:00:00Z',
    size: '5%',
    tags: ['a', 'b'],
    ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }],
    labels: { a: 'b' },
    any: { thing: [1, 'x', null] },
    pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: {} },
    either: 6,
    replicas: 2,
  },
};

export const gadgetsPath = `${rootPath('fuzz.example.com/v1')}/namespaces/${namespace}/gadgets`;

/** Requests in this namespace are what the fuzz's policies are about. */
export const policedNamespace = 'policed';
export const policyName = 'fuzzed';

export const policy: TypedBody = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: policyName },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ operations: ['*'], apiGroups: ['', 'apps'], apiVersions: ['*'], resources: ['*/*'] }],
    },
    variables: [{ name: 'labels', expression: "'labels' in object.metadata ? object.metadata.labels : {}" }],
    matchConditions: [{ name: 'some', expression: "request.operation != 'DELETE'" }],
    validations: [
      {
        expression: "!('app' in variables.labels) || variables.labels.app.matches('^[a-z]+$')",
        messageExpression: "'app is ' + variables.labels.app",
      },
    ],
    auditAnnotations: [{ key: 'who', valueExpression: 'request.userInfo.username' }],
  },
};

const policyBinding: TypedBody = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: 'fuzzed' },
  spec: {
    policyName,
    validationActions: ['Deny'],
    matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': policedNamespace } } },
  },
};

/** A deployment of two thousand million replicas is legal, and every one of its pods would be made. */
const podQuota: TypedBody = {
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'garden' },
  spec: { hard: { pods: '30', 'count/replicasets.apps': '30', 'count/jobs.batch': '30' } },
};

const policed: TypedBody = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: policedNamespace } };

export type Seedling = { readonly collection: string; readonly object: TypedBody };

/** In the order in which they can be created. */
export const corpus: readonly Seedling[] = [
  ...[podQuota, ...goldens, policed, gadgetDefinition, policy, policyBinding].map((object) => ({
    collection: collectionPath(kindOfBody(object)),
    object,
  })),
  { collection: gadgetsPath, object: gadget },
];
