// What requests are counted under is bounded, whatever anybody asks for.

import { expect, test } from 'vitest';
import type { ApiResponse } from '../../../../infra/api/http/exchange.ts';
import { requestInfoOf } from '../../../../infra/api/http/request-info.ts';
import { requestMetrics } from '../../../../infra/api/server/request-metrics.ts';
import { Metrics } from '../../../../infra/metrics/metrics.ts';
import { VirtualClock } from '../../../../streams/base/virtual-clock.ts';

const unanswered: ApiResponse = {
  send() {},
  open() {
    throw new Error('nothing is streamed here');
  },
};

function totalsOf(asked: readonly { readonly method: string; readonly path: string }[]): readonly string[] {
  const metrics = new Metrics();
  const isServed = ({ resource }: { readonly resource: string }) => resource === 'pods';
  const counting = requestMetrics({ metrics, clock: new VirtualClock(), isServed });
  for (const { method, path } of asked) {
    const outcome = requestInfoOf({ method, path, query: new URLSearchParams() });
    if (outcome.kind !== 'info') throw new Error(`${path} is a path`);
    const measured = counting.begin(unanswered);
    counting.serving(measured, outcome.info);
    measured.send({ status: 200, headers: {} }, '');
    counting.end(measured, false);
  }
  return metrics
    .render()
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{'));
}

const labels = (verb: string, resource: string, rest: string) =>
  `apiserver_request_total{verb="${verb}",dry_run="",group="",version="${resource === '' ? '' : 'v1'}",resource="${resource}",${rest},component="apiserver",code="200"}`;

test('methods that anybody can make up are counted as others, as upstream does', () => {
  const made = Array.from({ length: 50 }, (_, index) => ({ method: `BREW${index}`, path: '/healthz' }));
  expect(totalsOf(made)).toEqual([`${labels('other', '', 'subresource="/healthz",scope=""')} 50`]);
});

test('resources that nobody serves are counted together', () => {
  const made = Array.from({ length: 50 }, (_, index) => ({ method: 'GET', path: `/api/v1/teapots${index}` }));
  expect(totalsOf(made)).toEqual([`${labels('', '', 'subresource="",scope=""')} 50`]);
});

test('a create is counted under its method, a list under its verb', () => {
  const path = '/api/v1/namespaces/default/pods';
  expect(totalsOf(['POST', 'GET'].map((method) => ({ method, path })))).toEqual([
    `${labels('POST', 'pods', 'subresource="",scope="namespace"')} 1`,
    `${labels('LIST', 'pods', 'subresource="",scope="namespace"')} 1`,
  ]);
});
