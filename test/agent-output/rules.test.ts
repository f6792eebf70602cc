import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rules } from '../../src/agent-output/problems.ts';
import { checkForm } from '../../src/agent-output/rules.ts';
import {
  describeLosses,
  kindsOf,
  requireForm,
  requireNone,
} from '../../src/agent-output/validator.ts';
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
    ['1 loss junk-before-header: text before the first section header: "checkmk2.0p20"'],
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
    const said = `1 error encrypted: the output is still encrypted (scheme ${scheme}), and its passphrase is missing here`;
    assert.deepEqual(check(output), [said]);
  }
});

test('text that begins with two digits is not called encrypted', () => {
  for (const text of ['05', '03\n', '02 Zeilen, längere, noch längere, und eine noch längere']) {
    assert.match(checkFirst(Buffer.from(text)) ?? '', /no-section/, text);
  }
  assert.match(checkFirst('01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x') ?? '', /no-section/);
  assert.match(checkFirst(`02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n${good}`) ?? '', /junk-before/);
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

test('an HTML page ahead of sections is refused, and a loss when lenient', () => {
  const said = 'html-before-sections: this looks like an HTML page, though sections follow';
  assert.deepEqual(check(`<html>\n${good}`), [`1 error ${said}`]);
  assert.deepEqual(check(`<html>\n${good}`, true), [`1 loss ${said}`]);
});

test('HTML inside a section is data of the section', () => {
  assert.deepEqual(check(`${good}<<<x>>>\n<html><title>Error</title></html>\n`), []);
});

test('a byte order mark in front of the first header is a loss', () => {
  const said = [
    '1 remark no-check-mk-section: the host has no section check_mk',
    '1 loss byte-order-mark: a UTF-8 byte order mark hides the first section header',
  ];
  assert.deepEqual(check(`\xef\xbb\xbf${good}<<<df>>>\n`), said);
  assert.deepEqual(check(`\xef\xbb\xbf${good}<<<df>>>\n`, true), said);
  assert.deepEqual(check(`\xef\xbb\xbf${good}`), [
    '1 error no-section: a UTF-8 byte order mark hides the only section header',
  ]);
});

test('output without a section quotes how it begins', () => {
  assert.deepEqual(check('\n404 not found\nsorry\n'), [
    '2 error no-section: no section in the output; it begins with "404 not found"',
  ]);
  assert.deepEqual(check('<<<>>>'), [
    '1 error no-section: no section in the output; it begins with "<<<>>>"',
  ]);
  assert.match(checkFirst('<<<<-x>>>>\n<<<df>>>\n') ?? '', /no-section/);
});

test('where the only header is invalid, there is no section', () => {
  assert.deepEqual(check('<<<a-b>>>\n'), [
    '1 error no-section: no section in the output; it begins with "<<<a-b>>>"',
    '1 loss invalid-name: invalid section header "<<<a-b>>>"',
  ]);
});

test('text before the first header is a loss, and a remark when lenient', () => {
  const said = 'junk-before-header: text before the first section header: "hello \'you\'"';
  assert.deepEqual(check(`\n\nhello "you"\nmore\n${good}`), [`3 loss ${said}`]);
  assert.deepEqual(check(`\n\nhello "you"\nmore\n${good}`, true), [`3 remark ${said}`]);
});

test('an invalid header in a piggyback block says what would happen', () => {
  const [problem] = check(`${good}<<<<vm>>>>\n<<<df>>>\n<<<a-b>>>\n`);
  assert.equal(
    problem,
    '5 error invalid-name: invalid section header "<<<a-b>>>" lets piggyback of vm pass for the host itself',
  );
});

test('a missing section check_mk of the host is a remark', () => {
  const said = '1 remark no-check-mk-section: the host has no section check_mk';
  assert.deepEqual(check('<<<df>>>\n'), [said]);
  assert.deepEqual(check('<<<<vm>>>>\n<<<check_mk>>>\n<<<<>>>>'), [said]);
});

test('requireForm names line and rule of the first error, and hands the losses on', () => {
  const output = Buffer.from('<<<a-b>>>\n<<<df>>>\n<<<<-x>>>>\n<<<a-b>>>\n<<<x:sep()>>>\n');
  const fault = catchThrown(() => requireForm(output, { lenient: true }));
  assert.equal(fault.code, 'MALFORMED');
  assert.equal(
    fault.message,
    'line 4: invalid section header "<<<a-b>>>" lets ignored piggyback pass for the host itself (rule invalid-name)',
  );
  const lost = requireForm(Buffer.from('hi\n<<<df>>>\n<<<a-b>>>\n'), { lenient: false });
  assert.deepEqual(
    lost.map(({ rule }) => rule),
    ['junk-before-header', 'invalid-name'],
  );
  assert.equal(
    describeLosses(lost),
    '2 losses on some sites; line 1: text before the first section header: "hi" (rule junk-before-header)',
  );
  assert.match(describeLosses(lost.slice(1)), /^1 loss on some sites; line 3: /);
  assert.equal(describeLosses([]), 'no losses');
  assert.equal(kindsOf([...lost, ...lost]), 'invalid-name junk-before-header');
  assert.equal(catchThrown(() => requireNone(lost)).code, 'MALFORMED');
});

test('who is strict refuses losses, and no remarks', () => {
  const strict = { lenient: false, strict: true };
  const fault = catchThrown(() => requireForm(Buffer.from('hi\n<<<df>>>\n'), strict));
  assert.match(fault.message, /^line 1: text before .* \(rule junk-before-header\)$/);
  requireNone([]);
  assert.deepEqual(requireForm(Buffer.from('<<<df>>>\n<<<<vm>>>>\n'), strict), []);
});

test('every rule says in half a sentence when it is broken', () => {
  for (const { when } of Object.values(rules)) assert.match(when, /^[a-z`][^\n]{10,100}[^.]$/);
});
