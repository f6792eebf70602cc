/** Who we are to a server of NATS. */

import type { Authenticator } from '@nats-io/transport-node';
import { CourierError } from '../faults/errors.ts';
import { readSecret } from '../secrets/secret-options.ts';
import type { SecretContext } from '../secrets/secrets.ts';
import type { NatsOptions } from './options.ts';

/**
 * Reads what proves who we are; undefined where nothing is given.
 *
 * @throws CourierError CONFIG or LOCAL about a file
 */
export async function readIdentity(
  options: NatsOptions,
  context: SecretContext,
): Promise<Authenticator | undefined> {
  const library = await import('@nats-io/transport-node');
  const password = await readSecret(options, 'password', context);
  if (password !== undefined) {
    return library.usernamePasswordAuthenticator(options.user ?? '', password.reveal());
  }
  const token = await readSecret(options, 'token', context);
  if (token !== undefined) return library.tokenAuthenticator(token.reveal());
  const seed = await readSecret(options, 'nkey', context);
  if (seed !== undefined) {
    const signer = library.nkeyAuthenticator(Buffer.from(seed.reveal().trim()));
    return requireUsable(signer, `${flagOf(options, 'nkey')}: not the seed of an NKey`);
  }
  const credentials = await readSecret(options, 'credentials', context);
  if (credentials === undefined) return undefined;
  const signer = library.credsAuthenticator(Buffer.from(credentials.reveal()));
  return requireUsable(
    signer,
    `${flagOf(options, 'credentials')}: no credentials as nsc writes them`,
  );
}

function flagOf(options: NatsOptions, name: 'nkey' | 'credentials'): string {
  const isFile = options[`${name}File`] !== undefined;
  return isFile ? `reading --${name}-file ${options[`${name}File`]}` : `reading --${name}-id`;
}

/** Keys are looked at when something is signed first: so that is done here. */
function requireUsable(signer: Authenticator, why: string): Authenticator {
  try {
    signer('a trial');
    return signer;
  } catch {
    // What the library says could hold a part of the secret.
    throw new CourierError('CONFIG', why);
  }
}
