/** `cmk-courier hosts token`: new tokens and users. */

import { CourierError } from '../../faults/errors.ts';
import { type Access, Accesses } from '../state/accesses.ts';

export interface TokenWish {
  readonly registration: boolean;
  readonly user: string | undefined;
  /** What `hosts list` calls a token. */
  readonly name: string | undefined;
  readonly mode: Access['mode'];
  readonly piggyback: readonly string[];
  /** Milliseconds. */
  readonly valid: number | undefined;
  readonly now: number;
}

const registrationMs = 7 * 86_400_000;

/** The new token or password on a line of its own; it is shown this once. */
export async function makeToken(
  directory: string,
  patterns: readonly string[],
  wish: TokenWish,
): Promise<string> {
  const { registration, user, name, mode, piggyback, valid, now } = wish;
  if (registration && user !== undefined) {
    throw new CourierError('USAGE', '--registration and --user exclude each other');
  }
  if (name !== undefined && user !== undefined) {
    throw new CourierError('USAGE', '--name and --user exclude each other: a user has its name');
  }
  const accesses = await Accesses.open(directory);
  const kind = registration ? 'registration' : user === undefined ? 'upload' : 'user';
  const { secret } = await accesses.make({
    kind,
    hosts: patterns,
    piggyback,
    mode,
    now,
    validMs: valid ?? (registration ? registrationMs : undefined),
    name: user ?? name ?? '',
  });
  return `${secret}\n`;
}
