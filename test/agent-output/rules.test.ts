import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rules } from '../../src/agent-output/problems.ts';
import { checkForm } from '../../src/agent-output/rules.ts';
import { requireForm } from '../../src/agent-output/validator.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { realOutputs } from './mutations.ts';

const good = '<<<check_mk>>>\nVersion: 2.4.0p1\n';

function check(text: string | Buffer, lenient = false): readonly string[] {
  const output = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  return checkForm(output, { lenient, host: 'src' }).map(
    ({ line, severity, rule, message }) => `${line} ${severity} ${rule}: ${message}`,
  );
}

/** The first thing said about an output. */
function checkFirst(text: string | Buffer): string | undefined {
  return check(text)[0];
}

test('good output has no problem', () => {
  assert.deepEqual(check(good), []);
  assert.deepEqual(check(`\n \r\n${good}`), []);
  assert.deepEqual(check(`<<<>>>\n${good}`), []);
  assert.deepEqual(check(`${good}<<<<vm>>>>\n<<<df>>>\n<<<<>>>>\n`), []);
});

test('the real outputs have none but the junk line of one of them', () => {
  const problems = realOutputs.map((output) => check(output));
  assert.deepEqual(problems, [
    ['1 error junk-before-header: text before the first section header: "checkmk2.0p20"'],
    [],
  ]);
});

test('nothing, and nothing but white space, is empty', () => {
  assert.deepEqual(check(''), ['1 error empty-output: the output is empty']);
  const blank = ['1 error empty-output: there is nothing but white space in the output'];
  assert.deepEqual(check(' \t\r\n\v\f\n'), blank);
});

test('encrypted output is called that, with its scheme', () => {
  const cipher = Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 151 + 7) % 256));
  for (const scheme of ['00', '02', '03', '04', '05']) {
    const output = Buffer.concat([Buffer.from(scheme), cipher]);
    const said = `1 error encrypted: the output is still encrypted (scheme ${scheme})`;
    assert.deepEqual(check(output), [said]);
  }
});

test('text that begins with two digits is not called encrypted', () => {
  for (const text of ['05', '03\n', '02 Zeilen, längere, noch längere, und eine noch längere']) {
    assert.match(checkFirst(Buffer.from(text)) ?? '', /no-section/, text);
  }
  assert.match(checkFirst('01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0') ?? '', /no-section/);
  assert.match(checkFirst(`02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n${good}`) ?? '', /junk-before/);
});

test('UTF-16 is called that, with its mark and without', () => {
  const little = Buffer.from(good, 'utf16le');
  const big = Buffer.from(little).swap16();
  const marks = { little: Buffer.from([0xff, 0xfe]), big: Buffer.from([0xfe, 0xff]) };
  const marked = [Buffer.concat([marks.little, little]), Buffer.concat([marks.big, big])];
  for (const output of [little, big, ...marked]) {
    assert.deepEqual(check(output), [
      '1 error utf-16: the output is UTF-16 text, not bytes of an agent',
    ]);
  }
});

test('an HTML page is called that, with its title', () => {
  const page = '<!DOCTYPE html>\n<html><head><title lang="en">\n Sign in </title>';
  assert.deepEqual(check(page), [
    '1 error html-page: this looks like an HTML page titled "Sign in", not agent output',
  ]);
  const nameless = '1 error html-page: this looks like an HTML page, not agent output';
  for (const start of ['<html lang="en">', '<HTML>', '\n<body\n>', '\xef\xbb\xbf<!doctype HTML>']) {
    assert.deepEqual(check(start), [nameless], start);
    assert.deepEqual(check(`${start}<title> </title>`), [nameless], start);
  }
});

test('an HTML page stays one when sections follow, and is refused also when lenient', () => {
  assert.match(check(`<html>\n${good}`, true)[0] ?? '', /^1 error html-page/);
});

test('HTML inside a section is data of the section', () => {
  assert.deepEqual(check(`${good}<<<x>>>\n<html><title>Error</title></html>\n`), []);
});

test('a byte order mark in front of the first header is refused, also when lenient', () => {
  const said = '1 error byte-order-mark: a UTF-8 byte order mark hides the first section header';
  assert.deepEqual(check(`\xef\xbb\xbf${good}`), [said]);
  assert.deepEqual(check(`\xef\xbb\xbf${good}<<<df>>>\n`, true), [said]);
});

test('output without a section quotes how it begins', () => {
  assert.deepEqual(check('\n404 not found\nsorry\n'), [
    '2 error no-section: no section in the output; it begins with "404 not found"',
  ]);
  assert.deepEqual(check('<<<>>>'), [
    '1 error no-section: no section in the output; it begins with "<<<>>>"',
  ]);
  assert.match(checkFirst('<<<<.>>>>\n<<<df>>>\n') ?? '', /no-section/);
});

test('where the only header is invalid, that is the problem', () => {
  assert.deepEqual(check('<<<a-b>>>\n'), [
    '1 error invalid-name: invalid section header "<<<a-b>>>"',
  ]);
});

test('text before the first header is an error, and a warning when lenient', () => {
  const said = 'junk-before-header: text before the first section header: "hello \'you\'"';
  assert.deepEqual(check(`\n\nhello "you"\nmore\n${good}`), [`3 error ${said}`]);
  assert.deepEqual(check(`\n\nhello "you"\nmore\n${good}`, true), [`3 warning ${said}`]);
});

test('lenient lets no invalid header pass', () => {
  const said = '3 error invalid-name: invalid section header "<<<a-b>>>"';
  assert.deepEqual(check(`${good}<<<a-b>>>\n`, true), [said]);
});

test('an invalid header in a piggyback block says what would happen', () => {
  const [problem] = check(`${good}<<<<vm>>>>\n<<<df>>>\n<<<a-b>>>\n`);
  assert.equal(
    problem,
    '5 error invalid-name: invalid section header "<<<a-b>>>" lets piggyback of vm pass for the host itself',
  );
});

test('a missing section check_mk of the host is a warning', () => {
  const said = '1 warning no-check-mk-section: the host has no section check_mk';
  assert.deepEqual(check('<<<df>>>\n'), [said]);
  assert.deepEqual(check('<<<<vm>>>>\n<<<check_mk>>>\n'), [said]);
});

test('requireForm names line and rule of the first error, and passes the warnings on', () => {
  const output = Buffer.from('<<<df>>>\n<<<<.>>>>\n<<<a-b>>>\n<<<x:sep()>>>\n');
  const fault = catchThrown(() => requireForm(output, { lenient: true }));
  assert.equal(fault.code, 'MALFORMED');
  assert.equal(
    fault.message,
    'line 3: invalid section header "<<<a-b>>>" lets ignored piggyback pass for the host itself (rule invalid-name)',
  );
  const warned = requireForm(Buffer.from('hi\n<<<df>>>\n'), { lenient: true });
  assert.deepEqual(
    warned.map(({ rule }) => rule),
    ['no-check-mk-section', 'junk-before-header'],
  );
});

test('every rule says in half a sentence when it is broken', () => {
  for (const { when } of Object.values(rules)) assert.match(when, /^[a-z`][^\n]{10,100}[^.]$/);
});
