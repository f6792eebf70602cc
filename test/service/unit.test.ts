import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { services } from '../../src/service/service.ts';
import { systemdUnit } from '../../src/service/unit.ts';
import { findProgram } from '../agents/host/courier-agent-shells.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

const { collect, receive } = services;

/** The command line of a unit. */
function startOf(unit: string): string | undefined {
  return /^ExecStart=(.*)$/m.exec(unit)?.[1];
}

test('the unit of the machine is told all places, that of a user knows them', () => {
  const [program, ready] = ['/opt/cmk-courier', '--ready=%t/cmk-courier/ready'];
  assert.deepEqual(
    [
      startOf(systemdUnit(collect, [program], 'system')),
      startOf(systemdUnit(collect, [program], 'user')),
      startOf(systemdUnit(receive, [program], 'system')),
    ],
    [
      `${program} collect ${ready} --spool=%S/cmk-courier/spool`,
      `${program} collect ${ready}`,
      `${program} receive --config=%E/cmk-courier/receiver.yaml`,
    ],
  );
});

test('only the unit of the machine is shielded, and waits for the network', () => {
  const machine = systemdUnit(collect, ['/x'], 'system');
  const user = systemdUnit(collect, ['/x'], 'user');
  for (const line of [
    'ProtectSystem=strict',
    'User=cmk-courier',
    'CapabilityBoundingSet=',
    'After=network-online.target',
  ]) {
    assert.deepEqual([machine.includes(line), user.includes(line)], [true, false], line);
  }
  assert.match(machine, /\nWantedBy=multi-user\.target\n$/);
  assert.match(user, /\nWantedBy=default\.target\n$/);
});

test('systemd is told how to start, reload and watch it', () => {
  const unit = systemdUnit(collect, ['/x'], 'user');
  const wanted = ['Type=notify', 'NotifyAccess=all', 'ExecReload=/bin/kill -HUP $MAINPID'];
  for (const line of [...wanted, 'WatchdogSec=60', 'Restart=on-failure']) {
    assert.ok(unit.split('\n').includes(line), line);
  }
});

test('a reload that would fail is refused before the service hears of it', () => {
  const reloads = (unit: string) =>
    [...unit.matchAll(/^ExecReload=(.*)$/gm)].map(([, line]) => line);
  assert.deepEqual(reloads(systemdUnit(collect, ['/x'], 'system')), [
    '/x collect --check',
    '/bin/kill -HUP $MAINPID',
  ]);
  assert.deepEqual(reloads(systemdUnit(receive, ['/x'], 'user')), [
    '/x receive --check --config=%E/cmk-courier/receiver.yaml',
    '/bin/kill -HUP $MAINPID',
  ]);
});

test('the units of the machine are shielded as well as systemd can tell', async (t) => {
  if (findProgram('systemd-analyze') === undefined) return t.skip('no systemd-analyze here');
  const directory = await makeTempDir(t);
  for (const service of Object.values(services)) {
    const path = join(directory, `${service.name}.service`);
    writeFileSync(path, systemdUnit(service, ['/bin/true'], 'system'));
    const args = ['security', '--offline=true', '--no-pager', path];
    const { stdout, status } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    if (status !== 0 && stdout === '') return t.skip('this systemd-analyze knows no --offline');
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    assert.ok(Number(exposure) < 2, stdout);
  }
});

test('what systemd would read otherwise in a path is escaped', () => {
  const unit = systemdUnit(collect, ['/a b/c%d$e/node', '/x "y"/f$g\\h.cjs'], 'user');
  assert.equal(
    startOf(unit),
    '"/a b/c%%d$e/node" "/x \\"y\\"/f$$g\\\\h.cjs" collect --ready=%t/cmk-courier/ready',
  );
});

test('systemd takes the units', async (t) => {
  if (findProgram('systemd-analyze') === undefined) return t.skip('no systemd-analyze here');
  const directory = await makeTempDir(t);
  const program = join(directory, 'a b%c$d');
  mkdirSync(program);
  copyFileSync('/bin/true', join(program, 'true'));
  for (const service of Object.values(services)) {
    for (const scope of ['system', 'user'] as const) {
      const path = join(directory, `${service.name}.service`);
      writeFileSync(path, systemdUnit(service, [join(program, 'true')], scope));
      const verified = spawnSync('systemd-analyze', [`--${scope}`, 'verify', path], {
        encoding: 'utf8',
        env: { ...process.env, XDG_RUNTIME_DIR: directory },
        timeout: 60_000,
      });
      assert.doesNotMatch(verified.stderr, /cmk-courier/, verified.stderr);
    }
  }
});
