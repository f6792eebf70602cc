import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../src/cli/environment.ts';
import { systemClock } from '../../src/clock.ts';
import { wellWord } from '../../src/collector/ask-status.ts';
import { ControlSocket } from '../../src/collector/control-socket.ts';
import { hostcheck } from '../../src/commands/hostcheck.ts';
import { CourierError } from '../../src/faults/errors.ts';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { ReadyDirectory } from '../../src/ready/ready-directory.ts';
import { systemUptime } from '../../src/ready/uptime.ts';
import { Present } from '../../src/spool/newest.ts';
import { putSpooled } from '../../src/spool/putting.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const host = parseHostName('web01');
const output = Buffer.from('<<<check_mk>>>\n');

/** Directories of a site, and what the plug-in says there. A collector is at work, unless closed. */
async function makeSite(t: TestContext) {
  const directory = await makeTempDir(t);
  const [ready, spool] = [join(directory, 'ready'), join(directory, 'spool')];
  const socket = join(directory, 'collector.sock');
  const collector = new ControlSocket(socket, new Map([['pulse', () => wellWord]]));
  await collector.listen();
  t.after(() => collector.close());
  const clock = { ...systemClock };
  const check = async (operands: readonly string[] = [host], options = {}) => {
    const context = makeCommandContext();
    let code = -1;
    const places = { ready: [ready], spool: [spool] };
    const exitWith = (given: number) => {
      code = given;
    };
    const invocation = { operands, options: { ...places, ...options } };
    await hostcheck.run(invocation, { ...context, clock, exitWith });
    return `${code} ${context.said.output}`;
  };
  const lay = () => ReadyDirectory.open({ directory: ready, clock, uptime: systemUptime() });
  const keep = (ageMs: number, origin = 'upload x') => {
    const at = new Date(clock.now() - ageMs);
    const present = new Present(clock.now(), Number.POSITIVE_INFINITY);
    return putSpooled(spool, { host, output, producedAt: at, receivedAt: at, origin }, present);
  };
  return { check, lay, keep, ready, socket, collector };
}

const validity = { validMs: 90_500, address: undefined };

test('a host with fresh output is up', async (t) => {
  const { check, lay } = await makeSite(t);
  lay().publish(host, { parts: [output] }, validity);
  assert.equal(await check(), '0 UP - fresh output of web01 is ready, good for 1m30s\n');
});

test('a host the collector cannot reach is down, and why is said', async (t) => {
  const { check, lay, keep } = await makeSite(t);
  await keep(1000);
  const line = 'cmk-courier: tcp: web01: connecting to 127.0.0.1:6556: no answer (TIMEOUT)';
  lay().publishFault(host, { line, exitCode: 6 }, validity);
  assert.equal(await check(), `2 DOWN - ${line}\n`);
});

test('where nothing is ready, the age of the output in the spool decides', async (t) => {
  const { check, keep } = await makeSite(t);
  await keep(60_000);
  assert.match(
    await check(),
    /^0 UP - output of web01 is 1m(?:\d+s)? old, from upload x \| age=6\ds;;300\n$/,
  );
  assert.match(
    await check([host], { maxAge: ['30s'] }),
    /^2 DOWN - output of web01 is 1m(?:\d+s)? old, allowed are 30s, from upload x \| age=6\ds;;30\n$/,
  );
});

test('old output that stands in counts for as long as it is young enough', async (t) => {
  const { check, lay, keep } = await makeSite(t);
  const line = 'cmk-courier: http: web01: connecting to depot:80: connection refused (UNREACHABLE)';
  lay().publish(host, { parts: [output], graceFor: line }, validity);
  assert.equal(await check(), `2 DOWN - ${line}\n`);
  await keep(60_000, 'collector http http://depot/web01');
  assert.match(await check(), /^0 UP - output of web01 is 1m(?:\d+s)? old, from collector http /);
  assert.match(
    await check([host], { maxAge: ['30s'] }),
    /^2 DOWN - output of web01 is 1m.* old, allowed are 30s, .*; cmk-courier: http: web01: .* \| age=/,
  );
});

test('a host is not down because nobody looks after it', async (t) => {
  const { check, lay, keep, socket, collector } = await makeSite(t);
  lay();
  await keep(900_500, 'collector http http://depot/web01');
  const old = 'output of web01 is 15m old, allowed are 5m, from collector http http://depot/web01';
  assert.equal(await check(), `2 DOWN - ${old} | age=901s;;300\n`);
  collector.close();
  const dead = `no collector is at work at ${socket}`;
  assert.equal((await catchFault(check())).message, `${dead}; ${old}`);
  assert.equal((await catchFault(check(['web02']))).message, dead);
  await keep(900_500);
  assert.match(await check(), /^2 DOWN - output of web01 is 15m old, .* from upload x /);
});

test('trouble of our own says nothing about the host', async (t) => {
  const { check, lay, keep } = await makeSite(t);
  const line = 'cmk-courier: ssh: web01: ssh is not installed (LOCAL)';
  lay().publishFault(host, { line, exitCode: 4 }, validity);
  assert.equal(await check(), `3 UNKNOWN - ${line}\n`);
  await keep(900_500);
  const old = 'output of web01 is 15m old, allowed are 5m, from upload x';
  assert.equal(await check(), `3 UNKNOWN - ${old}; ${line} | age=901s;;300\n`);
  await keep(60_000);
  assert.match(await check(), /^0 UP - output of web01 is 1m(?:\d+s)? old, /);
});

test('a broker that cannot be asked says nothing about the host, other sources beside it do', async (t) => {
  const { check, lay, keep } = await makeSite(t);
  const said = async (line: string) => {
    lay().publishFault(host, { line: `cmk-courier: ${line}`, exitCode: 5 }, validity);
    return (await check()).slice(0, 9);
  };
  const away = 'nats: web01: connecting to broker:4222: connection refused';
  assert.equal(await said(`${away} (UNREACHABLE)`), '3 UNKNOWN');
  assert.equal(await said('mqtt: web01: the user is not accepted (REFUSED)'), '3 UNKNOWN');
  assert.equal(await said(`${away}; before it mqtt TIMEOUT, nats PEER (UNREACHABLE)`), '3 UNKNOWN');
  assert.equal(await said(`${away}; before it tcp UNREACHABLE (UNREACHABLE)`), '2 DOWN - ');
  assert.equal(await said(`${away}; before it mqtt NO_OUTPUT (UNREACHABLE)`), '2 DOWN - ');
  assert.equal(await said('nats: web01: there is no output of web01 (NO_OUTPUT)'), '2 DOWN - ');
  await keep(60_000);
  assert.equal(await said(`${away} (UNREACHABLE)`), '0 UP - ou');
});

test('output from the future counts as absent, and keeps no host up until then', async (t) => {
  const { check, keep } = await makeSite(t);
  await keep(-30_000);
  assert.equal(await check(), '0 UP - output of web01 is 0ms old, from upload x | age=0s;;300\n');
  await keep(-7_200_500);
  assert.equal(await check(), '0 UP - output of web01 is 0ms old, from upload x | age=0s;;300\n');
  await keep(-7_200_600);
  assert.equal(await check(), '2 DOWN - there is no output of web01\n');
  const options = { maxSkew: ['3h'] };
  assert.match(await check(undefined, options), /^0 UP - output of web01 is 0ms old, /);
});

test('a host nobody has heard of is down', async (t) => {
  const { check, lay, keep } = await makeSite(t);
  lay();
  assert.equal(await check(), '2 DOWN - there is no output of web01\n');
  await keep(1000);
  assert.equal(await check(['web02']), '2 DOWN - there is no output of web02\n');
});

test('of a host that no route fits and that has sent nothing, nothing is known', async (t) => {
  const root = await makeTempDir(t);
  await mkdir(join(root, 'etc/cmk-courier'), { recursive: true });
  await mkdir(join(root, 'var/cmk-courier/spool'), { recursive: true });
  const path = join(root, 'etc/cmk-courier/routes.yaml');
  const route = "{ hosts: 'web*', tags: dmz, sources: 'https://depot/{host}' }";
  await writeFile(path, `routes: [${route}]\n`, { mode: 0o600 });
  const ask = (name: string) => runProgram(['hostcheck', name], { OMD_ROOT: root });
  assert.equal(
    await ask('db01'),
    `3 UNKNOWN - no route of ${path} fits db01, and nobody has sent its output\n`,
  );
  assert.equal(await ask('web01'), '2 DOWN - there is no output of web01\n');
});

test('a fault cannot end the line or look like a metric', async (t) => {
  const { check, lay } = await makeSite(t);
  const line = 'cmk-courier: http: web01: said "a|b=1\u001b[31m" (PEER)';
  lay().publishFault(host, { line, exitCode: 8 }, validity);
  assert.equal(await check(), '2 DOWN - cmk-courier: http: web01: said "a¦b=1 [31m" (PEER)\n');
});

test('what was ready and expired does not count', async (t) => {
  const { check, lay } = await makeSite(t);
  lay().publish(host, { parts: [output] }, { validMs: -1, address: undefined });
  assert.equal(await check(), '2 DOWN - there is no output of web01\n');
});

/** All of the program, as a core runs it. */
async function runProgram(args: readonly string[], env: Environment = {}): Promise<string> {
  const context = { ...makeCommandContext(), env };
  const code = await main(args, context);
  return `${code} ${context.said.output}${context.said.errors}`;
}

test('a mistake is UNKNOWN, on stdout, not a host that is down', async () => {
  assert.equal(
    await runProgram(['hostcheck']),
    '3 UNKNOWN - cmk-courier: hostcheck: hostcheck needs one HOST (USAGE)\n',
  );
  assert.equal(
    await runProgram(['hostcheck', '--foo', 'web01']),
    '3 UNKNOWN - cmk-courier: hostcheck: unknown option "--foo"; --help lists those there are (USAGE)\n',
  );
  assert.equal(
    await runProgram(['hostcheck', '../web01']),
    '3 UNKNOWN - cmk-courier: hostcheck: must be a host name Checkmk accepts, not "../web01" (USAGE)\n',
  );
});

test('the exit code of a verdict is that of the program', async (t) => {
  const directory = await makeTempDir(t);
  const args = ['hostcheck', 'web01', `--ready=${directory}/none`, `--spool=${directory}`];
  assert.equal(await runProgram(args), '2 DOWN - there is no output of web01\n');
});

test('where nothing is kept at all, nothing is known', async (t) => {
  const directory = await makeTempDir(t);
  const [ready, spool] = [`${directory}/ready`, `${directory}/spool`];
  assert.equal(
    await runProgram(['hostcheck', 'web01', `--ready=${ready}`, `--spool=${spool}`]),
    `3 UNKNOWN - cmk-courier: hostcheck: nothing is kept here: there is no ${ready} and no ${spool} (LOCAL)\n`,
  );
});

test('a host that another member of the pool asks is not down', async (t) => {
  const { check, collector, ready, socket, keep } = await makeSite(t);
  collector.close();
  const why = 'it is asked by "collector2", a member of the pool';
  const shared = new ControlSocket(
    socket,
    new Map<string, (about: string) => string>([
      ['pulse', () => wellWord],
      ['left', (name: string) => (name === host ? why : '')],
    ]),
  );
  await shared.listen();
  t.after(() => shared.close());
  await mkdir(ready);
  const text = `nothing of web01 is laid ready here: ${why}`;
  assert.equal(await check(), `3 UNKNOWN - ${text}\n`);
  assert.equal(await check([parseHostName('web02')]), '2 DOWN - there is no output of web02\n');
  await keep(600_000, 'collector exec x');
  assert.match(await check(), /^3 UNKNOWN - nothing of web01 .*; output of web01 is 10m old, /);
});

test('what cannot be read is UNKNOWN', async (t) => {
  const directory = await makeTempDir(t);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  assert.equal(
    await runProgram(['hostcheck', 'web01', `--ready=${directory}`, `--spool=${file}`]),
    `3 UNKNOWN - cmk-courier: hostcheck: reading the output of web01 in ${file}: not a directory (LOCAL)\n`,
  );
});

test('a fresh answer needs no spool', async (t) => {
  const { lay, ready } = await makeSite(t);
  lay().publish(host, { parts: [output] }, validity);
  const said = await runProgram(['hostcheck', 'web01', `--ready=${ready}`]);
  assert.match(said, /^0 UP - fresh output of web01 is ready, /);
});

test('a signal is no verdict', async (t) => {
  const reason = new CourierError('INTERRUPTED', 'ended by SIGTERM');
  const context = makeCommandContext(AbortSignal.abort(reason));
  const args = ['hostcheck', 'web01', `--spool=${await makeTempDir(t)}`];
  assert.equal(await main(args, context), 143);
  assert.equal(context.said.output, '');
  assert.equal(context.said.errors, 'cmk-courier: hostcheck: ended by SIGTERM (INTERRUPTED)\n');
});

test('nothing large is loaded: a core runs this for every host every minute', async (t) => {
  const directory = await makeTempDir(t);
  const noting = `
    import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => {
      process.stderr.write(url + '\\n');
      return next(url, context);
    } });`;
  const bin = fileURLToPath(new URL('../../src/bin.ts', import.meta.url));
  const hook = `--import=data:text/javascript,${encodeURIComponent(noting)}`;
  const args = [hook, bin, 'hostcheck', 'web01', `--ready=${directory}`, `--spool=${directory}`];
  const { stdout, stderr, code } = await start(process.execPath, args).ended;
  assert.match(stdout.toString(), /^UNKNOWN - cmk-courier: hostcheck: no collector is at work at /);
  assert.equal(code, 3);
  assert.match(stderr, /\/src\/commands\/hostcheck\.ts\n/);
  assert.doesNotMatch(stderr, /node_modules\/(?!yargs-parser\/)/);
});
