import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAgentOutput } from '../../src/agent-output/parser.ts';
import { limits } from '../../src/agent-output/problems.ts';
import { realOutputs } from './mutations.ts';

function parse(text: string, host = 'src') {
  return parseAgentOutput(Buffer.from(text, 'latin1'), host);
}

/** `owner/name: rows` of each section. */
function summarize(text: string, host = 'src'): readonly string[] {
  const output = Buffer.from(text, 'latin1');
  return parseAgentOutput(output, host).sections.map(({ owner, name, bodyStart, end }) => {
    const who = owner.kind === 'piggybacked' ? owner.host : owner.kind;
    return `${who}/${name}: ${output.toString('latin1', bodyStart, end).trimEnd().replaceAll('\n', ' ')}`;
  });
}

/** How to get into each state, and what a text line there becomes. */
const states = {
  none: '',
  main: '<<<m>>>\n',
  block: '<<<<vm>>>>\n',
  piggyback: '<<<<vm>>>>\n<<<p>>>\n',
  ignored: '<<<<.>>>>\n',
};

/** A marker, and whom the section after it belongs to, by state. */
const transitions = {
  '<<<a>>>': { none: 'main', main: 'main', block: 'vm', piggyback: 'vm', ignored: 'ignored' },
  '<<<>>>': { none: 'main', main: 'main', block: 'vm', piggyback: 'vm', ignored: 'ignored' },
  '<<<:cached(1,2)>>>': {
    none: 'main',
    main: 'main',
    block: 'vm',
    piggyback: 'vm',
    ignored: 'ignored',
  },
  '<<<<>>>>': { none: 'main', main: 'main', block: 'main', piggyback: 'main', ignored: 'main' },
  '<<<<other>>>>': {
    none: 'other',
    main: 'other',
    block: 'other',
    piggyback: 'other',
    ignored: 'other',
  },
  '<<<<src>>>>': { none: 'main', main: 'main', block: 'main', piggyback: 'src', ignored: 'main' },
  '<<<<.>>>>': {
    none: 'ignored',
    main: 'ignored',
    block: 'ignored',
    piggyback: 'ignored',
    ignored: 'ignored',
  },
  '<<<a-b>>>': { none: 'main', main: 'main', block: 'main', piggyback: 'main', ignored: 'main' },
  '<<<<host>>>': { none: 'main', main: 'main', block: 'main', piggyback: 'main', ignored: 'main' },
};

for (const [marker, owners] of Object.entries(transitions)) {
  for (const [state, owner] of Object.entries(owners)) {
    test(`after ${marker} in state ${state} a section is of ${owner}`, () => {
      const start = Object.entries(states).find(([name]) => name === state)?.[1] ?? '';
      const sections = summarize(`${start}${marker}\n<<<next>>>\nrow\n`);
      assert.equal(sections.at(-1), `${owner}/next: row`);
    });
  }
}

const rows = {
  none: [],
  main: ['main/m: text'],
  block: [],
  piggyback: ['vm/p: text'],
  ignored: [],
};

for (const [state, expected] of Object.entries(rows)) {
  test(`text in state ${state} is ${expected.length === 0 ? 'dropped' : 'collected'}`, () => {
    const start = Object.entries(states).find(([name]) => name === state)?.[1] ?? '';
    assert.deepEqual(summarize(`${start}text\n`), expected);
  });
}

test('text after a footer is dropped', () => {
  assert.deepEqual(summarize('<<<a>>>\n1\n<<<>>>\ntext\n<<<b>>>\n2'), ['main/a: 1', 'main/b: 2']);
  assert.deepEqual(summarize('<<<<vm>>>>\n<<<a>>>\n1\n<<<>>>\ntext\n'), ['vm/a: 1']);
});

test('the own name in a piggyback header does not end a main section', () => {
  assert.deepEqual(summarize('<<<a>>>\n1\n<<<<src>>>>\n2\n<<<b>>>\n'), [
    'main/a: 1 <<<<src>>>> 2',
    'main/b: ',
  ]);
});

test('without a host to check, its name is like any other', () => {
  const { piggybackedHosts } = parseAgentOutput(Buffer.from('<<<a>>>\n<<<<src>>>>\n<<<<.>>>>\n'));
  assert.deepEqual(piggybackedHosts, ['src']);
});

test('a header that comes again makes another section', () => {
  assert.deepEqual(summarize('<<<a>>>\n<<<a>>>\n1\n<<<a>>>\n2\n'), [
    'main/a: ',
    'main/a: 1',
    'main/a: 2',
  ]);
});

test('blank and white lines change nothing', () => {
  assert.deepEqual(summarize('\n \n<<<a>>>\n\n1\n\r\n'), ['main/a: \n1'.replace('\n', ' ')]);
  assert.deepEqual(parse('\n\n<<<a>>>\n').problems, []);
});

test('piggybacked hosts are named once each, in order, also without sections', () => {
  const text = '<<<<b>>>>\n<<<<a>>>>\n<<<x>>>\n<<<<b>>>>\n<<<<c c>>>>\n<<<<c_c>>>>\n';
  assert.deepEqual(parse(text).piggybackedHosts, ['b', 'a', 'c_c']);
});

test('the preamble ends where the first marker begins', () => {
  assert.equal(parse('junk\n<<<>>>\n').preambleEnd, 5);
  assert.equal(parse('<<<a>>>').preambleEnd, 0);
  assert.equal(parse('junk\n').preambleEnd, 5);
});

test('problems name their lines', () => {
  const { problems } = parse('<<<a>>>\n\n\n<<<a-b>>>\r\n<<<<.>>>>\n<<<x:sep()>>>');
  assert.deepEqual(
    problems.map(({ line, rule, severity }) => [line, rule, severity]),
    [
      [4, 'invalid-name', 'loss'],
      [5, 'directory-as-host', 'error'],
      [6, 'invalid-sep', 'error'],
    ],
  );
});

test('a thousand losses hide no error, and what is left out is counted', () => {
  const { problems, omittedProblems } = parse(`${'<<<<-x>>>>\n'.repeat(1000)}<<<a-b>>>\n`);
  assert.equal(problems.length, 101);
  assert.equal(omittedProblems, 900);
  assert.deepEqual(problems.at(-1), {
    line: 1001,
    rule: 'invalid-name',
    severity: 'error',
    message: 'invalid section header "<<<a-b>>>" lets ignored piggyback pass for the host itself',
  });
});

test('more sections than the limit are an error, said once', () => {
  const { sections, problems } = parse('<<<a>>>\n'.repeat(limits.sections + 3));
  assert.equal(sections.length, limits.sections);
  assert.deepEqual(problems, [
    {
      line: limits.sections + 1,
      rule: 'too-many-sections',
      severity: 'error',
      message: 'more than 250000 sections; "<<<a>>>" is one too many',
    },
  ]);
});

test('more piggybacked hosts than the limit are an error, said once', () => {
  const hosts = Array.from(
    { length: limits.piggybackedHosts + 3 },
    (_, index) => `<<<<h${index}>>>>`,
  );
  const { piggybackedHosts, problems } = parse(`${hosts.join('\n')}\n<<<<>>>>`);
  assert.equal(piggybackedHosts.length, limits.piggybackedHosts);
  assert.deepEqual(problems, [
    {
      line: limits.piggybackedHosts + 1,
      rule: 'too-many-hosts',
      severity: 'error',
      message: 'more than 25000 piggybacked hosts; "<<<<h25000>>>>" is one too many',
    },
  ]);
});

test('the real outputs, cut at every byte of their first kilobytes, are read without a throw', () => {
  for (const output of realOutputs) {
    for (let end = 0; end <= 4000; end += 1) parseAgentOutput(output.subarray(0, end), 'src');
  }
});

test('hostile megabytes take time in proportion', () => {
  const size = 2 * 1024 * 1024;
  const units = [
    '<',
    '\r',
    '\n',
    ' ',
    '<<<\n',
    '<<<>>>\n',
    '<<<->>>\n',
    '<<<<.>>>>\n',
    '<<<a>>>\n',
    'x<<<a>>>\n',
    'x<<<<a>>>>\n',
    ' <<<<a>>>>\n',
  ];
  for (const unit of units) {
    const started = performance.now();
    parseAgentOutput(Buffer.alloc(size, unit), 'src');
    assert.ok(performance.now() - started < 5000, JSON.stringify(unit));
  }
  const lines = [
    `<<<<a${' '.repeat(size)}b>>>>`,
    `<<<a${':'.repeat(size)}>>>`,
    `<<<${'\r'.repeat(size)}>`,
  ];
  for (const line of lines) {
    const started = performance.now();
    parseAgentOutput(Buffer.from(line), 'src');
    assert.ok(performance.now() - started < 5000, line.slice(0, 9));
  }
});
