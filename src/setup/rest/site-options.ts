/** Which site is administered, and as whom: the same options wherever it is done. */

import { join } from 'node:path';
import { parsePath, parseText } from '../../cli/option-types.ts';
import type { OptionTable, OptionValues } from '../../cli/options.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { pathStatus, readWholeFile } from '../../files/file-calls.ts';
import { readSecretFile, type Secret, type SecretContext } from '../../secrets/secrets.ts';
import { httpOptions } from '../../web/options.ts';
import { parseWebPlace } from '../../web/place.ts';

export const siteOptions = {
  url: {
    kind: 'value',
    placeholder: 'URL',
    describe: 'the site, such as https://monitor.example/mysite; on the site itself not needed',
    parse: parseSiteUrl,
  },
  user: {
    kind: 'value',
    placeholder: 'NAME',
    describe: 'the automation user to do it as',
    parse: parseUser,
    fallback: 'automation',
  },
  secretFile: {
    kind: 'value',
    placeholder: 'FILE',
    describe: 'file with its automation secret; on the site itself that of `--user` is known',
    parse: parsePath,
  },
  ca: httpOptions.ca,
} as const satisfies OptionTable;

export type SiteValues = OptionValues<typeof siteOptions>;

/** How to get at the REST API of a site. */
export interface SiteAccess {
  /** Without a slash at its end: `https://monitor.example/mysite/check_mk/api/1.0`. */
  readonly base: string;
  readonly user: string;
  readonly secret: Secret;
  /** Path of a file with the authorities to trust in place of the usual ones. */
  readonly ca: string | undefined;
}

/**
 * Finds out where the API is and reads the secret.
 *
 * @throws CourierError USAGE for what is not given and cannot be known; CONFIG or LOCAL about a file
 */
export async function findAccess(values: SiteValues, context: SecretContext): Promise<SiteAccess> {
  const { user, ca } = values;
  const base = values.url ?? (await findOwnSite(context));
  const path = values.secretFile ?? findOwnSecret(user, context);
  const secret = await readSecretFile(path, '--secret-file', context.log).catch((error) => {
    throw values.secretFile === undefined ? noSecret(user, error) : error;
  });
  if (/^[\x21-\x7e]+$/.test(secret.reveal())) return { base, user, secret, ca };
  throw new CourierError('CONFIG', `reading ${path}: an automation secret is one word in ASCII`);
}

function noSecret(user: string, cause: unknown): CourierError {
  const { code, message } = asCourierError(cause, 'reading the automation secret');
  const how = `the secret of ${user} is not to be had here; make an automation user in Setup, and give --user and --secret-file`;
  return new CourierError(code, `${message}: ${how}`, { cause });
}

/** The site's own web server, whatever stands in front of it: etc/omd/site.conf. */
async function findOwnSite({ env }: SecretContext): Promise<string> {
  const { OMD_ROOT: root, OMD_SITE: site } = env;
  if (!root || !site) {
    throw new CourierError('USAGE', '--url is missing: this is not the user of a site');
  }
  const path = join(root, 'etc/omd/site.conf');
  const text = await readSiteConf(path);
  const read = (name: string) => new RegExp(`^${name}='?([^'\n]*)'?$`, 'm').exec(text)?.[1];
  const port = read('CONFIG_APACHE_TCP_PORT');
  const address = read('CONFIG_APACHE_TCP_ADDR') || '127.0.0.1';
  if (port === undefined || !/^\d+$/.test(port)) {
    throw new CourierError('USAGE', `--url is missing: ${path} names no port of a web server`);
  }
  // What listens everywhere is asked here.
  const host = /^(0\.0\.0\.0|\[?::\]?)$/.test(address) ? '127.0.0.1' : address;
  return toBase(
    `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}/${site}`,
  );
}

async function readSiteConf(path: string): Promise<string> {
  try {
    // A FIFO in the place of the file must not hold us.
    if (!(await pathStatus(path)).isFile()) throw new CourierError('CONFIG', 'it is not a file');
    return await readWholeFile(path, 'utf8');
  } catch (error) {
    throw asCourierError(error, `reading ${path}`);
  }
}

function findOwnSecret(user: string, { env }: SecretContext): string {
  const root = env['OMD_ROOT'];
  if (root) return join(root, 'var/check_mk/web', user, 'automation.secret');
  throw new CourierError('USAGE', '--secret-file is missing: this is not the user of a site');
}

/** What people copy from a browser is good as well: `…/mysite/check_mk/login.py`. */
function parseSiteUrl(raw: string): string {
  const { url, socketPath } = parseWebPlace(raw);
  const [, site] = /^\/([A-Za-z_][\w-]*)(?:\/|$)/.exec(url.pathname) ?? [];
  if (site === undefined || socketPath !== undefined) {
    const example = 'https://monitor.example/mysite';
    throw new CourierError('USAGE', `must end in the name of a site, such as ${example}`);
  }
  return toBase(`${url.origin}/${site}`);
}

/** 2.5 has `v1` as well; this one is in every version. */
function toBase(site: string): string {
  return `${site}/check_mk/api/1.0`;
}

/** It becomes a directory, and a word in a header. */
function parseUser(raw: string): string {
  if (/^[\w.@-]+$/.test(raw) && !/^\.+$/.test(raw)) return parseText(raw);
  throw new CourierError('USAGE', `must be the name of a user, not ${quote(raw)}`);
}
