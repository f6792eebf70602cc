/** The first root: one key that is root and release, and the stamp key of the server. */

import type { CommandContext } from '../../cli/command.ts';
import { errorCode } from '../../faults/system-errors.ts';
import { pathStatus } from '../../files/file-calls.ts';
import type { TrustedKey } from '../documents/root.ts';
import { findKey } from '../keys/key-ring.ts';
import { addKey, keyLifeMs } from '../keys/making.ts';
import { makeStampKey, readStampKey } from '../keys/stamp-key.ts';
import { recordDecision } from '../repository/audit.ts';
import { sha256Of } from '../repository/by-digest.ts';
import { readCounter } from '../repository/counter.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import { readRootBytes } from '../repository/root-files.ts';
import { TrustAdministration, type TrustWishes } from './administration.ts';
import { readAuthorities } from './authority-files.ts';

export interface FirstRootWishes extends TrustWishes {
  readonly server: readonly string[];
  /** Files. */
  readonly ca: readonly string[];
}

/** What is said wherever one key decides. */
export const oneKeyLine =
  'one key decides: with two of three (`cmk-courier updates root threshold 2 KEY KEY KEY`) a key that is stolen or lost changes nothing';

/** @throws CourierError USAGE where there is a root already */
export async function initRoot(wishes: FirstRootWishes, context: CommandContext): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  const { places } = administration;
  await administration.requireNone();
  const authorities = await readAuthorities(wishes.ca);
  await makePrivateDirectory(places.directory);
  const aliases = wishes.key.length === 0 ? ['main'] : wishes.key;
  const keys: TrustedKey[] = [];
  for (const alias of aliases) {
    const { id, der } = await findOrMake(alias, administration, context);
    keys.push({ id, der, roles: ['root', 'release'] });
  }
  const stamp = (await isThere(places.stampKey))
    ? await readStampKey(places)
    : await makeStampKey(places.stampKey);
  const made = await administration.publish({
    version: 1,
    ...administration.period,
    floorCounter: await readCounter(places),
    thresholds: { root: 1, release: 1, stamp: 1 },
    servers: wishes.server,
    authorities,
    keys: [...keys, { id: stamp.id, der: stamp.der, roles: ['stamp'] }],
  });
  const bytes = made ? await readRootBytes(places, 1) : undefined;
  if (bytes !== undefined) await administration.print(`SHA-256 of root 1: ${sha256Of(bytes)}\n`);
  if (keys.length === 1) await administration.print(`${oneKeyLine}\n`);
}

async function findOrMake(
  alias: string,
  { places, passphrases }: TrustAdministration,
  context: CommandContext,
) {
  const there = await findKey(places, alias);
  if (there !== undefined) return there;
  const wanted = { alias, nowMs: context.clock.now(), lifeMs: keyLifeMs };
  const file = await addKey(places, wanted, passphrases);
  await recordDecision(places, { what: `key ${alias}`, before: 'none', after: file.id }, context);
  return file;
}

async function isThere(path: string): Promise<boolean> {
  return pathStatus(path).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
}
