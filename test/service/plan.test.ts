import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { planService, type Surroundings } from '../../src/service/plan.ts';
import { services } from '../../src/service/service.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const { collect, receive } = services;

function pathFor(env: Surroundings['env'], isRoot = false): string {
  return planService(collect, { env, isRoot }).path;
}

test('the site comes first, then the machine for root, then the user', () => {
  const home = { HOME: '/home/me' };
  assert.deepEqual(
    [
      pathFor({ ...home, OMD_ROOT: '/site' }, true),
      pathFor({ ...home, OMD_ROOT: '' }, true),
      pathFor(home),
      pathFor({ ...home, XDG_CONFIG_HOME: '/config' }),
      pathFor({ ...home, XDG_CONFIG_HOME: 'relative' }),
    ],
    [
      '/site/etc/init.d/cmk-courier-collect',
      '/etc/systemd/system/cmk-courier-collect.service',
      '/home/me/.config/systemd/user/cmk-courier-collect.service',
      '/config/systemd/user/cmk-courier-collect.service',
      '/home/me/.config/systemd/user/cmk-courier-collect.service',
    ],
  );
});

test('without any of them there is no place', async () => {
  const fault = await catchFault(Promise.resolve().then(() => pathFor({})));
  assert.equal(fault.message, 'no place for a service: OMD_ROOT and HOME are not set');
  assert.equal(fault.code, 'USAGE');
});

test('the user is told to be kept logged in, root is not', () => {
  const commands = (isRoot: boolean) =>
    planService(receive, { env: { HOME: '/home/me' }, isRoot }).next.installed;
  assert.deepEqual(commands(true), [
    'systemd-sysusers',
    'chown -R cmk-courier: /etc/cmk-courier',
    'systemctl daemon-reload',
    'systemctl enable cmk-courier-receive',
    'systemctl restart cmk-courier-receive',
  ]);
  assert.deepEqual(commands(false), [
    'systemctl --user daemon-reload',
    'systemctl --user enable cmk-courier-receive',
    'systemctl --user restart cmk-courier-receive',
    'loginctl enable-linger',
  ]);
});

test('the script of the collector goes where its user finds it, and a site turns the log', () => {
  const besides = (env: Surroundings['env'], isRoot: boolean, service = collect) =>
    planService(service, { env, isRoot }).besides.map(({ path, mode }) => [path, mode]);
  assert.deepEqual(besides({ OMD_ROOT: '/site' }, false), [
    ['/site/etc/logrotate.d/cmk-courier-collect', 0o644],
    ['/site/local/bin/cmk-courier-ready', 0o755],
  ]);
  assert.deepEqual(besides({ OMD_ROOT: '/site' }, false, receive), [
    ['/site/etc/logrotate.d/cmk-courier-receive', 0o644],
  ]);
  assert.deepEqual(besides({}, true), [
    ['/etc/sysusers.d/cmk-courier.conf', 0o644],
    ['/usr/local/bin/cmk-courier-ready', 0o755],
  ]);
  assert.deepEqual(besides({ HOME: '/home/me' }, false), [
    ['/home/me/.local/bin/cmk-courier-ready', 0o755],
  ]);
});

test('a program within the site is named by it, also when a link leads there', async (t) => {
  const directory = realpathSync(await makeTempDir(t));
  const [real, site] = [join(directory, 'opt'), join(directory, 'omd')];
  mkdirSync(real);
  symlinkSync(real, site);
  const plan = planService(collect, { env: { OMD_ROOT: site }, isRoot: false });
  const started = (path: string) => plan.toText([path]).match(/^run\(\) .*$/m)?.[0];
  const expected = `run() { exec setsid "$OMD_ROOT"'/local/bin/cmk-courier' collect; }`;
  assert.equal(started(join(site, 'local/bin/cmk-courier')), expected);
  assert.equal(started(join(real, 'local/bin/cmk-courier')), expected);
  assert.equal(started('/usr/bin/it'), `run() { exec setsid '/usr/bin/it' collect; }`);
});

test('a site that is not there yet can be planned for', () => {
  const plan = planService(receive, { env: { OMD_ROOT: '/nowhere/site' }, isRoot: false });
  assert.match(plan.toText(['/usr/bin/it']), /^run\(\) \{ exec setsid '\/usr\/bin\/it' receive /m);
});
