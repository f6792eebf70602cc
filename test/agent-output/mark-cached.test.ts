import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { markCached } from '../../src/agent-output/mark-cached.ts';
import { parseAgentOutput } from '../../src/agent-output/parser.ts';

const producedAt = new Date('2026-01-01T00:00:00.900Z');
const mark = 'cached(1767225600,300)';

/** Marks lines that are written with `¶` between them. */
function markLines(lines: string, maxAgeMs = 300_000): string {
  const output = Buffer.from(lines.replaceAll('¶', '\n'));
  return markCached(output, producedAt, maxAgeMs, 'src').toString().replaceAll('\n', '¶');
}

const cases: readonly (readonly [what: string, before: string, after: string])[] = [
  ['a header', '<<<df>>>¶/ 1 2¶', `<<<df:${mark}>>>¶/ 1 2¶`],
  ['a header with options', '<<<df:sep(9):persist(7)>>>¶', `<<<df:sep(9):persist(7):${mark}>>>¶`],
  ['a header with a carriage return', '<<<df>>>\r¶x\r¶', `<<<df:${mark}>>>\r¶x\r¶`],
  ['a header without line end', '<<<df>>>', `<<<df:${mark}>>>`],
  ['a header with an option that has no effect', '<<<a:cached>>>¶', `<<<a:cached:${mark}>>>¶`],
  [
    'headers in piggyback, and nothing else of it',
    '<<<<vm>>>>¶<<<a>>>¶1¶<<<<>>>>¶<<<b>>>¶2¶',
    `<<<<vm>>>>¶<<<a:${mark}>>>¶1¶<<<<>>>>¶<<<b:${mark}>>>¶2¶`,
  ],
  [
    'headers for an unusable host, which the site drops',
    '<<<<.>>>>¶<<<a>>>¶',
    `<<<<.>>>>¶<<<a:${mark}>>>¶`,
  ],
  [
    'the rows of local checks, and not their header',
    '<<<local:sep(0)>>>¶0 "a b" - fine¶P c x=1 text¶<<<df>>>¶0 a - no¶',
    `<<<local:sep(0)>>>¶${mark} 0 "a b" - fine¶${mark} P c x=1 text¶<<<df:${mark}>>>¶0 a - no¶`,
  ],
  ['the rows of MRPE', '<<<mrpe>>>¶(check) A 0 fine', `<<<mrpe>>>¶${mark} (check) A 0 fine`],
  [
    'rows with carriage returns, which stay',
    '<<<local:sep(0)>>>\r¶0 a - x\r¶\r¶0 b - y\r',
    `<<<local:sep(0)>>>\r¶${mark} 0 a - x\r¶\r¶${mark} 0 b - y\r`,
  ],
  [
    'rows behind their white space',
    '<<<local:sep(0)>>>¶ \t0 a - x¶',
    `<<<local:sep(0)>>>¶ \t${mark} 0 a - x¶`,
  ],
  [
    'rows behind white space that is no ASCII',
    '<<<local:sep(0)>>>¶\u00a00 a - x¶\u2003\u30000 b - y¶\x1c0 c - z¶\x85 0 d - z¶',
    `<<<local:sep(0)>>>¶\u00a0${mark} 0 a - x¶\u2003\u3000${mark} 0 b - y¶\x1c${mark} 0 c - z¶\x85 ${mark} 0 d - z¶`,
  ],
  [
    'the header of local checks in an encoding without ASCII',
    '<<<local:sep(0):encoding(utf-16)>>>¶0\0 a¶<<<mrpe:encoding(cp037)>>>¶x¶',
    `<<<local:sep(0):encoding(utf-16):${mark}>>>¶0\0 a¶<<<mrpe:encoding(cp037):${mark}>>>¶x¶`,
  ],
  [
    'rows in an encoding that has ASCII, behind its white space',
    '<<<local:sep(0):encoding(koi8-r)>>>¶\u009a0 a - x¶',
    `<<<local:sep(0):encoding(koi8-r)>>>¶\u009a${mark} 0 a - x¶`,
  ],
  [
    'rows of local checks in piggyback',
    '<<<<vm>>>>¶<<<local:sep(0)>>>¶0 a - x¶<<<<>>>>¶0 b - y¶',
    `<<<<vm>>>>¶<<<local:sep(0)>>>¶${mark} 0 a - x¶<<<<>>>>¶0 b - y¶`,
  ],
  [
    'rows up to the next header of the same name',
    '<<<mrpe>>>¶(a) A 0 x¶<<<mrpe>>>¶(b) B 1 y¶',
    `<<<mrpe>>>¶${mark} (a) A 0 x¶<<<mrpe>>>¶${mark} (b) B 1 y¶`,
  ],
];

for (const [what, before, after] of cases) {
  test(`the mark goes into ${what}`, () => assert.equal(markLines(before), after));
}

const untouched: readonly (readonly [what: string, lines: string])[] = [
  ['sections that are cached', '<<<df:cached(5,6)>>>¶/ 1¶'],
  ['cached rows', '<<<local:sep(0)>>>¶cached(5,6) 0 a - x¶ \tcached(5,6) 0 b - y¶'],
  ['rows of a cached section', '<<<local:cached(5,6)>>>¶0 a - x¶'],
  ['text that looks like a header', '<<<>>>¶x<<<df>>>¶'],
  ['blank rows', '<<<local:sep(0)>>>¶¶ \t¶\r¶\x0b\x0c¶\u00a0¶'],
  ['text before the first header', 'banner¶0 a - x¶'],
  ['rows behind a footer', '<<<>>>¶<<<:cached(1,2)>>>¶0 a - x¶'],
  ['headers the site does not take for one', '<<<a-b>>>¶x¶'],
  ['nothing at all', ''],
];

for (const [what, lines] of untouched) {
  test(`${what} stay as they are`, () => assert.equal(markLines(lines), lines));
}

test("a local section goes on behind the host's own name", () => {
  assert.equal(
    markLines('<<<local>>>¶0 a - x¶<<<<src>>>>¶0 b - y¶<<<<vm>>>>¶0 c - z¶'),
    `<<<local>>>¶${mark} 0 a - x¶<<<<src>>>>¶${mark} 0 b - y¶<<<<vm>>>>¶0 c - z¶`,
  );
  const others = '<<<a:cached(1,2)>>>¶x¶<<<<src>>>>¶0 b - y¶';
  assert.equal(markLines(others), others);
});

test('a local section ends at a footer', () => {
  assert.equal(
    markLines('<<<local>>>¶0 a - x¶<<<>>>¶0 b - y¶'),
    `<<<local>>>¶${mark} 0 a - x¶<<<>>>¶0 b - y¶`,
  );
});

test('it counts as fresh for whole seconds, and at least one', () => {
  assert.equal(markLines('<<<a>>>', 1600), '<<<a:cached(1767225600,2)>>>');
  assert.equal(markLines('<<<a>>>', 1), '<<<a:cached(1767225600,1)>>>');
});

test('what never gets old is a number all the same', () => {
  const marked = markLines('<<<a>>>', Number.POSITIVE_INFINITY);
  assert.equal(marked, '<<<a:cached(1767225600,315360000)>>>');
});

test('every byte of rows stays', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const rows = Buffer.concat([Buffer.from('<<<a>>>\n'), bytes]);
  const marked = markCached(rows, producedAt, 300_000, 'src');
  assert.deepEqual(marked.subarray(`<<<a:${mark}>>>\n`.length), bytes);
});

const line = fc.oneof(
  fc.constantFrom(
    ...['<<<a>>>', '<<<local:sep(0)>>>', '<<<mrpe>>>', '<<<b:cached(1,2)>>>', '<<<>>>', '<<<<>>>>'],
    ...['<<<<vm>>>>', '<<<<src>>>>', '<<<<.>>>>', '<<<x-y>>>', '', ' ', '\r', '0 a - b'],
    ...['cached(1,2) 0 a - b', '<<<c:nostrip()>>>\r', 'x\r', ' \t0 c - d'],
    ...['<<<d:sep(9):persist(7)>>>\r', '<<<local:cached(1,2)>>>', '<<<<vm>>>>\r', '<<<:x>>>'],
  ),
  fc.string(),
);

test("sections, hosts and rows stay the site's own, whatever the output", () => {
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const output = Buffer.from(lines.join('\n'));
      const marked = markCached(output, producedAt, 300_000, 'src');
      assert.deepEqual(outline(marked), outline(output));
      assert.deepEqual(markCached(marked, new Date(0), 1000, 'src'), marked);
    }),
  );
});

/** What the site makes of it, without marks. */
function outline(output: Buffer) {
  const { sections, piggybackedHosts, problems } = parseAgentOutput(output, 'src');
  const read = sections.map(({ name, owner, options, ...places }) => {
    const rows = output.toString('utf8', places.bodyStart, places.end);
    const { cached, ...others } = options;
    return { name, owner, others, rows: rows.replaceAll(/^([ \t]*)cached\(\d+,\d+\) /gm, '$1') };
  });
  return { read, piggybackedHosts, rules: problems.map(({ line, rule }) => [line, rule]) };
}
