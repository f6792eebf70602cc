/** Metrics as text: what Prometheus reads, and what its linter says of it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Histogram } from '../../src/metrics/histogram.ts';
import { byLabel, counter, gauge } from '../../src/metrics/metric.ts';
import { chooseFormat, toText } from '../../src/metrics/text.ts';
import { skipWithout } from '../helpers/required-peer.ts';

const open = chooseFormat('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
const plain = chooseFormat('*/*');

function metricsOfAll() {
  const seconds = new Histogram(0.005);
  for (const value of [0.0005, 0.003, 9]) seconds.add(value);
  const hostile = 'a"b\\c\nd';
  return [
    counter('faults_total', 'Faults, by code.', byLabel('code', [[hostile, 2]])),
    counter('refusals_total', 'None yet.', []),
    gauge('age_seconds', 'Age.', 1.5),
    gauge('unknown_seconds', 'Not known.', undefined),
    seconds.toMetric('store_seconds', 'Time until safe.'),
  ];
}

const histogram = [
  'a_store_seconds_bucket{le="0.001"} 1',
  'a_store_seconds_bucket{le="0.0025"} 1',
  'a_store_seconds_bucket{le="0.005"} 2',
  'a_store_seconds_bucket{le="+Inf"} 3',
  'a_store_seconds_sum 9.0035',
  'a_store_seconds_count 3',
];

test('a value has its help, its type, its labels; what has no value is left out', () => {
  assert.deepEqual(toText('a_', metricsOfAll(), plain).split('\n'), [
    '# HELP a_faults_total Faults, by code.',
    '# TYPE a_faults_total counter',
    'a_faults_total{code="a\\"b\\\\c\\nd"} 2',
    '# HELP a_age_seconds Age.',
    '# TYPE a_age_seconds gauge',
    'a_age_seconds 1.5',
    '# HELP a_store_seconds Time until safe.',
    '# TYPE a_store_seconds histogram',
    ...histogram,
    '',
  ]);
});

test('OpenMetrics, for who asks: a counter is described without _total, and there is an end', () => {
  assert.deepEqual(toText('a_', metricsOfAll(), open).split('\n'), [
    '# HELP a_faults Faults, by code.',
    '# TYPE a_faults counter',
    'a_faults_total{code="a\\"b\\\\c\\nd"} 2',
    '# HELP a_age_seconds Age.',
    '# TYPE a_age_seconds gauge',
    'a_age_seconds 1.5',
    '# HELP a_store_seconds Time until safe.',
    '# TYPE a_store_seconds histogram',
    ...histogram,
    '# EOF',
    '',
  ]);
});

test('the linter of Prometheus has nothing to say', { skip: skipWithout('promtool') }, () => {
  const input = toText('a_', metricsOfAll(), plain);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input });
  assert.deepEqual([status, String(stdout), String(stderr)], [0, '', '']);
});
