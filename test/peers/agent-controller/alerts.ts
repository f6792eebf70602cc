/** Alerts as rustls sends them, byte by byte: Node has no way to choose one (RFC 8446, 5.2 and 6). */

import { createCipheriv, createHmac } from 'node:crypto';

const alerts = {
  handshakeFailure: 40,
  unsupportedCertificate: 43,
  certificateExpired: 45,
  certificateUnknown: 46,
  accessDenied: 49,
  certificateRequired: 116,
} as const;

export type Alert = keyof typeof alerts;

const alertRecord = 0x15;
const dataRecord = 0x17;
const fatal = 2;

/** Before there are keys: to a ClientHello, and under TLS 1.2 to a certificate. */
export function toPlainAlert(alert: Alert): Buffer {
  return Buffer.from([alertRecord, 3, 3, 0, 2, fatal, alerts[alert]]);
}

/**
 * The first record of a server behind its handshake of TLS 1.3, with TLS_AES_128_GCM_SHA256.
 *
 * @param secret `SERVER_TRAFFIC_SECRET_0`
 */
export function toSealedAlert(alert: Alert, secret: Buffer): Buffer {
  const inner = Buffer.from([fatal, alerts[alert], alertRecord]);
  const header = Buffer.from([dataRecord, 3, 3, 0, inner.length + 16]);
  // The nonce is the IV combined with the number of the record, which is 0.
  const [key, iv] = [expand(secret, 'key', 16), expand(secret, 'iv', 12)];
  const cipher = createCipheriv('aes-128-gcm', key, iv).setAAD(header);
  return Buffer.concat([header, cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
}

/** HKDF-Expand-Label with an empty context, of no more than one hash (RFC 8446, 7.1). */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const named = Buffer.from(`tls13 ${label}`);
  const info = [Buffer.from([0, length, named.length]), named, Buffer.from([0, 1])];
  return createHmac('sha256', secret).update(Buffer.concat(info)).digest().subarray(0, length);
}
