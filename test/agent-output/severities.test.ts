/** What is refused, what is a loss and what passes: one case for each thing met in the field. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rule, rules, severityOf } from '../../src/agent-output/problems.ts';
import { checkForm } from '../../src/agent-output/rules.ts';

const start = '<<<check_mk>>>\nVersion: 1\n';
const block = '<<<<db1>>>>\n<<<local:sep(0)>>>\n0 "Backup" - fine\n';

/** `line severity rule` of everything found. */
function check(text: string | Buffer): readonly string[] {
  const output = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  return checkForm(output, { lenient: false, host: 'src' }).map(
    ({ line, severity, rule }) => `${line} ${severity} ${rule}`,
  );
}

const inMain: Readonly<Record<string, readonly string[]>> = {
  '<<<open-iscsi_sessions>>>\n1\n': ['3 loss invalid-name'],
  '<<<hyper-v_node>>>\n1\n': ['3 loss invalid-name'],
  '<<<df:cached(1700000000.5,300)>>>\n1\n': ['3 loss invalid-cached'],
  '<<<df:cached(1,2,x)>>>\n1\n': ['3 loss invalid-cached'],
  '<<<df:cached(1,2,)>>>\n1\n': ['3 loss invalid-cached'],
  '<<<df:cached(1,2,3)>>>\n1\n': [],
  '<<<df:sep(58>>>\n1\n': ['3 loss unclosed-option'],
  '<<<df:sep(\xd9\xa5\xd9\xa8)>>>\n1\n': [],
  [`<<<df:note(${'x'.repeat(5000)})>>>\n1\n`]: [],
  '<<<df:encoding(iso-8859.1)>>>\n1\n': [],
  '<<<df:encoding(utf-16)>>>\n1\n': [],
  '<<<df:encoding(undefined)>>>\n1\n': ['3 error unknown-encoding'],
  '<<<df:encoding(punycode)>>>\n1\n': ['3 error unknown-encoding'],
  ' <<<df>>>\n1\n': ['3 loss wrapped-marker'],
  '<<<df>>>\t\n1\n': ['3 loss wrapped-marker'],
  '\x0b<<<>>>\n1\n': ['3 loss wrapped-marker'],
  '<<<df>>> \r\n1\n': ['3 loss wrapped-marker'],
  '[header] <<<mem>>>\n1\n': ['3 loss glued-header'],
  '<<<a:sep(0)>>>Initialized OK\n1\n': ['3 loss glued-header'],
  '<<<a:x>>>OK<<<b>>>\n1\n': ['3 loss glued-header'],
  '\xef\xbb\xbf<<<df>>>\n1\n': ['3 loss glued-header'],
  '<<ps:sep(9)>>\n1\n': ['3 loss damaged-header'],
  '<<<ps>>\n1\n': ['3 loss damaged-header'],
  '<<ps>>>\n1\n': ['3 loss damaged-header'],
  'a << b <<EOF >> c\n1\n': [],
  'log: <<<<< BEGIN >>>>>\n<<<df>>>\n1\n': [],
  'log: <<<< two words >>>>\nmore\n<<<df>>>\n1\n': [],
  'echo <<<<vm>>>> text\n<<<df>>>\n1\n': [],
  'text<<<<>>>>\n<<<df>>>\n1\n': [],
  '<<<df>>>>\n/ 1 2\n<<<cpu>>>\n1\n': ['3 loss invalid-name'],
  'text<<<<vm>>>>\n': ['3 loss glued-header'],
  'text<<<<vm>>>>\n<<<<db1>>>>\n<<<df>>>\n1\n<<<<>>>>\n': ['3 loss glued-header'],
  '<<<<db1>>>>\n<<<df:encoding(utf-16)>>>\n1\n<<<<>>>>\n': ['4 loss piggyback-encoding'],
  '<<<<db1>>>>\n<<<df>>>\n\xef\xbb\xbf<<<mem>>>\n1\n<<<<>>>>\n': ['5 loss glued-header'],
  '<<<<h 1>>>>\n<<<df>>>\n1\n<<<<>>>>\n': ['3 loss odd-host-name'],
  '<<<<-x>>>>\n<<<df>>>\n1\n<<<<>>>>\n': ['3 loss unusable-host-name'],
  [block]: ['6 remark open-piggyback'],
  '<<<<-x>>>>\n': ['3 loss unusable-host-name', '4 remark open-piggyback'],
  [`${block}<<<<src>>>>\n<<<df>>>\n1\n<<<<>>>>\n`]: ['6 remark main-host-in-piggyback'],
};

for (const [text, found] of Object.entries(inMain)) {
  const said = found.length === 0 ? 'nothing' : found.join(', ');
  test(`${JSON.stringify(text.slice(0, 60))} in the main part: ${said}`, () =>
    assert.deepEqual(check(start + text), found));
}

/** What would put data under the wrong host on some site or other. */
const leaks: Readonly<Record<string, string>> = {
  '<<<<db1>>>> \n<<<local:sep(0)>>>\n0 "Backup" - fine\n<<<<>>>>\n': '3 error wrapped-piggyback',
  '\t<<<<db1>>>>\n<<<df>>>\n': '3 error wrapped-piggyback',
  [`${block}<<<<>>>>\f\n<<<df>>>\n`]: '6 error wrapped-piggyback',
  [`${block} <<<df>>>\n<<<mem>>>\n`]: '6 error wrapped-marker',
  [`${block}<<<df>>> \r\n<<<mem>>>\n`]: '6 error wrapped-marker',
  [`${block}<<<df:sep(58>>>\n`]: '6 error unclosed-option',
  [`${block}<<<df:cached(1,2,x)>>>\n`]: '6 error invalid-cached',
  [`${block}<<<a-b>>>\n`]: '6 error invalid-name',
  '<<<<.>>>>\n<<<df>>>\n': '3 error directory-as-host',
  '<<<<..>>>>\n<<<df>>>\n': '3 error directory-as-host',
  '<<<<\x1c. >>>>\n<<<df>>>\n': '3 error directory-as-host',
  '<<<a:sep(0)>>>Initialized OK<<<<h1>>>>\n<<<df>>>\n': '3 error lost-piggyback',
  '<<<a>>>OK<<<<h1>>>>\n<<<df>>>\n': '3 error lost-piggyback',
  'rows 3<<<<vm1>>>>\n<<<df>>>\n': '3 error lost-piggyback',
  'rows 3<<<<vm1>>>>\n\n<<<df>>>\n': '3 error lost-piggyback',
  'rows 3<<<<vm1>>>><<<df>>>\n1\n<<<mem>>>\n': '3 error lost-piggyback',
  'rows 3<<<<a vm>>>>\n \n<<<df>>>\n': '3 error lost-piggyback',
  '\xef\xbb\xbf<<<<vm1>>>>\n<<<df>>>\n': '3 error lost-piggyback',
  '<<<<vm1>>>>text\n<<<df>>>\n': '3 error lost-piggyback',
  '<<<<vm1>>>><<<df>>>\n<<<mem>>>\n': '3 error lost-piggyback',
  '<<<<vm1>>>\n<<<df>>>\n': '3 error lost-piggyback',
  '<<<vm1>>>>\n<<<df>>>\n': '3 error lost-piggyback',
  '<<<<vm1>>\n<<<df>>>\n': '3 error lost-piggyback',
  '<<vm1>>>>\n<<<df>>>\n': '3 error lost-piggyback',
  [`${block}text<<<<>>>>\n<<<df>>>\n`]: '6 error lost-piggyback',
  [`${block}text<<<<vm2>>>>\n<<<df>>>\n`]: '6 error lost-piggyback',
};

for (const [text, found] of Object.entries(leaks)) {
  test(`${JSON.stringify(text.slice(0, 70))} is refused as ${found}`, () => {
    const errors = check(start + text).filter((line) => line.includes('error'));
    assert.deepEqual(errors.slice(0, 1), [found]);
  });
}

test('more that looks like markers than anybody means hides no leak', () => {
  const many = 'x<<<a>>>\n'.repeat(500);
  const found = check(`${start}${many}rows<<<<vm1>>>>\n${many}<<<df>>>\n`);
  assert.ok(found.includes('503 error lost-piggyback'));
  assert.ok(check(`${start}${many} <<<<vm1>>>>\n`).includes('503 error wrapped-piggyback'));
});

test('a very long line is looked at where it begins and where it ends', () => {
  const long = 'x'.repeat(10_000);
  assert.deepEqual(check(`${start}${long}<<<<vm1>>>>\n<<<df>>>\n`), ['3 error lost-piggyback']);
  assert.deepEqual(check(`${start}${long}<<<<vm1>>>>${long}\n<<<df>>>\n`), []);
});

test('a run of zero bytes is torn output, where it is as long as a sector or the end', () => {
  const zeros = (count: number) => '\0'.repeat(count);
  assert.deepEqual(check(`<<<df>>>\n/dev${zeros(2000)}`), ['2 error torn-by-zeros']);
  for (let ahead = 0; ahead < 700; ahead += 37) {
    const text = `${start}${'x'.repeat(ahead)}${zeros(512)}\n<<<df>>>\n`;
    assert.deepEqual(check(text), ['3 error torn-by-zeros'], String(ahead));
    assert.deepEqual(check(text.replace('\0', '')), [], String(ahead));
  }
  assert.deepEqual(check(`${start}${zeros(8)}`), ['3 error torn-by-zeros']);
  assert.deepEqual(check(`${start}${zeros(7)}`), []);
  assert.deepEqual(check(zeros(600)), ['1 error torn-by-zeros']);
});

test('a tail in UTF-16 is a loss, told with its line', () => {
  const tail = Buffer.from('<<<df>>>\n/ 1 2\n', 'utf16le');
  assert.deepEqual(check(Buffer.concat([Buffer.from(start), tail])), ['3 loss utf-16-within']);
  const big = Buffer.from(tail).swap16();
  assert.deepEqual(check(Buffer.concat([Buffer.from(start), big])), ['3 loss utf-16-within']);
  assert.deepEqual(check(`${start}<<<df:encoding(utf-16)>>>\na\0b\0`), []);
});

test('no rule is milder in piggyback, or graver when lenient', () => {
  const weight = { error: 2, loss: 1, remark: 0 };
  const names = Object.keys(rules).filter((name): name is Rule => Object.hasOwn(rules, name));
  for (const rule of names) {
    const plain = weight[severityOf(rule)];
    assert.ok(weight[severityOf(rule, { inPiggyback: true })] >= plain, rule);
    assert.ok(weight[severityOf(rule, { lenient: true })] <= plain, rule);
  }
});
