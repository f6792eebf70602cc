/** A network file system whose server is gone, below some of the sources of a site. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountDead } from '../helpers/dead-mount.ts';
import { makeSite } from './running-collector.ts';

const namesOf = (kind: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${kind}-${n}`);

test('a mount that hangs under some hosts takes nothing from the others, nor from the spool', {
  timeout: 120_000,
}, async (t) => {
  const dead = await mountDead(t);
  if (dead === undefined) return t.skip('needs to mount FUSE');
  const site = await makeSite(t);
  const [well, lost] = [namesOf('well', 200), namesOf('lost', 100)];
  const hosts = [...well, ...lost].map((host) => `${host}\n`).join('');
  writeFileSync(join(site.root, 'etc/cmk-courier/hosts.txt'), hosts);
  site.writeRoutes(`
defaults: { every: 2s, deadline: 1500ms, maxAge: 1h }
collector: { hostList: hosts.txt, concurrency: 64 }
routes:
  - { hosts: 'well-*', sources: '${site.root}/drops/{host}' }
  - { hosts: 'lost-*', sources: '${dead.directory}/{host}' }
`);
  for (const host of well) site.drop(host);
  await site.start();
  await site.until(() => site.ask('lost-99').status === 6);
  for (let round = 0; round < 2; round += 1) {
    const texts = new Map(well.map((host) => [host, `<<<check_mk>>>\n${host} ${round}\n`]));
    for (const [host, text] of texts) site.drop(host, text);
    for (const [host, text] of texts) {
      await site.until(() => site.ask(host).stdout === text);
    }
  }
  const told = () => JSON.stringify(site.status()).split('looks into it hang').length - 1;
  await site.until(() => told() > 50);
  dead.end();
  const { stderr } = await site.end('SIGTERM');
  assert.match(stderr, /"msg":"ended"\}\n$/);
});
