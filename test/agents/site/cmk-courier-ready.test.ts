/** The script that answers for the collector, under every shell a site may have as /bin/sh. */

import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../src/clock.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { ReadyDirectory } from '../../../src/ready/ready-directory.ts';
import { systemUptime } from '../../../src/ready/uptime.ts';
import { anotherUser } from '../../helpers/another-user.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import { findProgram, writeScript } from '../host/courier-agent-shells.ts';

const script = fileURLToPath(new URL('../../../agents/site/cmk-courier-ready', import.meta.url));
const shells = ['dash', 'busybox', 'ksh', 'bash'];

const host = parseHostName('web01');
const output = Buffer.concat([
  Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n'),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
]);
const fault = { line: 'cmk-courier: tcp: web01: "a  b" \\n %s * no answer (TIMEOUT)', exitCode: 6 };

/** A site in which the real program only says that it was called. */
class Site {
  readonly directory: string;
  readonly ready: string;
  readonly shell: readonly string[];

  constructor(directory: string, shell: string) {
    this.directory = directory;
    this.ready = join(directory, 'tmp/cmk-courier/ready');
    const program = findProgram(shell) ?? shell;
    this.shell = shell === 'busybox' ? [program, 'sh'] : [program];
    mkdirSync(join(directory, 'bin'));
    writeScript(
      join(directory, 'bin/cmk-courier'),
      '#!/bin/sh\nprintf "<%s>" "$@"\necho\nexit 99\n',
    );
  }

  get directoryForReady(): ReadyDirectory {
    return ReadyDirectory.open({
      directory: this.ready,
      clock: systemClock,
      uptime: systemUptime(),
    });
  }

  path(name: string): string {
    return join(this.ready, name);
  }

  /** Sets the moment a file expires, from now. */
  expire(name: string, inMs: number): void {
    const at = new Date(Date.now() + inMs);
    utimesSync(this.path(name), at, at);
  }

  run(args: readonly string[] = [host], env = {}): SpawnSyncReturns<Buffer> {
    const [shell = '', ...before] = this.shell;
    return spawnSync(shell, [...before, script, ...args], {
      env: this.#environment(env),
      timeout: 30_000,
    });
  }

  start(args: readonly string[]): ReturnType<typeof spawn> {
    const [shell = '', ...before] = this.shell;
    return spawn(shell, [...before, script, ...args], { env: this.#environment({}) });
  }

  #environment(env: object): NodeJS.ProcessEnv {
    const path = `${this.directory}/bin:${process.env['PATH']}`;
    return { PATH: path, OMD_ROOT: this.directory, ...env };
  }
}

function testInSite(name: string, check: (site: Site) => void | Promise<void>): void {
  for (const shell of shells) {
    const skip = findProgram(shell) === undefined && `${shell} is not installed`;
    test(`${shell}: ${name}`, { skip }, async (t) => {
      await check(new Site(await makeTempDir(t), shell));
    });
  }
}

const validity = { validMs: 60_000, address: undefined };

function assertOutput(run: SpawnSyncReturns<Buffer>): void {
  assert.deepEqual([run.stderr.toString(), run.status], ['', 0]);
  assert.ok(run.stdout.equals(output));
}

/** The program itself was called, with these arguments. */
function assertFallback(run: SpawnSyncReturns<Buffer>, args = '<fetch><--host=web01>'): void {
  assert.deepEqual([run.stdout.toString(), run.status], [`${args}\n`, 99]);
}

test('it is executable', () => {
  assert.equal(statSync(script).mode & 0o777, 0o755);
});

testInSite('fresh output is printed byte for byte', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  assertOutput(site.run());
});

testInSite('old output that stands in is printed, and not why it does', (site) => {
  site.directoryForReady.publish(host, { parts: [output], graceFor: fault.line }, validity);
  assertOutput(site.run());
});

testInSite('a fresh fault is told as the program tells it', (site) => {
  site.directoryForReady.publishFault(host, fault, validity);
  const { stdout, stderr, status } = site.run();
  assert.deepEqual([stdout.toString(), stderr.toString(), status], ['', `${fault.line}\n`, 6]);
});

testInSite('where nothing is ready the program itself is called, with all options', (site) => {
  assertFallback(
    site.run([host, '--address=127.0.0.1', '--tags=a b', '']),
    '<fetch><--host=web01><--address=127.0.0.1><--tags=a b><>',
  );
  assertFallback(site.run([host], { OMD_ROOT: undefined }));
  assertFallback(site.run([host], { OMD_ROOT: '' }));
  assertFallback(site.run([]), '<fetch><--host=>');
});

testInSite('output that has expired by the time of its file is not printed', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  site.expire('web01', -1000);
  assertFallback(site.run());
});

testInSite('output that expires at this very second is not printed', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, { validMs: 0, address: undefined });
  assertFallback(site.run());
});

testInSite('a clock that was set back makes nothing good that has expired', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, { validMs: -5000, address: undefined });
  site.expire('web01', 3_600_000);
  assertFallback(site.run());
  site.directoryForReady.publishFault(host, fault, { validMs: -5000, address: undefined });
  site.expire('web01', 3_600_000);
  assertFallback(site.run());
});

testInSite('what another boot left on a disk is not printed', (site) => {
  const directory = site.ready;
  const uptime = { bootId: '00000000-0000-0000-0000-000000000000', now: () => 1e9 };
  ReadyDirectory.open({ directory, clock: systemClock, uptime }).publish(
    host,
    { parts: [output] },
    validity,
  );
  assertFallback(site.run());
});

testInSite('a first line that is not whole lets nothing pass', (site) => {
  const boot = systemUptime().bootId;
  const late = Math.floor(systemUptime().now()) + 60;
  const damaged = [
    ...['', 'x', `${boot}`, `${boot} -`, `${boot} 9x - 0`, `${boot} -1 - 0`, `${boot} ${late} -`],
    ...[`${boot} 99999999999999999999 - 0`, `${boot} ${late} - 6`, `${boot} ${late} - 600 line`],
    ...[`${boot} ${late} - x line`, `${boot} ${late} - -6 line`, `${boot} ${late} - 06 line`],
  ].map((text) => `2 web01 ${text}`);
  const others = [
    `1 ${boot} ${late} - 0`,
    `3 web01 ${boot} ${late} - 0`,
    `2 web02 ${boot} ${late} - 0`,
  ];
  for (const text of [...damaged, ...others]) {
    site.directoryForReady.publish(host, { parts: [output] }, validity);
    writeFileSync(site.path('web01'), `cmk-courier-ready/${text}\n${output}`);
    site.expire('web01', 60_000);
    assertFallback(site.run());
  }
});

testInSite('a file without our first line, laid there by hand, is not printed', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  writeFileSync(site.path('web01'), output);
  site.expire('web01', 60_000);
  assertFallback(site.run());
});

testInSite('what lies ready for one host is not printed for another', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  renameSync(site.path('web01'), site.path('web02'));
  assertFallback(site.run(['web02']), '<fetch><--host=web02>');
});

testInSite('a link is not followed, even to a good file', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  renameSync(site.path('web01'), join(site.ready, '..', 'elsewhere'));
  symlinkSync('../elsewhere', site.path('web01'));
  assertFallback(site.run());
});

testInSite('nothing of another user is printed, neither a file nor a directory', (site) => {
  if (process.geteuid?.() !== 0) return;
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  for (const path of [site.path('web01'), site.ready]) {
    chownSync(path, anotherUser, anotherUser);
    assertFallback(site.run());
    chownSync(path, 0, 0);
    assertOutput(site.run());
  }
});

testInSite('a program that cannot be run is a fault of ours, and never 126 or 127', (site) => {
  const missing = 'cmk-courier: ready: web01: starting cmk-courier: it is not in PATH (LOCAL)\n';
  const tools = join(site.directory, 'tools');
  mkdirSync(tools);
  const run = () => {
    const { stdout, stderr, status } = site.run([host], { PATH: tools });
    assert.deepEqual([stdout.toString(), status], ['', 4]);
    return stderr.toString();
  };
  assert.equal(run(), missing);
  writeFileSync(join(tools, 'cmk-courier'), '#!/bin/sh\nexit 0\n', { mode: 0o644 });
  assert.equal(run(), missing);
  // What says that it can be run, and cannot; of ksh nobody gets another code.
  rmSync(join(tools, 'cmk-courier'));
  writeFileSync(join(tools, 'cmk-courier'), '#!/nowhere/sh\n', { mode: 0o755 });
  if (!site.shell[0]?.endsWith('ksh')) {
    assert.match(run(), /starting .*\/tools\/cmk-courier: it cannot be run \(LOCAL\)\n$/);
  }
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  assert.equal(run(), missing.replace('starting cmk-courier', 'starting cat'));
});

testInSite('the program beside the script does when PATH has none', (site) => {
  const beside = join(site.directory, 'bin/cmk-courier-ready');
  copyFileSync(script, beside);
  const [shell = '', ...before] = site.shell;
  const run = spawnSync(shell, [...before, beside, host], { env: { PATH: '/nonexistent' } });
  assertFallback(run);
});

testInSite('where Node would crash for want of descriptors, that is said', (site) => {
  const [shell = '', ...before] = site.shell;
  const words = [shell, ...before, script, host].map((word) => `'${word}'`).join(' ');
  const env = { OMD_ROOT: site.directory, PATH: `${site.directory}/bin:${process.env['PATH']}` };
  const { stderr, status } = spawnSync('sh', ['-c', `ulimit -n 20; exec ${words}`], { env });
  assert.equal(
    stderr.toString(),
    'cmk-courier: ready: web01: fewer than 30 files may be open (ulimit -n) (LOCAL)\n',
  );
  assert.equal(status, 4);
});

testInSite('a fault that has expired is not told', (site) => {
  site.directoryForReady.publishFault(host, fault, validity);
  site.expire('web01', -1000);
  assertFallback(site.run());
});

testInSite('another address than the one it was fetched with needs a fetch', (site) => {
  const known = { validMs: 60_000, address: '127.0.0.1' };
  site.directoryForReady.publish(host, { parts: [output] }, known);
  assertOutput(site.run([host, '--address=127.0.0.1']));
  assertOutput(site.run([host]));
  assertFallback(
    site.run([host, '--address=127.0.0.2']),
    '<fetch><--host=web01><--address=127.0.0.2>',
  );
  site.directoryForReady.publishFault(host, fault, known);
  assert.equal(site.run([host, '--address=127.0.0.1']).status, 6);
  assert.equal(site.run([host, '--address=127.0.0.2']).status, 99);
});

testInSite('a name that is no host name never becomes a path', (site) => {
  const ready = site.directoryForReady;
  ready.publish(host, { parts: [output] }, validity);
  writeFileSync(join(site.ready, '..', 'secret'), 'secret');
  utimesSync(join(site.ready, '..', 'secret'), new Date(4e12), new Date(4e12));
  for (const name of [
    '../secret',
    'ready/../web01',
    '-n',
    '.web01',
    'web01~valid',
    'a b',
    '*',
    'web0?',
  ]) {
    assertFallback(site.run([name]), `<fetch><--host=${name}>`);
  }
});

testInSite('what stands in the place of output does not hold it up', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  const replace = (make: (path: string) => void) => {
    rmSync(site.path('web01'), { recursive: true });
    make(site.path('web01'));
    site.expire('web01', 60_000);
    assertFallback(site.run());
  };
  replace((path) => mkdirSync(path));
  replace((path) => void spawnSync('mkfifo', [path]));
  rmSync(site.path('web01'));
  symlinkSync(site.path('nowhere'), site.path('web01'));
  assertFallback(site.run());
});

testInSite('no other process is started: cat takes the place of the script', (site) => {
  site.directoryForReady.publish(host, { parts: [output] }, validity);
  writeScript(join(site.directory, 'bin/cat'), '#!/bin/sh\necho "$$"\n');
  const child = site.start([host]);
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    child.on('close', () => {
      if (text === `${child.pid}\n`) resolve();
      else reject(new Error(`cat ran as ${text}, the script as ${child.pid}`));
    });
  });
});

testInSite(
  'while output is laid ready over and over, each answer is one of them, whole',
  async (site) => {
    const [ready, answers] = [site.directoryForReady, 40];
    const outputs = Array.from({ length: 10 }, (_, n) => Buffer.alloc(50_000 + n, String(n)));
    let turn = 0;
    const publish = () =>
      ready.publish(host, { parts: [outputs[turn++ % outputs.length] ?? output] }, validity);
    publish();
    for (let n = 0; n < answers; n += 1) {
      const child = site.start([host]);
      const chunks: Buffer[] = [];
      child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
      let isOver = false;
      child.on('close', () => {
        isOver = true;
      });
      while (!isOver) {
        publish();
        await new Promise(setImmediate);
      }
      const read = Buffer.concat(chunks);
      assert.ok(
        outputs.some((one) => one.equals(read)),
        `${read.length} bytes are none of them`,
      );
    }
  },
);
