import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostRefusalLines, RefusalLines } from '../../src/receiver/refusal-lines.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

test('a sender that has much refused gets few lines, and others theirs', () => {
  const [log, clock] = [makeCollectingLog(), new FakeClock()];
  const lines = new RefusalLines(log, clock);
  const refuse = (address: string, times: number, isGrave = false) => {
    for (let time = 0; time < times; time += 1) {
      lines.tell({ address, fields: {}, message: 'refused', isGrave });
    }
  };
  const count = (line: string) => log.lines.filter((told) => told === line).length;
  refuse('192.0.2.1', 10_000);
  refuse('192.0.2.2', 1);
  assert.equal(count('info refused {}'), mostRefusalLines + 1);
  const rest =
    "without a line of their own: more than 300 a minute of one sender or 1000 of all { address: '192.0.2.1' }";
  assert.equal(count(`warn 1 refusal ${rest}`), 1);
  clock.advance(60_000);
  refuse('192.0.2.1', mostRefusalLines + 1);
  assert.equal(count(`warn 9700 refusals ${rest}`), 1);
  clock.advance(60_000);
  for (let host = 0; host < 5000; host += 1) refuse(`198.51.100.${host}`, 1, true);
  assert.equal(count('warn refused {}'), 1000);
});
