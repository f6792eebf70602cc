/** The options of the http transport. */

import {
  parseNumberWithin,
  parseOneOf,
  parsePath,
  parsePositiveDuration,
  parseText,
} from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { secretOptions } from '../secrets/secret-options.ts';
import { parsePublicHeaderLine } from './header-lines.ts';
import { parseProxyOption } from './proxy-address.ts';
import { tlsOptions } from './tls-options.ts';

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
  ...tlsOptions,
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
