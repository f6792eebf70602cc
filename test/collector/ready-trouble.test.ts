/** What becomes of a ready directory that others have had their hands on. */

import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { runCourier } from '../helpers/run-program.ts';
import { makeSite } from './running-collector.ts';

const timeout = 120_000;
const routes = 'defaults: { maxAge: 10m, deadline: 2s, every: 1s }\nroutes:\n';

test('a ready directory that disappears is made again, and the socket beside it', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  site.writeRoutes(`${routes}  - { hosts: web01, sources: '${site.root}/drops/{host}' }\n`);
  site.drop('web01');
  await site.start();
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  rmSync(dirname(site.ready), { recursive: true });
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  await site.until(() => site.status() !== undefined);
  // What cannot be written there is told with its reason.
  rmSync(site.ready, { recursive: true });
  writeFileSync(site.ready, '');
  await site.until(() => site.status()?.readyFault !== undefined);
  assert.match(site.status()?.readyFault, /in .*\/ready: (?:not a directory|.*EEXIST)$/);
  const { stdout } = await runCourier(['status', `--ready=${site.ready}`, '--width=1000'], {
    env: site.environment,
  });
  assert.match(stdout.toString(), /\nnot laid ready: .*\/ready: /);
  rmSync(site.ready);
  await site.until(() => site.ask('web01').stdout.includes('"web01"'));
  await site.until(() => site.status()?.readyFault === undefined);
  const { stderr } = await site.end('SIGTERM');
  const told = stderr.split('\n').filter((line) => /laying the (?:output|fault) of/.test(line));
  assert.equal(told.length, 1, stderr);
});

test('a collector starts neither among foreign files nor where others may write', {
  timeout,
}, async (t) => {
  const site = await makeSite(t);
  site.writeRoutes(`${routes}  - { hosts: web01, sources: /nowhere }\n`);
  const collect = async (ready: string) =>
    (await runCourier(['collect', `--ready=${ready}`], { env: site.environment })).stderr;
  writeFileSync(join(site.root, 'drops/id_ed25519'), 'KEY');
  const drops = join(site.root, 'drops');
  assert.equal(
    await collect(drops),
    `cmk-courier: collect: the ready directory ${drops} holds "id_ed25519", which is not ours; --ready must name a directory of its own (CONFIG)\n`,
  );
  rmSync(join(drops, 'id_ed25519'));
  chmodSync(drops, 0o777);
  assert.equal(
    await collect(drops),
    `cmk-courier: collect: others may change ${drops}: it is writable for everybody (mode 777); chmod go-w ${drops} (CONFIG)\n`,
  );
});

test('--check fails on routes that could not be taken into force', { timeout }, async (t) => {
  const site = await makeSite(t);
  const check = async () => {
    const { stderr, code } = await runCourier(['collect', '--check'], { env: site.environment });
    return `${code} ${stderr}`;
  };
  site.writeRoutes(`collector: { hostList: none }\n${routes}  - { hosts: a, sources: /x }\n`);
  assert.match(await check(), /^4 cmk-courier: collect: reading the host list .*\/none: /);
  site.writeRoutes('routes: []\n');
  assert.match(await check(), /^3 cmk-courier: collect: .*:1: routes must not be empty \(CONFIG\)/);
  site.writeRoutes(`${routes}  - { hosts: a, sources: /x }\n`);
  assert.equal(await check(), '0 ');
});
