/** Keys in PEM: out, for other programs and for safe-keeping, and in. */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { CommandContext } from '../../cli/command.ts';
import { askHidden } from '../../cli/hidden-line.ts';
import { CourierError, prefixError } from '../../faults/errors.ts';
import { fingerprintOf, readPublicKey } from '../../sealing/keys.ts';
import { fromStamp } from '../../sealing/stamp.ts';
import { readSecretFile, Secret } from '../../secrets/secrets.ts';
import { recordDecision } from '../repository/audit.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import { updatePlaces } from '../repository/places.ts';
import { type KeyFile, unlockKey } from './key-file.ts';
import { findMeantKey } from './key-names.ts';
import { requireKey } from './key-ring.ts';
import { addKey } from './making.ts';
import { Passphrases, type PassphraseWishes } from './passphrases.ts';
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
    const { key } = await readPublicKey(der);
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

/** @throws CourierError REFUSED for a key that is too weak, or a wrong passphrase; USAGE; CONFIG */
export async function takeOverKey(
  [alias, path]: readonly [alias: string, path: string],
  wishes: ImportWishes,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const pem = await readSecretFile(path, 'the key', context.log);
  const key = await openPem(pem, path, wishes, context);
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const { id, bits } = await readPublicKey(der);
  await makePrivateDirectory(places.directory);
  const wanted = { alias, nowMs: context.clock.now(), lifeMs: wishes.replaceAfter };
  await addKey(places, wanted, new Passphrases(wishes, context), { id, bits, der, key });
  const decision = { what: `key ${alias}`, before: 'none', after: `${id}, imported` };
  await recordDecision(places, decision, context);
  await context.writeOutput(Buffer.from(`took over ${alias} ${fingerprintOf(id)}\n`));
}

async function openPem(
  pem: Secret,
  path: string,
  { pemPassphraseFile }: ImportWishes,
  context: CommandContext,
): Promise<KeyObject> {
  const isEncrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(
    pem.reveal(),
  );
  const passphrase = isEncrypted ? await askPem(path, pemPassphraseFile, context) : undefined;
  try {
    return createPrivateKey({ key: pem.reveal(), passphrase: passphrase?.reveal() });
  } catch {
    if (isEncrypted) {
      throw new CourierError('REFUSED', `the passphrase of ${path} is wrong, or it is damaged`);
    }
    throw new CourierError('CONFIG', `${path} holds no private key in PEM`);
  }
}

async function askPem(
  path: string,
  file: string | undefined,
  context: CommandContext,
): Promise<Secret> {
  if (file !== undefined) return readSecretFile(file, '--pem-passphrase-file', context.log);
  const beforehand = '--pem-passphrase-file answers';
  return new Secret(await askHidden(`passphrase of ${path}: `, beforehand, context.shutdown));
}
