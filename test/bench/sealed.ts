/** What opening a sealed drop costs, beside a plain one: one fetch, and in a program that stays. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../src/clock.ts';
import { acceptDelivery } from '../../src/fetching/accept.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { changeEnrolment, withKey } from '../../src/sealing/changing.ts';
import { sealPlaces } from '../../src/sealing/places.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { makeCollectingLog } from '../helpers/collecting-log.ts';
import { defaultRules } from '../helpers/output-rules.ts';
import { courier } from '../helpers/run-program.ts';
import { withTempDir } from '../helpers/temp-dir.ts';
import { idOf, rsaPair, seal, toPem } from '../sealing/sealing-kit.ts';
import { interleave, showTimings } from './interleave.ts';
import { sampleOutput } from './sample-output.ts';

const host = rsaPair('host');
const site = rsaPair('site');

/** A site in which web02 may seal, and drops: web01 is plain, web02 sealed. */
async function makeSite(root: string): Promise<void> {
  const places = sealPlaces({ OMD_ROOT: root });
  for (const directory of [places.siteKeys, join(root, 'var/cmk-courier')]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
  const pem = toPem(site.privateKey);
  writeFileSync(join(places.siteKeys, '20260101000000.pem'), pem, { mode: 0o600 });
  const key = {
    kind: 'key',
    id: idOf(host.publicKey),
    label: 'web02',
    since: '2026-01-01',
    until: undefined,
    revoked: undefined,
    piggyback: [],
    der: host.publicKey.export({ type: 'spki', format: 'der' }),
  } as const;
  await changeEnrolment(places, 'web02', withKey('web02', { key, optionalUntil: undefined }));
}

function drops(): Readonly<Record<string, readonly [name: string, bytes: Buffer]>> {
  const sealing = { host: 'web02', produced: new Date(), output: sampleOutput(), signer: host };
  return {
    'plain, gzip': ['web01', gzipSync(sampleOutput())],
    'sealed, gzip': ['web02', seal(sealing)],
    'sealed and encrypted, gzip': ['web02', seal({ ...sealing, recipients: [site.publicKey] })],
  };
}

/** Both tables. */
export function benchSealed(turns: number): Promise<string> {
  return withTempDir(async (root) => {
    await makeSite(root);
    const commands = Object.entries(drops()).map(([what, [name, bytes]]) => {
      const path = join(root, what.replaceAll(/\W+/g, '-'));
      writeFileSync(path, bytes);
      const options = ['fetch', `--host=${name}`, '--max-age=unlimited', path];
      const command = [courier, ...options] as const;
      return { name: what, command, env: { OMD_ROOT: root } };
    });
    const timings = await interleave(commands, turns);
    const once = showTimings('fetch of a drop of 87 kB, ms', timings);
    return `${once}\n\n${await benchResident(root, turns * 5)}`;
  });
}

/** In turns, so that what else the machine does hits all alike. */
async function benchResident(root: string, turns: number): Promise<string> {
  const env = { OMD_ROOT: root };
  const context = { clock: systemClock, signal: neverAborts, env, log: makeCollectingLog() };
  const rules = { ...defaultRules, maxOutputBytes: 64 * 1024 * 1024 };
  const spent = new Map<string, number[]>();
  for (let turn = 0; turn <= turns; turn += 1) {
    for (const [what, [name, bytes]] of Object.entries(fresh)) {
      const delivery = {
        output: Buffer.from(bytes),
        origin: 'x',
        producedAt: undefined,
        acknowledge: async () => undefined,
      };
      const startMs = systemClock.monotonic();
      const { seal: opened } = await acceptDelivery(delivery, parseHostName(name), rules, context);
      const rise = await opened?.prepare();
      await rise?.commit();
      if (turn > 0)
        spent.set(what, [...(spent.get(what) ?? []), systemClock.monotonic() - startMs]);
    }
  }
  const rows = [...spent].map(([what, times]) => {
    const sorted = times.toSorted((one, other) => one - other);
    return `| ${what} | ${(sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(2)} |`;
  });
  return [
    '| accepting a drop of 87 kB in a program that stays, median ms | |',
    '| --- | --- |',
    ...rows,
  ].join('\n');
}

const fresh = drops();
