import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeMail } from '../../mail/messages.ts';
import { Mailbox, withoutDovecot } from './mailbox.ts';

const skip = withoutDovecot;
const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');
const mail = Array.from({ length: 10_000 }, (_, index) => makeMail(`web${index % 100}`, output));
const mailbox = await Mailbox.start({ mail });

test('of ten thousand messages one is read: the server searches', { skip }, async () => {
  await mailbox.post(makeMail('web1', Buffer.from('newest')));
  const context = makeOpenContext();
  const delivery = await mailbox.fetch('web1', {}, context);
  assert.equal(delivery.output.toString(), 'newest');
  const sent = context.log.lines.filter((line) => /imap: \w+ UID (FETCH|SEARCH)/.test(line));
  const count = (word: string) => sent.filter((line) => line.includes(word)).length;
  assert.equal(count('SEARCH'), 1);
  assert.equal(count('HEADER.FIELDS'), 1);
  assert.equal(count('BODY.PEEK[]'), 1);
});

test('a host without a message among them is NO_OUTPUT, without a look at any', {
  skip,
}, async () => {
  const context = makeOpenContext();
  await assert.rejects(mailbox.fetch('db1', {}, context), { code: 'NO_OUTPUT' });
  assert.ok(!context.log.lines.some((line) => /imap: \w+ UID FETCH/.test(line)));
});
