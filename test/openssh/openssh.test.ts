import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseOptions, type RawOptions } from '../../src/cli/options.ts';
import { describeLogin, parseLogin } from '../../src/openssh/login.ts';
import { openSsh, sshOptions } from '../../src/openssh/openssh.ts';
import { findKnownHosts } from '../../src/openssh/settings.ts';
import { parseSshPath } from '../../src/openssh/values.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const web01 = parseLogin('web01');

async function settingsOf(raw: RawOptions, env: Readonly<Record<string, string>>) {
  const { toArguments } = await openSsh(parseOptions(sshOptions, raw), makeOpenContext({ env }));
  return toArguments(web01).filter((word) => word !== '-o');
}

test('host keys are looked up in a file of the courier, never in that of the user', () => {
  const site = { OMD_ROOT: '/omd/sites/x', XDG_CONFIG_HOME: '/c', HOME: '/h' };
  assert.equal(findKnownHosts(undefined, site), '/omd/sites/x/etc/cmk-courier/known_hosts');
  const user = { XDG_CONFIG_HOME: '/c', HOME: '/h' };
  assert.equal(findKnownHosts(undefined, user), '/c/cmk-courier/known_hosts');
  assert.equal(findKnownHosts(undefined, { HOME: '/h' }), '/h/.config/cmk-courier/known_hosts');
  assert.equal(findKnownHosts('/given', site), '/given');
  assert.equal(catchThrown(() => findKnownHosts(undefined, {})).code, 'USAGE');
});

test('file names with blanks, percent signs and the like are written so that ssh reads them', async () => {
  const settings = await settingsOf({ knownHosts: ['/a b/50% #1 ü'] }, {});
  assert.ok(settings.includes('UserKnownHostsFile="/a b/50%% #1 ü"'));
});

test('file names ssh cannot be given are USAGE', () => {
  for (const path of ['', 'a"b', "a'b", 'a\\b', 'a\nb', '$' + '{HOME}/x', 'a\0b']) {
    assert.equal(catchThrown(() => parseSshPath(path)).code, 'USAGE', path);
  }
  assert.equal(parseSshPath('/a b/$x;&%h#~'), '/a b/$x;&%h#~');
});

test('without --ssh-key ssh may use the keys it finds, with it no other', async () => {
  const without = await settingsOf({ knownHosts: ['/k'] }, {});
  assert.ok(!without.includes('IdentitiesOnly=yes'));
  const withKey = await settingsOf({ knownHosts: ['/k'], sshKey: ['/dev/null'] }, {});
  assert.ok(withKey.includes('IdentitiesOnly=yes'));
});

test('an agent is used when there is one, and no program that asks for passwords', async () => {
  const env = { HOME: '/h', SSH_AUTH_SOCK: '/agent', SSH_ASKPASS: '/ask', LD_LIBRARY_PATH: '/lib' };
  const openssh = await openSsh(parseOptions(sshOptions, {}), makeOpenContext({ env }));
  const given = Object.entries(openssh.env).filter(([, value]) => value !== undefined);
  assert.deepEqual(Object.fromEntries(given), {
    HOME: '/h',
    SSH_AUTH_SOCK: '/agent',
    SHELL: '/bin/sh',
  });
});

test('parts of a second count as a whole one', async () => {
  const settings = await settingsOf({ knownHosts: ['/k'], connectTimeout: ['1500ms'] }, {});
  assert.ok(settings.includes('ConnectTimeout=2'));
});

test('control sockets are below the site, and have a name each for host, key and known hosts', async (t) => {
  const root = await makeTempDir(t);
  const pathFor = async (raw: RawOptions) => {
    const settings = await settingsOf(
      { knownHosts: ['/k'], multiplex: ['5m'], ...raw },
      {
        OMD_ROOT: root,
      },
    );
    assert.ok(settings.includes('ControlMaster=auto') && settings.includes('ControlPersist=300'));
    return settings.find((setting) => setting.startsWith('ControlPath=')) ?? '';
  };
  const path = await pathFor({});
  assert.match(path, new RegExp(`^ControlPath="${root}/tmp/cmk-courier/ssh/[\\da-f]{32}"$`));
  assert.equal(await pathFor({}), path);
  assert.notEqual(await pathFor({ sshKey: ['/dev/null'] }), path);
  assert.notEqual(await pathFor({ knownHosts: ['/other'] }), path);
});

test('where the path of a socket would be too long, another directory is taken', async (t) => {
  const root = join(await makeTempDir(t), 'x'.repeat(80));
  const settings = await settingsOf({ knownHosts: ['/k'], multiplex: ['5m'] }, { OMD_ROOT: root });
  const path = settings.find((setting) => setting.startsWith('ControlPath=')) ?? '';
  assert.match(path, /^ControlPath="\/tmp\/cmk-courier-\d+\/[\da-f]{32}"$/);
});

test('a connection is not kept through a proxy jump', async () => {
  const options = parseOptions(sshOptions, { multiplex: ['5m'], proxyJump: ['jump'] });
  await expectFault(openSsh(options, makeOpenContext({ env: { HOME: '/h' } })), 'USAGE');
});

test('a login is shown with its port, an IPv6 address in brackets', () => {
  assert.equal(describeLogin(web01), 'web01:22');
  assert.equal(describeLogin(parseLogin('mon@[2001:db8::1]:2222')), '[2001:db8::1]:2222');
});
