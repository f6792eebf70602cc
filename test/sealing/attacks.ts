/** What whoever can write to a way may put there in the name of web01, and how each is refused. */

import { gzipSync } from 'node:zlib';
import type { FaultCode } from '../../src/faults/errors.ts';
import { joinDrop, splitDrop } from '../../src/sealing/drop.ts';
import { type SealSite, secret } from './seal-site.ts';
import { rsaPair, type Sealing, seal, signatureOf } from './sealing-kit.ts';

export const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\nAgentOS: linux\n');

/** The key of web01; what else is enrolled, {@link enrollAll} says. */
export const host = rsaPair('host');
const old = rsaPair('old');
const expired = rsaPair('expired');
const stranger = rsaPair('stranger');
const gateway = rsaPair('gateway');

/** web01 with keys good and bad, web02 with its own, a MAC for mac01, a gateway for gate*. */
export async function enrollAll(site: SealSite): Promise<void> {
  await site.enroll('web01', host);
  await site.enroll('web01', old, { label: 'old key', revoked: '2026-11-01' });
  await site.enroll('web01', expired, { label: 'expired key', until: '2026-01-02' });
  await site.enroll('web02', rsaPair('other'));
  await site.enroll('gate*', gateway, { label: 'gateway' });
  await site.enrollSecret('mac01');
}

export interface Attack {
  readonly what: string;
  readonly code: FaultCode;
  readonly says: RegExp;
  /** The bytes; `now` is when it is put there. */
  readonly make: (now: Date, site: SealSite) => Buffer;
  /** Whose name they are put under; web01 unless said. */
  readonly name?: string;
}

function drop(now: Date, changes: Partial<Sealing> = {}): Buffer {
  return seal({ host: 'web01', produced: now, output, signer: host, ...changes });
}

function changed(bytes: Buffer, change: (text: string) => string): Buffer {
  return Buffer.from(change(bytes.toString('latin1')), 'latin1');
}

/** Signed by web01 itself, as a broken or hostile program there would. */
function resigned(bytes: Buffer, change: (payload: string) => string, signer = host): Buffer {
  const { payload, body } = splitDrop(bytes);
  const other = Buffer.from(change(payload.toString('latin1')), 'latin1');
  return joinDrop({ payload: other, signature: signatureOf(other, signer), body });
}

const piggyback = Buffer.concat([output, Buffer.from('<<<<web02>>>>\n<<<a>>>\nb\n<<<<>>>>\n')]);
const hourMs = 3_600_000;
const malformed = 'MALFORMED' as const;
const refused = 'REFUSED' as const;

export const attacks: readonly Attack[] = [
  {
    what: 'a plain drop',
    code: refused,
    says: /this is not sealed, and web01 is enrolled$/,
    make: () => output,
  },
  {
    what: 'a plain drop of a host enrolled by a pattern',
    code: refused,
    says: /this is not sealed, and gate7 is enrolled by "gate\*"$/,
    make: () => output,
    name: 'gate7',
  },
  {
    what: 'a bit flipped in its body',
    code: malformed,
    says: /its body is not the one that was signed$/,
    make: (now) => {
      const bytes = drop(now);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      return bytes;
    },
  },
  {
    what: 'a changed header',
    code: refused,
    says: /the seal is not that of the key .*: it was changed, or somebody else sealed it$/,
    make: (now) => changed(drop(now), (text) => text.replace('gzip', 'zlib')),
  },
  {
    what: 'a drop cut short',
    code: malformed,
    says: /it was cut short$/,
    make: (now) => drop(now).subarray(0, -9),
  },
  {
    what: 'bytes behind the body',
    code: malformed,
    says: /something follows its end$/,
    make: (now) => Buffer.concat([drop(now), Buffer.from('<<<a>>>\n')]),
  },
  {
    what: 'two drops joined',
    code: malformed,
    says: /something follows its end$/,
    make: (now) => Buffer.concat([drop(now), drop(now)]),
  },
  {
    what: "another host's drop",
    code: refused,
    says: /sealed with the key SHA256:\S+, which is not enrolled$/,
    make: (now) => drop(now, { host: 'web02', signer: rsaPair('other') }),
  },
  {
    what: 'a drop of the same key for another host',
    code: refused,
    says: /sealed for gate8 with the key "gateway", not for gate7$/,
    make: (now) => drop(now, { host: 'gate8', signer: gateway }),
    name: 'gate7',
  },
  {
    what: "another host's ciphertext and wrapped key under a new signature",
    code: refused,
    says: /the body cannot be decrypted for this host with the key of this site$/,
    make: (now, { publicKey }) => {
      const secretOne = drop(now, { host: 'web02', recipients: [publicKey] });
      return resigned(secretOne, (payload) => payload.replace('host web02', 'host web01'));
    },
  },
  {
    what: 'a drop of a revoked key',
    code: refused,
    says: /sealed with the key "old key" \(SHA256:\S+\), which was revoked on 2026-11-01$/,
    make: (now) => drop(now, { signer: old }),
  },
  {
    what: 'a drop of an expired key',
    code: refused,
    says: /sealed with the key "expired key" \(SHA256:\S+\), which was good until 2026-01-02$/,
    make: (now) => drop(now, { signer: expired }),
  },
  {
    what: 'a drop of a foreign key',
    code: refused,
    says: /which is not enrolled$/,
    make: (now) => drop(now, { signer: stranger }),
  },
  {
    what: 'a drop of a weak key',
    code: refused,
    says: /which is not enrolled$/,
    make: (now) => drop(now, { signer: rsaPair('weak', 1024) }),
  },
  {
    what: 'a drop of a key with exponent 3',
    code: refused,
    says: /which is not enrolled$/,
    make: (now) => drop(now, { signer: rsaPair('exponent', 3072, 3) }),
  },
  {
    what: 'two signatures',
    code: malformed,
    says: /it has 2 signatures, not one$/,
    make: (now) =>
      changed(drop(now), (text) =>
        text.replace(/(\nkey [\s\S]*?\n)(?=-- body)/, '$1$1').replace('\n\nkey', '\nkey'),
      ),
  },
  {
    what: 'a MAC where a key is enrolled',
    code: refused,
    says: /sealed with the shared secret SHA256:\S+, which is not enrolled$/,
    make: (now) => drop(now, { signer: { secret } }),
  },
  {
    what: 'a key where a MAC is enrolled',
    code: refused,
    says: /sealed with the key SHA256:\S+, which is not enrolled$/,
    make: (now) => drop(now, { host: 'mac01' }),
    name: 'mac01',
  },
  {
    what: 'a carriage return in its header',
    code: malformed,
    says: /there is a byte 0x0d in it, as a transfer of text leaves it$/,
    make: (now) => changed(drop(now), (text) => text.replace('web01\n', 'web01\r\n')),
  },
  {
    what: 'a zero byte in its header',
    code: malformed,
    says: /there is a byte 0x00 in it$/,
    make: (now) => changed(drop(now), (text) => text.replace('web01\n', 'web01\0\n')),
  },
  {
    what: 'a second marker',
    code: malformed,
    says: /it has more than one marker$/,
    make: (now) => changed(drop(now), (text) => text.replace('host', '-- signatures\nhost')),
  },
  {
    what: 'a repeated name',
    code: malformed,
    says: /produced is missing where host is$/,
    make: (now) => resigned(drop(now), (text) => text.replace(/(host .*\n)/, '$1$1')),
  },
  {
    what: 'names in another order',
    code: malformed,
    says: /host is missing where produced is$/,
    make: (now) =>
      resigned(drop(now), (text) => text.replace(/(host .*\n)(produced .*\n)/, '$2$1')),
  },
  {
    what: 'a huge line',
    code: malformed,
    says: /its header has no end$/,
    make: (now) => changed(drop(now), (text) => text.replace('web01', 'w'.repeat(20_000))),
  },
  {
    what: 'an update in the place of a drop',
    code: malformed,
    says: /this is a signed document of the format cmk-courier-target\/1, no drop$/,
    make: (now) => resigned(drop(now), (text) => text.replace('drop/1', 'target/1')),
  },
  {
    what: 'a drop within a drop',
    code: malformed,
    says: /this is a signed document where output should be$/,
    make: (now) => drop(now, { output: drop(now) }),
  },
  {
    what: 'a bomb inside',
    code: 'TOO_LARGE',
    says: /gzip data would unpack to more than the allowed 1000000 bytes$/,
    make: (now) =>
      drop(now, { output: gzipSync(Buffer.alloc(2_000_000)), contentEncoding: 'gzip' }),
  },
  {
    what: 'a drop for another site',
    code: refused,
    says: /the body is encrypted for other sites, not for this one$/,
    make: (now) => drop(now, { recipients: [rsaPair('other').publicKey] }),
  },
  {
    what: 'a drop of an hour ago, the clock of its host being behind',
    code: 'STALE',
    says: /the drop of web01 is 1h.* old, allowed are 5m/,
    make: (now) => drop(new Date(now.getTime() - hourMs)),
  },
  {
    what: 'a drop of in an hour',
    code: 'STALE',
    says: /in the future, allowed are 1m: the clock of web01 is ahead of ours$/,
    make: (now) => drop(new Date(now.getTime() + hourMs)),
  },
  {
    what: 'sealed piggyback for an enrolled host that the key may not send',
    code: refused,
    says: /there is piggyback for web02, which is enrolled, and the key "web01 key" may not send it$/,
    make: (now) => drop(now, { output: piggyback }),
  },
  {
    what: 'plain piggyback for an enrolled host in the output of one that is not',
    code: refused,
    says: /there is piggyback for web02, which is enrolled, and this has no seal$/,
    make: () => piggyback,
    name: 'esx1',
  },
  {
    what: 'a drop of a host that is not enrolled',
    code: refused,
    says: /this is sealed, and esx1 has no enrolment; `cmk-courier seals enroll esx1 KEY.pub`$/,
    make: (now) => drop(now, { host: 'esx1' }),
    name: 'esx1',
  },
];
