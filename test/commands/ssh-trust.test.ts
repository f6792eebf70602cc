import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach } from 'node:test';
import { promisify } from 'node:util';
import type { CommandContext } from '../../src/cli/command.ts';
import type { RawOptions } from '../../src/cli/options.ts';
import { systemClock } from '../../src/clock.ts';
import { sshTrust } from '../../src/commands/ssh-trust.ts';
import { ssh } from '../../src/transports/ssh/ssh.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { assertDocument } from '../helpers/json-document.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { start } from '../helpers/run-program.ts';
import { scriptArguments, sourceUrl } from '../helpers/run-script.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { type Sshd, sshTest, startSshd, useSshd } from '../peers/sshd.ts';
import { assertNoLeftovers } from '../transports/ssh/leftovers.ts';
import { fetchOnce, toSshSource } from '../transports/ssh/sources.ts';

const run = promisify(execFile);
const sshd = useSshd();
const jump = useSshd();
afterEach(assertNoLeftovers);

const at = (peer = sshd()) => `127.0.0.1:${peer.port}`;

/** Runs the command in this process; resolves with what it prints. */
async function trust(operands: readonly string[], options: RawOptions): Promise<string> {
  const printed: Uint8Array[] = [];
  const context: CommandContext = {
    env: { HOME: '/nowhere' },
    clock: systemClock,
    shutdown: new AbortController().signal,
    readInput: async () => Buffer.alloc(0),
    writeOutput: async (bytes) => {
      printed.push(bytes);
    },
    writeError: () => undefined,
    log: makeCollectingLog(),
  };
  await sshTrust.run({ operands, options }, context);
  return Buffer.concat(printed).toString();
}

/** As ssh-keygen prints it. */
async function fingerprint(peer: Sshd): Promise<string> {
  const { stdout } = await run('ssh-keygen', ['-l', '-f', join(peer.directory, 'host.pub')]);
  return stdout.split(' ')[1] ?? '';
}

async function makeFile(t: { after(cleanUp: () => Promise<void>): void }, text?: string) {
  const file = join(await makeTempDir(t), 'etc/known_hosts');
  if (text !== undefined) {
    await mkdir(dirname(file));
    await writeFile(file, text);
  }
  return file;
}

const otherKey = 'AAAAC3NzaC1lZDI1NTE5AAAAIGJ8fNTIeNZmGtkbJjHw5V2wfRd4qLJeXFiDuIH6Ds9s';

sshTest('--yes records the keys, and then ssh: gets in', async (t) => {
  const file = await makeFile(t);
  const printed = await trust([at()], { yes: ['true'], knownHosts: [file] });
  const line = `  new     ED25519 ${await fingerprint(sshd())}`;
  assert.equal(printed, `${at()}\n${line}\n  recorded in ${file}\n`);
  assert.equal(await readFile(file, 'utf8'), await readFile(sshd().knownHosts, 'utf8'));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(dirname(file)), ['known_hosts']);
  await fetchOnce(ssh, toSshSource(sshd(), 'true', { knownHosts: [file] }));
});

sshTest('what is recorded already stays as it is, and nobody is asked', async (t) => {
  const file = await makeFile(t, await readFile(sshd().knownHosts, 'utf8'));
  const printed = await trust([at()], { knownHosts: [file] });
  assert.match(printed, /^ {2}known {3}ED25519 SHA256:.*\n {2}recorded already in /m);
});

sshTest('--json prints what was found and done', async (t) => {
  const file = await makeFile(t);
  const printed = await trust([at()], { yes: ['true'], json: ['true'], knownHosts: [file] });
  const key = {
    type: 'ssh-ed25519',
    fingerprint: await fingerprint(sshd()),
    state: 'new',
    recorded: true,
  };
  const report = { host: '127.0.0.1', port: sshd().port, file, keys: [key] };
  assertDocument('ssh-trust', printed);
  assert.deepEqual(JSON.parse(printed), { hosts: [report] });
});

sshTest('--fingerprint records the key only if it is the one', async (t) => {
  const file = await makeFile(t);
  const wrong = `SHA256:${'x'.repeat(43)}`;
  const refused = trust([at()], { fingerprint: [wrong], knownHosts: [file] });
  const fault = await expectFault(refused, 'REFUSED');
  const shown = await fingerprint(sshd());
  assert.equal(fault.message, `${at()} has no key with that fingerprint, but ${shown}`);
  await assert.rejects(readFile(file));
  await trust([at()], { fingerprint: [shown], knownHosts: [file] });
  assert.equal(await readFile(file, 'utf8'), await readFile(sshd().knownHosts, 'utf8'));
});

sshTest('a changed key is shown with both fingerprints and needs --replace', async (t) => {
  const others = `web01 ssh-ed25519 ${otherKey}\n# mine\n`;
  const name = `[127.0.0.1]:${sshd().port}`;
  const file = await makeFile(t, `${others}${name},web02 ssh-ed25519 ${otherKey} x\n`);
  const before = await readFile(file, 'utf8');
  const fault = await expectFault(trust([at()], { yes: ['true'], knownHosts: [file] }), 'REFUSED');
  assert.match(
    fault.message,
    /^the key of \S+ was SHA256:\S{43}, is SHA256:\S{43}; if that is right, use --replace$/,
  );
  assert.equal(await readFile(file, 'utf8'), before);
  await trust([at()], { yes: ['true'], replace: ['true'], knownHosts: [file] });
  const own = await readFile(sshd().knownHosts, 'utf8');
  assert.equal(await readFile(file, 'utf8'), `${others}web02 ssh-ed25519 ${otherKey} x\n${own}`);
});

sshTest('a key of another type in place of the known one counts as changed', async (t) => {
  const file = await makeFile(t, `[127.0.0.1]:${sshd().port} ssh-rsa AAAAB3NzaC1yc2E=\n`);
  const options = { yes: ['true'], knownHosts: [file] };
  await expectFault(trust([at()], options), 'REFUSED', /use --replace$/);
});

sshTest('hosts behind another are asked through it', async (t) => {
  const file = await makeFile(t);
  await trust([at(jump())], { yes: ['true'], knownHosts: [file] });
  const proxyJump = [`root@${at(jump())}`];
  const options = { yes: ['true'], knownHosts: [file], proxyJump };
  await expectFault(trust([at()], options), 'REFUSED', /no key of ours is accepted/);
});

sshTest('without a terminal to ask on it is USAGE, and nothing is recorded', async (t) => {
  const file = await makeFile(t);
  const { code, stdout } = await start('setsid', ['-w', process.execPath, ...script(file)]).ended;
  assert.equal(stdout.toString().split('\n').at(-2), 'USAGE');
  assert.equal(code, 0);
  await assert.rejects(readFile(file));
});

function script(file: string): readonly string[] {
  return scriptArguments(`
    const { sshTrust } = await import(${sourceUrl('commands/ssh-trust.ts')});
    const context = {
      env: {},
      clock: { now: Date.now, monotonic: () => performance.now() },
      shutdown: new AbortController().signal,
      writeOutput: async (bytes) => void process.stdout.write(bytes),
    };
    const options = { knownHosts: [${JSON.stringify(file)}] };
    await sshTrust.run({ operands: [${JSON.stringify(at())}], options }, context)
      .catch((error) => console.log(error.code));`);
}

sshTest('the terminal is asked, and only yes records', async (t) => {
  const reason = skipWithout('script');
  if (reason) return t.skip(reason);
  for (const [answer, isRecorded] of [
    ['no', false],
    ['', false],
    ['yes', true],
  ] as const) {
    const file = await makeFile(t);
    const program = join(dirname(dirname(file)), 'program');
    const words = [process.execPath, ...script(file)].map(
      (word) => `'${word.replaceAll("'", `'\\''`)}'`,
    );
    await writeFile(program, `#!/bin/sh\nexec ${words.join(' ')}\n`, { mode: 0o755 });
    const typing = `(sleep 2; echo '${answer}') | script -qec ${program} /dev/null`;
    const { stdout } = await start('/bin/sh', ['-c', typing]).ended;
    assert.match(stdout.toString(), /Are these the keys of \S+\? \(yes\/no\) /);
    assert.equal(
      await stat(file).then(
        () => true,
        () => false,
      ),
      isRecorded,
      answer,
    );
    await rm(program);
  }
});

sshTest('nobody there, no such name and no host are faults of their own', async (t) => {
  const options = { yes: ['true'], knownHosts: [await makeFile(t)] };
  const port = await findFreePort();
  await expectFault(trust([`127.0.0.1:${port}`], options), 'UNREACHABLE', /: connection refused$/);
  const nameless = trust(['no-such-name.invalid'], options);
  await expectFault(nameless, 'UNREACHABLE', /: no such name in DNS$/);
  await expectFault(trust([], options), 'USAGE', /^no HOST given$/);
});

sshTest('what is no host is USAGE, and no option of ssh-keyscan', async (t) => {
  const options = { yes: ['true'], knownHosts: [await makeFile(t)] };
  for (const operand of ['-f/etc/passwd', 'a b', '$(id)', '', 'a/b', 'web01:x']) {
    await expectFault(trust([operand], options), 'USAGE', /^HOST must name \[user@\]host/);
  }
});

sshTest(
  'of an old device the key is recorded with --ssh-legacy, and without it the offer is told',
  async (t) => {
    const old = await startSshd({
      configuration: 'KexAlgorithms diffie-hellman-group1-sha1\nHostKeyAlgorithms ssh-rsa',
      keyType: 'rsa',
    });
    t.after(old.close);
    const file = await makeFile(t);
    const refused = trust([at(old)], { yes: ['true'], knownHosts: [file] });
    const fault = await expectFault(refused, 'PEER');
    const why = 'no key exchange method in common; it offers "diffie-hellman-group1-sha1"';
    assert.equal(fault.message, `connecting to ${at(old)}: ${why}; --ssh-legacy allows it`);
    await trust([at(old)], { yes: ['true'], knownHosts: [file], sshLegacy: ['true'] });
    assert.equal(await readFile(file, 'utf8'), await readFile(old.knownHosts, 'utf8'));
  },
);
