import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describePassedOver } from '../../../src/transports/candidates.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeJudge } from '../../helpers/judge.ts';
import { knownDate } from '../../helpers/known-date.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import {
  makeMail,
  makeMessage,
  makeMultipart,
  toBase64Lines,
  toMailDate,
} from '../../mail/messages.ts';
import { mailOwner } from '../../peers/dovecot.ts';
import { listMessages, makeMaildir } from '../../peers/maildir.ts';
import { ago, fetchFrom, Mailbox, withoutDovecot } from './mailbox.ts';
import { sourceAt } from './peers.ts';

const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');

const skip = withoutDovecot;
const mailbox = await Mailbox.start();

function inFolder(folder: string): Source {
  const source = sourceAt(mailbox.dovecot, 'imaps');
  return { ...source, uri: parseSourceUri(`${source.uri.text}${folder}`) };
}

test('of two messages of one second the one that came last is delivered', { skip }, async () => {
  const second = ago(10);
  const mail = (text: string) => makeMail('same', Buffer.from(text), { Date: toMailDate(second) });
  await mailbox.post(mail('first'), second);
  await mailbox.post(mail('second'), second);
  assert.equal((await mailbox.fetch('same')).output.toString(), 'second');
});

test('produced is the older of date and arrival, and both are shown', { skip }, async () => {
  const dated = new Date('2026-11-20T10:02:00Z');
  const arrived = new Date('2026-11-20T10:05:00Z');
  await mailbox.post(makeMail('late', output, { Date: toMailDate(dated) }), arrived);
  const { producedAt, origin } = await mailbox.fetch('late');
  assert.equal(knownDate(producedAt).getTime(), dated.getTime());
  assert.match(
    origin,
    /^message \d+ in INBOX at 127\.0\.0\.1 \(dated 2026-11-20 10:02:00, arrived 2026-11-20 10:05:00 UTC\)$/,
  );
  await mailbox.post(
    makeMail('ahead', output, { Date: 'Fri, 20 Nov 2099 10:00:00 +0000' }),
    arrived,
  );
  assert.equal(knownDate((await mailbox.fetch('ahead')).producedAt).getTime(), arrived.getTime());
});

test('every pattern must fit, whatever the encoding of the headers', { skip }, async () => {
  const subject = '=?utf-8?q?Zustand_von_pattern1_f=C3=BCr_heute?=';
  await mailbox.post(
    makeMail('pattern1', output, { Subject: subject, 'Delivered-To': 'a+pattern1@x' }),
  );
  const fits = (options: Source['options']) =>
    mailbox.fetch('pattern1', { mailSubject: [], ...options });
  await fits({ mailSubject: ['Zustand von {host} für *'] });
  await fits({ mailFrom: ['root@{host}.example.com'] });
  await fits({ mailTo: ['a+{host}@*'], mailFrom: ['root@*'], mailSubject: ['*{host}*'] });
  const refused = fits({ mailFrom: ['admin@{host}.example.com'], mailTo: ['a+{host}@*'] });
  await expectFault(
    refused,
    'NO_OUTPUT',
    /^no message from "admin@pattern1\.example\.com" to "a\+pattern1@\*" in folder INBOX at 127/,
  );
});

test('compressed attachments arrive as they were sent', { skip }, async () => {
  for (const [host, packed, name] of [
    ['gz', gzipSync(output), 'output.gz'],
    ['zst', zstdCompressSync(output), 'output.zst'],
  ] as const) {
    const { headers, body } = makeMultipart([
      {
        headers: {
          'Content-Type': `application/x-anything; name="${name}"`,
          'Content-Transfer-Encoding': 'base64',
        },
        body: toBase64Lines(packed),
      },
    ]);
    await mailbox.post(makeMessage({ Subject: `Checkmk ${host}`, ...headers }, body));
    assert.deepEqual((await mailbox.fetch(host)).output, packed);
  }
});

test('a body arrives byte by byte, with LF as line end', { skip }, async () => {
  const text = Buffer.from('<<<local>>>\r\nM\xfcller\r\n', 'latin1');
  const headers = { 'Content-Type': 'text/plain; charset=iso-8859-1' };
  await mailbox.post(makeMessage({ Subject: 'Checkmk body', ...headers }, text));
  const delivery = await mailbox.fetch('body');
  assert.equal(delivery.output.toString('latin1'), '<<<local>>>\nM\xfcller\n');
});

test('a folder, nested or for one host, is found by its name', { skip }, async () => {
  await makeMaildir(join(mailbox.dovecot.maildir, '.agents.web7'), mailOwner);
  await writeFile(join(mailbox.dovecot.maildir, '.agents.web7', 'maildirfolder'), '');
  await mailbox.post(
    makeMail('web7', output),
    new Date(),
    join(mailbox.dovecot.maildir, '.agents.web7'),
  );
  assert.deepEqual((await fetchFrom(inFolder('agents.{host}'), 'web7')).output, output);
  await expectFault(
    fetchFrom(inFolder('agents.{host}'), 'web8'),
    'NO_OUTPUT',
    /^folder "agents\.web8" cannot be opened: "Mailbox doesn't exist: agents\.web8/,
  );
  await expectFault(fetchFrom(inFolder('nowhere'), 'web7'), 'CONFIG', /^folder "nowhere"/);
  await expectFault(fetchFrom(inFolder('agents/{host}/..'), 'web7'), 'NO_OUTPUT');
});

test('reading changes nothing in the mailbox', { skip }, async () => {
  await mailbox.post(makeMail('idle', output));
  await mailbox.fetch('idle');
  const before = await listMessages(mailbox.dovecot.maildir);
  const context = makeOpenContext();
  const { acknowledge } = await mailbox.fetch('idle', {}, context);
  await acknowledge();
  assert.deepEqual(await listMessages(mailbox.dovecot.maildir), before);
  assert.ok(!before.some((path) => /:2,.*S/.test(path)));
  assert.ok(
    !context.log.lines.some((line) => /imap: \w+ (?:UID )?(?:STORE|EXPUNGE|SELECT)/.test(line)),
  );
});

test('--mail-older=delete removes older messages that fit, and no others', { skip }, async () => {
  for (const seconds of [300, 200, 100]) await mailbox.post(makeMail('old', output), ago(seconds));
  await mailbox.post(makeMail('older', output), ago(400));
  const delivery = await mailbox.fetch('old', { mailOlder: ['delete'] });
  assert.equal(await mailbox.count('old'), 3);
  await mailbox.post(makeMail('old', Buffer.from('newer')));
  await delivery.acknowledge();
  assert.equal(await mailbox.count('old'), 2);
  assert.equal(await mailbox.count('older'), 1);
  assert.equal((await mailbox.fetch('old')).output.toString(), 'newer');
});

test('--mail-older=move moves older messages to a folder', { skip }, async () => {
  await makeMaildir(join(mailbox.dovecot.maildir, '.Done'), mailOwner);
  for (const seconds of [300, 200, 100])
    await mailbox.post(makeMail('moved', output), ago(seconds));
  const { acknowledge } = await mailbox.fetch('moved', { mailOlder: ['move:Done'] });
  await acknowledge();
  assert.equal(await mailbox.count('moved'), 1);
  assert.equal((await listMessages(join(mailbox.dovecot.maildir, '.Done'))).length, 2);
});

test('a folder to move to that is not there is a fault of the clean-up alone', {
  skip,
}, async () => {
  for (const seconds of [300, 200]) await mailbox.post(makeMail('stuck', output), ago(seconds));
  const { acknowledge } = await mailbox.fetch('stuck', { mailOlder: ['move:Nowhere'] });
  await expectFault(acknowledge(), 'PEER', /does not move older messages to "Nowhere"/);
  assert.equal(await mailbox.count('stuck'), 2);
});

test('a message that arrives while another is read does not disturb it', { skip }, async () => {
  const large = Buffer.alloc(3_000_000, 'a');
  await mailbox.post(makeMail('busy', large), ago(60));
  let running = true;
  const posting = (async () => {
    while (running) {
      await mailbox.post(makeMail('other', output));
      await sleep(3);
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    assert.ok((await mailbox.fetch('busy')).output.equals(large));
  }
  running = false;
  await posting;
});

test('a message larger than any that may hold output is not read', { skip }, async () => {
  await mailbox.post(makeMail('large', Buffer.alloc(5_000_000, 'a')));
  const context = makeOpenContext({ maxOutputBytes: 1_000_000 });
  await expectFault(
    mailbox.fetch('large', {}, context),
    'TOO_LARGE',
    /^message \d+ in INBOX at 127\.0\.0\.1: it has \d+ bytes, too many for 1000000 of output$/,
  );
  assert.ok(!context.log.lines.some((line) => line.includes('BODY.PEEK[]')));
});

test('newer junk does not hide the output behind it, however large it is', { skip }, async () => {
  await mailbox.post(makeMail('behind', output), ago(60));
  await mailbox.post(makeMail('behind', Buffer.from('not here until Monday')), ago(50));
  await mailbox.post(makeMail('behind', gzipSync(output).subarray(0, 20)), ago(40));
  await mailbox.post(makeMail('behind', Buffer.alloc(5_000_000, 'a')), ago(30));
  const context = {
    ...makeOpenContext({ maxOutputBytes: 1_000_000 }),
    accepts: makeJudge(1_000_000),
  };
  const delivery = await mailbox.fetch('behind', {}, context);
  assert.ok(output.equals(delivery.output));
  assert.match(
    describePassedOver(delivery.passedOver ?? []),
    /^passed over 3: message \d+ \(it has \d+ bytes, too many for 1000000 of output\), message \d+ \(damaged gzip data: they end too early\), message \d+ \(no section header in it; it begins with "not here until Monday"\)$/,
  );
});
