/** Node's, TLS's and undici's errors in our words. */

import { CourierError, cleanText, type FaultCode, prefixError } from './errors.ts';

type Meaning = readonly [code: FaultCode, words: string];

/** errno names and Node's own codes (node:errors, getaddrinfo), where their text would not help. */
const systemErrors: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: ['UNREACHABLE', 'connection refused'],
  ECONNRESET: ['UNREACHABLE', 'connection reset by the peer'],
  ECONNABORTED: ['UNREACHABLE', 'connection aborted'],
  EPIPE: ['UNREACHABLE', 'connection closed by the peer'],
  EHOSTUNREACH: ['UNREACHABLE', 'no route to host'],
  ENETUNREACH: ['UNREACHABLE', 'network unreachable'],
  EHOSTDOWN: ['UNREACHABLE', 'host is down'],
  EADDRNOTAVAIL: ['UNREACHABLE', 'this machine has no address to reach that one from'],
  EAFNOSUPPORT: ['UNREACHABLE', 'this machine has no addresses of that family'],
  ENOTFOUND: ['UNREACHABLE', 'no such name in DNS'],
  EAI_AGAIN: ['UNREACHABLE', 'name resolution failed for now'],
  ETIMEDOUT: ['TIMEOUT', 'connection timed out'],
  EADDRINUSE: ['LOCAL', 'address already in use'],
  ENOENT: ['LOCAL', 'no such file or directory'],
  ENOTDIR: ['LOCAL', 'not a directory'],
  EISDIR: ['LOCAL', 'is a directory'],
  EACCES: ['LOCAL', 'permission denied'],
  EPERM: ['LOCAL', 'not permitted'],
  ELOOP: ['LOCAL', 'too many symbolic links'],
  ENAMETOOLONG: ['LOCAL', 'name too long'],
  ENOSPC: ['LOCAL', 'no space left on device'],
  EDQUOT: ['LOCAL', 'disk quota exceeded'],
  EROFS: ['LOCAL', 'read-only file system'],
  EMFILE: ['LOCAL', 'too many open files'],
  ENFILE: ['LOCAL', 'too many open files on this machine'],
  EIO: ['LOCAL', 'input/output error'],
  ESTALE: ['LOCAL', 'stale network file handle'],
  CERT_HAS_EXPIRED: ['REFUSED', 'the certificate has expired'],
  CERT_NOT_YET_VALID: ['REFUSED', 'the certificate is not valid yet'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['REFUSED', 'the certificate is self-signed and not trusted'],
  SELF_SIGNED_CERT_IN_CHAIN: ['REFUSED', 'the certificate authority is not trusted'],
  UNABLE_TO_GET_ISSUER_CERT: ['REFUSED', 'the certificate authority is not trusted'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['REFUSED', 'the certificate authority is not trusted'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['REFUSED', 'the certificate authority is not trusted'],
  CERT_SIGNATURE_FAILURE: ['REFUSED', 'the certificate is signed by somebody else'],
  CERT_REVOKED: ['REFUSED', 'the certificate is revoked'],
  INVALID_PURPOSE: ['REFUSED', 'the certificate is not for this purpose'],
};

/** What the same means to one who wants to listen. */
const listeningErrors: Readonly<Record<string, Meaning>> = {
  EADDRNOTAVAIL: ['LOCAL', 'this machine has no such address'],
  EAFNOSUPPORT: ['LOCAL', 'this machine has no addresses of that family'],
};

/**
 * Any error as a CourierError; a CourierError passes through as it is, what nobody foresaw
 * becomes INTERNAL.
 *
 * @param doing what was being done, at what: `connecting to depot:443`
 */
export function asCourierError(error: unknown, doing: string): CourierError {
  if (error instanceof CourierError) return error;
  const meaning = meaningOf(error);
  if (meaning === undefined) return unforeseen(error, doing);
  const [code, words] = meaning;
  return new CourierError(code, `${doing}: ${words}`, { cause: error });
}

/** The same, saying what was being done also in front of an error that is ours already. */
export function asCourierErrorWhile(error: unknown, doing: string): CourierError {
  return error instanceof CourierError ? prefixError(error, doing) : asCourierError(error, doing);
}

/** The `code` of a Node error, or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function meaningOf(error: unknown): Meaning | undefined {
  // Several addresses were tried: the first one's failure stands for all.
  if (error instanceof AggregateError) return meaningOf(error.errors[0]);
  const code = errorCode(error);
  if (code !== undefined && isAboutListening(error) && Object.hasOwn(listeningErrors, code)) {
    return listeningErrors[code];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return ['REFUSED', describeOtherName(error)];
  if (code !== undefined && Object.hasOwn(systemErrors, code)) return systemErrors[code];
  return code === undefined ? undefined : (tlsMeaning(error, code) ?? callMeaning(error, code));
}

const mostNames = 4;

/** With the names it is for, as the error brings them: `DNS:depot.example, IP Address:192.0.2.1`. */
function describeOtherName(error: unknown): string {
  const words = 'the certificate is for another name';
  const cert: unknown = error instanceof Error && 'cert' in error ? error.cert : undefined;
  const isObject = typeof cert === 'object' && cert !== null;
  const text = isObject && 'subjectaltname' in cert ? String(cert.subjectaltname ?? '') : '';
  const names = text
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []);
  if (names.length === 0) return words;
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
  const shown = names.slice(0, mostNames).map((name) => cleanText(name, 80));
  return `${words} (${shown.join(', ')}${more})`;
}

function isAboutListening(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'listen';
}

/** Any other system call that failed: rare, and no bug of ours. */
function callMeaning(error: unknown, code: string): Meaning | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined;
  return ['LOCAL', `${error.syscall} failed with ${code}`];
}

/** OpenSSL's reason stands behind the last colon: `…:tlsv13 alert certificate required`. */
function tlsMeaning(error: unknown, code: string): Meaning | undefined {
  if (!(error instanceof Error)) return undefined;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return ['PEER', 'the peer does not speak TLS there'];
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    const reason = 'reason' in error ? error.reason : error.message;
    return ['REFUSED', `TLS: ${cleanText(String(reason), 80)}`];
  }
  return undefined;
}

function unforeseen(error: unknown, doing: string): CourierError {
  const said = error instanceof Error ? error.message : String(error);
  return new CourierError('INTERNAL', `${doing}: ${said}`, { cause: error });
}
