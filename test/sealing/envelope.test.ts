import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { joinEnvelope, type Signature, splitEnvelope } from '../../src/sealing/envelope.ts';
import { PayloadReader, writePayload } from '../../src/sealing/payload.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

const id = 'ab'.repeat(32);
const signature: Signature = { kind: 'key', id, bytes: Buffer.alloc(50, 7) };
const payload = Buffer.from('format cmk-courier-any/1\nname value\n');
const whole = joinEnvelope({ payload, signatures: [signature] }).toString();

test('what is put into an envelope comes out of it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), { minLength: 1, maxLength: 16 }),
      fc.array(fc.stringMatching(/^[!-~]( ?[!-~])*$/), { minLength: 1 }),
      (signatures, values) => {
        const written = {
          payload: writePayload(values.map((value, index) => [`name-${index}`, value])),
          signatures: signatures.map((bytes) => ({ ...signature, bytes: Buffer.from(bytes) })),
        };
        assert.deepEqual(splitEnvelope(joinEnvelope(written), ['key']), written);
        const reader = new PayloadReader(written.payload);
        values.forEach((value, index) => {
          assert.equal(reader.take(`name-${index}`, /./), value);
        });
        reader.end();
      },
    ),
    { numRuns: 50 },
  );
});

const damages: readonly (readonly [what: string, text: string, message: string])[] = [
  [
    'a carriage return',
    whole.replace('value\n', 'value\r\n'),
    'there is a byte 0x0d in it, as a transfer of text leaves it',
  ],
  ['a zero byte', whole.replace('value', 'val\0e'), 'there is a byte 0x00 in it'],
  ['a byte order mark', `\xef\xbb\xbf${whole}`, 'there is a byte 0xef in it'],
  ['a tabulator', whole.replace('name value', 'name\tvalue'), 'there is a byte 0x09 in it'],
  ['no last line feed', whole.slice(0, -1), 'its last line has no end'],
  ['no marker', whole.replace('-- signatures\n', ''), 'it has no signatures'],
  ['a second marker', whole.replace('name', '-- signatures\nname'), 'it has more than one marker'],
  [
    'a marker of another kind',
    whole.replace('name', '-- more\nname'),
    'it has more than one marker',
  ],
  [
    'a marker with a blank',
    whole.replace('-- signatures', '-- signatures '),
    'it has more than one marker',
  ],
  ['nothing behind the marker', whole.slice(0, whole.indexOf('key ')), 'it has no signatures'],
  ['an id in capitals', whole.replace(id, id.toUpperCase()), 'it has no signatures'],
  [
    'a mac where only keys are',
    whole.replace('key ', 'mac '),
    'there is a line among its signatures that is none',
  ],
  ['an id that is a path', whole.replace(id, `../${id.slice(3)}`), 'it has no signatures'],
  [
    'another line among its signatures',
    `${whole}mac ${id}\nQQ==\n`,
    'there is a line among its signatures that is none',
  ],
  [
    'a signature without bytes',
    whole.slice(0, whole.indexOf(id) + 65),
    'a signature is not base64 in lines of 64 columns',
  ],
  [
    'base64 in short lines',
    whole.replace(/\n(Bwc.{17})(.{44})\n/, '\n$1\n$2\n'),
    'a signature is not base64 in lines of 64 columns',
  ],
  [
    'bits that decoding drops',
    whole.replace('Bwc=', 'Bwd='),
    'a signature is not base64 in lines of 64 columns',
  ],
  [
    'seventeen signatures',
    joinEnvelope({ payload, signatures: Array(17).fill(signature) }).toString(),
    'it has more than 16 signatures',
  ],
];

for (const [what, text, message] of damages) {
  test(`an envelope with ${what} is refused`, () => {
    assert.notEqual(text, whole);
    const fault = catchThrown(() => splitEnvelope(Buffer.from(text, 'latin1'), ['key']));
    assert.equal(fault.code, 'MALFORMED');
    assert.ok(fault.message.endsWith(message), fault.message);
  });
}

const wrongPayloads: readonly (readonly [what: string, text: string, message: string])[] = [
  ['a repeated name', 'one 1\none 1\ntwo 2\n', 'two is missing where one is'],
  ['names in another order', 'two 2\none 1\n', 'one is missing where two is'],
  ['an unknown name', 'one 1\ntwo 2\nthree 3\n', 'three is unknown, or not in its place'],
  ['a missing name', 'one 1\n', 'two is missing where its end is'],
  ['a continuation of a line', 'one 1\n+MQ==\ntwo 2\n', 'one cannot be "1"'],
  ['a value with a blank ahead', 'one  1\ntwo 2\n', '"one 1" is no line of it'],
  ['a value with a blank behind', 'one 1 \ntwo 2\n', '"one 1" is no line of it'],
  ['a name without a value', 'one\ntwo 2\n', 'one cannot be ""'],
  ['an empty line', 'one 1\n\ntwo 2\n', '"" is no line of it'],
  ['a continuation of nothing', '+MQ==\none 1\ntwo 2\n', '"+MQ==" is no line of it'],
  ['no last line feed', 'one 1\ntwo 2', 'its last line has no end'],
];

for (const [what, text, message] of wrongPayloads) {
  test(`a payload with ${what} is refused`, () => {
    const fault = catchThrown(() => {
      const reader = new PayloadReader(Buffer.from(text));
      reader.take('one', /^1$/);
      reader.take('two', /^2$/);
      reader.end();
    });
    assert.equal(fault.code, 'MALFORMED');
    assert.equal(fault.message, `a signed document that cannot be read: ${message}`);
  });
}
