import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPythonLiteral } from '../../../src/setup/python-literal/read.ts';
import { PythonTuple, type PythonValue } from '../../../src/setup/python-literal/values.ts';
import { catchThrown } from '../../helpers/catch-thrown.ts';
import { skipWithout } from '../../helpers/required-peer.ts';

const skip = skipWithout('python3');
const numRuns = process.env['COURIER_TEST_LONG'] ? 20_000 : 400;

/** Runs a script of Python over a list, and hands back the list it prints. */
function askPython(script: string, asked: unknown): readonly unknown[] {
  const { stdout, stderr } = spawnSync('python3', ['-W', 'ignore', '-c', script], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

/** As JSON has it, where that is possible. */
function toPlain(value: PythonValue): unknown {
  if (value instanceof PythonTuple) return { tuple: value.items.map(toPlain) };
  if (value instanceof Map) {
    return { dict: [...value].map(([key, item]) => [toPlain(key), toPlain(item)]) };
  }
  return Array.isArray(value) ? value.map(toPlain) : value;
}

function readOrRefuse(text: string): unknown {
  try {
    return { value: toPlain(readPythonLiteral(text)) };
  } catch (error) {
    assert.ok(error instanceof Error);
    return { refused: error.message };
  }
}

const plain = `
import ast, json, pprint, sys
def plain(value):
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (bytes, complex, set)) or value is ...:
        raise ValueError("not read here")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        raise ValueError("not read here")
    if isinstance(value, float) and value in (float("inf"), -float("inf")):
        raise ValueError("not read here")
    if isinstance(value, str):
        value.encode()
    return value
`;

const anyText = fc.string({ unit: 'binary', maxLength: 60 });

test('what Python writes is read as it was, however it is laid out', { skip }, () => {
  const scalar = fc.oneof(
    anyText,
    fc.integer(),
    fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
    fc.boolean(),
    fc.constant(null),
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('node')),
      fc.dictionary(anyText, tie('node')),
    ),
  }));
  const values = fc.sample(node, numRuns);
  const script = `${plain}
def tuples(value):
    if isinstance(value, list):
        return (tuple if len(value) % 2 else list)([tuples(item) for item in value])
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return value
def both(number, value):
    value = tuples(value)
    return [pprint.pformat(value, width=1 + number % 100, sort_dicts=False) if number % 2 else ascii(value), plain(value)]
print(json.dumps([both(*pair) for pair in enumerate(json.load(sys.stdin))]))`;
  for (const written of askPython(script, values)) {
    assert.ok(Array.isArray(written));
    const [text, value] = written;
    assert.deepEqual(readOrRefuse(text), { value }, text);
  }
});

/** Pieces that make sense together often enough. */
const piece = fc.constantFrom(
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ',',
    ':',
    ' ',
    '\n',
    '\r\n',
    '\\\n',
    '#x\n',
    '\t',
    '-',
    '+',
  ],
  ...[
    '1',
    '0',
    '00',
    '007',
    '1_0',
    '1__0',
    '0x1f',
    '0o17',
    '0b2',
    '1.',
    '.5',
    '1e5',
    '1e',
    '1j',
    '.',
  ],
  ...[
    "'a'",
    '"b"',
    "'''c\n'''",
    "'\\n'",
    "'\\x41'",
    "'\\x4'",
    "'\\101'",
    "'\\q'",
    "'\\\n'",
    "r'\\'",
    "r'\\x'",
  ],
  ...[
    "u'd'",
    "b'e'",
    "f'g'",
    "ur'h'",
    "'\\u00e4'",
    "'\\ud83d'",
    "'\\U0001f680'",
    "'\\U00110000'",
    "'i",
    "'\n'",
  ],
  ...['None', 'True', 'False', 'null', 'true', 'x', "{'k': 1}", "('t',)", '()', '[]', '{}'],
);

function isRefusal(answer: unknown): answer is { readonly refused: string } {
  return typeof answer === 'object' && answer !== null && 'refused' in answer;
}

/** What of Python's is refused here on purpose. */
const stricter = /is there twice|is no simple value|follows the value/;

test('what Python refuses is refused, and what it reads is read alike', { skip }, () => {
  const texts = fc.sample(
    fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => `[${pieces.join('')}]`),
    numRuns * 20,
  );
  const script = `${plain}
def read(text):
    try:
        return {"value": plain(ast.literal_eval(text))}
    except Exception as error:
        return {"refused": str(error)}
print(json.dumps([read(text) for text in json.load(sys.stdin)]))`;
  for (const [index, theirs] of askPython(script, texts).entries()) {
    const text = texts[index] ?? '';
    const ours = readOrRefuse(text);
    if (isRefusal(ours) && stricter.test(ours.refused)) continue;
    if (isRefusal(theirs)) assert.ok(isRefusal(ours), JSON.stringify(text));
    else assert.deepEqual(ours, theirs, JSON.stringify(text));
  }
});

test('what is no literal is told with its line', () => {
  const wrong: Readonly<Record<string, string>> = {
    '{\n"a": null}': 'line 2: null is None in Python',
    "{'a': 1\n'b': 2}": 'line 2: a comma or } is missing before "\'"',
    "{'a' 1}": 'line 1: a : is missing before "1"',
    "'a": 'line 1: a string does not end',
    "{'a': 1} x": 'line 1: "x" follows the value',
    '': 'line 1: no value begins with the end',
    "__import__('os')": 'line 1: no value begins with "__import__"',
    "b'a'": 'line 1: a string begins with b, which makes something else of it',
    "'\\ud83d\\ude80'":
      'line 1: an escape names half of a surrogate pair, which is no character in Python',
    "'\\N{BULLET}'": 'line 1: a character is named by \\N, which is not read here',
    '[0x]': 'line 1: a number is written wrongly',
    '9007199254740993': 'line 1: a number is too large',
    "{'a': 1, 'a': 2}": 'line 1: the key "a" is there twice',
    '{(1,): 2}': 'line 1: a key is no simple value',
    '{1, 2}': 'line 1: a : is missing before ","',
    "'a\0'": 'a zero byte is in it',
  };
  for (const [text, message] of Object.entries(wrong)) {
    const fault = catchThrown(() => readPythonLiteral(text));
    assert.deepEqual([fault.code, fault.message], ['MALFORMED', message]);
  }
});

test('brackets without end are no crash', () => {
  const fault = catchThrown(() => readPythonLiteral('['.repeat(1_000_000)));
  assert.equal(fault.message, 'line 1: more than 100 brackets are open');
});
