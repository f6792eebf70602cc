import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedLook } from '../../src/system/shared-look.ts';

/** A look whose calls end one by one, each with its number or with an error. */
function makeLook() {
  const ends: ((found?: Error) => void)[] = [];
  const look = new SharedLook(() => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const number = ends.length + 1;
    ends.push((error) => (error === undefined ? resolve(number) : reject(error)));
    return promise;
  });
  return { look, ends };
}

test('who asks while a look is under way gets the next one, which all of them share', async () => {
  const { look, ends } = makeLook();
  const first = look.ask();
  const others = [look.ask(), look.ask()];
  assert.equal(ends.length, 1);
  ends[0]?.();
  assert.equal(await first, 1);
  assert.equal(ends.length, 2);
  const late = look.ask();
  ends[1]?.();
  assert.deepEqual(await Promise.all(others), [2, 2]);
  ends[2]?.();
  assert.equal(await late, 3);
});

test('a look that fails does so for those who asked for it, and the next one is made', async () => {
  const { look, ends } = makeLook();
  const first = look.ask();
  const next = look.ask();
  ends[0]?.(new Error('no such place'));
  await assert.rejects(first, { message: 'no such place' });
  ends[1]?.();
  assert.equal(await next, 2);
});

test('a look that is over is not remembered', async () => {
  const { look, ends } = makeLook();
  const first = look.ask();
  ends[0]?.();
  assert.equal(await first, 1);
  const again = look.ask();
  ends[1]?.();
  assert.equal(await again, 2);
});
