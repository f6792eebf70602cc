/** Credentials for the peer: read from files once, sent with every request. */

import { CourierError, prefixError } from '../faults/errors.ts';
import type { Logger } from '../logging/log.ts';
import { readSecret } from '../secrets/secret-options.ts';
import { readSecretFile, Secret, type SecretContext } from '../secrets/secrets.ts';
import { type HeaderLine, parseHeaderLine } from './header-lines.ts';
import type { HttpOptions } from './options.ts';

/**
 * The request headers that options set or whose secrets they name.
 *
 * @throws CourierError CONFIG or LOCAL about a file or a password store, USAGE when Authorization comes twice
 */
export async function readCredentials(
  options: HttpOptions,
  context: SecretContext,
): Promise<readonly HeaderLine[]> {
  const authorization = await readAuthorization(options, context);
  const files = options.headerFile.map((path) => readHeaderFile(path, context.log));
  const secretLines = (await Promise.all(files)).flat();
  const lines = [...authorization, ...secretLines, ...options.header];
  if (lines.filter(({ name }) => name === 'authorization').length > 1) {
    throw new CourierError('USAGE', 'more than one Authorization header');
  }
  return lines;
}

async function readAuthorization(
  options: HttpOptions,
  context: SecretContext,
): Promise<readonly HeaderLine[]> {
  const { user, tokenFile, tokenId } = options;
  const password = await readSecret(options, 'password', context);
  if (user !== undefined && password !== undefined) {
    return [{ name: 'authorization', value: basic(user, password) }];
  }
  const token = await readSecret(options, 'token', context);
  if (token === undefined) return [];
  const from = tokenFile === undefined ? `--token-id ${tokenId}` : `--token-file ${tokenFile}`;
  return [{ name: 'authorization', value: bearer(token, from) }];
}

/** `Basic` credentials in UTF-8: RFC 7617. */
export function basic(user: string, password: Secret): string {
  const encoded = Buffer.from(`${user}:${password.reveal()}`).toString('base64');
  return `Basic ${new Secret(encoded).reveal()}`;
}

/** RFC 6750 2.1 allows a token only these characters. */
function bearer(token: Secret, from: string): string {
  if (!/^[\w.~+/-]+=*$/.test(token.reveal())) {
    throw new CourierError(
      'CONFIG',
      `reading ${from}: a bearer token is one word of letters, digits and -._~+/=`,
    );
  }
  return `Bearer ${token.reveal()}`;
}

async function readHeaderFile(path: string, log: Logger): Promise<readonly HeaderLine[]> {
  const text = await readSecretFile(path, '--header-file', log);
  return text
    .reveal()
    .split(/\r?\n/)
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, path, index + 1)]));
}

function parseLine(text: string, path: string, line: number): HeaderLine {
  try {
    const header = parseHeaderLine(text);
    return { name: header.name, value: new Secret(header.value).reveal() };
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    const fault = new CourierError('CONFIG', error.message, { cause: error });
    throw prefixError(fault, `reading --header-file ${path}: line ${line}`);
  }
}
