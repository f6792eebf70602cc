/**
 * Writes test/fixtures/sealing/ anew: keys, drops and what becomes of each. By hand, when the format
 * changes: `.tools/node test/sealing/make-vectors.ts`.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinDrop, splitDrop } from '../../src/sealing/drop.ts';
import { sealByOpenssl } from './openssl-kit.ts';
import { rsaPair, type Sealing, seal, signatureOf, toPem } from './sealing-kit.ts';
import { outcomeOf, vectors } from './vectors.ts';

const host = rsaPair('host');
const site = rsaPair('site');
const secret = '00112233445566778899aabbccddeeff'.repeat(2);
const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n');
const produced = new Date('2026-11-27T23:31:37Z');
const plain: Sealing = {
  host: 'web01',
  produced,
  output,
  signer: host,
  contentEncoding: 'identity',
};
const encrypted: Sealing = { ...plain, recipients: [site.publicKey] };
const byOpenssl = {
  host: 'web01',
  produced: '20261127233137',
  output,
  privateKey: toPem(host.privateKey),
};

/** A change of the text of a good drop that nobody has signed. */
function changed(change: (text: string) => string): Buffer {
  return Buffer.from(change(seal(plain).toString('latin1')), 'latin1');
}

/** The same, signed by the host again. */
function signedAnew(change: (payload: string) => string): Buffer {
  const { payload, body } = splitDrop(seal(plain));
  const other = Buffer.from(change(payload.toString('latin1')), 'latin1');
  return joinDrop({ payload: other, signature: signatureOf(other, host), body });
}

function makeDrops(work: string): Readonly<Record<string, Buffer>> {
  return {
    'signed.drop': seal(plain),
    'gzip.drop': seal({ ...plain, contentEncoding: 'gzip' }),
    'encrypted.drop': seal({ ...encrypted, contentEncoding: 'gzip' }),
    'two-recipients.drop': seal({
      ...encrypted,
      recipients: [rsaPair('other').publicKey, site.publicKey],
    }),
    'mac.drop': seal({ ...plain, signer: { secret } }),
    'openssl.drop': sealByOpenssl(work, byOpenssl),
    'openssl-encrypted.drop': sealByOpenssl(work, {
      ...byOpenssl,
      recipient: toPem(site.publicKey),
    }),
    'wrong-body.drop': changed((text) => text.replace('AgentOS', 'AgentOs')),
    'wrong-header.drop': changed((text) => text.replace('host web01', 'host web02')),
    'carriage-return.drop': changed((text) => text.replace('host web01\n', 'host web01\r\n')),
    'second-marker.drop': changed((text) => text.replace('host', '-- signatures\nhost')),
    'no-body.drop': changed((text) => text.slice(0, text.indexOf('-- body'))),
    'body-goes-on.drop': changed((text) => `${text}\n`),
    'mac-for-key.drop': changed((text) => text.replace('\nkey ', '\nmac ')),
    'other-key.drop': seal({ ...plain, signer: rsaPair('other') }),
    'small-key.drop': seal({ ...plain, signer: rsaPair('small', 1024) }),
    'other-key-line.drop': seal({ ...encrypted, keyLineHost: 'web02' }),
    'line-feed-in-key-line.drop': seal({ ...encrypted, keyLineHost: 'web01\n' }),
    'other-site.drop': seal({ ...plain, recipients: [rsaPair('other').publicKey] }),
    'order.drop': signedAnew((text) => text.replace(/(host .*\n)(produced .*\n)/, '$2$1')),
    'repeated.drop': signedAnew((text) => text.replace('host web01\n', 'host web01\nhost web01\n')),
    'no-such-day.drop': signedAnew((text) => text.replace('20261127', '20261131')),
    'newer-version.drop': signedAnew((text) => text.replace('drop/1', 'drop/2')),
    'update.drop': signedAnew((text) => text.replace('drop/1', 'target/1')),
  };
}

mkdirSync(vectors, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'vectors-'));
try {
  const files: Record<string, Buffer | string> = {
    'host.key': toPem(host.privateKey),
    'host.pub': toPem(host.publicKey),
    'site.key': toPem(site.privateKey),
    'site.pub': toPem(site.publicKey),
    secret: `${secret}\n`,
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(vectors, name), bytes);
  const verdicts: Record<string, string> = {};
  for (const [name, bytes] of Object.entries(makeDrops(work))) {
    writeFileSync(join(vectors, name), bytes);
    verdicts[name] = await outcomeOf(bytes);
  }
  writeFileSync(join(vectors, 'verdicts.json'), `${JSON.stringify(verdicts, null, 2)}\n`);
} finally {
  rmSync(work, { recursive: true });
}
