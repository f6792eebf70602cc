import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { parseOptions } from '../../../src/cli/options.ts';
import { type HostName, parseAddress, parseHostName } from '../../../src/names/host-name.ts';
import { parseLogin, parseSshUri } from '../../../src/openssh/login.ts';
import { openSsh, sshOptions } from '../../../src/openssh/openssh.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { parseCommand } from '../../../src/transports/ssh/command.ts';
import { ssh } from '../../../src/transports/ssh/ssh.ts';
import { catchThrown } from '../../helpers/catch-thrown.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { sshTest, useSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from './leftovers.ts';
import { fetchOnce, runOn } from './sources.ts';

const sshd = useSshd();
afterEach(assertNoLeftovers);

const target = { host: parseHostName('web01'), address: '192.0.2.7' };

/** What ssh, a shell or a URI parser could take for something else than a host. */
const hostileAuthorities = [
  '-oProxyCommand=touch%20x',
  '-l',
  '--',
  'a%20b',
  'a;id',
  '$(id)',
  '`id`',
  'a%0Ab',
  'a%00b',
  'a%2Fb',
  '-oProxyCommand=id@web01',
  '$(id)@web01',
  'a%20b@web01',
  '@web01',
  'web01:0',
  'web01:65536',
  'web01:22x',
  'web01:-1',
  'web01:',
  '[web01]',
  '[::1',
  '::1',
  '[::1%25$(id)]',
  '',
];

test('what is no login is refused as USAGE', () => {
  for (const authority of hostileAuthorities) {
    const uri = parseSourceUri(`ssh://${authority}/agent`);
    const { code } = catchThrown(() => parseSshUri(uri, target));
    assert.equal(code, 'USAGE', authority);
  }
});

test('logins in all their forms are understood', () => {
  const read = (source: string) => parseSshUri(parseSourceUri(source), target).login;
  const web01 = { user: undefined, host: 'web01', port: undefined };
  assert.deepEqual(read('ssh://web01'), web01);
  assert.deepEqual(read('ssh://{host}/x'), web01);
  assert.deepEqual(read('ssh://mon@{address}:2222/x'), {
    user: 'mon',
    host: '192.0.2.7',
    port: 2222,
  });
  assert.deepEqual(read('ssh://[fe80::1%25eth0]:22/x'), {
    user: undefined,
    host: 'fe80::1%eth0',
    port: 22,
  });
});

test('a URI without authority, with a query or a fragment is USAGE', () => {
  for (const text of ['ssh:web01', 'ssh:/web01', 'ssh://web01/a?b', 'ssh://web01/a#b']) {
    assert.equal(catchThrown(() => parseSshUri(parseSourceUri(text), target)).code, 'USAGE', text);
  }
});

test('a command with a line break or a NUL is USAGE', () => {
  for (const text of ['ssh://h/a%0Ab', 'ssh://h/a%00b', 'ssh://h/a%0D', 'ssh://h/%1B']) {
    assert.equal(catchThrown(() => parseCommand(parseSourceUri(text), target)).code, 'USAGE', text);
  }
});

test('no host name and no address that is let in means anything to a shell', () => {
  const meaning = /[^\w.:%-]|^-/;
  const letIn = (parse: (text: string) => HostName | string | undefined, text: string) => {
    try {
      return parse(text);
    } catch {
      return undefined;
    }
  };
  for (let code = 0; code < 0x3000; code += 1) {
    const mark = String.fromCharCode(code);
    const texts = [mark, `a${mark}`, `${mark}a`, `fe80::1%${mark}`, `1.2.3.4${mark}`];
    for (const text of texts) {
      for (const parse of [parseHostName, parseAddress]) {
        assert.doesNotMatch(letIn(parse, text) ?? '', meaning);
      }
    }
  }
});

sshTest('a command that begins with a dash is no option of ssh', async () => {
  const trap = join(sshd().directory, 'trap');
  const fault = await catchFault(runOn(sshd(), `-oProxyCommand=touch\${IFS}${trap}`));
  assert.match(fault.message, /exit code 12[67]|exit code 2/);
  assert.equal(existsSync(trap), false);
});

sshTest('the command means to the shell there what is written in the source', async () => {
  assert.equal(
    await runOn(sshd(), `printf '%s,' "a  b" 'c;d' $((1+1)) {host}`),
    'a  b,c;d,2,web01,',
  );
});

sshTest('a proxy jump that is no login is USAGE', async () => {
  for (const jump of ['-oProxyCommand=id', 'a b', '$(id)', 'a,,b', '', 'a;id', 'none:0']) {
    await expectFault(runOn(sshd(), 'true', { proxyJump: [jump] }), 'USAGE', /^--proxy-jump /);
  }
});

test('files ssh could misread are USAGE', async () => {
  const uri = parseSourceUri('ssh://web01');
  for (const path of ['a"b', "a'b", 'a\\b', 'a$' + '{HOME}', 'a\nb', '']) {
    for (const name of ['sshKey', 'knownHosts']) {
      await expectFault(fetchOnce(ssh, { uri, options: { [name]: [path] } }), 'USAGE');
    }
  }
});

test('ssh gets no setting but ours, and then only the host', async () => {
  const raw = { knownHosts: ['/etc/known hosts'], sshKey: ['/dev/null'] };
  const given = { HOME: '/root', SSH_ASKPASS: '/bin/x', LD_LIBRARY_PATH: '/omd/lib' };
  const context = makeOpenContext({ env: given });
  const { toArguments, env } = await openSsh(parseOptions(sshOptions, raw), context);
  assert.deepEqual(toArguments(parseLogin('mon@web01:2222')), [
    ...['-F', 'none', '-o', 'IdentityFile="/dev/null"', '-o', 'IdentitiesOnly=yes'],
    ...['-o', 'UserKnownHostsFile="/etc/known hosts"', '-o', 'ConnectTimeout=10'],
    ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes'],
    ...['-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'UpdateHostKeys=no', '-o', 'CheckHostIP=no'],
    ...['-o', 'PreferredAuthentications=publickey', '-o', 'PasswordAuthentication=no'],
    ...['-o', 'KbdInteractiveAuthentication=no', '-o', 'NumberOfPasswordPrompts=0'],
    ...['-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3', '-o', 'ForwardAgent=no'],
    ...['-o', 'ForwardX11=no', '-o', 'ClearAllForwardings=yes', '-o', 'PermitLocalCommand=no'],
    ...['-o', 'RequestTTY=no', '-o', 'EscapeChar=none', '-o', 'LogLevel=INFO'],
    ...['-o', 'User=mon', '-o', 'Port=2222'],
  ]);
  assert.equal(env['SHELL'], '/bin/sh');
  assert.equal(env['SSH_ASKPASS'], undefined);
  assert.equal(env['LD_LIBRARY_PATH'], undefined);
});
