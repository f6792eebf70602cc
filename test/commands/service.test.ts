import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { service } from '../../src/commands/service.ts';
import { isRunning, writeScript } from '../agents/host/courier-agent-shells.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault, expectFault } from '../helpers/expect-fault.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { courier, start } from '../helpers/run-program.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const program: RawOptions = { program: ['/omd/cmk-courier'] };
const print: RawOptions = { print: ['true'] };
const force: RawOptions = { force: ['true'] };

async function run(
  operands: readonly string[],
  env: Record<string, string>,
  options: RawOptions = program,
): Promise<string> {
  const context = { ...makeCommandContext(), env: { PATH: process.env['PATH'], ...env } };
  await service.run({ operands, options }, context);
  return context.said.output;
}

async function makeSite(t: Parameters<typeof makeTempDir>[0]) {
  const root = await makeTempDir(t);
  const script = join(root, 'etc/init.d/cmk-courier-collect');
  const link = join(root, 'etc/rc.d/85-cmk-courier-collect');
  for (const name of ['etc/init.d', 'etc/rc.d']) mkdirSync(join(root, name), { recursive: true });
  const rotation = join(root, 'etc/logrotate.d/cmk-courier-collect');
  const ready = join(root, 'local/bin/cmk-courier-ready');
  const paths = [script, link, rotation, ready];
  return { root, env: { OMD_ROOT: root }, script, link, rotation, ready, paths };
}

test('in a site it writes the init script and its link, again and again', async (t) => {
  const { root, env, script, link, paths } = await makeSite(t);
  const lines = paths.map((path) => `wrote ${path}\n`).join('');
  const written = `${lines}next:\n  omd restart cmk-courier-collect\n`;
  assert.equal(await run(['install'], env), written);
  assert.equal(await run(['install', 'collect'], env, { program: ['/new/cmk-courier'] }), written);
  assert.equal(statSync(script).mode & 0o777, 0o755);
  assert.equal(readlinkSync(link), '../init.d/cmk-courier-collect');
  assert.match(readFileSync(link, 'utf8'), /^run\(\) \{ exec setsid '\/new\/cmk-courier' /m);
  assert.deepEqual(readdirSync(join(root, 'etc/init.d')), ['cmk-courier-collect']);
});

test('uninstalling takes away both, and what is gone is fine', async (t) => {
  const { env, script, link, rotation, ready, paths } = await makeSite(t);
  await run(['install'], env);
  const removed = paths.map((path) => `removed ${path}\n`).join('');
  assert.equal(await run(['uninstall'], env, {}), removed);
  assert.deepEqual([script, rotation, ready].map(existsSync), [false, false, false]);
  assert.deepEqual(readdirSync(join(link, '..')), []);
  assert.equal(await run(['uninstall'], env, {}), removed);
});

/** Says that it is up and stays as long as its site is there. */
function writeFake(root: string): string {
  const fake = join(root, 'cmk-courier');
  const stay = 'while [ -d "$OMD_ROOT" ]; do sleep 0.1; done';
  writeScript(fake, "trap 'exit 0' TERM", `echo '"msg":"collecting"'`, stay);
  return fake;
}

test('a service that runs is stopped before its script goes', async (t) => {
  const { root, env, script } = await makeSite(t);
  await run(['install'], env, { program: [writeFake(root)] });
  const started = await start(script, ['start'], { env: { ...process.env, ...env } }).ended;
  assert.equal(started.stdout.toString(), 'Starting cmk-courier-collect...OK\n');
  const pid = readFileSync(join(root, 'tmp/run/cmk-courier-collect.pid'), 'utf8').trim();
  assert.equal(isRunning(pid), true);
  await run(['uninstall'], env, {});
  assert.deepEqual([isRunning(pid), existsSync(script)], [false, false]);
});

test('a service that does not stop keeps its script', async (t) => {
  const { env, script } = await makeSite(t);
  await run(['install'], env);
  const failing = readFileSync(script, 'utf8').replace('stop() {', 'stop() {\n  return 1');
  writeFileSync(script, failing);
  const message = `${script} stop: the service does not end`;
  const fault = await catchFault(run(['uninstall'], env, {}));
  assert.deepEqual([fault.code, fault.message], ['LOCAL', message]);
  assert.equal(readFileSync(script, 'utf8'), failing);
});

test('the script for the site comes along, and logrotate takes what the log gets', async (t) => {
  const { root, env, rotation, ready } = await makeSite(t);
  await run(['install'], env);
  const source = readFileSync(
    new URL('../../agents/site/cmk-courier-ready', import.meta.url),
    'utf8',
  );
  const [first = '', mark, ...rest] = readFileSync(ready, 'utf8').split('\n');
  assert.equal([first, ...rest].join('\n'), source);
  assert.match(mark ?? '', /^# Written by cmk-courier service install/);
  assert.equal(statSync(ready).mode & 0o777, 0o755);
  writeFileSync(ready, '#!/bin/sh\n# mine\n');
  await expectFault(run(['install'], env), 'USAGE', /cmk-courier-ready is there and not ours/);
  const log = join(root, 'var/log/cmk-courier-collect.log');
  mkdirSync(join(root, 'var/log'), { recursive: true });
  writeFileSync(log, 'a line\n');
  if (skipWithout('logrotate') !== false) return;
  const state = join(root, 'state');
  const rotated = spawnSync('logrotate', ['--force', '--state', state, rotation], {
    env: { PATH: `${process.env['PATH']}:/usr/sbin` },
    encoding: 'utf8',
  });
  assert.deepEqual([rotated.stderr, rotated.status], ['', 0]);
  assert.equal(readFileSync(log, 'utf8'), '');
  assert.equal(existsSync(`${log}.1.gz`), true);
});

test('the executable carries the script', async (t) => {
  const { env, ready } = await makeSite(t);
  const args = ['service', 'install', '--program=/omd/cmk-courier'];
  assert.equal((await start(courier, args, { env }).ended).code, 0);
  assert.match(readFileSync(ready, 'utf8'), /\nbecome "\$found" fetch --host="\$host" "\$@"\n$/);
});

test('what would be written or removed is only printed', async (t) => {
  const { env, script, link, paths } = await makeSite(t);
  const text = await run(['install'], env, { ...program, ...print });
  assert.deepEqual([existsSync(script), existsSync(link)], [false, false]);
  await run(['install'], env);
  assert.equal(readFileSync(script, 'utf8'), text);
  const removed = await run(['uninstall'], env, print);
  assert.equal(removed, paths.map((path) => `would remove ${path}\n`).join(''));
  assert.equal(readFileSync(script, 'utf8'), text);
});

test('a file of somebody else stays, unless it is to be replaced', async (t) => {
  const { env, script } = await makeSite(t);
  const long = `#!/bin/sh\n# mine\n${'#'.repeat(10_000)}\n`;
  for (const text of [long, '', '\n\n# Written by cmk-courier service install']) {
    writeFileSync(script, text);
    for (const verb of ['install', 'uninstall']) {
      const fault = await catchFault(run([verb], env));
      assert.equal(fault.message, `${script} is there and not ours; install --force replaces it`);
      assert.equal(fault.code, 'USAGE');
    }
    assert.equal(readFileSync(script, 'utf8'), text);
  }
  await run(['install'], env, { ...program, ...force });
  assert.match(readFileSync(script, 'utf8'), /^#!\/bin\/sh\n# Written by cmk-courier/);
});

test('what stands where a link of ours goes stays, unless it is such a link', async (t) => {
  const { root, env, script, link } = await makeSite(t);
  writeFileSync(link, 'mine');
  const fault = await catchFault(run(['install'], env));
  assert.equal(fault.message, `${link} is there and not ours; install --force replaces it`);
  assert.deepEqual([existsSync(script), readFileSync(link, 'utf8')], [false, 'mine']);
  await run(['install'], env, { ...program, ...force });
  assert.equal(readlinkSync(link), '../init.d/cmk-courier-collect');
  await run(['uninstall'], env, {});
  symlinkSync(join(root, 'elsewhere'), link);
  await run(['install'], env);
  assert.equal(readlinkSync(link), '../init.d/cmk-courier-collect');
});

test('a link in the place of the script is replaced by force, and not followed', async (t) => {
  const { root, env, script } = await makeSite(t);
  const target = join(root, 'target');
  writeFileSync(target, 'mine');
  symlinkSync(target, script);
  await expectFault(run(['install'], env), 'USAGE', /is there and not ours/);
  await run(['install'], env, { ...program, ...force });
  assert.equal(readFileSync(target, 'utf8'), 'mine');
  assert.match(readFileSync(script, 'utf8'), /Written by cmk-courier/);
});

test('what cannot be written is told with its path, and leaves nothing behind', async (t) => {
  const { root, env, script } = await makeSite(t);
  mkdirSync(join(script, 'sub'), { recursive: true });
  const fault = await expectFault(run(['install'], env, { ...program, ...force }), 'LOCAL');
  assert.equal(fault.message, `writing ${script}: is a directory`);
  assert.deepEqual(readdirSync(join(root, 'etc/init.d')), ['cmk-courier-collect']);
});

test('a place that cannot be looked at is told', async (t) => {
  const root = await makeTempDir(t);
  symlinkSync('etc', join(root, 'etc'));
  const fault = await expectFault(run(['install'], { OMD_ROOT: root }), 'LOCAL');
  const script = join(root, 'etc/init.d/cmk-courier-collect');
  assert.equal(fault.message, `looking at ${script}: too many symbolic links`);
});

test('outside of a site it is a unit for systemd', async () => {
  const unit = await run(['install'], { HOME: '/home/me' }, { ...program, ...print });
  assert.match(unit, /^ExecStart=\/omd\/cmk-courier collect --ready=%t\/cmk-courier\/ready/m);
  const removed = await run(['uninstall', 'receive'], { HOME: '/home/me' }, print);
  assert.match(removed, /^would remove \/.*\/cmk-courier-receive\.service\n$/);
});

test('a script is started by this Node', async () => {
  const options = { ...print, program: ['/opt/cmk-courier.cjs'] };
  const unit = await run(['install'], { HOME: '/home/me' }, options);
  const start = unit.match(/^ExecStart=(.*?) --/m)?.[1];
  assert.equal(start, `${process.execPath} /opt/cmk-courier.cjs collect`);
});

test('mistakes are told', async () => {
  const lines: readonly (readonly [operands: string[], options: RawOptions])[] = [
    [[], {}],
    [['start'], {}],
    [['install', 'web'], {}],
    [['install', 'collect', 'x'], {}],
    [['install'], {}],
    [['install'], { program: ['cmk-courier'] }],
    [['install'], { program: ['/a\nrm'] }],
  ];
  const messages = await Promise.all(
    lines.map(async ([operands, options]) => {
      const fault = await catchFault(run(operands, { OMD_ROOT: '/nowhere' }, options));
      return `${fault.code} ${fault.message}`;
    }),
  );
  assert.deepEqual(messages, [
    'USAGE a verb is missing; there are install, uninstall',
    'USAGE no verb "start"; there are install, uninstall',
    'USAGE no service "web"; there are collect and receive',
    'USAGE too much: "x"',
    'USAGE --program must name the executable to start',
    'USAGE --program must be an absolute path, not "cmk-courier"',
    'USAGE --program must be an absolute path, not "/a rm"',
  ]);
});
