import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lanes } from '../../src/collector/lanes.ts';

const alone = { peers: [], isSuspect: false };
const suspect = { peers: [], isSuspect: true };
const atDepot = { peers: ['https://depot'], isSuspect: false };

/** How many of the same kind find a place. */
function fill(lanes: Lanes, candidate: typeof alone | typeof atDepot): number {
  let entered = 0;
  while (entered < 1000 && lanes.enter(candidate) !== undefined) entered += 1;
  return entered;
}

test('no more are inside than there are places, and a place that is given back is taken again', () => {
  const lanes = new Lanes({ concurrency: 3, perPeer: 3 });
  const leave = lanes.enter(alone);
  assert.equal(fill(lanes, alone), 2);
  assert.deepEqual([lanes.isFull, lanes.inside], [true, 3]);
  leave?.();
  assert.equal(fill(lanes, alone), 1);
});

test('suspects get a quarter of the places, and leave the rest to the others', () => {
  const lanes = new Lanes({ concurrency: 40, perPeer: 40 });
  assert.equal(fill(lanes, suspect), 10);
  assert.equal(fill(lanes, alone), 30);
});

test('one suspect finds a place however few there are', () => {
  assert.equal(fill(new Lanes({ concurrency: 2, perPeer: 1 }), suspect), 1);
});

test('one peer is asked by so many at once, which does not keep others from theirs', () => {
  const lanes = new Lanes({ concurrency: 20, perPeer: 4 });
  const leave = lanes.enter(atDepot);
  assert.equal(fill(lanes, atDepot), 3);
  assert.equal(fill(lanes, { ...atDepot, peers: ['https://other'] }), 4);
  leave?.();
  assert.equal(fill(lanes, atDepot), 1);
});

test('suspects at one peer leave room for the others there, and for suspects elsewhere', () => {
  const lanes = new Lanes({ concurrency: 40, perPeer: 8 });
  const hanging = { ...atDepot, isSuspect: true };
  const leave = lanes.enter(hanging);
  assert.equal(fill(lanes, hanging), 1);
  assert.equal(fill(lanes, atDepot), 6);
  assert.equal(fill(lanes, suspect), 8);
  leave?.();
  assert.equal(fill(lanes, hanging), 1);
});

test('new limits hold for those who come after', () => {
  const lanes = new Lanes({ concurrency: 2, perPeer: 2 });
  fill(lanes, alone);
  lanes.limits = { concurrency: 5, perPeer: 2 };
  assert.equal(fill(lanes, alone), 3);
});

test('a host that asks several peers at once needs a place at each of them', () => {
  const lanes = new Lanes({ concurrency: 10, perPeer: 1 });
  const both = { peers: ['https://depot', 'https://vcenter'], isSuspect: false };
  const leave = lanes.enter(both);
  assert.ok(leave);
  assert.equal(lanes.enter({ ...both, peers: ['https://vcenter'] }), undefined);
  leave();
  assert.ok(lanes.enter({ ...both, peers: ['https://vcenter'] }));
  assert.equal(lanes.enter(both), undefined);
});
