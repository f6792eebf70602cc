/** Who is to be reached over ssh, and where: `[user@]host[:port]`, in a URI or in an option. */

import { isIPv6 } from 'node:net';
import { withFlag } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import { parseHostName } from '../names/host-name.ts';
import { fillSourceUri, type SourceUri, type Target } from '../transports/source.ts';

/** Checked: none of it can become an option, and none of it means anything to a shell. */
export interface SshLogin {
  /** Undefined: the name of the user who runs us. */
  readonly user: string | undefined;
  /** A name or an address, IPv6 without brackets, perhaps with a zone. */
  readonly host: string;
  /** Undefined: 22. */
  readonly port: number | undefined;
}

/** A URI of ssh's family for one host. */
export interface SshUri {
  readonly login: SshLogin;
  /** From the first slash on, still percent-encoded; empty when there is none. */
  readonly path: string;
}

const uriParts = /^[^:]*:(?:\/\/([^/?#]*))?([^?#]*)(.*)$/s;

/**
 * Login and path of a source for one host.
 *
 * @throws CourierError USAGE
 */
export function parseSshUri(uri: SourceUri, target: Target): SshUri {
  const [, authority, path = '', rest] = uriParts.exec(fillSourceUri(uri, target)) ?? [];
  const form = `${uri.scheme}://[user@]host[:port]/…`;
  if (authority === undefined) {
    throw new CourierError('USAGE', `a source of this kind looks like ${form}`);
  }
  if (rest !== '') {
    throw new CourierError(
      'USAGE',
      `${uri.scheme}: has no query and no fragment; write %3F for a question mark, %23 for #`,
    );
  }
  return { login: withFlag('the source', () => parseLogin(decodeOrRefuse(authority))), path };
}

/** Text with its percent-encoding undone: UTF-8 without NUL and control characters. */
export function decodeOrRefuse(encoded: string): string {
  let text: string;
  try {
    text = decodeURIComponent(encoded);
  } catch (error) {
    const why = `a % that does not begin a character in UTF-8: ${quote(encoded)}`;
    throw new CourierError('USAGE', `the source has ${why}`, { cause: error });
  }
  if (/\p{Cc}/u.test(text)) {
    throw new CourierError('USAGE', `the source has a control character in ${quote(encoded)}`);
  }
  return text;
}

/**
 * Checks all that can be wrong with a source before a host is known, with a host that is as
 * good as any.
 *
 * @throws CourierError USAGE
 */
export function checkForAnyHost(parse: (target: Target) => unknown): void {
  parse({ host: parseHostName('sample'), address: '192.0.2.1' });
}

const loginParts = /^(?:([^@]*)@)?(\[[^[\]]*\]|[^[\]:]*)(?::([^:]*))?$/s;

/**
 * `[user@]host[:port]`; an IPv6 address stands in brackets.
 *
 * @throws CourierError USAGE with a sentence that continues an option's name
 */
export function parseLogin(text: string): SshLogin {
  const [, user, host = '', port] = loginParts.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/s, '$1');
  const isHost = host === bare ? /^\w[\w.-]*$/.test(bare) : isBracketed(bare);
  const isUser = user === undefined || /^\w[\w.+@-]*$/.test(user);
  const isPort = port === undefined || (/^\d{1,5}$/.test(port) && +port > 0 && +port < 65_536);
  if (!isHost || !isUser || !isPort) {
    throw new CourierError('USAGE', `must name [user@]host[:port], not ${quote(text)}`);
  }
  return { user, host: bare, port: port === undefined ? undefined : Number(port) };
}

function isBracketed(address: string): boolean {
  return isIPv6(address) && /^[0-9A-Fa-f:.]+(%[\w.-]+)?$/.test(address);
}

/** For messages: `web01:22`, `[2001:db8::1]:22`. */
export function describeLogin({ host, port = 22 }: SshLogin): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
