import assert from 'node:assert/strict';
import { EventEmitter, getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CourierError } from '../../../src/faults/errors.ts';
import {
  describeEnd,
  type ProgramCall,
  type ProgramEnd,
} from '../../../src/system/program/call.ts';
import { Run, runProgram } from '../../../src/system/program/run-program.ts';
import { readCommandLines } from '../../helpers/command-lines.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { programPath } from '../../helpers/programs.ts';
import { assertSoonEmpty } from '../../helpers/soon-empty.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const env = { PATH: process.env['PATH'] };
const neverAborts = () => new AbortController().signal;

function run(
  program: string,
  args: readonly string[] = [],
  call: Partial<ProgramCall> = {},
  signal = neverAborts(),
): Promise<ProgramEnd> {
  const path = program.includes('/') ? program : programPath(program);
  return runProgram({ program: path, args, env, maxOutputBytes: 10_000_000, ...call }, signal);
}

/** Whether a process is there and is more than a zombie nobody has collected yet. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}

function untilGone(pid: number): Promise<void> {
  return assertSoonEmpty('a process is left', () => (isRunning(pid) ? [pid] : []));
}

/** The line a program writes to a file as soon as it runs. */
async function untilWritten(path: string): Promise<string> {
  for (let look = 0; look < 3000; look += 1) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return text;
    await sleep(10);
  }
  assert.fail(`nothing was written to ${path}`);
}

/** The number a program writes to a file as soon as it runs. */
async function readPid(path: string): Promise<number> {
  return Number(await untilWritten(path));
}

async function listDescriptors(): Promise<readonly string[]> {
  return readdir('/proc/self/fd');
}

async function listPrograms(): Promise<readonly string[]> {
  const lines = await readCommandLines();
  return lines.filter((line) => line.includes('fixtures/programs'));
}

let descriptors: readonly string[] = [];

beforeEach(async () => {
  descriptors = await listDescriptors();
});

afterEach(async () => {
  const kinds = () => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap');
  await assertSoonEmpty('a child is left', kinds);
  await assertSoonEmpty('a program is left', listPrograms);
  await assertSoonEmpty('a file descriptor is left open', async () =>
    (await listDescriptors()).slice(descriptors.length),
  );
});

test('a program that ends well gives its output', async () => {
  const end = await run('shows-arguments', ['a']);
  assert.deepEqual(end, { stdout: Buffer.from('<a>\n'), stderr: '', code: 0, signal: null });
});

test('an exit code is a value, with all that was written', async () => {
  for (const code of [1, 2, 125, 126, 127, 255]) {
    const end = await run('fails', [String(code), 'x']);
    assert.equal(end.stdout.toString(), '<<<check_mk>>>\nVers');
    assert.equal(end.stderr, 'first complaint\nlast complaint of x\n');
    assert.deepEqual([end.code, end.signal], [code, null]);
  }
});

test('the signal that ended a program is a value', async () => {
  for (const name of ['KILL', 'TERM', 'SEGV', 'HUP']) {
    const { code, signal } = await run('fails', [name]);
    assert.deepEqual([code, signal], [null, `SIG${name}`]);
  }
});

test('an end is described with the last thing the program said', () => {
  const end = { stdout: Buffer.alloc(0), stderr: 'a\n  b|c \n\n', code: 3, signal: null };
  assert.equal(describeEnd(end), 'exit code 3: "b¦c"');
  assert.equal(describeEnd({ ...end, stderr: ' \n' }), 'exit code 3');
  assert.equal(
    describeEnd({ ...end, stderr: '', code: null, signal: 'SIGKILL' }),
    'ended by SIGKILL',
  );
});

test('every byte of stdout arrives as it is', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const escaped = [...bytes].map((byte) => `\\0${byte.toString(8)}`).join('');
  const { stdout } = await run('/usr/bin/env', ['printf', '%b', escaped]);
  assert.deepEqual(stdout, bytes);
});

test('five megabytes of stdout arrive, and exactly as much as is allowed', async () => {
  const { stdout } = await run('loud', ['5000000'], { maxOutputBytes: 5_000_000 });
  assert.equal(stdout.length, 5_000_000);
  assert.ok(stdout.equals(Buffer.alloc(5_000_000, 'x')));
});

test('one byte more than allowed is TOO_LARGE', async () => {
  const { message } = await expectFault(
    run('loud', ['1001'], { maxOutputBytes: 1000 }),
    'TOO_LARGE',
  );
  assert.equal(message, `${programPath('loud')} writes more than the allowed 1000 bytes`);
});

test('a program that writes without end is ended once it is too much', async () => {
  await expectFault(run('endless', [], { maxOutputBytes: 300_000 }), 'TOO_LARGE');
});

test('of stderr the last 16 kB are kept', async () => {
  const { stderr, stdout } = await run('loud', ['3', '1000000']);
  assert.equal(stderr, 'y'.repeat(16 * 1024));
  assert.equal(stdout.toString(), 'xxx');
});

test('arguments arrive one by one, and no shell looks at them', async () => {
  const args = [
    '$(id)',
    '`id`',
    'a b',
    '',
    '*',
    ';id',
    '--help',
    "it's",
    '"',
    '\\',
    '~',
    'ü\u00e9',
  ];
  const { stdout } = await run('shows-arguments', args);
  assert.equal(stdout.toString(), args.map((arg) => `<${arg}>\n`).join(''));
});

test('stdin is the null device, and the environment what was given and LC_ALL=C', async () => {
  const given = { ...env, LC_ALL: 'de_DE.UTF-8', OMD_ROOT: '/omd/sites/x', UNSET: undefined };
  const { stdout } = await run('shows-surroundings', [], { env: given });
  const [stdin, ...variables] = stdout.toString().trimEnd().split('\n');
  assert.equal(stdin, '/dev/null');
  const own = variables.filter((line) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(line));
  assert.deepEqual(own, ['LC_ALL=C', 'OMD_ROOT=/omd/sites/x', `PATH=${env.PATH}`]);
});

test('a program that is not there is LOCAL and names its Debian package', async () => {
  const missing = run('/no/such/program', [], { debianPackage: 'some-package' });
  const { message } = await expectFault(missing, 'LOCAL');
  assert.equal(message, '/no/such/program is not installed (Debian package some-package)');
});

test('a program that is not in PATH is LOCAL', async () => {
  const call = { program: 'no-such-program', args: [], env, maxOutputBytes: 1 };
  const { message } = await expectFault(runProgram(call, neverAborts()), 'LOCAL');
  assert.equal(message, 'no-such-program is not installed');
});

test('a program is looked up in the PATH that is handed over', async () => {
  const call = { program: 'shows-arguments', args: ['x'], maxOutputBytes: 9 };
  const PATH = `${join(programPath('loud'), '..')}:${env.PATH}`;
  const { stdout } = await runProgram({ ...call, env: { PATH } }, neverAborts());
  assert.equal(stdout.toString(), '<x>\n');
});

test('what cannot be executed is LOCAL', async () => {
  const path = programPath('not-executable');
  const { message } = await expectFault(run('not-executable'), 'LOCAL');
  assert.equal(message, `starting ${path}: permission denied`);
  await expectFault(run(`${path}/x`), 'LOCAL', /not a directory$/);
  await expectFault(run('/'), 'LOCAL', /permission denied$/);
});

test('a script whose interpreter is not there is LOCAL', async () => {
  const { message } = await expectFault(run('wrong-interpreter'), 'LOCAL');
  const path = programPath('wrong-interpreter');
  assert.equal(message, `${path} needs an interpreter that is not installed, see its first line`);
});

test('arguments the system does not take are LOCAL', async () => {
  await expectFault(run('shows-arguments', ['x'.repeat(3_000_000)]), 'LOCAL', /^starting .*E2BIG/);
  await expectFault(run('shows-arguments', ['a\0b']), 'LOCAL', /^starting /);
});

test('a signal that has aborted already starts nothing', async (t) => {
  const file = join(await makeTempDir(t), 'pid');
  const reason = new CourierError('TIMEOUT', 'over');
  const fault = await catchFault(run('ignores-sigterm', [file], {}, AbortSignal.abort(reason)));
  assert.equal(fault, reason);
  await assert.rejects(readFile(file), { code: 'ENOENT' });
});

test('a signal that aborts while the program is being started ends it', async () => {
  const reason = new CourierError('TIMEOUT', 'over');
  const controller = new AbortController();
  const running = run('silent', [], {}, controller.signal);
  controller.abort(reason);
  assert.equal(await catchFault(running), reason);
});

test('an abort asks the program to end, and rejects with the reason', async (t) => {
  const file = join(await makeTempDir(t), 'said');
  const reason = new CourierError('TIMEOUT', 'over');
  const controller = new AbortController();
  const running = run('ends-on-sigterm', [file], {}, controller.signal);
  running.catch(() => undefined);
  await untilWritten(file);
  controller.abort(reason);
  assert.equal(await catchFault(running), reason);
  assert.equal(await readFile(file, 'utf8'), 'asked\n');
});

test('a program that ignores being asked is ended by force, with all of its children', async (t) => {
  const file = join(await makeTempDir(t), 'pid');
  const reason = new CourierError('INTERRUPTED', 'over');
  const controller = new AbortController();
  const running = run('ignores-sigterm', [file], {}, controller.signal);
  running.catch(() => undefined);
  const pid = await readPid(file);
  controller.abort(reason);
  assert.equal(await catchFault(running), reason);
  await untilGone(pid);
  assert.deepEqual(getEventListeners(controller.signal, 'abort'), []);
});

test('a child left behind in the group is ended', async () => {
  const { stdout, code } = await run('leaves-child');
  assert.equal(code, 0);
  await untilGone(Number(stdout));
});

test('a survivor of another session that holds the pipes does not keep us waiting', async (t) => {
  const file = join(await makeTempDir(t), 'pid');
  const { stdout, code } = await run('leaves-survivor', [file]);
  const pid = await readPid(file);
  try {
    assert.deepEqual([stdout.toString(), code], ['left behind\n', 0]);
    assert.ok(isRunning(pid), 'it is over before the survivor is');
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

test('an abort while a survivor holds the pipes ends the waiting', async (t) => {
  const file = join(await makeTempDir(t), 'pid');
  const reason = new CourierError('TIMEOUT', 'over');
  const controller = new AbortController();
  const running = run('leaves-survivor', [file], {}, controller.signal);
  running.catch(() => undefined);
  const pid = await readPid(file);
  try {
    controller.abort(reason);
    assert.equal(await catchFault(running), reason);
  } finally {
    process.kill(pid, 'SIGKILL');
  }
});

test('what the last of a pipeline still writes when the program has ended arrives', async () => {
  const late = 'printf "a\\n"; (sleep 0.2; printf "b\\n"; sleep 0.2; printf "c\\n") &';
  const { stdout } = await run('/bin/sh', ['-c', late]);
  assert.equal(stdout.toString(), 'a\nb\nc\n');
});

test('a program reads its input, megabytes of it as well, and nothing where there is none', async () => {
  const input = Buffer.alloc(3_000_000, 'agent output\n');
  const { stdout } = await run('/bin/cat', [], { input });
  assert.ok(stdout.equals(input));
  assert.equal((await run('/bin/cat', [], { input: Buffer.alloc(0) })).stdout.length, 0);
  assert.equal((await run('/bin/cat')).stdout.length, 0);
});

test('a program that does not read its input ends as it ends', async () => {
  const input = Buffer.alloc(3_000_000);
  assert.equal((await run('fails', ['3', 'x'], { input })).code, 3);
  assert.equal((await run('/bin/true', [], { input })).code, 0);
});

test('an abort ends a program that never reads its input', async () => {
  const reason = new CourierError('TIMEOUT', 'over');
  const controller = new AbortController();
  const running = run('silent', [], { input: Buffer.alloc(3_000_000) }, controller.signal);
  setTimeout(() => controller.abort(reason), 50);
  assert.equal(await catchFault(running), reason);
});

test('many programs at once do not mix', async () => {
  const ends = Array.from({ length: 40 }, async (_, index) => {
    const { stdout } = await run('shows-arguments', [String(index).repeat(50_000)]);
    assert.equal(stdout.toString(), `<${String(index).repeat(50_000)}>\n`);
  });
  await Promise.all(ends);
});

test('a run that is over no longer listens to its signal', async () => {
  const { signal } = new AbortController();
  await run('shows-arguments', [], {}, signal);
  await catchFault(run('/no/such/program', [], {}, signal));
  await catchFault(run('endless', [], { maxOutputBytes: 1 }, signal));
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('a program that cannot be killed, in state D, keeps nobody waiting', {
  timeout: 60_000,
}, async () => {
  // What spawn() gives, of a process that never tells its end.
  const undead = Object.assign(new EventEmitter(), {
    pid: undefined,
    stdin: null,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    unref: () => undefined,
  });
  const call = { program: 'undead', args: [], env: {}, maxOutputBytes: 1000 };
  const reason = new CourierError('TIMEOUT', 'no answer within 5s');
  const run = new Run(undead, call);
  await assert.rejects(run.finish(AbortSignal.timeout(1)), { name: 'TimeoutError' });
  const ending = new AbortController();
  const finished = new Run(undead, call).finish(ending.signal);
  ending.abort(reason);
  await assert.rejects(finished, reason);
  assert.ok(undead.stdout.destroyed);
});
