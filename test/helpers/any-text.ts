/** Any text a peer may come up with: words, every code point, control characters, lone surrogates. */

import fc from 'fast-check';

const codeUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 400 })
  .map((units) => String.fromCharCode(...units));

const awkward = fc.string({
  unit: fc.constantFrom('a', ' ', '\n', '\r', '\0', '|', '"', '\u202e', '\ud800', '\udc00', '🙂'),
  maxLength: 400,
});

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 400 }),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  codeUnits,
  awkward,
);
