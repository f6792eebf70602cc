import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyLine, findMarkers, trimCarriageReturns } from '../../src/agent-output/markers.ts';

/** The kind of a line that stands between others. */
function classify(line: string): string {
  const output = Buffer.from(`>>>\n${line}\n<<<`, 'latin1');
  const lineEnd = 4 + Buffer.byteLength(line, 'latin1');
  return classifyLine(output, 4, trimCarriageReturns(output, 4, lineEnd));
}

const kinds = {
  header: ['<<<df>>>', '<<<a b>>>', '<<<df>>>\r', '<<<df>>>\r\r', '<<<df:sep(9)>>>', '<<<\xff>>>'],
  footer: ['<<<>>>', '<<<>>>\r', '<<<:>>>', '<<<:cached(1,2)>>>', '<<<:>>>>', '<<<::>>>>>'],
  'piggyback-header': ['<<<<h>>>>', '<<<<.>>>>', '<<<< >>>>', '<<<<<>>>>>', '<<<<h>>>>\r'],
  'piggyback-footer': ['<<<<>>>>', '<<<<>>>>\r\r'],
  text: [
    ' <<<df>>>',
    '<<<df>>> ',
    '<<<df>>>\r ',
    '\r<<<df>>>',
    '<<df>>',
    '<<df>>>',
    '<<<df>>',
    '<<<df>>\r>',
    '<<<',
    '>>>',
    '<<<>>',
    '<<>>>',
    '',
    '\r',
    'text',
  ],
};

for (const [kind, lines] of Object.entries(kinds)) {
  for (const line of lines) {
    test(`${JSON.stringify(line)} is ${kind}`, () => assert.equal(classify(line), kind));
  }
}

test('four brackets on one side only make a section header', () => {
  for (const line of ['<<<<h>>>', '<<<h>>>>', '<<<<>>>', '<<<>>>>', '<<<<<<>>>']) {
    assert.equal(classify(line), 'header', line);
  }
});

test('markers and lookalikes are found with their places, the first and the unfinished last line included', () => {
  const output = Buffer.from('<<<a>>>\r\ntext\n <<<b>>>\n<<<\n\n<<<c>>>\n<<<<>>>>');
  const places = [...findMarkers(output)].map(({ meaning, start, end, nextLine }) => [
    meaning.kind,
    output.toString('latin1', start, end),
    nextLine,
  ]);
  assert.deepEqual(places, [
    ['header', '<<<a>>>', 9],
    ['lookalike', ' <<<b>>>', 23],
    ['header', '<<<c>>>', 36],
    ['piggyback-footer', '<<<<>>>>', 44],
  ]);
});

test('there is no marker in nothing', () => {
  assert.deepEqual([...findMarkers(Buffer.alloc(0))], []);
  assert.deepEqual([...findMarkers(Buffer.from('\n'))], []);
});
