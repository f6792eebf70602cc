import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostRefusalLines, RefusalLines } from '../../src/receiver/refusal-lines.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

test('a sender that has much refused gets few lines, and others theirs', () => {
  const [log, clock] = [makeCollectingLog(), new FakeClock()];
  const lines = new RefusalLines(log, clock);
  const refuse = (address: string, times: number) => {
    for (let time = 0; time < times; time += 1) lines.tell(address, {}, 'refused');
  };
  refuse('192.0.2.1', 10_000);
  refuse('192.0.2.2', 1);
  const rest =
    'of senders that have more than 300 a minute: not a line each, of this one and others';
  assert.equal(log.lines.filter((line) => line === 'info refused {}').length, mostRefusalLines + 1);
  const warned = () => log.lines.filter((line) => line.startsWith('warn'));
  assert.deepEqual(warned(), [`warn 1 refusal ${rest} { address: '192.0.2.1' }`]);
  clock.advance(60_000);
  refuse('192.0.2.1', mostRefusalLines + 1);
  assert.equal(warned()[1], `warn 9700 refusals ${rest} { address: '192.0.2.1' }`);
});
