import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { describeOption } from '../src/cli/help.ts';
import { toFlag } from '../src/cli/options.ts';
import { systemClock } from '../src/clock.ts';
import { commands } from '../src/commands/catalog.ts';
import { CourierError } from '../src/faults/errors.ts';
import { main } from '../src/main.ts';
import { catalog } from '../src/transports/catalog.ts';
import { version } from '../src/version.ts';
import { makeCommandContext } from './helpers/command-context.ts';
import { goodOutput } from './helpers/scripted-transport.ts';
import { makeTempDir } from './helpers/temp-dir.ts';

const timeout = 60_000;

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command line in this process. */
async function run(args: readonly string[], shutdown?: AbortSignal): Promise<Ended> {
  const { said, ...context } = makeCommandContext(shutdown);
  const code = await main(args, { ...context, clock: systemClock });
  return { code, output: said.output, errors: said.errors };
}

async function assertFails(args: readonly string[], code: number, line: string): Promise<void> {
  assert.deepEqual(await run(args), { code, output: '', errors: `${line}\n` });
}

/** A file of agent output, for a moment's test. */
async function makeDrop(context: TestContext, text = goodOutput): Promise<string> {
  const path = join(await makeTempDir(context), 'web01');
  await writeFile(path, text);
  return path;
}

test('--version names the version of the program and of Node', async () => {
  assert.deepEqual(await run(['--version']), {
    code: 0,
    output: `cmk-courier ${version} (Node ${process.versions.node})\n`,
    errors: '',
  });
});

test('--help, -h and help show the commands', async () => {
  const shown = await run(['--help']);
  assert.deepEqual([shown.code, shown.errors], [0, '']);
  const lines = shown.output.split('\n');
  assert.equal(lines[0], 'cmk-courier COMMAND …');
  const text = shown.output.replace(/\s+/g, ' ');
  for (const [name, { summary }] of Object.entries(commands)) {
    assert.ok(text.includes(` cmk-courier ${name} ${summary} `), name);
  }
  assert.deepEqual(await run(['-h']), shown);
  assert.deepEqual(await run(['help']), shown);
});

test('help of a command goes to stdout, whatever else is wrong', async () => {
  for (const args of [['--help'], ['-h'], ['--host=-x', '--unknown', '--help']]) {
    const { code, output, errors } = await run(['fetch', ...args]);
    assert.deepEqual([code, errors], [0, '']);
    const [first] = output.split('\n');
    assert.equal(
      first,
      'cmk-courier fetch --host=NAME [--address=ADDRESS] [SOURCE…] [--or SOURCE…]… [--with=SOURCE]…',
    );
  }
});

test('help of fetch shows the options of every transport', async () => {
  const { output } = await run(['fetch', '--help']);
  const blocks = output.trimEnd().split('\n\n');
  const sources = blocks
    .find((block) => block.startsWith('Sources:\n'))
    ?.split('\n')
    .slice(1);
  assert.deepEqual(
    sources?.map((line) => line.trim().split(/ {2,}/)),
    Object.entries(catalog).map(([scheme, { summary }]) => [`${scheme}:`, summary]),
  );
  for (const [scheme, { load }] of Object.entries(catalog)) {
    const title = new RegExp(`^(?:\\S+ )*${scheme.replace('+', '\\+')}: .*sources:\n`);
    const block = blocks.find((one) => title.test(one))?.replace(/\s+/g, ' ') ?? '';
    for (const [name, spec] of Object.entries((await load()).options)) {
      const placeholder = spec.kind === 'switch' ? '' : `=${spec.placeholder}`;
      const row = `${toFlag(name)}${placeholder} ${describeOption(spec)}`;
      assert.ok(block.includes(row.replace(/\s+/g, ' ')), `${scheme}: ${row}`);
    }
  }
});

test('help of fetch for one kind of source shows only its options', async () => {
  for (const args of [
    ['fetch', '--help', 'maildir:'],
    ['help', 'fetch', 'maildir:'],
  ]) {
    const { output } = await run(args);
    assert.match(output, /\nmaildir: sources:\n/);
    assert.doesNotMatch(output, /\ntcp: sources:\n|--tls-pin/);
  }
});

test('help COMMAND is COMMAND --help', async () => {
  for (const name of Object.keys(commands)) {
    const shown = await run(['help', name]);
    assert.equal(shown.code, 0);
    assert.deepEqual(await run([name, '--help']), shown);
  }
  await assertFails(['help', 'fech'], 2, 'cmk-courier: no command "fech"; is fetch meant? (USAGE)');
});

test('what stands behind -- does not ask for help', async () => {
  const { code, errors } = await run(['check', '--', '--help']);
  assert.equal(code, 4);
  assert.equal(errors, 'cmk-courier: check: reading --help: no such file or directory (LOCAL)\n');
});

test('an option of another kind of source is told as that', async () => {
  const said = 'cmk-courier: fetch: --mail-from is an option of imaps:, imap:, maildir: sources';
  const line = `${said}, and no such source is given (USAGE)`;
  await assertFails(['fetch', '--host=a', '--mail-from=x', 'https://x/{host}'], 2, line);
  await assertFails(['fetch', '--host=a', '--mail-from', 'x'], 2, line);
  await assertFails(
    ['fetch', '--host=a', '--mail-form=x', 'https://x/{host}'],
    2,
    'cmk-courier: fetch: unknown option "--mail-form"; --help lists those there are (USAGE)',
  );
  await assertFails(
    ['fetch', '--host=a', '--user=x', 'htps://x/{host}'],
    2,
    'cmk-courier: fetch: no transport for "htps:"; is https meant? (USAGE)',
  );
});

test('a word that is mistyped gets the nearest one', async () => {
  const lines: readonly (readonly [args: readonly string[], said: string])[] = [
    [['chek'], 'no command "chek"; is check meant?'],
    [['statsu'], 'no command "statsu"; is status meant?'],
    [['--hlep'], 'no command "--hlep"; is --help meant?'],
    [['hosts', 'lst'], 'hosts: no verb "lst"; is list meant?'],
    [['certs', 'shw'], 'certs: no verb "shw"; is show meant?'],
    [['routes', 'validat'], 'routes: no verb "validat"; is validate meant?'],
    [['service', 'instal'], 'service: no verb "instal"; is install meant?'],
    [['status', '-json'], 'status: unknown option "-json"; is --json meant?'],
    [['fetch', '--maxage=1h', '/x'], 'fetch: unknown option "--maxage"; is --max-age meant?'],
    [['fetch', '-x'], 'fetch: unknown option "-x"; --help lists those there are'],
  ];
  for (const [args, said] of lines) await assertFails(args, 2, `cmk-courier: ${said} (USAGE)`);
});

test('no command and an unknown command are mistakes', async () => {
  const known = `there are ${Object.keys(commands).join(', ')}, and --help (USAGE)`;
  await assertFails([], 2, `cmk-courier: no command given; ${known}`);
  const words = known.replace('and --help', 'help, --help, --version');
  await assertFails(['get'], 2, `cmk-courier: no command "get"; ${words}`);
  await assertFails(['constructor'], 2, `cmk-courier: no command "constructor"; ${words}`);
  await assertFails(['a\n|b|cdef'], 2, `cmk-courier: no command "a ¦b¦cdef"; ${words}`);
});

test('a wrong option of a command is one line with the name of the command', async () => {
  const usage = 'cmk-courier: fetch:';
  await assertFails(['fetch'], 2, `${usage} --host is missing (USAGE)`);
  await assertFails(['fetch', '--host'], 2, `${usage} --host needs a value (USAGE)`);
  await assertFails(
    ['fetch', '--hots=a', '/x'],
    2,
    `${usage} unknown option "--hots"; is --host meant? (USAGE)`,
  );
  await assertFails(
    ['fetch', '--host=../x', '/x'],
    2,
    `${usage} --host must be a host name Checkmk accepts, not "../x" (USAGE)`,
  );
  await assertFails(
    ['fetch', '--host=a', '--timeout=ten', '/x'],
    2,
    `${usage} --timeout must be a duration such as 10s, not "ten" (USAGE)`,
  );
});

test('a wrong source is one line with the name of the command', async () => {
  const usage = 'cmk-courier: fetch:';
  await assertFails(
    ['fetch', '--host=a', 'drops/a'],
    2,
    `${usage} not a source: "drops/a"; it must be a URI or an absolute path (USAGE)`,
  );
  await assertFails(
    ['fetch', '--host=a', 'http://u:secret@h/'],
    2,
    `${usage} a source must not hold a password; use --password-file (USAGE)`,
  );
  await assertFails(
    ['fetch', '--host=a', '/x/{hots}', 'http://h/{hots}'],
    2,
    `${usage} unknown placeholder "{hots}" in a source; there are {host} and {address} (USAGE)`,
  );
});

test('good output goes to stdout and nothing to stderr', { timeout }, async (context) => {
  const path = await makeDrop(context);
  assert.deepEqual(await run(['fetch', '--host=web01', path]), {
    code: 0,
    output: goodOutput,
    errors: '',
  });
});

test('a source that fails is one line with transport and host', { timeout }, async (context) => {
  const path = await makeDrop(context, '<html><title>Sign in</title></html>\n');
  await assertFails(
    ['fetch', '--host=web01', path],
    12,
    `cmk-courier: file: web01: ${path}: line 1: this looks like an HTML page titled "Sign in", ` +
      'not agent output (rule html-page) (MALFORMED)',
  );
});

test('a signal ends a fetch with its code', async () => {
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  const { code, output, errors } = await run(
    ['fetch', '--host=web01', 'http://192.0.2.1/'],
    AbortSignal.abort(reason),
  );
  assert.deepEqual([code, output], [143, '']);
  assert.equal(errors, 'cmk-courier: http: web01: ended by SIGTERM (INTERRUPTED)\n');
});

test('--verbose says what is done', { timeout }, async (context) => {
  const path = await makeDrop(context);
  for (const flag of ['--verbose', '-v']) {
    const { code, output, errors } = await run(['fetch', flag, '--host=web01', path]);
    assert.deepEqual([code, output], [0, goodOutput]);
    assert.match(errors, /^\d\d:\d\d:\d\d\.\d{3} info web01: agent output accepted .*\n$/);
  }
});

test('a switch with a value is a mistake for every command', async () => {
  for (const flag of ['--verbose', '--debug', '--lenient']) {
    const { code, output } = await run(['fetch', `${flag}=false`, '--host=web01', '/no/such/file']);
    assert.deepEqual([code, output], [2, ''], flag);
  }
});

test('--lenient lets text before the first section pass', { timeout }, async (context) => {
  const path = await makeDrop(context, `warning: no ntp\n${goodOutput}`);
  assert.deepEqual(await run(['fetch', '--lenient', '--host=web01', path]), {
    code: 0,
    output: `warning: no ntp\n${goodOutput}`,
    errors: '',
  });
});

test('--debug shows the trace above the line, and the line last', async () => {
  const { code, output, errors } = await run([
    'fetch',
    '--debug',
    '--host=web01',
    '/x/{host}',
    'z',
  ]);
  assert.deepEqual([code, output], [2, '']);
  const lines = errors.split('\n');
  const line = 'not a source: "z"; it must be a URI or an absolute path';
  assert.equal(lines[0], `CourierError: ${line}`);
  assert.match(lines[1] ?? '', /^ {4}at parseSourceUri \(/);
  assert.deepEqual(lines.slice(-2), [`cmk-courier: fetch: ${line} (USAGE)`, '']);
});

test('--debug shows the causes', { timeout }, async (context) => {
  const path = join(await makeTempDir(context), 'missing');
  const { errors } = await run(['fetch', '--debug', '--host=web01', path]);
  const lines = errors.trimEnd().split('\n');
  assert.match(lines.at(-1) ?? '', /^cmk-courier: file: web01: .* \([A-Z_]+\)$/);
  assert.ok(lines.some((line) => line.startsWith('caused by CourierError: ')));
});

test('a plug-in says its faults on stdout and shows the trace on stderr', async () => {
  const line = 'UNKNOWN - cmk-courier: hostcheck: hostcheck needs one HOST (USAGE)\n';
  assert.deepEqual(await run(['hostcheck']), { code: 3, output: line, errors: '' });
  const { code, output, errors } = await run(['hostcheck', '--debug']);
  assert.deepEqual([code, output], [3, line]);
  assert.match(errors, /^CourierError: hostcheck needs one HOST\n {4}at judge \(/);
});

test('without --debug there is no trace', async () => {
  const { errors } = await run(['fetch', '--host=web01', 'z']);
  assert.equal(errors.split('\n').length, 2);
});

test('a bug of ours is one line that points at --debug', async () => {
  const { said, ...context } = makeCommandContext();
  const writeOutput = () => Promise.reject(new TypeError('boom'));
  assert.equal(await main(['--version'], { ...context, writeOutput }), 1);
  assert.equal(
    said.errors,
    'cmk-courier: unexpected: boom; this is a bug, --debug shows where (INTERNAL)\n',
  );
});
