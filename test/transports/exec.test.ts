import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RawOptions } from '../../src/cli/options.ts';
import { stderrLine } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { exec } from '../../src/transports/exec/exec.ts';
import type { Source } from '../../src/transports/source.ts';
import { type Delivery, withTransport } from '../../src/transports/transport.ts';
import { testTransportConformance } from '../conformance/transport.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { storePassword } from '../helpers/password-store.ts';
import { programPath } from '../helpers/programs.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { startPrograms } from './exec/conformance-peer.ts';
import { call, toSource } from './exec/sources.ts';

testTransportConformance('exec', startPrograms, false);

const context = makeOpenContext({ env: { PATH: process.env['PATH'], OMD_SITE: 'mysite' } });

async function fetch(source: Source, address?: string): Promise<Delivery> {
  const target = { host: parseHostName('web01'), address };
  return withTransport(exec, source, context, (transport) =>
    transport.fetch(target, context.signal),
  );
}

async function print(source: Source, address?: string): Promise<string> {
  return (await fetch(source, address)).output.toString();
}

async function refused(source: Source, address?: string): Promise<string> {
  return (await expectFault(fetch(source, address), 'USAGE')).message;
}

test('arguments are taken from the URI in order, decoded, and no shell looks at them', async () => {
  const source = call(
    'shows-arguments',
    '--host',
    '{host}',
    'x={host}:{address}=',
    'a%20b%26c+d%25',
    '$(id);*',
    '',
    '%C3%BC%0A',
  );
  assert.equal(
    await print(source, 'fe80::1%eth0'),
    '<--host>\n<web01>\n<x=web01:fe80::1%eth0=>\n<a b&c+d%>\n<$(id);*>\n<>\n<ü\n>\n',
  );
});

test('a program may have no arguments, and the URI two more slashes', async () => {
  const path = programPath('prints-file');
  await expectFault(fetch(toSource(`exec:${path}?arg=/&arg=no-such-file`)), 'NO_OUTPUT');
  for (const uri of ['exec:/bin/pwd', 'exec:///bin/pwd', 'EXEC:/bin/pwd?', 'exec:/bin/p%77d']) {
    assert.equal(await print(toSource(uri)), `${process.cwd()}\n`);
  }
});

test('the program gets all of the environment, and LC_ALL=C', async () => {
  const lines = (await print(call('shows-surroundings'))).split('\n');
  assert.ok(lines.includes('OMD_SITE=mysite'));
  assert.ok(lines.includes('LC_ALL=C'));
  assert.equal(lines[0], '/dev/null');
});

test('a delivery is of unknown age and names the program, not its arguments', async () => {
  const { origin, producedAt } = await fetch(call('shows-arguments', 'x'));
  assert.deepEqual([origin, producedAt], [programPath('shows-arguments'), undefined]);
});

test('what cannot be meant is refused before anything is started', async () => {
  const path = programPath('shows-arguments');
  const wrong = async (uri: string) => refused(toSource(uri));
  const needsPath = 'an exec: source needs the absolute path of a program';
  assert.equal(await wrong('exec:program'), needsPath);
  assert.equal(await wrong('exec:?arg=x'), needsPath);
  assert.equal(await wrong('exec:/bin/'), needsPath);
  assert.equal(
    await wrong('exec://depot/bin/ls'),
    'an exec: source runs a program on this machine, not on "depot"',
  );
  assert.equal(
    await wrong('exec:/bin/{host}'),
    'an exec: source has {host} and {address} only in arguments',
  );
  assert.equal(
    await wrong(`exec:${path}?x=1`),
    'an exec: source takes arguments as arg=…&arg=…, not "x=1"; write & within an argument as %26',
  );
  assert.equal(
    await wrong(`exec:${path}?arg=a%00`),
    'an exec: source must not have %00: no name and no argument can hold a NUL',
  );
  assert.match(await wrong(`exec:${path}?arg=%ff`), /has a % that does not begin a character/);
  assert.match(await wrong(`exec:${path}?arg=a#b`), /has no fragment; write %23 for a #$/);
  assert.match(await refused(call('shows-arguments', '{address}')), /the host has no address/);
});

test('every end that is not good has a sentence of its own', async () => {
  const path = programPath('fails');
  const messageFor = async (...args: readonly string[]) =>
    (await expectFault(fetch(call('fails', ...args)), 'PEER')).message;
  assert.equal(await messageFor('3'), `${path} failed: exit code 3: "last complaint of nobody"`);
  assert.equal(
    await messageFor('126', 'x'),
    `${path} could not start a program it needs: exit code 126: "last complaint of x"`,
  );
  assert.equal(
    await messageFor('127'),
    `${path} did not find a program it needs: exit code 127: "last complaint of nobody"`,
  );
  assert.equal(
    await messageFor('KILL'),
    `${path} did not end by itself: ended by SIGKILL: "last complaint of nobody"`,
  );
  assert.equal(
    (await expectFault(fetch(toSource('exec:/bin/true')), 'NO_OUTPUT')).message,
    '/bin/true ended well and printed nothing',
  );
});

test('a program that is not there or not executable is LOCAL', async () => {
  const missing = await expectFault(fetch(toSource('exec:/no/such')), 'LOCAL');
  assert.equal(missing.message, '/no/such is not installed');
  const plain = await expectFault(fetch(call('not-executable')), 'LOCAL');
  assert.equal(plain.message, `starting ${programPath('not-executable')}: permission denied`);
});

/** A program that prints its standard input, then whatever the shell is told. */
const reads = (more = '') =>
  toSource(`exec:/bin/sh?arg=-c&arg=${encodeURIComponent(more || 'cat')}`);

test('a program reads a file on its standard input, every byte of it, and each time', async (t) => {
  const file = join(await makeTempDir(t), 'input');
  const bytes = Buffer.concat([Buffer.from('<<<a>>>\n\0\xff', 'latin1'), randomBytes(300_000)]);
  await writeFile(file, bytes, { mode: 0o600 });
  const source = { ...reads(), options: { stdinFile: [file] } };
  await withTransport(exec, source, context, async (transport) => {
    for (const _ of ['first', 'second']) {
      const target = { host: parseHostName('web01'), address: undefined };
      const { output } = await transport.fetch(target, context.signal);
      assert.ok(output.equals(bytes));
    }
  });
});

test('a program that reads nothing of it, or a part, is none the worse', async (t) => {
  const file = join(await makeTempDir(t), 'input');
  await writeFile(file, 'x'.repeat(500_000), { mode: 0o600 });
  for (const command of [
    'echo hi',
    'exec <&-; sleep 0.1; echo hi',
    'head -c 3 >/dev/null; echo hi',
  ]) {
    const source = { ...reads(command), options: { stdinFile: [file] } };
    assert.equal(await print(source), 'hi\n', command);
  }
});

test('a password of the store ends with a line feed', async (t) => {
  const directory = await makeTempDir(t);
  const store = await storePassword(directory, 's3cret words');
  const source = { ...reads(), options: { stdinId: [store.reference] } };
  const own = makeOpenContext({ env: { ...context.env, ...store.env } });
  const target = { host: parseHostName('web01'), address: undefined };
  const { output } = await withTransport(exec, source, own, (transport) =>
    transport.fetch(target, own.signal),
  );
  assert.equal(output.toString(), 's3cret words\n');
});

test('what it was given is struck out of what it complains about', async (t) => {
  const file = join(await makeTempDir(t), 'input');
  const secret = randomBytes(9).toString('hex');
  await writeFile(file, `user=mon\n${secret}\n`, { mode: 0o600 });
  const source = { ...reads('cat >&2; exit 3'), options: { stdinFile: [file] } };
  const fault = await expectFault(fetch(source), 'PEER');
  assert.equal(
    stderrLine(fault, []),
    'cmk-courier: /bin/sh failed: exit code 3: "[secret]" (PEER)',
  );
});

test('a file that is not there is LOCAL, one too large CONFIG, two inputs USAGE', async (t) => {
  const file = join(await makeTempDir(t), 'input');
  const given = (options: RawOptions) => fetch({ ...reads(), options });
  const missing = await expectFault(given({ stdinFile: [file] }), 'LOCAL');
  assert.equal(missing.message, `reading --stdin-file ${file}: no such file or directory`);
  await writeFile(file, Buffer.alloc(1024 * 1024 + 1), { mode: 0o600 });
  await expectFault(given({ stdinFile: [file] }), 'CONFIG', /: larger than 1048576 bytes$/);
  const both = { stdinFile: [file], stdinId: ['a:b'] };
  await expectFault(given(both), 'USAGE', /^--stdin-file and --stdin-id exclude each other$/);
});

test('what a program that succeeds complains about is logged', async () => {
  const before = context.log.lines.length;
  await fetch(toSource('exec:/bin/sh?arg=-c&arg=echo%20a;echo%20b%20>%262'));
  assert.deepEqual(context.log.lines.slice(before), [
    "debug the program complains { stderr: 'b' }",
  ]);
});
