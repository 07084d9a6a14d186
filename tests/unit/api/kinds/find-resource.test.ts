import { expect, test } from 'vitest';
import { findResource, resourceNames } from '../../../../infra/api/kinds/find-resource.ts';

test.each([
  ['pods', '', 'pods'],
  ['pod', '', 'pods'],
  ['po', '', 'pods'],
  ['Pod', '', 'pods'],
  ['pods.v1.', '', 'pods'],
  ['deploy', 'apps', 'deployments'],
  ['deployment.apps', 'apps', 'deployments'],
  ['Deployments.v1.apps', 'apps', 'deployments'],
  ['endpoints', '', 'endpoints'],
  ['endpointslices', 'discovery.k8s.io', 'endpointslices'],
  ['lease', 'coordination.k8s.io', 'leases'],
  ['ev', '', 'events'],
  ['events.events.k8s.io', '', 'events'],
  ['widgets.example.com', 'example.com', 'widgets'],
])('%s means %s/%s', (text, group, resource) => {
  expect(findResource(text)).toEqual({ group, resource });
});

test.each(['', 'widget', 'deployment.batch', '.example.com', 'widgets.example.'])('%j means nothing', (text) => {
  expect(findResource(text)).toBeUndefined();
});

test('the names that are told are resources', () => {
  for (const name of resourceNames()) expect(findResource(name)?.resource).toBe(name);
});
