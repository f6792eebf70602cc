import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { host } from './attacks.ts';
import { makeSealSite } from './seal-site.ts';
import { idOf } from './sealing-kit.ts';

test('a host is enrolled whatever its name ends with', async (t) => {
  const site = await makeSealSite(t);
  for (const name of ['db.new', 'web01.new.new', '_x.lock', '10.1.2.3']) {
    await site.enroll(name, host);
    assert.equal((await site.book.enrolments.find(parseHostName(name)))?.name, name);
  }
});

test('what a crash has left of an enrolment is none, and no host can have such a name', async (t) => {
  const site = await makeSealSite(t);
  await site.enroll('web01', host);
  const left = 'web01.0123456789ab.new';
  await cp(join(site.places.hosts, 'web01'), join(site.places.hosts, left));
  assert.deepEqual(await site.book.enrolments.names(), ['web01']);
  await assert.rejects(site.enroll(left, host), {
    code: 'USAGE',
    message: `${left} is how a file is called while it is written; no host of that name can be enrolled`,
  });
});

test('an enrolment counts from the moment it is there', async (t) => {
  const site = await makeSealSite(t);
  await site.enroll('web', host);
  for (let count = 0; count < 40; count += 1) {
    const name = `web${count}`;
    await cp(join(site.places.hosts, 'web'), join(site.places.hosts, name));
    assert.equal((await site.book.enrolments.find(parseHostName(name)))?.name, name);
  }
});

test('the label of a host with a long name is one that can be read again', async (t) => {
  const site = await makeSealSite(t);
  const name = `${'a'.repeat(120)}.example.com`;
  const { said, ...context } = makeCommandContext();
  const code = await main(['seals', 'enroll', name, '--secret'], { ...context, env: site.env });
  assert.equal(code, 0, said.errors);
  const found = await site.book.enrolments.find(parseHostName(name));
  assert.equal(found?.keys[0]?.label, 'a'.repeat(80));
});

test('by the name of one host nothing is taken from all hosts of a pattern', async (t) => {
  const site = await makeSealSite(t);
  await site.enroll('web*', host);
  for (const [verb, ...args] of [['revoke'], ['forget', '--yes']]) {
    const { said, ...context } = makeCommandContext();
    const program = { ...context, env: site.env };
    assert.equal(await main(['seals', verb ?? '', 'web01', ...args], program), 2);
    const why = 'web01 is enrolled by "web*", as others may be; name that to change it (USAGE)';
    assert.equal(said.errors, `cmk-courier: seals: ${why}\n`);
  }
  const key = (await site.book.enrolments.find(parseHostName('web01')))?.keys[0];
  assert.deepEqual([key?.id, key?.revoked], [idOf(host.publicKey), undefined]);
});
