/** The options of the http transport. */

import {
  parseNumberWithin,
  parseOneOf,
  parsePath,
  parsePositiveDuration,
  parseText,
} from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { secretOptions } from '../secrets/secret-options.ts';
import { parsePublicHeaderLine } from './header-lines.ts';
import { parseProxyOption } from './proxy-address.ts';

const file = { kind: 'value', placeholder: 'FILE', parse: parsePath } as const;

export const httpOptions = {
  user: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseUser,
    describe: 'user for Basic authentication; needs its password',
  },
  ...secretOptions('password', 'the password of `--user`'),
  ...secretOptions('token', 'a bearer token'),
  header: {
    kind: 'list',
    placeholder: 'LINE',
    parse: parsePublicHeaderLine,
    describe: 'extra request header, `Name: value`; for anything secret use `--header-file`',
  },
  headerFile: {
    kind: 'list',
    placeholder: 'FILE',
    parse: parsePath,
    describe: 'file with secret request headers, a line `Name: value` each',
  },
  cert: { ...file, describe: 'client certificate, PEM or PKCS#12' },
  key: { ...file, describe: 'private key of `--cert`, PEM; not needed when `--cert` holds it' },
  ...secretOptions('keyPassword', 'the passphrase of the private key'),
  ca: { ...file, describe: 'trust only the certificate authorities in this PEM file' },
  tlsPin: {
    kind: 'list',
    placeholder: 'PIN',
    parse: parsePin,
    describe:
      "accept only this public key of the peer: `sha256:` and the key's hash, base64 or hex",
  },
  tlsServerName: {
    kind: 'value',
    placeholder: 'NAME',
    parse: parseServerName,
    describe: 'name the certificate must be for, in place of the one in the URL',
  },
  insecure: {
    kind: 'switch',
    describe: 'accept any certificate; only `--tls-pin` is still checked',
  },
  proxy: {
    kind: 'value',
    placeholder: 'URL',
    parse: parseProxyOption,
    describe: '`http://[USER@]HOST:PORT`, or `env` for http_proxy, https_proxy and no_proxy',
  },
  ...secretOptions('proxyPassword', 'the password of the user in `--proxy`'),
  redirects: {
    kind: 'value',
    placeholder: 'COUNT',
    parse: parseNumberWithin(0, 10),
    fallback: '0',
    describe: 'how many redirects to follow',
  },
  requireLength: {
    kind: 'switch',
    describe: 'refuse a response that only the end of the connection ends: it may be cut',
  },
  family: {
    kind: 'value',
    placeholder: '4|6',
    parse: parseOneOf('4', '6'),
    describe: 'use only IPv4 or only IPv6',
  },
  connectTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '5s',
    describe: 'how long connecting may take, TLS and proxy included',
  },
  headerTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '30s',
    describe: 'how long the peer may take until its response begins',
  },
  idleTimeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parsePositiveDuration,
    fallback: '30s',
    describe: 'how long the peer may be silent in the middle of its response',
  },
} as const satisfies OptionTable;

export type HttpOptions = OptionValues<typeof httpOptions>;

/** RFC 7617 2: the first colon ends the name. */
function parseUser(raw: string): string {
  if (/[:\p{Cc}]/u.test(raw)) {
    throw new CourierError('USAGE', 'must hold neither a colon nor control characters');
  }
  return parseText(raw);
}

/** `sha256:` and 32 bytes in base64 or hex → the same in lower case hex. */
function parsePin(raw: string): string {
  const [, digest = ''] = /^sha256:(.+)$/.exec(raw) ?? [];
  if (/^[0-9a-f]{64}$/i.test(digest)) return digest.toLowerCase();
  if (/^[\w+/-]{43}=?$/.test(digest)) return Buffer.from(digest, 'base64').toString('hex');
  throw new CourierError(
    'USAGE',
    `must be sha256: and 32 bytes in base64 or hex, not ${quote(raw)}`,
  );
}

/** Only names travel in a TLS handshake: RFC 6066 3. */
function parseServerName(raw: string): string {
  if (/^[A-Za-z0-9_]([\w.-]*\w)?$/.test(raw) && !/^[\d.]+$/.test(raw)) return raw;
  throw new CourierError('USAGE', `must be a DNS name, not ${quote(raw)}`);
}
