import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OptionTable, parseOptions } from '../../src/cli/options.ts';
import { globalOptions, readArguments } from '../../src/cli/read-arguments.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

const table = {
  host: { kind: 'value', placeholder: 'NAME', describe: 'a host', parse: String },
  maxAge: { kind: 'value', placeholder: 'DURATION', describe: 'an age', parse: String },
  sections: { kind: 'list', placeholder: 'NAMES', describe: 'sections', parse: String },
  lenient: { kind: 'switch', describe: 'be lenient' },
} as const satisfies OptionTable;

function read(...args: readonly string[]) {
  return readArguments(args, [table, globalOptions]);
}

function readOptions(...args: readonly string[]) {
  return read(...args).options;
}

function assertRefused(message: string, ...args: readonly string[]): void {
  const error = catchThrown(() => read(...args));
  assert.deepEqual([error.code, error.message], ['USAGE', message]);
}

test('no arguments are no operands and no options', () => {
  assert.deepEqual(read(), { operands: [], options: {} });
});

test('operands keep their order and their text, whatever stands between them', () => {
  const { operands } = read('http://a/{host}', '--host=web01', '1e3', '', '-', '"/a b"', '0x10');
  assert.deepEqual(operands, ['http://a/{host}', '1e3', '', '-', '"/a b"', '0x10']);
});

test('a value stands behind an equals sign or in the next argument', () => {
  assert.deepEqual(readOptions('--host=web01', '--max-age', '5m'), {
    host: ['web01'],
    maxAge: ['5m'],
  });
});

test('a value stays text as it was written', () => {
  for (const text of ['', '1e3', '007', 'true', 'a=b', '"quoted"', "'q'", ' a ', '-x', '--', 'ü']) {
    assert.deepEqual(readOptions(`--host=${text}`), { host: [text] });
  }
});

test('any text behind an equals sign is the value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.deepEqual(readOptions(`--host=${text}`), { host: [text] });
    }),
  );
});

test('what is given several times keeps its order', () => {
  assert.deepEqual(readOptions('--sections=b', '--sections', 'a', '--host=x', '--host=y'), {
    sections: ['b', 'a'],
    host: ['x', 'y'],
  });
});

test('a list takes one value each time', () => {
  assert.deepEqual(read('--sections', 'a', 'b'), {
    operands: ['b'],
    options: { sections: ['a'] },
  });
});

test('a switch that is given is on and takes no operand with it', () => {
  assert.deepEqual(read('--lenient', '/drops/x'), {
    operands: ['/drops/x'],
    options: { lenient: ['true'] },
  });
  assert.equal(parseOptions(table, readOptions('--lenient')).lenient, true);
  assert.equal(parseOptions(table, readOptions()).lenient, false);
});

test('global switches are on when they are given', () => {
  assert.deepEqual(readOptions('--verbose'), { verbose: ['true'] });
  assert.deepEqual(readOptions('--debug'), { debug: ['true'] });
  assert.deepEqual(readOptions('--help'), { help: ['true'] });
});

test('-v is --verbose and -h is --help', () => {
  assert.deepEqual(readOptions('-v'), { verbose: ['true'] });
  assert.deepEqual(readOptions('-h'), { help: ['true'] });
});

test('a switch given twice is not switched off', () => {
  const { lenient = [] } = readOptions('--lenient', '--lenient');
  assert.deepEqual(new Set(lenient), new Set(['true']));
});

test('a switch takes no value', () => {
  for (const text of ['maybe', 'false', '']) {
    const error = catchThrown(() => parseOptions(table, readOptions(`--lenient=${text}`)));
    assert.equal(error.code, 'USAGE');
    assert.match(error.message, /^--lenient takes no value/);
  }
});

test('a word behind a switch is an operand', () => {
  assert.deepEqual(read('--lenient', 'false'), {
    operands: ['false'],
    options: { lenient: ['true'] },
  });
});

test('behind -- everything is an operand', () => {
  assert.deepEqual(read('--host=a', '--', '--host=b', '-v', '--'), {
    operands: ['--host=b', '-v', '--'],
    options: { host: ['a'] },
  });
});

test('an option without its value is a mistake', () => {
  assertRefused('--host needs a value', '--host');
  assertRefused('--max-age needs a value', '/drops/x', '--max-age');
  assertRefused('--host needs a value', '--host', '--lenient');
  assertRefused('--host needs a value', '--host=a', '--host');
  assertRefused('--sections needs a value', '--sections', '--');
});

test('an unknown option is a mistake', () => {
  assertRefused('unknown option "--output"; --help lists those there are', '--output=x');
  assertRefused('unknown option "-x"; --help lists those there are', '-x');
  assertRefused('unknown option "--no-lenient"; is --lenient meant?', '--no-lenient');
  assertRefused('unknown option "--maxAge"; is --max-age meant?', '--maxAge=5m');
  assertRefused('unknown option "--host.a"; is --host meant?', '--host.a=1');
  assertRefused('unknown option "--constructor"; --help lists those there are', '--constructor=1');
  assertRefused('unknown option "--toString"; --help lists those there are', '--toString');
});

test('a secret in an argument brings the option that names a file, and is not shown', () => {
  const secrets = {
    passwordFile: { kind: 'value', placeholder: 'FILE', describe: 'a file', parse: String },
    passwordId: { kind: 'value', placeholder: 'ID', describe: 'an entry', parse: String },
  } as const satisfies OptionTable;
  const error = catchThrown(() => readArguments(['--password=geheim'], [secrets]));
  assert.equal(error.message, 'unknown option "--password"; is --password-file meant?');
});

test('an option that is nearly known brings a hint', () => {
  assertRefused('unknown option "--hots"; is --host meant?', '--hots=a');
  assertRefused('unknown option "--hosts"; is --host meant?', '--hosts=a');
  assertRefused('unknown option "--hst"; is --host meant?', '--hst=a');
  assertRefused('unknown option "--hoxt"; is --host meant?', '--hoxt=a');
  assertRefused('unknown option "--max_age"; is --max-age meant?', '--max_age=5m');
  assertRefused('unknown option "--hostname"; --help lists those there are', '--hostname=a');
});

test('an unknown option with a value that looks like one does not swallow it', () => {
  assertRefused(
    'unknown option "--pasword-file"; --help lists those there are',
    '--pasword-file',
    'x',
    '--host=a',
  );
});

test('no argument changes what objects are', () => {
  assert.equal(catchThrown(() => read('--__proto__=x', '--__proto__.host=y')).code, 'USAGE');
  assert.equal(Object.hasOwn(Object.prototype, 'host'), false);
});

test('any arguments are read or refused as USAGE', () => {
  const words = fc.constantFrom('--host', '--lenient', '-v', '--', '-', '--=', '--_', '-é', '---');
  const arg = fc.oneof(
    words,
    fc.string(),
    fc.string().map((text) => `--${text}`),
  );
  fc.assert(
    fc.property(fc.array(arg, { maxLength: 5 }), (args) => {
      try {
        for (const texts of Object.values(readOptions(...args))) assert.ok(texts.length > 0);
      } catch (error) {
        assert.match(
          String(error),
          /^CourierError: (unknown option "|--.* (needs a|takes no) value$)/s,
        );
      }
    }),
  );
});

test('-q is --quiet of a command that has it, and unknown to the others', () => {
  const quiet = { kind: 'switch', describe: '' } as const;
  assert.deepEqual(readArguments(['-q'], [{ quiet }]).options, { quiet: ['true'] });
  assert.throws(() => readArguments(['-q'], [{}]), /^CourierError: unknown option "-q"/);
});
