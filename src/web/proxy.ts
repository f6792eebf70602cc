/** The proxy a source goes through; none unless `--proxy` says so. */

import { CourierError } from '../faults/errors.ts';
import { readSecret } from '../secrets/secret-options.ts';
import type { Secret, SecretContext } from '../secrets/secrets.ts';
import { basic } from './credentials.ts';
import type { HttpOptions } from './options.ts';
import { type ProxyAddress, proxyFromEnvironment } from './proxy-address.ts';

export interface ProxyAccess {
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization. */
  readonly authorization: string | undefined;
}

export type ChooseProxy = (url: URL) => ProxyAccess | undefined;

/**
 * Reads the proxy's password. With `--proxy env` the environment is asked for each URL.
 *
 * @throws CourierError CONFIG or LOCAL about the file or the password store; the function throws USAGE when the
 * environment names a proxy that is not usable
 */
export async function loadProxies(
  options: HttpOptions,
  context: SecretContext,
): Promise<ChooseProxy> {
  const { proxy } = options;
  if (proxy === undefined) return () => undefined;
  const password = await readSecret(options, 'proxyPassword', context);
  if (proxy !== 'env') return () => authorize(proxy, password);
  return (url) => {
    const found = proxyFromEnvironment(url, context.env);
    return found && authorize(found, password ?? found.password);
  };
}

function authorize({ host, port, user }: ProxyAddress, password: Secret | undefined): ProxyAccess {
  if (user === undefined) return { host, port, authorization: undefined };
  if (password === undefined) {
    throw new CourierError('USAGE', 'the proxy in the environment has a user without a password');
  }
  return { host, port, authorization: basic(user, password) };
}
