import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { KnownHeaders } from '../../../src/transports/maildir/known-headers.ts';
import { maildir } from '../../../src/transports/maildir/maildir.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { type Delivery, withTransport } from '../../../src/transports/transport.ts';
import { neverAborts, toTarget } from '../../conformance/fetching.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeJudge } from '../../helpers/judge.ts';
import { knownDate } from '../../helpers/known-date.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { makeMail, toMailDate } from '../../mail/messages.ts';
import { deliver, listMessages, makeMaildir } from '../../peers/maildir.ts';

const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');

async function makeBox(owner: TestContext): Promise<string> {
  const box = join(await makeTempDir(owner), 'Maildir');
  await makeMaildir(box);
  return box;
}

async function fetchFrom(
  path: string,
  host: string,
  options: Source['options'] = {},
  maxOutputBytes = 1_000_000,
): Promise<Delivery> {
  const source = {
    uri: parseSourceUri(`maildir://${path}`),
    options: { mailSubject: ['Checkmk {host}'], ...options },
  };
  const transport = await maildir.open(source, makeOpenContext({ maxOutputBytes }));
  try {
    return await transport.fetch(toTarget(host), neverAborts());
  } finally {
    await transport.close();
  }
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);

test('new and seen messages are found, trashed and unfinished ones are not', async (t) => {
  const box = await makeBox(t);
  await deliver(box, makeMail('web1', Buffer.from('old')), { arrivedAt: ago(90), into: 'cur' });
  const trashed = makeMail('web1', Buffer.from('trashed'));
  await deliver(box, trashed, { into: 'cur', name: '1900000000.M1P1.x:2,ST' });
  await writeFile(join(box, 'tmp', '1900000001.M1P1.x'), makeMail('web1', Buffer.from('torn')));
  assert.equal((await fetchFrom(box, 'web1')).output.toString(), 'old');
  await deliver(box, makeMail('web1', Buffer.from('new')), { arrivedAt: ago(60) });
  assert.equal((await fetchFrom(box, 'web1')).output.toString(), 'new');
});

test('a subfolder, also one for each host, is a Maildir of its own', async (t) => {
  const box = await makeBox(t);
  await makeMaildir(join(box, '.web1'));
  await deliver(join(box, '.web1'), makeMail('any', output));
  const options = { mailSubject: [] };
  assert.deepEqual((await fetchFrom(`${box}/.{host}`, 'web1', options)).output, output);
  await expectFault(
    fetchFrom(`${box}/.{host}`, 'web2', options),
    'NO_OUTPUT',
    new RegExp(`^there is no Maildir ${box}/\\.web2$`),
  );
  await expectFault(fetchFrom(`${box}/nowhere`, 'web1'), 'CONFIG', /^there is no Maildir/);
});

test('produced is the oldest of date, name and mtime', async (t) => {
  const box = await makeBox(t);
  const arrivedAt = new Date('2026-11-20T10:05:00Z');
  const date = (time: string) => ({ Date: toMailDate(new Date(time)) });
  await deliver(box, makeMail('dated', output, date('2026-11-20T10:02:00Z')), { arrivedAt });
  const dated = await fetchFrom(box, 'dated');
  assert.equal(knownDate(dated.producedAt).toISOString(), '2026-11-20T10:02:00.000Z');
  assert.match(
    dated.origin,
    /^message \/\S+ \(dated 2026-11-20 10:02:00, arrived 2026-11-20 10:05:00 UTC\)$/,
  );
  const touched = await deliver(box, makeMail('touched', output, date('2026-11-20T10:07:00Z')), {
    arrivedAt,
  });
  await utimes(touched, new Date(), new Date());
  assert.equal(
    knownDate((await fetchFrom(box, 'touched')).producedAt).toISOString(),
    arrivedAt.toISOString(),
  );
  const odd = { arrivedAt, name: 'not-a-time' };
  await deliver(box, makeMail('odd', output, date('2026-11-20T10:07:00Z')), odd);
  assert.equal(
    knownDate((await fetchFrom(box, 'odd')).producedAt).toISOString(),
    arrivedAt.toISOString(),
  );
});

test('of two messages of one second the later one is delivered', async (t) => {
  const box = await makeBox(t);
  const arrivedAt = ago(5);
  for (const text of ['first', 'second', 'third']) {
    const mail = makeMail('web1', Buffer.from(text), { Date: toMailDate(arrivedAt) });
    await deliver(box, mail, { arrivedAt });
  }
  assert.equal((await fetchFrom(box, 'web1')).output.toString(), 'third');
});

test('links, FIFOs, devices and directories are neither followed nor waited for', async (t) => {
  const box = await makeBox(t);
  const elsewhere = join(box, '..', 'elsewhere');
  await writeFile(elsewhere, makeMail('web1', Buffer.from('not mail')));
  await symlink(elsewhere, join(box, 'new', '1900000000.M1P1.x'));
  execFileSync('mkfifo', [join(box, 'new', '1900000001.M1P1.x')]);
  await symlink('/dev/zero', join(box, 'cur', '1900000002.M1P1.x:2,'));
  await mkdir(join(box, 'cur', '1900000003.M1P1.x:2,'));
  await expectFault(fetchFrom(box, 'web1'), 'NO_OUTPUT', /^no message with subject/);
  await deliver(box, makeMail('web1', output));
  assert.deepEqual((await fetchFrom(box, 'web1')).output, output);
});

test('of ten thousand messages the newest is delivered', async (t) => {
  const box = await makeBox(t);
  const mail = makeMail('other', output);
  const seconds = Math.floor(Date.now() / 1000) - 20_000;
  for (let index = 0; index < 10_000; index += 100) {
    const batch = Array.from({ length: 100 }, (_, count) =>
      writeFile(join(box, 'cur', `${seconds + index + count}.M1P1.x:2,S`), mail),
    );
    await Promise.all(batch);
  }
  await deliver(box, makeMail('web1', output), { arrivedAt: ago(30_000) });
  assert.deepEqual((await fetchFrom(box, 'web1')).output, output);
});

test('a message whose flags change while it is read is still found', async (t) => {
  const box = await makeBox(t);
  const delivered = await deliver(box, makeMail('web1', output));
  const name = delivered.slice(delivered.lastIndexOf('/') + 1);
  let running = true;
  let path = delivered;
  const renaming = (async () => {
    for (let round = 0; running; round += 1) {
      const next = join(box, 'cur', `${name}:2,${round % 2 === 0 ? 'S' : 'RS'}`);
      await rename(path, next);
      path = next;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  for (let round = 0; round < 30; round += 1) {
    assert.deepEqual((await fetchFrom(box, 'web1')).output, output);
  }
  running = false;
  await renaming;
});

test('headers behind the first 64 kB are not looked for', async (t) => {
  const box = await makeBox(t);
  const padding = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [`X-${index}`, 'x'.repeat(100)]),
  );
  const mail = Buffer.concat([
    Buffer.from(
      Object.entries(padding)
        .map(([name, text]) => `${name}: ${text}\r\n`)
        .join(''),
    ),
    makeMail('web1', output),
  ]);
  await deliver(box, mail);
  await expectFault(fetchFrom(box, 'web1'), 'NO_OUTPUT');
});

test('a message too large for any output is not read', async (t) => {
  const box = await makeBox(t);
  await deliver(box, makeMail('web1', Buffer.alloc(3_000_000, 'a')));
  await expectFault(
    fetchFrom(box, 'web1', {}, 100_000),
    'TOO_LARGE',
    /^message \/\S+: it has \d+ bytes, too many for 100000 of output$/,
  );
});

test('newer junk does not hide the output behind it, and stays when older mail is deleted', async (t) => {
  const box = await makeBox(t);
  await deliver(box, makeMail('web1', Buffer.from('x')), { arrivedAt: ago(400) });
  await deliver(box, makeMail('web1', output), { arrivedAt: ago(300) });
  for (let index = 1; index <= 19; index += 1) {
    await deliver(box, makeMail('web1', Buffer.from(`junk ${index}`)), {
      arrivedAt: ago(200 - index),
    });
  }
  const source = {
    uri: parseSourceUri(`maildir://${box}`),
    options: { mailSubject: ['Checkmk {host}'], mailOlder: ['delete'] },
  };
  const accepts = makeJudge(1_000_000);
  const fetch = () =>
    withTransport(maildir, source, makeOpenContext({ accepts }), async (transport) => {
      const delivery = await transport.fetch(toTarget('web1'), neverAborts());
      // Junk is refused, and never acknowledged.
      if (output.equals(delivery.output)) await delivery.acknowledge();
      return delivery;
    });
  const { output: found, passedOver } = await fetch();
  assert.ok(output.equals(found));
  assert.equal(passedOver?.length, 19);
  assert.equal((await listMessages(box)).length, 20);
  await deliver(box, makeMail('web1', Buffer.from('junk 20')), { arrivedAt: ago(100) });
  assert.equal((await fetch()).output.toString(), 'junk 20', 'no more than twenty are looked at');
});

test('--mail-older=delete removes what is older and fits', async (t) => {
  const box = await makeBox(t);
  for (const seconds of [300, 200, 100]) {
    await deliver(box, makeMail('web1', output), { arrivedAt: ago(seconds), into: 'cur' });
  }
  await deliver(box, makeMail('web2', output), { arrivedAt: ago(400) });
  const delivery = await fetchFrom(box, 'web1', { mailOlder: ['delete'] });
  await deliver(box, makeMail('web1', Buffer.from('newer')));
  await delivery.acknowledge();
  assert.equal((await listMessages(box)).length, 3);
  assert.equal((await fetchFrom(box, 'web1')).output.toString(), 'newer');
  await fetchFrom(box, 'web2');
});

test('of one second only what came before is removed', async (t) => {
  const box = await makeBox(t);
  const arrivedAt = ago(5);
  const mail = (text: string) =>
    makeMail('web1', Buffer.from(text), { Date: toMailDate(arrivedAt) });
  await deliver(box, mail('first'), { arrivedAt });
  await deliver(box, mail('second'), { arrivedAt });
  const { acknowledge } = await fetchFrom(box, 'web1', { mailOlder: ['delete'] });
  await deliver(box, mail('third'), { arrivedAt });
  await acknowledge();
  assert.equal((await listMessages(box)).length, 2);
  assert.equal((await fetchFrom(box, 'web1')).output.toString(), 'third');
});

test('--mail-older=move takes it to another Maildir, near or far', async (t) => {
  const box = await makeBox(t);
  const far = join(await makeTempDir(t), 'Done');
  await makeMaildir(far);
  await makeMaildir(join(box, '.Done'));
  for (const folder of ['.Done', far]) {
    for (const seconds of [200, 100]) {
      await deliver(box, makeMail(folder === far ? 'far' : 'near', output), {
        arrivedAt: ago(seconds),
      });
    }
    const host = folder === far ? 'far' : 'near';
    const { acknowledge } = await fetchFrom(box, host, { mailOlder: [`move:${folder}`] });
    await acknowledge();
    await fetchFrom(box, host);
  }
  assert.match((await readdir(join(far, 'cur'))).join(), /^\d+\.M\w+\.testhost:2,$/);
  assert.equal((await readdir(join(box, '.Done', 'cur'))).length, 1);
});

test('a folder to move to that is none is a fault of the clean-up alone', async (t) => {
  const box = await makeBox(t);
  await deliver(box, makeMail('web1', output));
  const { acknowledge } = await fetchFrom(box, 'web1', { mailOlder: ['move:.Nowhere'] });
  await expectFault(acknowledge(), 'CONFIG', /^--mail-older: there is no Maildir \/.*\.Nowhere$/);
});

test('a source that is wrong is USAGE', async () => {
  const uris = [
    'maildir://mail/x',
    'maildir:x',
    'maildir:///x?y',
    'maildir:///x%2fy',
    'maildir:///%ff',
  ];
  for (const text of uris) {
    const source = { uri: parseSourceUri(text), options: { mailSubject: ['{host}'] } };
    await expectFault(maildir.open(source, makeOpenContext()), 'USAGE', /^a maildir: source /);
  }
  const source = { uri: parseSourceUri('maildir:///x'), options: { mailSubject: ['any'] } };
  await expectFault(maildir.open(source, makeOpenContext()), 'USAGE', /^needs \{host\} in/);
});

test('headers are read once, whoever asks, until a message has gone or is somebody else', async (t) => {
  const box = await makeBox(t);
  const path = await deliver(box, makeMail('web1', output));
  const messages = new KnownHeaders();
  const [first, second] = await Promise.all([messages.read(path), messages.read(path)]);
  assert.equal(first, second);
  // Only what nobody opens again can be read behind its back.
  await writeFile(path, makeMail('web2', output));
  assert.equal(await messages.read(path), first);
  const other = join(box, 'new', 'other');
  assert.equal(await messages.read(other), 'gone');
  await writeFile(other, makeMail('web3', output));
  const found = await messages.read(other);
  assert.equal(typeof found === 'object' && found.headers?.subject, 'Checkmk web3');
});

test('many hosts find their messages in one mailbox over one open transport', async (t) => {
  const box = await makeBox(t);
  const hosts = Array.from({ length: 60 }, (_, n) => `host${n}`);
  for (const host of hosts) await deliver(box, makeMail(host, Buffer.from(`1 ${host}`)));
  const options = { mailSubject: ['Checkmk {host}'] };
  const source = { uri: parseSourceUri(`maildir://${box}`), options };
  await withTransport(maildir, source, makeOpenContext(), async (transport) => {
    const fetch = async (host: string) =>
      (await transport.fetch(toTarget(host), neverAborts())).output.toString();
    const expect = (start: number) => hosts.map((host) => `${start} ${host}`);
    assert.deepEqual(await Promise.all(hosts.map(fetch)), expect(1));
    for (const host of hosts) await deliver(box, makeMail(host, Buffer.from(`2 ${host}`)));
    assert.deepEqual(await Promise.all(hosts.map(fetch)), expect(2));
    // Seen: its flags and its place have changed, and its name with them.
    const [latest = ''] = (await listMessages(box)).filter((path) => path.includes('/new/')).sort();
    await rename(latest, `${latest.replace('/new/', '/cur/')}:2,S`);
    assert.deepEqual(await Promise.all(hosts.map(fetch)), expect(2));
  });
});
