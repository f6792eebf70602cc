/** What the receiver can be told about agent updates: its own, or those of another server. */

import { parseDiskSize, parsePath, parsePositiveDuration } from '../cli/option-types.ts';
import { type OptionTable, type OptionValues, toFlag } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { isSecretGiven, secretOptions } from '../secrets/secret-options.ts';
import { parseProxyOption } from '../web/proxy-address.ts';

const value = (placeholder: string, describe: string) =>
  ({ kind: 'value', placeholder, describe }) as const;

export const updateOptions = {
  updates: {
    ...value('DIR', 'where keys, packages and the state of agent updates are'),
    parse: parsePath,
  },
  updatesFrom: {
    ...value(
      'URL',
      'answer agent updates for another server, such as https://centre.example:8000/central: its documents and packages are kept here and handed on, without a key or a secret of a host',
    ),
    parse: parseCentre,
  },
  updatesFromCa: {
    ...value('FILE', 'trust only the certificate authorities in this PEM file for that server'),
    parse: parsePath,
  },
  updatesFromRoot: {
    ...value(
      'HEX',
      'SHA-256 of the first root of that server (`updates root show`); needed for http, else the first one that it shows is believed',
    ),
    parse: parseDigest,
  },
  updatesFromProxy: {
    ...value('URL', '`http://[USER@]HOST:PORT` to that server, or `env`; none unless given'),
    parse: parseProxyOption,
  },
  ...secretOptions(
    'updatesFromProxyPassword',
    'the password of the user in `--updates-from-proxy`',
  ),
  updatesFromTimeout: {
    ...value('DURATION', 'how long that server may take until its answer begins'),
    parse: parsePositiveDuration,
    fallback: '15s',
  },
  updatesCache: {
    ...value('DIR', 'where what came from that server is kept'),
    parse: parsePath,
  },
  updatesCacheSize: {
    ...value('SIZE', 'of the packages in it; those not asked for longest go first'),
    parse: parseCacheSize,
    fallback: '2GB',
  },
} as const satisfies OptionTable;

export type UpdateSourceValues = OptionValues<typeof updateOptions>;

/** As root has them, since hosts are to be sent there as well. */
function parseCentre(raw: string): URL {
  const url = /^https?:\/\/[^/?#@\s]+(?:\/[\w.~/-]*)?$/.test(raw) ? URL.parse(raw) : null;
  if (url !== null) return url;
  const wanted =
    'an address such as https://centre.example:8000/central, without user, `?` and `#`';
  throw new CourierError('USAGE', `must be ${wanted}, not ${quote(raw)}`);
}

function parseDigest(raw: string): string {
  const digits = raw.replaceAll(':', '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new CourierError('USAGE', `must be a SHA-256, 64 hexadecimal digits, not ${quote(raw)}`);
}

/** The largest package that there may be has to fit. */
const smallestCache = 64 * 1024 ** 2;

function parseCacheSize(raw: string): number {
  const bytes = parseDiskSize(raw);
  if (bytes >= smallestCache) return bytes;
  throw new CourierError('USAGE', `must be 64MiB or more, as a package may be, not ${quote(raw)}`);
}

const ofCentre = [
  'updatesFromCa',
  'updatesFromRoot',
  'updatesFromProxy',
  'updatesFromProxyPasswordFile',
  'updatesFromProxyPasswordId',
  'updatesCache',
] as const;

/**
 * A site has updates of its own or hands on those of another, never both.
 *
 * @throws CourierError USAGE
 */
export function requireOneUpdateSource(values: UpdateSourceValues): void {
  const say = (text: string) => new CourierError('USAGE', text);
  const { updates, updatesFrom, updatesFromCa, updatesFromRoot, updatesFromProxy } = values;
  if (updatesFrom === undefined) {
    const stray = ofCentre.find((name) => values[name] !== undefined);
    if (stray !== undefined) throw say(`${toFlag(stray)} needs --updates-from`);
    return;
  }
  if (updates !== undefined) throw say('--updates and --updates-from exclude each other');
  const isPlain = updatesFrom.protocol === 'http:';
  if (isPlain && updatesFromCa !== undefined) throw say('--updates-from-ca needs https');
  if (isPlain && updatesFromRoot === undefined) {
    throw say('--updates-from over http needs --updates-from-root: nothing else says who answers');
  }
  const hasPassword = isSecretGiven(values, 'updatesFromProxyPassword');
  const isNamed = typeof updatesFromProxy === 'object' && updatesFromProxy.user !== undefined;
  if (hasPassword !== isNamed) {
    throw say('a user in --updates-from-proxy and its password go together');
  }
}
