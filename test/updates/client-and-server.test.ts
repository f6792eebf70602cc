/** The real client and the real server, each of which is tested by itself elsewhere. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { updates } from '../../src/commands/updates.ts';
import { Host } from '../agents/host/updates/host.ts';
import { makeRelease } from '../agents/host/updates/packages.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { startUpdateSite, type UpdateSite } from './update-site.ts';

const missing = ['dash', 'curl', 'openssl'].map(skipWithout).find((reason) => reason !== false);

async function decide(site: UpdateSite, verb: string): Promise<void> {
  const hosts = await updates.commands?.['hosts']?.load();
  const command = await hosts?.commands?.[verb]?.load();
  const invocation = { operands: ['web01'], options: { dir: [site.places.directory] } };
  await command?.run(invocation, makeCommandContext());
}

/** Runs a mode that has to succeed, and is quiet about it on stderr. */
async function run(host: Host, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await host.run(args);
  assert.deepEqual([status, stderr], [0, '']);
  return stdout;
}

test('AU-1: courier-update registers, installs what is published, and takes other secrets', {
  skip: missing ?? false,
}, async (t) => {
  const site = await startUpdateSite(t);
  const host = new Host({ after: (cleanUp) => t.after(cleanUp) });
  const tokenFile = join(host.root, 'token');
  writeFileSync(tokenFile, `${await site.token('web01')}\n`, { mode: 0o600 });
  const where = [`--server=${site.plainUrl}`, '--allow-http=yes', `--token-file=${tokenFile}`];
  const root = `--root=${join(site.places.roots, '1.root')}`;
  assert.match(await run(host, 'register', ...where, root), /^this host is registered as web01$/m);
  const release = makeRelease('1');
  await site.publish('web01', release.bytes, release.hash);
  const programs = `--programs=${join(host.root, 'programs')}`;
  assert.match(await run(host, 'install', programs), new RegExp(`release ${release.hash}`));
  assert.equal(await run(host, 'update'), 'nothing to do\n');
  const secretBefore = readFileSync(join(site.places.hosts, 'secrets', 'web01.json'), 'utf8');
  await decide(site, 'rotate-secret');
  assert.match(await run(host, 'update'), /^nothing to do$/m);
  const secret = readFileSync(join(site.places.hosts, 'secrets', 'web01.json'), 'utf8');
  assert.notEqual(/"secret": "(.*)"/.exec(secret)?.[1], /"secret": "(.*)"/.exec(secretBefore)?.[1]);
  assert.match(secret, /"rotate": false/);
  await site.turn(false);
  const disabled = await host.run(['update']);
  assert.match(disabled.stdout + disabled.stderr, /globally disabled/);
  await site.turn(true);
  await decide(site, 'revoke');
  const { status, stderr } = await host.run(['update']);
  assert.notEqual(status, 0);
  assert.match(stderr, /E-AUTH/);
  assert.equal(site.log.lines.filter((line) => line.includes('E-CLONE')).length, 0);
});
