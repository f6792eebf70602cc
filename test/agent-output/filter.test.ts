import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  filterOutput,
  parsePiggybackRule,
  parseSectionRule,
} from '../../src/agent-output/filter.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

/** Filters lines that are written with blanks between them; the last one has no line feed. */
function filter(lines: string, piggyback = 'allow', sections = ''): string {
  const output = Buffer.from(lines.replaceAll(' ', '\n'), 'latin1');
  const rules = {
    piggyback: parsePiggybackRule([piggyback]),
    sections: parseSectionRule(sections === '' ? [] : [sections]),
  };
  return filterOutput(output, rules, 'src').toString('latin1').replaceAll('\n', ' ');
}

const dropped: readonly (readonly [what: string, before: string, after: string])[] = [
  [
    'a block between sections',
    '<<<a>>> 1 <<<<vm>>>> <<<b>>> 2 <<<<>>>> <<<c>>> 3',
    '<<<a>>> 1 <<<<>>>> <<<c>>> 3',
  ],
  ['a block at the end', '<<<a>>> 1 <<<<vm>>>> <<<b>>> 2', '<<<a>>> 1 '],
  ['a block with an unusable name', '<<<a>>> 1 <<<<.>>>> <<<b>>> 2 ', '<<<a>>> 1 '],
  ['blocks in a row', '<<<a>>> <<<<v>>>> <<<b>>> <<<<w>>>> <<<c>>> x', '<<<a>>> '],
  ['a block with carriage returns', '<<<a>>>\r 1\r <<<<vm>>>>\r\r <<<b>>> 2\r', '<<<a>>>\r 1\r '],
  [
    'text behind a footer in a block',
    '<<<a>>> <<<<v>>>> <<<b>>> <<<>>> x <<<<>>>> y',
    '<<<a>>> <<<<>>>> y',
  ],
  [
    'a block that the own name ends',
    '<<<a>>> 1 <<<<vm>>>> <<<<src>>>> x <<<c>>> 3',
    '<<<a>>> 1 <<<c>>> 3',
  ],
  [
    'what is ahead of a block for the host itself, which becomes its own',
    '<<<a>>> 1 <<<<v>>>> <<<b>>> <<<<src>>>> text <<<c>>> x <<<>>> y',
    '<<<a>>> 1 <<<c>>> x <<<>>> y',
  ],
];

for (const [what, before, after] of dropped) {
  test(`drop leaves out ${what}`, () => assert.equal(filter(before, 'drop'), after));
}

test('an invalid header keeps the effect it has on the site', () => {
  assert.equal(
    filter('<<<a>>> 1 <<<<vm>>>> <<<b>>> 2 <<<-x>>> 3 <<<c>>> 4', 'drop'),
    '<<<a>>> 1 <<<-x>>> 3 <<<c>>> 4',
  );
});

test('text before the first header, and behind footers, stays', () => {
  const before = 'hi  <<<a>>> 1 <<<>>> text <<<<vm>>>> <<<b>>> 2';
  assert.equal(filter(before, 'drop'), 'hi  <<<a>>> 1 <<<>>> text ');
});

test('only hosts that match a pattern stay, by their translated names', () => {
  const before = '<<<<vm 1>>>> <<<a>>> <<<<db1>>>> <<<b>>> <<<<VM2>>>> <<<c>>> <<<<.>>>> <<<d>>> ';
  const output = before.replaceAll(' ', '\n').replace('vm\n1', 'vm 1');
  const rules = { piggyback: parsePiggybackRule(['vm?1,db*']), sections: parseSectionRule([]) };
  assert.equal(
    filterOutput(Buffer.from(output), rules, 'src').toString(),
    '<<<<vm 1>>>>\n<<<a>>>\n<<<<db1>>>>\n<<<b>>>\n',
  );
});

test('patterns match whole names, and dots and dashes mean themselves', () => {
  const before = '<<<<ab>>>> <<<<a.b>>>> <<<<xa.b>>>> <<<<a-b>>>> ';
  assert.equal(filter(before, 'a.b'), '<<<<a.b>>>> ');
  assert.equal(filter(before, 'a[b'.replace('[', '-')), '<<<<a-b>>>> ');
  assert.equal(filter(before, 'a?b,*?a**'), '<<<<a.b>>>> <<<<xa.b>>>> <<<<a-b>>>> ');
});

test('the closing marker is added where a kept block would swallow the host', () => {
  const before = '<<<<vm>>>> <<<a>>> 1 <<<<db>>>> <<<<src>>>> x <<<b>>> 2';
  assert.equal(filter(before, 'vm'), '<<<<vm>>>> <<<a>>> 1 <<<<>>>> <<<b>>> 2');
});

test('a block for the host itself stays behind a kept section', () => {
  const before = '<<<<vm>>>> <<<a>>> 1 <<<<db>>>> <<<b>>> <<<<src>>>> <<<c>>> 3';
  assert.equal(filter(before, 'vm,src'), '<<<<vm>>>> <<<a>>> 1 <<<<src>>>> <<<c>>> 3');
});

test('a block for the host itself is its own when the section before it has to go', () => {
  const before = '<<<<vm>>>> <<<a>>> 1 <<<<src>>>> text <<<c>>> 3';
  assert.equal(filter(before, 'src'), '<<<<src>>>> text <<<c>>> 3');
  assert.equal(filter(before, 'drop'), '<<<<src>>>> text <<<c>>> 3');
  assert.equal(filter(before, 'allow', '!a'), '<<<<vm>>>> <<<<src>>>> text <<<c>>> 3');
});

test('when sections were there and none is left, that is a fault', () => {
  const cases = [
    ['<<<a>>> 1 <<<b>>> 2', 'allow', 'nope', '--sections leaves nothing of 2 sections'],
    ['<<<a>>> 1', 'drop', '!a', '--sections leaves nothing of 1 section'],
    ['<<<<vm>>>> <<<a>>> 1', 'drop', '', '--piggyback leaves nothing of 1 section'],
  ] as const;
  for (const [lines, piggyback, sections, message] of cases) {
    const fault = catchThrown(() => filter(lines, piggyback, sections));
    assert.deepEqual([fault.code, fault.message], ['NO_OUTPUT', message]);
  }
  assert.equal(filter('text <<<<vm>>>>', 'drop'), 'text ');
});

test('what only looks like a marker is text', () => {
  const before = '<<<a>>> x<<<b>>> <<c>> 1 <<<<vm>>>> <<<d>>> x<<<e>>> <<<<>>>> <<<a>>> 2';
  assert.equal(filter(before, 'drop'), '<<<a>>> x<<<b>>> <<c>> 1 <<<<>>>> <<<a>>> 2');
});

test('refuse names line and host, and lets output without piggyback pass', () => {
  const fault = catchThrown(() => filter('<<<a>>> 1 <<<<vm>>>> <<<b>>>', 'refuse'));
  assert.equal(fault.code, 'MALFORMED');
  assert.equal(fault.message, 'line 3: there is piggyback for vm (rule piggyback-refused)');
  const unusable = catchThrown(() => filter('<<<<.>>>>', 'refuse'));
  assert.equal(
    unusable.message,
    'line 1: there is piggyback for the unusable name in "<<<<.>>>>" (rule piggyback-refused)',
  );
  assert.equal(
    filter('<<<a>>> 1 <<<<src>>>> <<<<>>>> ', 'refuse'),
    '<<<a>>> 1 <<<<src>>>> <<<<>>>> ',
  );
});

test('sections are kept and left out by name, whoever owns them', () => {
  const before = '<<<a>>> 1 <<<b>>> 2 <<<a>>> 3 <<<<vm>>>> <<<b>>> 4 <<<a>>> 5 <<<<>>>> <<<b>>> 6';
  assert.equal(filter(before, 'allow', 'a'), '<<<a>>> 1 <<<a>>> 3 <<<<vm>>>> <<<a>>> 5 <<<<>>>> ');
  assert.equal(filter(before, 'allow', '!a'), '<<<b>>> 2 <<<<vm>>>> <<<b>>> 4 <<<<>>>> <<<b>>> 6');
});

test('a footer stays, so that the text behind it joins no section', () => {
  assert.equal(filter('<<<a>>> 1 <<<b>>> 2 <<<>>> x', 'allow', '!b'), '<<<a>>> 1 <<<>>> x');
});

test('the own name in a piggyback header goes or stays with the section around it', () => {
  const before = '<<<a>>> 1 <<<<src>>>> 2 <<<b>>> 3 <<<<src>>>> 4';
  assert.equal(filter(before, 'allow', 'a'), '<<<a>>> 1 <<<<src>>>> 2 ');
  assert.equal(filter(before, 'allow', 'b'), '<<<b>>> 3 <<<<src>>>> 4');
});

test('when nothing is left out, the same buffer comes back', () => {
  const output = Buffer.from('hi\n<<<a>>>\r\n1\n<<<<vm>>>>\n<<<b>>>\n<<<<src>>>>\n<<<-x>>>\n2');
  const rules = [
    { piggyback: parsePiggybackRule([]), sections: parseSectionRule([]) },
    { piggyback: parsePiggybackRule(['*']), sections: parseSectionRule(['*', '!y']) },
  ];
  for (const rule of rules) assert.equal(filterOutput(output, rule, 'src'), output);
});

test('piggyback is allowed unless something else is said', () => {
  assert.deepEqual(parsePiggybackRule([]), { kind: 'allow' });
  for (const kind of ['allow', 'drop', 'refuse'])
    assert.deepEqual(parsePiggybackRule([kind]), { kind });
});

test('patterns come separated by commas, or one by one', () => {
  const rule = { kind: 'patterns', patterns: ['vm-*', 'db?', 'x.y'] };
  assert.deepEqual(parsePiggybackRule(['vm-*, db?', 'x.y']), rule);
});

test('what is no rule for piggyback says what would be one', () => {
  const complaints = {
    'a b': 'must be allow, drop, refuse or patterns of host names, not "a b"',
    '': 'must be allow, drop, refuse or patterns of host names, not ""',
    'a,,b': 'must be allow, drop, refuse or patterns of host names, not ""',
    'drop,vm*': 'must be either "drop" or patterns of host names, not both',
    'drop,refuse': 'must be either "drop" or patterns of host names, not both',
  };
  for (const [text, message] of Object.entries(complaints)) {
    const fault = catchThrown(() => parsePiggybackRule([text]));
    assert.deepEqual([fault.code, fault.message], ['USAGE', message]);
  }
});

test('sections are allowed by name, and denied with ! or - in front', () => {
  assert.deepEqual(parseSectionRule(['df,lnx_*', '!ps, -mem?']), {
    allow: ['df', 'lnx_*'],
    deny: ['ps', 'mem?'],
  });
});

test('what is no section name says so', () => {
  for (const text of ['', 'a-b', '!', 'a.b', '!!a']) {
    const fault = catchThrown(() => parseSectionRule([text]));
    assert.equal(fault.code, 'USAGE');
    assert.equal(fault.message, `must be names of sections, not "${text}"`);
  }
});
