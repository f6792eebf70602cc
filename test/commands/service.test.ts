import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { service } from '../../src/commands/service.ts';
import { services } from '../../src/service/service.ts';
import { systemdUnit } from '../../src/service/unit.ts';
import { findProgram } from '../agents/host/courier-agent-shells.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { catchFault } from '../helpers/expect-fault.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

async function run(operands: readonly string[], env: Record<string, string>, options = {}) {
  const context = { ...makeCommandContext(), env };
  const program = { program: ['/omd/cmk-courier'] };
  await service.run({ operands, options: { ...program, ...options } }, context);
  return context.said.output;
}

test('in a site it writes the init script and its link, again and again, and takes them away', async (t) => {
  const root = await makeTempDir(t);
  const site = { OMD_ROOT: root };
  const script = join(root, 'etc/init.d/cmk-courier-collect');
  const link = join(root, 'etc/rc.d/85-cmk-courier-collect');
  const written = `wrote ${script}\nwrote ${link}\nnext:\n  omd start cmk-courier-collect\n`;
  assert.equal(await run(['install'], site), written);
  assert.equal(await run(['install'], site), written);
  assert.equal(statSync(script).mode & 0o777, 0o755);
  assert.equal(readlinkSync(link), '../init.d/cmk-courier-collect');
  assert.equal(await run(['install'], site, { print: ['true'] }), readFileSync(script, 'utf8'));
  assert.equal(await run(['uninstall'], site), `removed ${script}\n`);
  assert.equal(await run(['uninstall'], site), `removed ${script}\n`);
  assert.deepEqual([existsSync(script), existsSync(link)], [false, false]);
});

test('a file of somebody else stays, unless it is to be replaced', async (t) => {
  const root = await makeTempDir(t);
  const script = join(root, 'etc/init.d/cmk-courier-receive');
  mkdirSync(join(root, 'etc/init.d'), { recursive: true });
  writeFileSync(script, '#!/bin/sh\n# mine\n');
  for (const verb of ['install', 'uninstall']) {
    const fault = await catchFault(run([verb, 'receive'], { OMD_ROOT: root }));
    assert.equal(fault.message, `${script} was written by somebody else; --force replaces it`);
  }
  await run(['install', 'receive'], { OMD_ROOT: root }, { force: ['true'] });
  assert.match(readFileSync(script, 'utf8'), /Written by cmk-courier/);
});

test('outside of a site it would write a unit for systemd', async () => {
  const unit = await run(['install'], {}, { print: ['true'] });
  assert.match(unit, /^ExecStart=\/omd\/cmk-courier collect --ready=%t\/cmk-courier\/ready$/m);
  assert.match(unit, /^Type=notify$/m);
});

test('systemd takes the units', async (t) => {
  if (findProgram('systemd-analyze') === undefined) return t.skip('no systemd-analyze here');
  const directory = await makeTempDir(t);
  for (const one of Object.values(services)) {
    const path = join(directory, `${one.name}.service`);
    writeFileSync(path, systemdUnit(one, '/bin/true'));
    const verified = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    assert.doesNotMatch(verified.stderr, /cmk-courier/, verified.stderr);
  }
});

test('mistakes are told', async () => {
  const lines = [[], ['start'], ['install', 'web'], ['install', 'collect', 'x']];
  const messages = await Promise.all(
    lines.map(async (operands) => (await catchFault(run(operands, { OMD_ROOT: '/nix' }))).message),
  );
  assert.deepEqual(messages, [
    'service needs a verb; there are install, uninstall',
    'no verb "start"; there are install, uninstall',
    'no service "web"; there are collect and receive',
    'too much: "x"',
  ]);
});
