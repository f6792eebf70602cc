import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { initCertificates } from '../../src/certs/store.ts';
import { receive } from '../../src/commands/receive.ts';
import { receiverOptions } from '../../src/receiver/options.ts';
import { Accesses } from '../../src/receiver/state/accesses.ts';
import { readConfiguration } from '../../src/service/configuration.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { runCourier } from '../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { exchange } from '../peers/controller-client.ts';

/** The command as the program runs it, signals included. */
const program = (args: readonly string[]) => `
import { systemClock } from ${sourceUrl('clock.ts')};
import { receive } from ${sourceUrl('commands/receive.ts')};
import { dieBySignal, listenForShutdown } from ${sourceUrl('system/shutdown.ts')};
const shutdown = listenForShutdown();
const io = {
  env: process.env, clock: systemClock, shutdown: shutdown.signal, stay: shutdown.stay,
  writeError: (text) => process.stderr.write(text),
};
await receive.run({ operands: [], options: ${JSON.stringify({ config: args })} }, io);
dieBySignal(shutdown.received());
`;

async function makeSite(t: Parameters<typeof makeTempDir>[0]) {
  const directory = await makeTempDir(t);
  const certificates = join(directory, 'certificates');
  await initCertificates(certificates, { site: 'mysite', names: ['localhost'] });
  const state = join(directory, 'state');
  await mkdir(state);
  const accesses = await Accesses.open(state);
  const wish = { kind: 'upload', hosts: ['*'], piggyback: [], mode: 'push-agent' } as const;
  const { secret } = await accesses.make({ ...wish, now: Date.now(), validMs: undefined });
  const port = await findFreePort();
  const config = join(directory, 'receiver.yaml');
  const lines = [
    `site: mysite`,
    `listen: 127.0.0.1:${port}`,
    `certificates: ${certificates}`,
    `spool: ${directory}/spool`,
    `state: ${state}`,
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  return { directory, config, port, token: secret };
}

interface Started {
  readonly child: ReturnType<typeof spawn>;
  readonly said: () => string;
  readonly ended: Promise<readonly unknown[]>;
}

async function startCommand(
  t: { after(cleanUp: () => void): void },
  config: string,
  env: Record<string, string> = {},
): Promise<Started> {
  const child = spawn(process.execPath, [...scriptArguments(program([config]))], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  t.after(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close');
  await waitUntil(() => said.includes('hosts can send') || child.exitCode !== null);
  return { child, said: () => said, ended };
}

const trust = { rejectUnauthorized: false };

test('it serves until SIGTERM, and SIGHUP does not end it', async (t) => {
  const { config, port, token } = await makeSite(t);
  await appendFile(config, 'log-uploads: true\n');
  const { child, said, ended } = await startCommand(t, config);
  const message = {
    method: 'PUT',
    path: '/v1/hosts/web01/agent-output',
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.from('<<<check_mk>>>\n'),
  };
  const place = { port, site: 'mysite' };
  assert.equal((await exchange(place, message, trust)).status, 204);
  child.kill('SIGHUP');
  await waitUntil(() => said().includes('certificates read again'));
  assert.equal((await exchange(place, message, trust)).status, 204);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  const records = said()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ msg }) => msg),
    ['hosts can send', 'served', 'certificates read again', 'served', 'ended'],
  );
  const { time, durationMs, by, ...fields } = records[1];
  assert.deepEqual(fields, {
    level: 'info',
    address: '127.0.0.1',
    method: 'PUT',
    path: '/v1/hosts/web01/agent-output',
    host: 'web01',
    bytes: 15,
    status: 204,
    msg: 'served',
  });
  assert.match(by, /^token [0-9a-f]{16}$/);
  assert.ok(!said().includes(token));
});

test('outputs that were taken are not logged unless asked for, and what is wrong is', async (t) => {
  const { config, port, token, directory } = await makeSite(t);
  await chmod(join(directory, 'certificates/ca-key.pem'), 0o644);
  const { child, said, ended } = await startCommand(t, config);
  const send = (secret: string) =>
    exchange(
      { port, site: 'mysite' },
      {
        method: 'PUT',
        path: '/v1/hosts/web01/agent-output',
        headers: { authorization: `Bearer ${secret}` },
        body: Buffer.from('<<<check_mk>>>\n'),
      },
      trust,
    );
  assert.equal((await send(token)).status, 204);
  assert.equal((await send(`${token}x`)).status, 401);
  child.kill('SIGTERM');
  await ended;
  const records = said()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ msg, status, file }) => [msg, status ?? file?.split('/').at(-1)]),
    [
      ['hosts can send', undefined],
      ['everybody on this machine may read this private key; chmod 600 it', 'ca-key.pem'],
      [records[2].msg, 401],
      ['ended', undefined],
    ],
  );
});

test('--check says what is wrong, and starts nothing', async (t) => {
  const { config, directory } = await makeSite(t);
  const check = () => runCourier(['receive', '--check', `--config=${config}`]);
  assert.deepEqual([(await check()).stderr, (await check()).code], ['', 0]);
  await writeFile(join(directory, 'certificates/server.pem'), 'x');
  assert.match((await check()).stderr, /^cmk-courier: receive: .*server\.pem .*\(CONFIG\)\n$/);
});

test('without --config the file of the site counts, and what is said beside it goes first', async (t) => {
  const { config, directory } = await makeSite(t);
  const own = join(directory, 'etc/cmk-courier/receiver.yaml');
  await mkdir(dirname(own), { recursive: true });
  const env = { ...process.env, OMD_ROOT: directory };
  const check = async (...more: string[]) => {
    const { stderr, code } = await runCourier(['receive', '--check', ...more], { env });
    return [stderr, code];
  };
  await copyFile(config, own);
  assert.deepEqual(await check(), ['', 0]);
  await writeFile(own, 'lisen: :8000\n');
  const wrong = `${own}:1: unknown key "lisen"; is listen meant?`;
  assert.deepEqual(await check(), [`cmk-courier: receive: ${wrong} (CONFIG)\n`, 3]);
  assert.deepEqual(await check(`--config=${config}`), ['', 0]);
});

/** Writes down every datagram; unlike socat it lets go of descriptors that come with one. */
const listener = `
use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die;
while (defined(recv($s, my $text, 8192, 0))) { print "$text\\n"; }
`;

const skip = skipWithout('perl') || skipWithout('systemd-notify');

test('systemd is told', { skip }, async (t) => {
  const { directory, config } = await makeSite(t);
  const socket = join(directory, 'notify');
  const manager = spawn('perl', ['-e', listener, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => void manager.kill());
  let heard = '';
  manager.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  await waitUntil(() => existsSync(socket));
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' };
  const { child, ended } = await startCommand(t, config, env);
  await waitUntil(() => heard.includes('READY=1') && heard.includes('WATCHDOG=1'));
  child.kill('SIGHUP');
  await waitUntil(() => /RELOADING=1\s+MONOTONIC_USEC=\d+[\s\S]*READY=1/.test(heard));
  child.kill('SIGTERM');
  await ended;
  assert.match(heard, /STOPPING=1/);
});

test('a full spool is told to systemd, which goes on getting its pulse', { skip }, async (t) => {
  const { directory, config, port, token } = await makeSite(t);
  await appendFile(config, 'spool-size: 10\n');
  const calls = join(directory, 'calls');
  const tools = await makeFakeNotify(directory, calls);
  const env = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '200000', PATH: tools };
  const { child, ended } = await startCommand(t, config, env);
  const url = `https://127.0.0.1:${port}/v1/hosts/web01/agent-output`;
  const sent = spawnSync('curl', ['-sk', '-T', '-', '-H', `Authorization: Bearer ${token}`, url], {
    input: '<<<check_mk>>>\nVersion: 1\n',
  });
  assert.match(sent.stdout.toString(), /cannot be stored/);
  const pulses = () => readFileSync(calls, 'utf8').match(/WATCHDOG=1 STATUS=.* is full: /g) ?? [];
  await waitUntil(() => pulses().length >= 3);
  child.kill('SIGTERM');
  await ended;
});

/** A systemd-notify that writes down what it is told. @returns a PATH with it */
async function makeFakeNotify(directory: string, calls: string): Promise<string> {
  const tools = join(directory, 'tools');
  await mkdir(tools);
  const script = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${calls}'\n`;
  await writeFile(join(tools, 'systemd-notify'), script, { mode: 0o755 });
  return `${tools}:${process.env['PATH']}`;
}

/** The command's fault, without anything being started. */
function fault(options: Record<string, readonly string[]>, operands: readonly string[] = []) {
  return receive.run({ operands, options }, makeCommandContext());
}

test('what is missing or wrong on the command line is said', async () => {
  await expectFault(fault({}), 'USAGE', /^--site is missing$/);
  await expectFault(fault({ site: ['x'] }), 'USAGE');
  await expectFault(fault({}, ['x']), 'USAGE', /^receive takes options only, not "x"$/);
  await expectFault(fault({ listen: ['8000'] }), 'USAGE', /^--listen must be an address and port/);
  await expectFault(fault({ config: ['/does/not/exist'] }), 'LOCAL', /^reading --config/);
});

test('what is wrong in receiver.yaml is said with file and line', async (t) => {
  const file = join(await makeTempDir(t), 'receiver.yaml');
  const cases: readonly (readonly [text: string, said: string])[] = [
    ['site: x\nlissten: :8000\n', '2: unknown key "lissten"; is listen meant?'],
    ['site: x\nallow-host: *\n', "2: * needs quotes: '*'"],
    ['allow-host: !web\n', "1: !web needs quotes: '!web'"],
    [`site: ${'['.repeat(3000)}\n`, '1: is nested too deeply'],
    [
      '# hello\nlisten: nowhere\n',
      '2: listen must be an address and port such as :8000, not "nowhere"',
    ],
    ['site: x\nsite: y\n', '2: Map keys must be unique'],
    ['site: [x\n', '2: Flow sequence in block collection must be sufficiently indented'],
    ['- a\n', '1: must be keys and values'],
    ['lenient: maybe\n', '1: lenient must be true or false'],
    ['site: x\n\nspool:\n  deep: 1\n', '3: spool must be one value'],
    [
      'allow-host: ["web*", "a b"]\n',
      '1: allow-host must be a host name or a pattern such as web*, not "a b"',
    ],
    ['max-uploads: 0\n', '1: max-uploads must be a number from 1 to 100000, not "0"'],
  ];
  for (const [text, said] of cases) {
    await writeFile(file, text);
    const { message } = await expectFault(fault({ config: [file] }), 'CONFIG');
    assert.ok(message.startsWith(`${file}:${said}`), message);
  }
});

test('the command line goes before the file', async (t) => {
  const directory = await makeTempDir(t);
  const file = join(directory, 'receiver.yaml');
  await writeFile(file, 'site: mysite\nlisten: nowhere:1\nallow-host: web*\nlenient: true\n');
  const missing = join(directory, 'none');
  const places = { spool: [missing], state: [missing], certificates: [missing] };
  await expectFault(fault({ config: [file], ...places }), 'LOCAL', /none/);
});

test('the example in the README is one the program understands', async (t) => {
  const readme = readFileSync(new URL('../../src/receiver/README.md', import.meta.url), 'utf8');
  const [, sample = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  const file = join(await makeTempDir(t), 'receiver.yaml');
  await writeFile(file, sample);
  const raw = await readConfiguration(file, receiverOptions);
  assert.ok(Object.keys(raw).length > 5);
});
