import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CourierError,
  cleanText,
  type FaultCode,
  faults,
  prefixError,
  quote,
  stderrLine,
} from '../../src/faults/errors.ts';
import { registerSecret } from '../../src/faults/redaction.ts';
import { anyText } from '../helpers/any-text.ts';

/** Public: a number is never reused, a code never renamed. */
const exitCodes: Readonly<Record<FaultCode, number>> = {
  INTERNAL: 1,
  USAGE: 2,
  CONFIG: 3,
  LOCAL: 4,
  UNREACHABLE: 5,
  TIMEOUT: 6,
  REFUSED: 7,
  PEER: 8,
  NO_OUTPUT: 9,
  STALE: 10,
  TOO_LARGE: 11,
  MALFORMED: 12,
  INTERRUPTED: 143,
};

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faults, code);
}

const codes = Object.keys(faults).filter(isFaultCode);

test('every fault has the exit code it always had', () => {
  const found = Object.fromEntries(codes.map((code) => [code, faults[code].exit]));
  assert.deepEqual(found, exitCodes);
});

test('an error has the exit code of its fault', () => {
  const found = Object.fromEntries(
    codes.map((code) => [code, new CourierError(code, '').exitCode]),
  );
  assert.deepEqual(found, exitCodes);
});

test('no exit code means something else to a shell or to Checkmk', () => {
  const reserved = codes.filter((code) => {
    const { exit } = faults[code];
    return code !== 'INTERRUPTED' && (exit < 1 || exit > 125);
  });
  assert.deepEqual(reserved, []);
});

test('only who does not answer is asked more seldom', () => {
  assert.deepEqual(
    codes.filter((code) => faults[code].silence),
    ['UNREACHABLE', 'TIMEOUT'],
  );
});

test('old output stands in for nothing that somebody must mend in a file or on a command line', () => {
  assert.deepEqual(
    codes.filter((code) => !faults[code].grace),
    ['INTERNAL', 'USAGE', 'CONFIG', 'INTERRUPTED'],
  );
});

test('only a refusal lets a shared transport be opened anew', () => {
  assert.deepEqual(
    codes.filter((code) => faults[code].reopen),
    ['REFUSED'],
  );
});

test('every fault says when it is raised, in one line', () => {
  for (const code of codes) assert.match(faults[code].when, /^[^\n|.]+$/);
});

test('an error keeps its message, cause, name and place', () => {
  const cause = new Error('why');
  const error = new CourierError('LOCAL', 'what', { cause, where: ['ssh', 'web01'] });
  assert.deepEqual(
    [error.name, error.message, error.cause, error.code, error.where],
    ['CourierError', 'what', cause, 'LOCAL', ['ssh', 'web01']],
  );
  assert.equal(new CourierError('LOCAL', 'what').where, undefined);
});

test('a prefix says what was being done and keeps code and cause', () => {
  const error = new CourierError('PEER', 'status 503');
  const prefixed = prefixError(error, 'fetching https://depot/web01');
  assert.equal(prefixed.message, 'fetching https://depot/web01: status 503');
  assert.equal(prefixed.code, 'PEER');
  assert.equal(prefixed.cause, error);
});

test('the line names the place, what failed and the code', () => {
  const error = new CourierError('UNREACHABLE', 'connecting to web01:22: connection refused');
  assert.equal(
    stderrLine(error, ['ssh', 'web01']),
    'cmk-courier: ssh: web01: connecting to web01:22: connection refused (UNREACHABLE)',
  );
});

test('the line without a place begins with the message', () => {
  const error = new CourierError('USAGE', 'no command given');
  assert.equal(stderrLine(error, []), 'cmk-courier: no command given (USAGE)');
});

test('the line of a bug of ours points at --debug', () => {
  const error = new CourierError('INTERNAL', 'unexpected: x is not a function');
  assert.equal(
    stderrLine(error, ['fetch']),
    'cmk-courier: fetch: unexpected: x is not a function; this is a bug, --debug shows where (INTERNAL)',
  );
});

test('a line of 300 characters is not cut, a longer one is cut before its code', () => {
  const room = 300 - 'cmk-courier:  (PEER)'.length;
  const fits = stderrLine(new CourierError('PEER', 'x'.repeat(room)), []);
  assert.equal(fits, `cmk-courier: ${'x'.repeat(room)} (PEER)`);
  const cut = stderrLine(new CourierError('PEER', 'x'.repeat(room + 1)), []);
  assert.equal(cut, `cmk-courier: ${'x'.repeat(room - 1)}… (PEER)`);
});

test('the hint of a bug of ours survives the cut as well', () => {
  const end = '; this is a bug, --debug shows where (INTERNAL)';
  const line = stderrLine(new CourierError('INTERNAL', 'x'.repeat(500)), []);
  assert.equal(line, `cmk-courier: ${'x'.repeat(300 - 14 - end.length)}…${end}`);
});

test('the cut never halves a character outside the basic plane', () => {
  const line = stderrLine(new CourierError('PEER', '🙂'.repeat(400)), []);
  assert.equal(line, `cmk-courier: ${'🙂'.repeat(300 - 14 - ' (PEER)'.length)}… (PEER)`);
});

test('any text becomes one clean line that ends in the code', () => {
  fc.assert(
    fc.property(anyText, fc.array(anyText, { maxLength: 3 }), fc.constantFrom(...codes), checkLine),
    { numRuns: 2000 },
  );
});

function checkLine(message: string, where: readonly string[], code: FaultCode): void {
  const line = stderrLine(new CourierError(code, message), where);
  assert.ok(line.startsWith('cmk-courier:'));
  assert.ok(line.endsWith(` (${code})`));
  assert.ok(Array.from(line).length <= 300);
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}|]/u);
  assert.equal(Buffer.from(line, 'utf8').toString('utf8'), line);
}

test('cleaned text holds no line break, control character, bidirectional mark or bar', () => {
  assert.equal(
    cleanText('a\r\nb\tc\u0000d\u001b[31me\u0085f\u2028g\u2029h\u202ei\u2066j\u200fk|l'),
    'a b c d [31me f g h i j k¦l',
  );
});

test('lone surrogates become replacement characters', () => {
  assert.equal(cleanText('a\ud800b\udc00c🙂'), 'a\ufffdb\ufffdc🙂');
});

test('ordinary text of any language stays as it is', () => {
  const text = 'Größe in °C: 平均 10 µs – „so“ 🙂';
  assert.equal(cleanText(text), text);
});

test('blanks in a row become one, those at the ends none', () => {
  assert.equal(cleanText('  a \n\n  b  '), 'a b');
});

test('a quote is cut at 120 characters and holds no quotation mark of its own', () => {
  assert.equal(quote('say "ten"\n'), `"say 'ten'"`);
  assert.equal(quote('x'.repeat(121)), `"${'x'.repeat(119)}…"`);
});

test('a secret is struck out of the line', () => {
  registerSecret('Zk9-errors-plain');
  const error = new CourierError('REFUSED', 'the peer said "Zk9-errors-plain is wrong"');
  assert.equal(
    stderrLine(error, ['http', 'Zk9-errors-plain']),
    'cmk-courier: http: [secret]: the peer said "[secret] is wrong" (REFUSED)',
  );
});

test('a secret that lies across the cut is struck out before the cut', () => {
  registerSecret('Zk9-errors-across-the-cut');
  for (let before = 250; before <= 300; before += 1) {
    const message = `${'x'.repeat(before)}Zk9-errors-across-the-cut`;
    const line = stderrLine(new CourierError('PEER', message), []);
    assert.doesNotMatch(line, /Zk/);
  }
});

test('a secret in base64 or percent-encoded is struck out of the line', () => {
  const secret = 'Zk9 errors: 100%/ü';
  registerSecret(secret);
  const forms = [Buffer.from(secret).toString('base64'), encodeURIComponent(secret)];
  const line = stderrLine(new CourierError('PEER', `got ${forms.join(' and ')}`), []);
  assert.equal(line, 'cmk-courier: got [secret] and [secret] (PEER)');
});

test('a secret with characters that are cleaned is struck out before the cleaning', () => {
  registerSecret('Zk9|errors\tbar\u202e');
  const line = stderrLine(new CourierError('PEER', 'got Zk9|errors\tbar\u202e!'), []);
  assert.equal(line, 'cmk-courier: got [secret]! (PEER)');
});
