/** The small parts, each by itself. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { parseOptions } from '../../src/cli/options.ts';
import {
  hashPassword,
  hashToken,
  idsOfToken,
  isFastHash,
  isPassword,
  isToken,
  makeRegistrationToken,
  makeUploadToken,
} from '../../src/receiver/hashing.ts';
import { Budget, Gate, RateLimit, Slots } from '../../src/receiver/limits.ts';
import { readPart } from '../../src/receiver/multipart.ts';
import { receiverOptions, toSettings } from '../../src/receiver/options.ts';
import { matchesPattern, parsePattern } from '../../src/receiver/patterns.ts';
import { parseProducedAt } from '../../src/receiver/produced-at.ts';
import { Refusal, refusals } from '../../src/receiver/refusal.ts';
import { Records } from '../../src/receiver/state/records.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

test('a pattern fits as a shell would have it, and never takes long', () => {
  const fitting = ['web01', 'web*', '*01', 'w?b0?', '*', 'w*b*1', '***', 'web01*'];
  for (const pattern of fitting) assert.ok(matchesPattern('web01', [pattern]), pattern);
  for (const pattern of ['web', 'eb01', '?', 'web0', 'WEB01', 'web01?', '', '*2']) {
    assert.ok(!matchesPattern('web01', [pattern]), pattern);
  }
  assert.ok(!matchesPattern('web01', []));
  assert.ok(matchesPattern('a.b', ['a.b']) && !matchesPattern('axb', ['a.b']));
  assert.ok(!matchesPattern('a'.repeat(240), [`${'*a'.repeat(119)}b`]));
  fc.assert(
    fc.property(
      fc.stringMatching(/^[ab]{0,8}$/),
      fc.stringMatching(/^[ab*?]{0,8}$/),
      (name, glob) => {
        const expression = glob.replaceAll('*', '.*').replaceAll('?', '.');
        assert.equal(matchesPattern(name, [glob]), new RegExp(`^${expression}$`).test(name));
      },
    ),
  );
  for (const bad of ['', 'a b', 'a/b', 'ä', 'x'.repeat(241)])
    assert.throws(() => parsePattern(bad));
});

test('a rate is a bucket that fills again', () => {
  const clock = new FakeClock();
  const rate = new RateLimit(2, clock);
  assert.deepEqual([rate.take('a'), rate.take('a'), rate.take('a')], [undefined, undefined, 30]);
  assert.equal(rate.take('b'), undefined);
  clock.advance(29_000);
  assert.equal(rate.take('a'), 1);
  clock.advance(1000);
  assert.deepEqual([rate.take('a'), rate.take('a')], [undefined, 30]);
});

test('a rate goes on at its pace when somebody sets the time, forwards or back', () => {
  for (const stepMs of [3_600_000, -3_600_000]) {
    const clock = new FakeClock();
    const rate = new RateLimit(2, clock);
    assert.deepEqual([rate.take('a'), rate.take('a'), rate.take('a')], [undefined, undefined, 30]);
    clock.step(stepMs);
    assert.equal(rate.take('a'), 30, `${stepMs}`);
    clock.advance(30_000);
    assert.deepEqual([rate.take('a'), rate.take('a')], [undefined, 30], `${stepMs}`);
  }
});

test('senders that come by the million do not fill the memory', () => {
  const rate = new RateLimit(1, new FakeClock());
  for (let n = 0; n < 120_000; n += 1) assert.equal(rate.take(`sender ${n}`), undefined);
});

test('slots are given back once, whoever gives them back twice', () => {
  const slots = new Slots(2, 1);
  const giveBack = slots.take('a');
  assert.throws(() => slots.take('a'), { reason: 'too-many' });
  slots.take('b');
  assert.throws(() => slots.take('c'), { reason: 'overloaded' });
  giveBack();
  giveBack();
  assert.equal(slots.used, 1);
  slots.take('a');
  assert.throws(() => slots.take('c'), { reason: 'overloaded' });
});

test('a budget takes no more than there is', () => {
  const budget = new Budget(10);
  budget.take(10);
  assert.throws(() => budget.take(1), { reason: 'overloaded' });
  budget.giveBack(10);
  assert.equal(budget.used, 0);
});

test('a gate lets so many in at a time, in order, also past those that fail', async () => {
  const gate = new Gate(1, 2);
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const enter = (n: number) =>
    gate.run(async () => {
      order.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (n === 1) throw new Error('one fails');
    });
  const first = enter(1);
  const others = [enter(2), enter(3)];
  await assert.rejects(enter(4), { reason: 'overloaded' });
  assert.deepEqual(order, [1]);
  ends.shift()?.();
  await assert.rejects(first, /one fails/);
  while (order.length < 3) {
    ends.shift()?.();
    await new Promise(setImmediate);
  }
  ends.shift()?.();
  await Promise.all(others);
  assert.deepEqual(order, [1, 2, 3]);
});

test('who asks a gate much waits behind who asks it once', async () => {
  const gate = new Gate(1, 3);
  const order: string[] = [];
  const enter = (who: string, key: string) =>
    gate.run(async () => {
      order.push(who);
      await new Promise(setImmediate);
    }, key);
  const all = [1, 2, 3, 4].map((n) => enter(`much ${n}`, 'much'));
  all.push(enter('once', 'once'));
  await assert.rejects(enter('much 5', 'much'), { reason: 'overloaded' });
  all.push(enter('other', 'other'));
  await Promise.all(all);
  assert.deepEqual(order, ['much 1', 'much 2', 'once', 'other', 'much 3', 'much 4']);
});

const type = 'multipart/form-data; boundary=b';
const part = (name: string, content: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"; filename="x"\r\n\r\n${content}\r\n`;

test('the one part is found among others, quoted or not, with text around it', () => {
  const read = (body: string, contentType = type) =>
    readPart(Buffer.from(body), contentType, 'data').toString();
  assert.equal(read(`${part('data', 'a\r\nb\r\n')}--b--\r\n`), 'a\r\nb\r\n');
  assert.equal(read(`before\r\n${part('x', 'y')}${part('data', 'z')}--b--after`), 'z');
  assert.equal(read(`${part('data', '')}--b--`), '');
  const quoted = 'Multipart/Form-Data; charset=x; boundary="b"';
  assert.equal(read(`${part('data', 'z')}--b--`, quoted), 'z');
  assert.equal(read('--b\r\nContent-Disposition: form-data; name=data\r\n\r\nz\r\n--b--'), 'z');
});

test('a body that is cut anywhere never gives a part, and never hangs', () => {
  const whole = `${part('data', 'content')}--b--`;
  for (let n = 0; n < whole.length - 2; n += 1) {
    assert.throws(() => readPart(Buffer.from(whole.slice(0, n)), type, 'data'), Refusal, String(n));
  }
  const many = `${part('x', 'y').repeat(9)}--b--`;
  assert.throws(() => readPart(Buffer.from(many), type, 'data'), /more than 8 parts/);
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('--b', '\r\n', '--', 'name=data', 'x', '\r\n\r\n')),
      (bits) => {
        try {
          readPart(Buffer.from(bits.join('')), type, 'data');
        } catch (error) {
          assert.ok(error instanceof Refusal);
        }
      },
    ),
  );
});

test('a password is known by its hash, which tells nothing and is never the same', async () => {
  const [one, two] = [await hashPassword('pass'), await hashPassword('pass')];
  assert.notEqual(one, two);
  assert.ok(await isPassword('pass', one));
  assert.ok(!(await isPassword('Pass', one)));
  for (const damaged of ['', 'pass', one.slice(0, -1), one.replace('16384', '999999')]) {
    assert.equal((await catchFault(isPassword('pass', damaged))).code, 'CONFIG');
  }
});

test('a token carries its id, and is known by a hash that is fast and never the same', () => {
  const { id, token } = makeUploadToken();
  assert.match(token, /^[0-9a-f]{16}\.[\w-]{32}$/);
  assert.equal(idsOfToken(token).inside, id);
  const registration = makeRegistrationToken();
  assert.match(
    registration.token,
    /^0:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  );
  assert.equal(registration.token.replaceAll('-', '').slice(2, 14), registration.id);
  assert.equal(idsOfToken(registration.token).inside, registration.id);
  assert.deepEqual(idsOfToken('pass'), { inside: undefined, hashed: 'd74ff0ee8da3b980' });
  for (const odd of ['', '.', `${id}.`, `${id}./../x`, '0:', '0:../../../x', `${token}x`]) {
    assert.equal(idsOfToken(odd).inside, undefined, odd);
  }
  const [one, two] = [hashToken(token), hashToken(token)];
  assert.notEqual(one, two);
  assert.ok(isFastHash(one) && isToken(token, one) && isToken(token, two));
  assert.ok(!isToken(`${token.slice(0, -1)}!`, one));
  for (const damaged of ['', one.slice(0, -1), one.replace('sha256', 'md5')]) {
    assert.throws(() => isToken(token, damaged), { code: 'CONFIG' });
  }
});

test('when output was produced is read as every other time, and never from the future', () => {
  const now = Date.UTC(2026, 0, 1);
  const read = (text: string) => parseProducedAt(text, now, 60_000)?.toISOString();
  assert.equal(parseProducedAt(undefined, now, 60_000), undefined);
  assert.equal(read('1767225000.5'), '2025-12-31T23:50:00.500Z');
  assert.equal(read('2025-12-31T23:50:00+01:00'), '2025-12-31T22:50:00.000Z');
  assert.equal(read('Wed, 31 Dec 2025 23:50:00 GMT'), '2025-12-31T23:50:00.000Z');
  assert.equal(read('Wed Dec 31 23:50:00 UTC 2025'), '2025-12-31T23:50:00.000Z');
  assert.equal(read('2026-01-01T00:01:00Z'), '2026-01-01T00:01:00.000Z');
  for (const bad of ['', '0', '-1', 'now', '2025-12-31', '2025-13-01T00:00:00Z', '99999999999']) {
    assert.throws(() => read(bad), { reason: 'bad-request' }, bad);
  }
  assert.throws(() => read('yesterday'), {
    message:
      'X-Produced-At "yesterday" is no time we can read; send seconds since 1970, or a time as in RFC 3339',
  });
  assert.throws(() => read('2026-01-01T00:02:00Z'), {
    message:
      'X-Produced-At "2026-01-01T00:02:00Z" is 2m in the future, allowed are 1m; is a clock wrong?',
  });
});

test('records are one readable file each, private, replaced whole, and read again when changed', async (t) => {
  const directory = await makeTempDir(t);
  const records = new Records(directory, z.object({ n: z.number() }));
  await records.prepare();
  await records.write('a', { n: 1 });
  assert.equal((await stat(join(directory, 'a.json'))).mode & 0o777, 0o600);
  const first = await records.read('a');
  assert.equal(await records.read('a'), first, 'the same object while the file is the same');
  await new Records(directory, z.object({ n: z.number() })).write('a', { n: 2 });
  assert.deepEqual(await records.read('a'), { n: 2 });
  assert.equal(await records.create('a', { n: 3 }), false);
  assert.equal(await records.create('b', { n: 3 }), true);
  assert.deepEqual(await records.list(), [{ n: 2 }, { n: 3 }]);
  assert.deepEqual(
    await Promise.all([records.remove('b'), records.remove('b')]).then((all) => all.sort()),
    [false, true],
  );
  assert.deepEqual(await readdir(directory), ['.locks', 'a.json']);
  assert.deepEqual(await readdir(join(directory, '.locks')), []);
  await writeFile(join(directory, 'a.json'), '{"n": "x"}');
  assert.match((await catchFault(records.read('a'))).message, /a\.json: n: .*number/);
  for (const evil of ['', '.x', '../a', 'a/b', 'a\0']) {
    assert.equal((await catchFault(records.read(evil))).code, 'INTERNAL');
  }
});

test('in a site everything has its place', () => {
  const parse = (env: Record<string, string>) => toSettings(parseOptions(receiverOptions, {}), env);
  const settings = parse({ OMD_SITE: 'mysite', OMD_ROOT: '/omd/sites/mysite' });
  assert.equal(settings.site, 'mysite');
  assert.equal(settings.certificates, '/omd/sites/mysite/etc/cmk-courier/certs');
  assert.equal(settings.spool, '/omd/sites/mysite/var/cmk-courier/spool');
  assert.equal(settings.state, '/omd/sites/mysite/var/cmk-courier/receiver');
  assert.throws(() => parse({}), /^CourierError: --site is missing$/);
  assert.throws(() => parse({ OMD_SITE: 'x' }), { code: 'USAGE' });
});

test('the README tells every reason with its status, and none other', () => {
  const readme = readFileSync(new URL('../../src/receiver/README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| ([\d, ]+) \| (`.+?`) \|/gm)];
  const told = rows.flatMap(([, statuses = '', reasons = '']) =>
    [...reasons.matchAll(/`([a-z-]+)`/g)].map(([, reason = ''], n) => {
      const all = statuses.split(', ');
      return [reason, Number(all[n] ?? all[0])] as const;
    }),
  );
  const known = Object.entries(refusals).map(([reason, { status }]) => [reason, status] as const);
  assert.deepEqual(told.sort(), known.sort());
});
