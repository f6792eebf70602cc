/** Command lines of rules: through Python's own reader and a shell, and back. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPythonLiteral } from '../../../src/setup/python-literal/read.ts';
import { PythonTuple, type PythonValue } from '../../../src/setup/python-literal/values.ts';
import { writePythonLiteral } from '../../../src/setup/python-literal/write.ts';
import {
  hostAddress,
  hostName,
  type Macro,
  toShellLine,
  type Word,
} from '../../../src/setup/rules/shell-line.ts';
import { catchThrown } from '../../helpers/catch-thrown.ts';
import { skipWithout } from '../../helpers/required-peer.ts';

const runs = process.env['COURIER_TEST_LONG'] ? 20_000 : 1500;
const skip = skipWithout('python3');

/** Values as Python reads them, told as JSON; tuples are lists behind the word `tuple`. */
function readByPython(literals: readonly string[]): readonly unknown[] {
  const program = `
import ast, json, sys
def tell(v):
    if isinstance(v, tuple): return ["tuple", [tell(i) for i in v]]
    if isinstance(v, list): return ["list", [tell(i) for i in v]]
    if isinstance(v, dict): return ["dict", [[tell(k), tell(i)] for k, i in v.items()]]
    return v
assert sys.stdin.read(0) == ""
print(json.dumps([tell(ast.literal_eval(one)) for one in json.load(sys.stdin)]))
`;
  const { stdout, stderr } = spawnSync('python3', ['-I', '-c', program], {
    input: JSON.stringify(literals),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

/** The same from here. */
function tell(value: PythonValue): unknown {
  if (value instanceof PythonTuple) return ['tuple', value.items.map(tell)];
  if (value instanceof Map) return ['dict', [...value].map((entry) => entry.map(tell))];
  if (Array.isArray(value)) return ['list', value.map(tell)];
  return value;
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const anyText = fc.oneof(text, fc.string({ unit: 'binary', maxLength: 20 }));
const { value: anyValue } = fc.letrec<{ value: PythonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    anyText,
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Object.is(one, -0)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new PythonTuple(items)),
    fc
      .uniqueArray(fc.tuple(anyText, tie('value')), { selector: ([key]) => key, maxLength: 4 })
      .map((entries) => new Map(entries)),
  ),
}));

test('what is written is ASCII in one line, and Python reads the same value', { skip }, () => {
  const values = fc.sample(anyValue, runs);
  const written = values.map(writePythonLiteral);
  for (const literal of written) assert.match(literal, /^[\x20-\x7e]*$/);
  assert.deepEqual(readByPython(written), values.map(tell));
  assert.deepEqual(written.map(readPythonLiteral).map(tell), values.map(tell));
});

test('each kind of value is written as Python writes it', () => {
  const value = new Map<PythonValue, PythonValue>([
    ["it's", [true, false, null, 1.5]],
    ['one', new PythonTuple(['ä\n\\', '\u{1f4a9}\u0001€'])],
    ['single', new PythonTuple(['x'])],
    ['empty', new PythonTuple([])],
  ]);
  assert.equal(
    writePythonLiteral(value),
    String.raw`{'it\'s': [True, False, None, 1.5], 'one': ('\xe4\n\\', '\U0001f4a9\x01\u20ac'), 'single': ('x',), 'empty': ()}`,
  );
  assert.equal(catchThrown(() => writePythonLiteral('\ud800')).code, 'USAGE');
});

/** Words that a rule may hold. */
const goodText = fc
  .oneof(
    text,
    fc.stringMatching(/^[ -#%-~]{0,30}$/),
    fc.constantFrom("'", "''", '"', '\\', '`id`', '!!', '*', '~', '#x', ';', '&&', '{a,b}', '%s'),
  )
  .filter((one) => !/[$\p{Cc}]|<(IP|HOST)>/u.test(one));
const part = fc.oneof<fc.Arbitrary<string | Macro>[]>(
  goodText,
  fc.constantFrom(hostName, hostAddress),
);
const anyWord: fc.Arbitrary<Word> = fc.oneof(
  goodText,
  fc.array(part, { maxLength: 4 }).filter((parts) => {
    const texts = parts.map((one) => (typeof one === 'string' ? one : one.text)).join('');
    return !/<(IP|HOST)>/.test(texts);
  }),
);

/** So many lines fit into one argument. */
const chunk = 100;

/** The words that `print` gets in each line of a script. */
function runBySh(shell: string, lines: readonly string[]): readonly (readonly string[])[] {
  const print = String.raw`print() { for word; do printf '%s\001' "$word"; done; printf '\002'; }`;
  const { stdout, stderr } = spawnSync(shell, ['-c', [print, ...lines].join('\n')], {
    argv0: 'sh',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(stderr, '');
  const shown = stdout.split('\u0002').slice(0, -1);
  return shown.map((line) => line.split('\u0001').slice(0, -1));
}

test('words come out of literal, macros and shell as they went in', { skip }, () => {
  const macros = { $HOSTNAME$: 'web-01.example', $HOSTADDRESS$: '2001:db8::1' };
  const lines = fc.sample(fc.array(anyWord, { maxLength: 5 }), runs / 3);
  const literals = lines.map((words) => writePythonLiteral(toShellLine(['print', ...words])));
  const scripts = readByPython(literals).map((line) =>
    Object.entries(macros).reduce((one, [macro, is]) => one.replaceAll(macro, is), String(line)),
  );
  const expand = (word: Word) =>
    [word]
      .flat()
      .map((one) =>
        typeof one === 'string' ? one : macros[one === hostName ? '$HOSTNAME$' : '$HOSTADDRESS$'],
      )
      .join('');
  const wanted = lines.map((words) => words.map(expand));
  // What is /bin/sh somewhere: dash, bash under that name, BusyBox.
  for (const shell of ['/bin/sh', ...['bash', 'busybox'].filter((name) => !skipWithout(name))]) {
    const got = scripts.flatMap((_, index) =>
      index % chunk === 0 ? runBySh(shell, scripts.slice(index, index + chunk)) : [],
    );
    assert.deepEqual(got, wanted, shell);
  }
});

test('what the site or the shell would make something else of is refused', () => {
  for (const word of ['$HOME', 'a$', 'x\ny', 'x\ry', '\0', '<IP>', 'a<HOST>b', '\u0085']) {
    assert.equal(catchThrown(() => toShellLine([word])).code, 'USAGE', word);
  }
});

test('a plain line stays readable', () => {
  const words = ['cmk-courier', 'fetch', ['--host=', hostName], ['--address=', hostAddress]];
  assert.equal(
    toShellLine([
      ...words,
      'https://depot.example/agent/{host}',
      '--mail-subject=Checkmk {host}',
      '',
    ]),
    "cmk-courier fetch --host=$HOSTNAME$ --address=$HOSTADDRESS$ https://depot.example/agent/{host} '--mail-subject=Checkmk {host}' ''",
  );
});
