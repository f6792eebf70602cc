/** A marker and what follows it → agent output (agent-port.md#conversation). */

import { CourierError, prefixError } from '../../faults/errors.ts';
import type { Logger } from '../../logging/log.ts';
import type { Secret } from '../../secrets/secrets.ts';
import { decryptSymmetric } from '../../wrapping/symmetric.ts';
import { markerBytes, markerKind } from './marker.ts';
import {
  emptyFault,
  noSecret,
  notSections,
  tooLarge,
  tooShort,
  unknownInside,
} from './observations.ts';

interface MessageRules {
  /** `10.1.2.3:6556`, for errors. */
  readonly shown: string;
  readonly passphrase: Secret | undefined;
  readonly maxOutputBytes: number;
  readonly log: Logger;
}

/** The most that encryption adds to output: digits, salt, MAC and padding. */
export const encryptionBytes = 64;

/** Checkmk's own fetcher takes nothing shorter for agent output. */
const shortestOutput = 16;

/**
 * Decrypts the message if it is encrypted, and checks that the result is agent output. A marker
 * outside of TLS has been checked before; one inside of TLS is checked here.
 *
 * @throws CourierError
 */
export async function openMessage(message: Buffer, rules: MessageRules): Promise<Buffer> {
  const { shown, maxOutputBytes } = rules;
  const kind = markerKind(message);
  if (message.length <= markerBytes) throw emptyFault(shown);
  if (kind === 'unknown' || kind === 'tls') throw unknownInside(message, shown);
  const output = kind === 'symmetric' ? await decrypt(message, rules) : message;
  if (output.length < shortestOutput) throw tooShort(output, shown);
  // The site accepts decrypted output that begins with other text; the check of the form judges it
  // later.
  const isPlain = kind !== 'symmetric';
  if (isPlain && output.toString('latin1', 0, 3) !== '<<<') throw notSections(output, shown);
  if (output.length > maxOutputBytes) throw tooLarge(shown, 'has', maxOutputBytes);
  return output;
}

async function decrypt(message: Buffer, { shown, passphrase, log }: MessageRules): Promise<Buffer> {
  const scheme = message.toString('latin1', 0, markerBytes);
  if (passphrase === undefined) throw noSecret(message, shown);
  if (['00', '02', '99'].includes(scheme)) {
    log.warn({ scheme }, 'a weak encryption: no salt, so equal beginnings look equal on the wire');
  }
  return decryptSymmetric(message, passphrase).catch((error: unknown) => {
    if (!(error instanceof CourierError)) throw error;
    throw prefixError(error, `failed to decrypt agent output from ${shown}`);
  });
}
