/** Sources: URIs that say where the agent output of a host is. */

import type { RawOptions } from '../cli/options.ts';
import { CourierError, quote } from '../faults/errors.ts';
import type { HostName } from '../names/host-name.ts';
import { isIpv6Address } from '../names/ip-address.ts';

/** The host asked for; what `{host}` and `{address}` in a source stand for. */
export interface Target {
  readonly host: HostName;
  /** Undefined when Checkmk knows none for the host. */
  readonly address: string | undefined;
}

/** A checked URI whose placeholders are still to be filled in. */
export interface SourceUri {
  /** In lower case, without the colon. */
  readonly scheme: string;
  /** All of the URI, as it was given; a bare path as `file:` URI. */
  readonly text: string;
}

/** A URI together with the options that belong to it. */
export interface Source {
  readonly uri: SourceUri;
  readonly options: RawOptions;
}

/** `scheme:` and, after `//`, the authority; the rest is path, query and so on. */
const uriParts = /^([A-Za-z][A-Za-z0-9+.-]*:)(\/\/[^/?#]*)?(.*)$/s;

/** Whether a command line argument is meant as a source. */
export function looksLikeSource(text: string): boolean {
  return text.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]+:/.test(text);
}

/**
 * Checks what can be checked before the host is known. A bare absolute path is a `file:` URI.
 *
 * @throws CourierError USAGE
 */
export function parseSourceUri(text: string): SourceUri {
  for (const [placeholder] of text.matchAll(/\{[^}]*\}?/g)) {
    if (placeholder !== '{host}' && placeholder !== '{address}') {
      const meant = `unknown placeholder ${quote(placeholder)} in a source`;
      throw new CourierError('USAGE', `${meant}; there are {host} and {address}`);
    }
  }
  const uri = text.startsWith('/') ? toFileUri(text) : text;
  const [, scheme, authority = ''] = uriParts.exec(uri) ?? [];
  if (scheme === undefined) {
    throw new CourierError(
      'USAGE',
      `not a source: ${quote(text)}; it must be a URI or an absolute path`,
    );
  }
  if (/[\p{Cc}\s]/u.test(uri)) {
    throw new CourierError('USAGE', 'a source must not hold blanks or control characters');
  }
  if (/:[^@]*@/.test(authority)) {
    throw new CourierError('USAGE', 'a source must not hold a password; use --password-file');
  }
  return { scheme: scheme.slice(0, -1).toLowerCase(), text: uri };
}

/**
 * A URI for messages: without its query, which may hold secrets, and without anything that could be
 * a password in the wrong place.
 */
export function showUri(uri: string): string {
  return uri.replace(/^([^:]+:\/*)[^?#]*:[^?#]*@/, '$1…@').replace(/[?#].*$/s, '?…');
}

/**
 * In a bare path everything except placeholders is literal. Braces around another word are refused
 * as a mistake; literal braces are written as `file:` with %7B.
 */
function toFileUri(path: string): string {
  const parts = path.split(/(\{host\}|\{address\})/);
  const encoded = parts.map((part, index) => (index % 2 === 1 ? part : encodePath(part)));
  return `file://${encoded.join('')}`;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/**
 * The URI for one host. Values are percent-encoded; an IPv6 address is put into brackets where
 * a URI has its host.
 *
 * @throws CourierError USAGE when the URI needs an address and the host has none
 */
export function fillSourceUri(uri: SourceUri, target: Target): string {
  const [, scheme = '', authority = '', rest = ''] = uriParts.exec(uri.text) ?? [];
  return (
    scheme + fillPart(authority, target, encodeUriHost) + fillPart(rest, target, encodeURIComponent)
  );
}

/** The URI for messages; a placeholder without a value stays as it is. */
export function showFilled(uri: SourceUri, target: Target): string {
  const isKnown = target.address !== undefined || !uri.text.includes('{address}');
  return showUri(isKnown ? fillSourceUri(uri, target) : uri.text);
}

function fillPart(part: string, target: Target, encode: (value: string) => string): string {
  return part.replace(/\{(host|address)\}/g, (_, name) => {
    const value = name === 'host' ? target.host : target.address;
    if (value === undefined) {
      throw new CourierError(
        'USAGE',
        'the source needs {address}, but the host has no address (--address)',
      );
    }
    return encode(value);
  });
}

function encodeUriHost(value: string): string {
  const [address = '', zone] = value.split('%');
  if (!isIpv6Address(address)) return encodeURIComponent(value);
  return `[${address}${zone === undefined ? '' : `%25${zone}`}]`;
}

/**
 * What a part of a source says literally.
 *
 * @param refuse makes the fault of the transport
 * @throws what `refuse` makes, for what is no printable text in UTF-8
 */
export function decodeUriPart(text: string, refuse: (why: string) => CourierError): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!/\p{Cc}/u.test(decoded)) return decoded;
  } catch {
    // The fault below tells it.
  }
  throw refuse(`has a % that does not begin a printable character in UTF-8: ${quote(text)}`);
}
