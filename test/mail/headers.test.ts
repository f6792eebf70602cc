import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHeaders } from '../../src/mail/headers.ts';
import { anyText } from '../helpers/any-text.ts';
import { knownDate } from '../helpers/known-date.ts';
import { makeMessage } from './messages.ts';

const read = (headers: Record<string, string>) => parseHeaders(makeMessage(headers, 'body'));

test('addresses are taken out of From, and of all that names a recipient', async () => {
  const headers = await read({
    From: '"Root, of web1" <root@web1> (the one)',
    To: 'a@example.com, Team: b@example.com, "C" <c@example.com>;',
    Cc: 'd@example.com',
    'Delivered-To': 'checkmk+web1@example.com',
    'X-Original-To': 'e@example.com',
    Bcc: 'hidden@example.com',
  });
  assert.deepEqual(headers.from, ['root@web1']);
  assert.deepEqual([...headers.to].sort(), [
    'a@example.com',
    'b@example.com',
    'c@example.com',
    'checkmk+web1@example.com',
    'd@example.com',
    'e@example.com',
  ]);
});

test('a subject is decoded and unfolded', async () => {
  const subjects = [
    ['=?utf-8?q?Checkmk_w=C3=A4b1?=', 'Checkmk wäb1'],
    ['=?ISO-8859-1?Q?Checkmk_w=E4b1?=', 'Checkmk wäb1'],
    ['=?utf-8?b?Q2hlY2ttayB3ZWIx?=', 'Checkmk web1'],
    ['=?utf-8?q?Check?=\r\n =?utf-8?q?mk?= web1', 'Checkmk web1'],
    ['Checkmk\r\n\tweb1', 'Checkmk web1'],
    ['=?no-such-charset?q?x?= web1', 'x web1'],
    ['', ''],
  ];
  for (const [written = '', expected] of subjects) {
    assert.equal((await read({ Subject: written })).subject, expected);
  }
});

test('a date with any zone is read, one that is none is handed on as that', async () => {
  const dates = [
    ['Fri, 20 Nov 2026 10:00:00 +0100', '2026-11-20T09:00:00.000Z'],
    ['20 Nov 2026 10:00:00 -0000 (UTC)', '2026-11-20T10:00:00.000Z'],
    ['Fri, 20 Nov 2026 10:00:00 GMT', '2026-11-20T10:00:00.000Z'],
  ];
  for (const [written = '', expected] of dates) {
    assert.equal(knownDate((await read({ Date: written })).date).toISOString(), expected);
  }
  for (const written of ['yesterday', '', 'Don Jan  1 10:00:00 CET 2026']) {
    const said = written.replace('  ', ' ');
    assert.deepEqual((await read({ Date: written })).date, { unreadable: `Date "${said}"` });
  }
});

test('of several dates the oldest counts, and none when one cannot be read', async () => {
  const dates = (...lines: readonly string[]) =>
    parseHeaders(Buffer.from(lines.map((line) => `Date: ${line}\r\n`).join('')));
  const [early, late] = ['Fri, 20 Nov 2026 10:00:00 GMT', 'Fri, 20 Nov 2026 10:00:00 -0100'];
  assert.deepEqual((await dates(late, early)).date, new Date('2026-11-20T10:00:00Z'));
  assert.deepEqual((await dates(late, 'x')).date, { unreadable: 'Date "x"' });
});

test('without headers there is nothing', async () => {
  const nothing = { from: [], to: [], subject: '', date: undefined };
  assert.deepEqual(await parseHeaders(Buffer.from('')), nothing);
  assert.deepEqual(await parseHeaders(Buffer.from('\r\nSubject: in the body\r\n')), nothing);
});

test('headers that are cut off are read as far as they go', async () => {
  const { from } = await parseHeaders(Buffer.from('From: root@web1\r\nSubject: Che'));
  assert.deepEqual(from, ['root@web1']);
});

test('whatever the headers are, nothing but a CourierError comes out', async () => {
  const anyHeader = fc.tuple(fc.constantFrom('From', 'To', 'Subject', 'Date', 'x'), anyText);
  await fc.assert(
    fc.asyncProperty(fc.array(anyHeader), async (lines) => {
      const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      await parseHeaders(Buffer.from(text)).catch((error) => {
        assert.equal(error.name, 'CourierError');
      });
    }),
    { numRuns: 200 },
  );
});
