import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unflow } from '../../src/mail/flowed.ts';

const undo = (text: string, deletesSpace = false) =>
  unflow(Buffer.from(text), deletesSpace).toString();

const cases: Readonly<Record<string, readonly [text: string, expected: string]>> = {
  'lines that end in a blank go on': ['a \nb \nc\nd\n', 'a b c\nd\n'],
  'CR LF is a line end, too': ['a \r\nb\r\nc\r\n', 'a b\nc\n'],
  'a blank put in front is taken away, one of several': [' >a\n From b\n  c\n', '>a\nFrom b\n c\n'],
  'an empty line ends a paragraph, and stays where none is open': ['a \n\nb\n\nc', 'a \nb\n\nc'],
  'a signature begins a line of its own': ['a \n-- \nb\n', 'a \n-- \nb\n'],
  'quoted lines are joined as deep as they are': ['>a \n>b\n>>c \n>d\n', '>a b\n>>c \n>d\n'],
  'the last line does not go on': ['a\nb ', 'a\nb '],
  'nothing is nothing': ['', ''],
};

for (const [what, [text, expected]] of Object.entries(cases)) {
  test(what, () => assert.equal(undo(text), expected));
}

test('with DelSp the blank at the end is only a mark', () => {
  assert.equal(undo('ab \ncd  \nef\n', true), 'abcd ef\n');
});

/** What RFC 3676 4.2 asks of a sender, for lines of at most ten characters. */
function flow(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/.{10}(?=.)/g, '$& \n')
        .split('\n')
        .map((piece) => piece.replace(/^(?=[ >]|From )/, ' '))
        .join('\n'),
    )
    .join('\n');
}

test('what a sender has flowed comes back', () => {
  const line = fc.stringMatching(/^[a-z<>=. F-]{0,40}$/).map((text) => text.trimEnd());
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const text = `${lines.join('\n')}\n`;
      assert.equal(undo(flow(text), true), text);
    }),
  );
});
