/** Options of the status page, the same for the collector and the receiver. */

import { dirname, isAbsolute, join } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { parsePath, parsePositiveDuration } from '../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { findReadyDirectory } from '../ready/places.ts';
import { defaultSpoolDirectory } from '../spool/directories.ts';
import type { PartName } from './model.ts';

/** Where the page is: a port of an address, or a socket for a proxy of the same user. */
export type PageAddress =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** `:6780` is loopback: whoever wants more says so. */
function parsePageAddress(raw: string): PageAddress {
  const path = /^unix:(\/.*)$/.exec(raw)?.[1];
  if (path !== undefined) return { kind: 'unix', path: parsePath(path) };
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]*)):(\d{1,5})$/.exec(raw) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    const what = 'must be an address and port such as 127.0.0.1:6780, or unix:/path';
    throw new CourierError('USAGE', `${what}, not ${quote(raw)}`);
  }
  return { kind: 'tcp', address: (bracketed ?? plain) || '127.0.0.1', port };
}

function parseBasePath(raw: string): string {
  if (/^\/(?:[\w.~-]+\/)*$/.test(raw) && !/\/\.\.?\//.test(raw)) return raw;
  const what = 'must begin and end with a slash, such as /mysite/courier/';
  throw new CourierError('USAGE', `${what}, not ${quote(raw)}`);
}

function parseHeaderName(raw: string): string {
  if (/^[A-Za-z][A-Za-z0-9-]{0,60}$/.test(raw)) return raw.toLowerCase();
  throw new CourierError('USAGE', `must be the name of a header, not ${quote(raw)}`);
}

function parseDnsName(raw: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(raw)) return raw.toLowerCase();
  throw new CourierError('USAGE', `must be the name of a computer, not ${quote(raw)}`);
}

const value = (placeholder: string, describe: string) =>
  ({ kind: 'value', placeholder, describe }) as const;

export const statusPageOptions = {
  statusListen: {
    ...value(
      'ADDRESS:PORT',
      'where the status page is, on loopback without an address; or unix:/PATH for a web server in front; none without',
    ),
    parse: parsePageAddress,
  },
  statusActions: {
    kind: 'switch',
    describe: 'whoever has logged in to the status page may ask for a fetch and run the doctor',
  },
  statusState: {
    ...value(
      'DIR',
      'who may log in to the status page and what it remembers; by default var/cmk-courier/status-page of the site',
    ),
    parse: parsePath,
  },
  statusPath: {
    ...value('/PATH/', 'where the status page is below its server, such as /mysite/courier/'),
    parse: parseBasePath,
    fallback: '/',
  },
  statusHost: {
    ...value('NAME', 'the name browsers reach the status page by, besides localhost and addresses'),
    kind: 'list',
    parse: parseDnsName,
  },
  statusCertificate: {
    ...value('FILE', 'certificate chain of the status page; it is then served by HTTPS'),
    parse: parsePath,
  },
  statusKey: { ...value('FILE', 'the private key of that certificate'), parse: parsePath },
  statusUserHeader: {
    ...value('NAME', 'the header in which the web server in front names its user; only with unix:'),
    parse: parseHeaderName,
  },
  statusSession: {
    ...value('DURATION', 'how long somebody stays logged in to the status page'),
    parse: parsePositiveDuration,
    fallback: '12h',
  },
  statusSockets: {
    ...value(
      'DIR',
      'where collector and receiver find each other for the status page; by default beside what is ready',
    ),
    parse: parsePath,
  },
} as const satisfies OptionTable;

export interface PageSettings {
  readonly part: PartName;
  readonly at: PageAddress | undefined;
  readonly hasActions: boolean;
  /** Undefined where nothing says. */
  readonly directory: string | undefined;
  readonly basePath: string;
  readonly hostNames: readonly string[];
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  readonly userHeader: string | undefined;
  readonly sessionMs: number;
  /** Undefined where nothing says: then there is no other part to be shown. */
  readonly sockets: string | undefined;
}

/** @throws CourierError USAGE when options do not go together */
export function toPageSettings(
  part: PartName,
  values: OptionValues<typeof statusPageOptions>,
  env: Environment,
): PageSettings {
  const { statusListen: at, statusCertificate: certificate, statusKey: key } = values;
  const userHeader = values.statusUserHeader;
  if (userHeader !== undefined && at?.kind !== 'unix') {
    const why = 'over a port anybody on this machine could name a user';
    throw new CourierError(
      'USAGE',
      `--status-user-header needs --status-listen=unix:/PATH: ${why}`,
    );
  }
  if ((certificate === undefined) !== (key === undefined)) {
    throw new CourierError('USAGE', '--status-certificate and --status-key go together');
  }
  const tls = certificate === undefined || key === undefined ? undefined : { certificate, key };
  if (at?.kind === 'tcp' && tls === undefined && !isLoopback(at.address)) {
    const how = 'give --status-certificate and --status-key, or put a web server in front';
    throw new CourierError('USAGE', `the status page leaves this machine only by HTTPS: ${how}`);
  }
  return {
    ...{ part, at, hasActions: values.statusActions, basePath: values.statusPath, tls, userHeader },
    ...{ hostNames: values.statusHost, sessionMs: values.statusSession },
    directory: values.statusState ?? findPageDirectory(env),
    sockets: values.statusSockets ?? besideReady(env),
  };
}

function isLoopback(address: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/.test(address);
}

function besideReady(env: Environment): string | undefined {
  const ready = findReadyDirectory(env);
  return ready && dirname(ready);
}

/** Beside the spool, which is state as well. Undefined where nothing says. */
export function findPageDirectory(env: Environment): string | undefined {
  const { OMD_ROOT: site, XDG_STATE_HOME: state = '', HOME: home } = env;
  const isKnown = site || isAbsolute(state) || home;
  return isKnown ? join(dirname(defaultSpoolDirectory(env)), 'status-page') : undefined;
}
