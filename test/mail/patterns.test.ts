import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailOptions } from '../../src/mail/options.ts';
import {
  describeWanted,
  fillPattern,
  fillPatterns,
  isWanted,
  parsePattern,
} from '../../src/mail/patterns.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

function toTarget(host: string, address?: string) {
  return { host: parseHostName(host), address };
}

function fits(pattern: string, host: string, text: string): boolean {
  return fillPattern(parsePattern(pattern), toTarget(host), 'exact host').fits(text);
}

test('* stands for any text and ? for one character', () => {
  assert.ok(fits('Checkmk {host}: *', 'web1', 'Checkmk web1: all of it'));
  assert.ok(fits('Checkmk {host} ?', 'web1', 'Checkmk web1 1'));
  assert.ok(!fits('Checkmk {host} ?', 'web1', 'Checkmk web1 12'));
  assert.ok(!fits('Checkmk {host}', 'web1', 'Re: Checkmk web1'));
});

test('what means something in a regular expression is meant literally', () => {
  assert.ok(fits('[a.b] (x|y) {host} $^+\\/', 'a.b', '[a.b] (x|y) a.b $^+\\/'));
  assert.ok(!fits('{host}', 'a.b', 'axb'));
});

test('upper and lower case are the same in a pattern, but not in the name of a host', () => {
  assert.ok(fits('CHECKMK {host}', 'web1', 'checkmk web1'));
  assert.ok(!fits('checkmk {host}', 'web1', 'checkmk WEB1'));
});

test('in an address the case of the name does not count either', () => {
  const pattern = fillPattern('root@{host}.example.com', toTarget('WEB1'), 'any case');
  assert.ok(pattern.fits('Root@web1.Example.com'));
});

test('a name beside a wildcard is not found in a longer name', () => {
  const texts = ['web22', 'xweb2', 'web2.example', 'web2-a', 'a-web2', 'web2_'];
  for (const text of texts) assert.ok(!fits('*{host}*', 'web2', `state of ${text} today`), text);
  assert.ok(fits('*{host}*', 'web2', 'state of web2: fine'));
  assert.ok(fits('*{host}*', 'web2', 'web2'));
  assert.ok(fits('{host}.*', 'web2', 'web2.example'));
});

test('{address} is filled in too', () => {
  const pattern = fillPattern('from {address}', toTarget('web1', '192.0.2.7'), 'exact host');
  assert.ok(pattern.fits('from 192.0.2.7'));
  const fault = catchThrown(() => fillPattern('{address}', toTarget('web1'), 'exact host'));
  assert.equal(fault.code, 'USAGE');
});

test('the longest literal part is what a server is asked for', () => {
  const literal = (text: string) => fillPattern(text, toTarget('web1'), 'exact host').literal;
  assert.equal(literal('*Checkmk {host}*'), 'Checkmk web1');
  assert.equal(literal('Überwachung {host}'), 'berwachung web1');
  assert.equal(literal('say "{host}" *'), 'web1');
  assert.equal(literal('*'), '');
});

test('a pattern is refused when it is empty, has lines or an unknown placeholder', () => {
  for (const raw of ['', 'a\nb', '{hots}', '{', 'x{host']) {
    assert.equal(catchThrown(() => parsePattern(raw)).code, 'USAGE', raw);
  }
});

const none: MailOptions = {
  mailFrom: undefined,
  mailSubject: undefined,
  mailTo: undefined,
  mailOlder: { act: 'keep' },
};

const headers = {
  from: ['root@web1.example.com'],
  to: ['someone@example.com', 'checkmk+web1@example.com'],
  subject: 'Checkmk web1',
  date: undefined,
};

test('every pattern that is given must fit', () => {
  const wanted = (options: Partial<MailOptions>) =>
    fillPatterns({ ...none, ...options }, toTarget('web1'));
  assert.ok(isWanted(headers, wanted({})));
  assert.ok(isWanted(headers, wanted({ mailTo: 'checkmk+{host}@*' })));
  assert.ok(isWanted(headers, wanted({ mailFrom: 'root@{host}.*', mailSubject: '*{host}' })));
  assert.ok(!isWanted(headers, wanted({ mailFrom: 'root@{host}.*', mailSubject: 'x {host}' })));
  assert.ok(!isWanted(headers, wanted({ mailFrom: 'admin@{host}.*' })));
  assert.ok(!isWanted(headers, wanted({ mailTo: 'root@*' })));
});

test('what is asked for is said in words', () => {
  const options = { ...none, mailFrom: '*@{host}', mailTo: 'a@b', mailSubject: 'x {host}' };
  const words = describeWanted(fillPatterns(options, toTarget('web1')));
  assert.equal(words, 'message from "*@web1" to "a@b" with subject "x web1"');
  assert.equal(describeWanted(fillPatterns(none, toTarget('web1'))), 'message');
});

test('a pattern of many stars takes no time to fail', () => {
  const started = performance.now();
  assert.ok(!fits('*a*a*a*{host}', 'web1', 'a'.repeat(2000)));
  assert.ok(performance.now() - started < 30_000);
});
