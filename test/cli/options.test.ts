import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseDuration,
  parseNumberWithin,
  parseOneOf,
  parseText,
} from '../../src/cli/option-types.ts';
import { type OptionTable, parseOptions, toFlag, withFlag } from '../../src/cli/options.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

const table = {
  host: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'a host',
    parse: parseText,
    required: true,
  },
  maxAge: {
    kind: 'value',
    placeholder: 'DURATION',
    describe: 'an age',
    parse: parseDuration,
    fallback: '5m',
  },
  port: {
    kind: 'value',
    placeholder: 'NUMBER',
    describe: 'a port',
    parse: parseNumberWithin(1, 9),
  },
  kind: { kind: 'list', placeholder: 'KIND', describe: 'kinds', parse: parseOneOf('pem', 'der') },
  lenient: { kind: 'switch', describe: 'be lenient' },
} as const satisfies OptionTable;

test('the types of the values are inferred from the table', () => {
  const values = parseOptions(table, { host: ['web01'] });
  const host: string = values.host;
  const maxAge: number = values.maxAge;
  const port: number | undefined = values.port;
  const kind: readonly ('pem' | 'der')[] = values.kind;
  const lenient: boolean = values.lenient;
  assert.deepEqual([host, maxAge, port, kind, lenient], ['web01', 300_000, undefined, [], false]);
});

test('the types of the values are no wider than the table says', () => {
  const values = parseOptions(table, { host: ['web01'] });
  // @ts-expect-error an option without fallback may be missing
  const port: number = values.port;
  // @ts-expect-error a list holds what its parser gives
  const kind: readonly 'pem'[] = values.kind;
  // @ts-expect-error no option of the table
  const unknown: unknown = values.unknown;
  assert.deepEqual([port, kind, unknown], [undefined, [], undefined]);
});

test('given values are parsed in their order', () => {
  const values = parseOptions(table, {
    host: ['web01'],
    maxAge: ['10s'],
    port: ['7'],
    kind: ['der', 'pem', 'der'],
    lenient: ['true'],
  });
  assert.deepEqual(values, {
    host: 'web01',
    maxAge: 10_000,
    port: 7,
    kind: ['der', 'pem', 'der'],
    lenient: true,
  });
});

test('an option that is named without a text counts as not given', () => {
  const values = parseOptions(table, { host: ['a'], maxAge: [], kind: [], lenient: [] });
  assert.deepEqual(values, {
    host: 'a',
    maxAge: 300_000,
    port: undefined,
    kind: [],
    lenient: false,
  });
});

test('a switch is on, off or a mistake', () => {
  assert.equal(parseOptions(table, { host: ['a'], lenient: ['true'] }).lenient, true);
  assert.equal(parseOptions(table, { host: ['a'], lenient: ['false'] }).lenient, false);
  assert.equal(
    catchThrown(() => parseOptions(table, { host: ['a'], lenient: ['yes'] })).message,
    '--lenient takes no value, not "yes"',
  );
});

test('every mistake is USAGE and names the flag', () => {
  const mistakes = {
    '--host is missing': {},
    '--host must not be empty': { host: [''] },
    '--host is given more than once': { host: ['a', 'b'] },
    '--lenient is given more than once': { host: ['a'], lenient: ['true', 'true'] },
    '--max-age must be a duration such as 10s, not "ten"': { host: ['a'], maxAge: ['ten'] },
    '--kind must be pem or der, not "p12"': { host: ['a'], kind: ['pem', 'p12'] },
    'unknown option --max-size': { host: ['a'], maxSize: ['1B'] },
    'unknown option --to-string': { host: ['a'], toString: ['x'] },
  };
  for (const [message, raw] of Object.entries(mistakes)) {
    const error = catchThrown(() => parseOptions(table, raw));
    assert.deepEqual([error.code, error.message], ['USAGE', message]);
  }
});

test('a fallback is checked like a given value', () => {
  const wrong = {
    size: { kind: 'value', placeholder: 'N', describe: 'n', parse: parseDuration, fallback: 'x' },
  } as const satisfies OptionTable;
  assert.equal(
    catchThrown(() => parseOptions(wrong, {})).message,
    '--size must be a duration such as 10s, not "x"',
  );
});

test('names become flags', () => {
  assert.deepEqual(['host', 'maxAge', 'omdRootDir'].map(toFlag), [
    '--host',
    '--max-age',
    '--omd-root-dir',
  ]);
});

test('a complaint gets the flag in front and keeps code and cause', () => {
  const cause = new CourierError('CONFIG', 'holds no pattern');
  const error = catchThrown(() =>
    withFlag('--sections', () => {
      throw cause;
    }),
  );
  assert.equal(error.message, '--sections holds no pattern');
  assert.equal(error.code, 'CONFIG');
  assert.equal(error.cause, cause);
});

test('a bug in a parser passes through as it is', () => {
  const bug = new TypeError('boom');
  const parse = () => {
    throw bug;
  };
  const broken = { x: { kind: 'value', placeholder: 'X', describe: 'x', parse } } as const;
  assert.throws(() => parseOptions(broken, { x: ['1'] }), bug);
  assert.equal(
    withFlag('--x', () => 1),
    1,
  );
});
