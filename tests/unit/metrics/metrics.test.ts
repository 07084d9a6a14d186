// The page that Prometheus scrapes.

import { expect, test } from 'vitest';
import { Metrics } from '../../../infra/metrics/metrics.ts';

test('counters, histograms and gauges are printed in the text format, by name', () => {
  const metrics = new Metrics();
  const requests = metrics.counter({ name: 'requests_total', help: 'All of them.', labels: ['verb', 'code'] });
  requests.at('GET', '200').add();
  requests.at('GET', '200').add(2);
  requests.at('POST', '409').add();
  const seconds = metrics.histogram({
    name: 'duration_seconds',
    help: 'How long.',
    labels: ['verb'],
    buckets: [0.1, 1],
  });
  for (const value of [0.05, 0.1, 0.5, 7]) seconds.at('GET').observe(value);
  let depth = 3;
  metrics.gauge({ name: 'depth', help: 'Now.', labels: ['name'], read: () => [[['a'], depth]] });
  depth = 4;
  expect(metrics.render()).toBe(`# HELP depth Now.
# TYPE depth gauge
depth{name="a"} 4
# HELP duration_seconds How long.
# TYPE duration_seconds histogram
duration_seconds_bucket{verb="GET",le="0.1"} 2
duration_seconds_bucket{verb="GET",le="1"} 3
duration_seconds_bucket{verb="GET",le="+Inf"} 4
duration_seconds_sum{verb="GET"} 7.65
duration_seconds_count{verb="GET"} 4
# HELP requests_total All of them.
# TYPE requests_total counter
requests_total{verb="GET",code="200"} 3
requests_total{verb="POST",code="409"} 1
`);
});

test('label values may hold anything', () => {
  const metrics = new Metrics();
  metrics
    .counter({ name: 'x_total', help: 'a\nb', labels: ['l'] })
    .at('a"b\\c\nd')
    .add();
  expect(metrics.render()).toBe('# HELP x_total a\\nb\n# TYPE x_total counter\nx_total{l="a\\"b\\\\c\\nd"} 1\n');
});

test('a name belongs to one metric', () => {
  const metrics = new Metrics();
  metrics.counter({ name: 'x_total', help: '' });
  expect(() => metrics.counter({ name: 'x_total', help: '' })).toThrow('metric x_total is defined twice');
});
