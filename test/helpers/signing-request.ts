/** Signing requests (PKCS#10) with any key and any common names, as clients or attackers make them. */

import { createPublicKey, type KeyObject, sign } from 'node:crypto';

const commonName = Buffer.from('0603550403', 'hex');
const algorithms: Readonly<Record<string, Buffer>> = {
  // sha256WithRSAEncryption with its NULL, and ecdsa-with-SHA256.
  rsa: Buffer.from('300d06092a864886f70d01010b0500', 'hex'),
  ec: Buffer.from('300a06082a8648ce3d040302', 'hex'),
};

/** PEM; version field 0, empty attributes, nothing but the names. */
export function makeSigningRequest(key: KeyObject, names: readonly string[]): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const subject = tlv(
    0x30,
    ...names.map((name) => tlv(0x31, tlv(0x30, commonName, tlv(0x0c, Buffer.from(name))))),
  );
  const info = tlv(0x30, tlv(0x02, Buffer.from([0])), subject, publicKey, tlv(0xa0));
  const signature = sign('sha256', info, key);
  const algorithm = algorithms[key.asymmetricKeyType ?? ''];
  if (algorithm === undefined) throw new Error(`no algorithm for ${key.asymmetricKeyType}`);
  const der = tlv(0x30, info, algorithm, tlv(0x03, Buffer.from([0]), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const label = 'CERTIFICATE REQUEST';
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length =
    content.length < 128
      ? [content.length]
      : content.length < 256
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
