/** Proxies: where they are, and which requests go through one. */

import { isIP } from 'node:net';
import type { Environment } from '../cli/environment.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { Secret } from '../secrets/secrets.ts';

/** A proxy, to which we speak plain HTTP, whatever passes through it. */
export interface ProxyAddress {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  /** Only set when an environment variable holds a password. */
  readonly password: Secret | undefined;
}

/**
 * Parses the value of `--proxy`.
 *
 * @throws CourierError USAGE
 */
export function parseProxyOption(raw: string): 'env' | ProxyAddress {
  if (raw === 'env') return raw;
  const address = parseProxyUrl(raw);
  if (address === undefined) {
    throw new CourierError('USAGE', 'must be env or http://[USER@]HOST:PORT');
  }
  if (address.password !== undefined) {
    throw new CourierError('USAGE', 'must not hold a password; use --proxy-password-file');
  }
  return address;
}

/**
 * The proxy the environment names for a URL: `https_proxy` or `http_proxy`, unless `no_proxy`
 * exempts the host; in lower case before upper case, as curl does.
 *
 * @throws CourierError USAGE when the variable's value is no proxy of ours
 */
export function proxyFromEnvironment(url: URL, env: Environment): ProxyAddress | undefined {
  const variable = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const raw = readVariable(env, variable);
  if (raw === '' || isExempt(url, readVariable(env, 'no_proxy'))) return undefined;
  const address = parseProxyUrl(/^[a-z]+:\/\//i.test(raw) ? raw : `http://${raw}`);
  if (address === undefined) {
    throw new CourierError('USAGE', `${variable} must be http://HOST:PORT for --proxy env`);
  }
  return address;
}

function readVariable(env: Environment, name: string): string {
  return env[name] || env[name.toUpperCase()] || '';
}

function parseProxyUrl(raw: string): ProxyAddress | undefined {
  const url = URL.parse(raw);
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '') return undefined;
  return {
    host: bareHost(url),
    port: Number(url.port || 80),
    user: url.username === '' ? undefined : decode(url.username),
    password: url.password === '' ? undefined : new Secret(decode(url.password)),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new CourierError('USAGE', `not percent-encoded: ${quote(text)}`, { cause: error });
  }
}

/** The host of a URL as a socket wants it: an IPv6 address without its brackets. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Entries are `*`, an IP address, or a domain with all of its subdomains; with or without `:port`.
 */
function isExempt(url: URL, noProxy: string): boolean {
  const host = bareHost(url);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => fits(entry, host, port));
}

function fits(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, bracketed, named, entryPort] =
    /^(?:\[(.*)\]|([^:]*)|.*)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  const name = (bracketed ?? named ?? entry).replace(/^\*?\./, '');
  if (entryPort !== undefined && entryPort !== port) return false;
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}
