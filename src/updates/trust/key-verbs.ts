/** The work of `cmk-courier updates keys create`, `list` and `passphrase`. */

import type { CommandContext } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { fingerprintOf } from '../../sealing/keys.ts';
import { fromStamp } from '../../sealing/stamp.ts';
import { lockKey } from '../keys/key-file.ts';
import { listNamedKeys } from '../keys/key-names.ts';
import { isLegacy } from '../keys/key-pair.ts';
import { keepKey, listKeys, parseAlias, requireKey } from '../keys/key-ring.ts';
import { addKey } from '../keys/making.ts';
import { unlockNamed } from '../keys/moving.ts';
import { Passphrases, type PassphraseWishes } from '../keys/passphrases.ts';
import { recordDecision } from '../repository/audit.ts';
import { makePrivateDirectory } from '../repository/opening.ts';
import { updatePlaces } from '../repository/places.ts';
import { newestRootVersion, readRootFile } from '../repository/root-files.ts';
import { describeEnding, findEndings } from './expiry.ts';

interface CreateWishes extends PassphraseWishes {
  readonly dir: string | undefined;
  readonly replaceAfter: number;
}

/** @throws CourierError USAGE when there is a key of that name */
export async function createKey(
  alias: string,
  wishes: CreateWishes,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  parseAlias(alias);
  await makePrivateDirectory(places.directory);
  const wanted = { alias, nowMs: context.clock.now(), lifeMs: wishes.replaceAfter };
  const { id } = await addKey(places, wanted, new Passphrases(wishes, context));
  await recordDecision(places, { what: `key ${alias}`, before: 'none', after: id }, context);
  const how = `\`cmk-courier updates root add-key ${alias}\` lets hosts trust it`;
  await context.writeOutput(Buffer.from(`made ${alias} ${fingerprintOf(id)}\n${how}\n`));
}

interface ListWishes {
  readonly dir: string | undefined;
  readonly json: boolean;
}

/** Keys with a name, and keys that the newest root trusts. */
export async function showKeys(wishes: ListWishes, context: CommandContext): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const root = (await readRootFile(places, await newestRootVersion(places)))?.root;
  const own = new Map((await listKeys(places)).map((key) => [key.id, key]));
  const named = await listNamedKeys(places);
  const ids = [
    ...new Set([...named.map(({ id }) => id), ...(root?.keys ?? []).map(({ id }) => id)]),
  ];
  const endings = await findEndings(places, context.clock.now());
  const shown = ids.map((id) => {
    const file = own.get(id);
    return {
      name: named.find((key) => key.id === id)?.name ?? null,
      id,
      fingerprint: fingerprintOf(id),
      roles: root?.keys.find((key) => key.id === id)?.roles ?? [],
      isHere: file !== undefined,
      isLegacy: file !== undefined && isLegacy(file),
      replaceBy: file === undefined ? null : fromStamp(file.replaceBy).toISOString(),
    };
  });
  if (wishes.json) return printJson({ keys: shown }, context);
  const lines = shown.map(({ name, fingerprint, roles, isHere, isLegacy: legacy, replaceBy }) => {
    const trusted = roles.length === 0 ? 'not trusted' : roles.join(',');
    const until = replaceBy === null ? '' : `, to be replaced by ${replaceBy.slice(0, 10)}`;
    const where = isHere || roles.includes('stamp') ? '' : ', elsewhere';
    const kind = legacy ? ', legacy' : '';
    return `${(name ?? '-').padEnd(12)} ${trusted.padEnd(13)} ${fingerprint}${kind}${where}${until}`;
  });
  const warnings = endings.map((ending) => `${ending.severity}: ${describeEnding(ending)}`);
  await context.writeOutput(Buffer.from([...lines, ...warnings, ''].join('\n')));
}

interface PassphraseChange extends PassphraseWishes {
  readonly dir: string | undefined;
  readonly newPassphraseFile: string | undefined;
}

/** @throws CourierError REFUSED for a wrong old passphrase; the key is as it was then */
export async function changePassphrase(
  alias: string,
  wishes: PassphraseChange,
  context: CommandContext,
): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const file = await requireKey(places, alias);
  const old = new Passphrases(wishes, context);
  const key = await unlockNamed(file, await old.of(alias));
  const { newPassphraseFile: path } = wishes;
  const given = path === undefined ? [] : [{ alias: undefined, path }];
  // Of a descriptor the second line is the new one: it is read by the same reader.
  const fresh = wishes.passphraseFd === undefined || path !== undefined;
  const chooser = fresh
    ? new Passphrases({ passphraseFile: given, passphraseFd: undefined }, context)
    : old;
  const passphrase = await chooser.choose(alias);
  await keepKey(places, await lockKey({ ...file, key }, file, passphrase), false);
  const decision = { what: `passphrase of ${alias}`, before: 'old', after: 'new' };
  await recordDecision(places, decision, context);
  await context.writeOutput(Buffer.from(`${alias} has another passphrase\n`));
}
