/** The options of TLS, alike for every peer that is spoken to over it. */

import { parsePath } from '../cli/option-types.ts';
import { type OptionTable, type OptionValues, toFlag } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { isSecretGiven, secretOptions } from '../secrets/secret-options.ts';

const file = { kind: 'value', placeholder: 'FILE', parse: parsePath } as const;

export const tlsOptions = {
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
} as const satisfies OptionTable;

export type TlsOptions = OptionValues<typeof tlsOptions>;

type Name = keyof TlsOptions;

const everyName: readonly Name[] = [
  'cert',
  'key',
  'keyPasswordFile',
  'keyPasswordId',
  'ca',
  'tlsPin',
  'tlsServerName',
  'insecure',
];

/**
 * Checks options against each other, before anything is touched.
 *
 * @param missing what would have to be there for TLS to be spoken; undefined where it is
 * @throws CourierError USAGE
 */
export function checkTlsOptions(options: TlsOptions, missing: string | undefined): void {
  const isGiven = (name: Name) => isSet(options[name]);
  const say = (text: string) => new CourierError('USAGE', text);
  const stray = everyName.find(isGiven);
  if (stray !== undefined && missing !== undefined) throw say(`${toFlag(stray)} needs ${missing}`);
  for (const name of ['key', 'keyPasswordFile', 'keyPasswordId'] as const) {
    if (isGiven(name) && !isGiven('cert')) throw say(`${toFlag(name)} needs --cert`);
  }
  isSecretGiven(options, 'keyPassword');
  if (options.insecure && options.ca !== undefined) {
    throw say('--insecure and --ca exclude each other');
  }
}

function isSet(value: TlsOptions[Name]): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
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
