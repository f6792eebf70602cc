/** Keys in PEM: out, for other programs and for safe-keeping, and in. */

import { createPublicKey, type KeyObject } from 'node:crypto';
import type { CommandContext } from '../../cli/command.ts';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { fingerprintOf } from '../../sealing/keys.ts';
import { fromStamp } from '../../sealing/stamp.ts';
import type { Secret } from '../../secrets/secrets.ts';
import { recordDecision } from '../repository/audit.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import { updatePlaces } from '../repository/places.ts';
import { type KeyFile, unlockKey } from './key-file.ts';
import { findMeantKey } from './key-names.ts';
import { describeLegacy, isLegacy } from './key-pair.ts';
import { requireKey } from './key-ring.ts';
import { addKey } from './making.ts';
import { Passphrases, type PassphraseWishes } from './passphrases.ts';
import { readPemFile } from './pem-file.ts';
import { toEncryptedPem } from './pkcs8.ts';

interface ExportWishes extends PassphraseWishes {
  readonly dir: string | undefined;
  readonly as: 'public' | 'certificate' | 'private';
}

/** @throws CourierError USAGE for a key that is not here; REFUSED for a wrong passphrase */
export async function printKey(
  name: string,
  wishes: ExportWishes,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  if (wishes.as === 'public') {
    const { der } = await findMeantKey(places, name, undefined);
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const pem = key.export({ type: 'spki', format: 'pem' }).toString();
    return context.writeOutput(Buffer.from(pem));
  }
  const file = await requireKey(places, name);
  const passphrases = new Passphrases(wishes, context);
  const key = await unlockNamed(file, await passphrases.of(name));
  if (wishes.as === 'certificate') {
    return context.writeOutput(Buffer.from(await toCertificate(file, key)));
  }
  const decision = { what: `key ${name}`, before: file.id, after: 'exported' };
  await recordDecision(places, decision, context);
  const bytes = key.export({ type: 'pkcs8', format: 'der' });
  const pem = await toEncryptedPem(bytes, await passphrases.of(name));
  await context.writeOutput(Buffer.from(pem));
}

/** The key of a file, with its name in the error. */
export async function unlockNamed(file: KeyFile, passphrase: Secret): Promise<KeyObject> {
  return unlockKey(file, passphrase).catch((error: unknown) => {
    throw error instanceof CourierError ? prefixError(error, `the key ${file.alias}`) : error;
  });
}

/** For tools that show keys by certificates: its name, and when it is to be replaced. */
async function toCertificate(
  { alias, der, created, replaceBy }: KeyFile,
  key: KeyObject,
): Promise<string> {
  const { issueCertificate } = await import('../../certs/issue.ts');
  const contents = {
    commonName: alias,
    publicKey: der,
    notBefore: fromStamp(created),
    notAfter: fromStamp(replaceBy),
    extensions: [{ name: 'basicConstraints', critical: true, cA: false }],
  };
  return (await issueCertificate(contents, { name: undefined, key })).certificate;
}

interface ImportWishes extends PassphraseWishes {
  readonly dir: string | undefined;
  readonly pemPassphraseFile: string | undefined;
  readonly replaceAfter: number;
}

/**
 * Keeps a private key that was made elsewhere.
 *
 * @throws CourierError as {@link readPemFile}; USAGE when there is a key of that name
 */
export async function takeOverKey(
  [alias, path]: readonly [alias: string, path: string],
  wishes: ImportWishes,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const pair = await readPemFile(path, wishes.pemPassphraseFile, context);
  await makePrivateDirectory(places.directory);
  const wanted = { alias, nowMs: context.clock.now(), lifeMs: wishes.replaceAfter };
  await addKey(places, wanted, new Passphrases(wishes, context), pair);
  const kind = isLegacy(pair) ? 'imported, legacy' : 'imported';
  const decision = { what: `key ${alias}`, before: 'none', after: `${pair.id}, ${kind}` };
  await recordDecision(places, decision, context);
  const lines = [`took over ${alias} ${fingerprintOf(pair.id)}`];
  if (isLegacy(pair)) lines.push(describeLegacy(alias, pair));
  await context.writeOutput(Buffer.from(`${lines.join('\n')}\n`));
}
