/** A key in the place of another: slowly, so that no host notices, or at once, since it was stolen. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import type { Root } from '../documents/root.ts';
import { findMeantKey } from '../keys/key-names.ts';
import { readCounter } from '../repository/counter.ts';
import { listStandings } from '../server/host-facts.ts';
import { TrustAdministration, type TrustWishes } from './administration.ts';
import { inOrder, type RootChange, withFloor, withKey, withoutKey } from './root-changes.ts';
import { findOrMakeKey, findReasons } from './root-verbs.ts';

/**
 * The next step of a rotation: trusts the new key as well, or drops the old one once nothing needs
 * it, or says what does.
 *
 * @throws CourierError USAGE for a key that the root does not trust
 */
export async function rotateKey(
  [oldName, newName]: readonly [string, string],
  wishes: TrustWishes,
  context: CommandContext,
): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  const root = await administration.current();
  const old = await findMeantKey(administration.places, oldName, root);
  const roles = root.keys.find(({ id }) => id === old.id)?.roles;
  if (roles === undefined) {
    throw new CourierError('USAGE', `root ${root.version} does not trust ${oldName}`);
  }
  const fresh = await findOrMakeKey(newName, root, administration, context);
  if (fresh.id === old.id) throw new CourierError('USAGE', 'a key cannot replace itself');
  const has = root.keys.find(({ id }) => id === fresh.id)?.roles ?? [];
  if (!roles.every((role) => has.includes(role))) {
    await administration.change(withKey({ id: fresh.id, der: fresh.der, roles }));
    await administration.print(
      `next: \`cmk-courier updates sign --all\`, \`cmk-courier updates publish\`, and this again once hosts have asked\n`,
    );
    return;
  }
  await dropOld(withoutKey(old.id), [oldName, newName], administration, context);
}

async function dropOld(
  change: RootChange,
  [oldName, newName]: readonly [string, string],
  administration: TrustAdministration,
  context: CommandContext,
): Promise<void> {
  const next = await administration.preview(change);
  const reasons = await findReasons(administration, next, context);
  if (reasons.length > 0) {
    await administration.print(`${oldName} is still needed: ${reasons.join('; ')}\n`);
    return;
  }
  if (await administration.publish(next)) {
    await administration.print(`${newName} has replaced ${oldName}; its file can be destroyed\n`);
  }
}

type RevokeWishes = TrustWishes & { readonly replacement: string | undefined };

/**
 * Takes a key back, and raises the floor to the last counter that was given out.
 *
 * @throws CourierError USAGE when too few keys would be left
 */
export async function revokeKey(
  name: string,
  wishes: RevokeWishes,
  context: CommandContext,
): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  const { places } = administration;
  const root = await administration.current();
  const stolen = await findMeantKey(places, name, root);
  const roles = root.keys.find(({ id }) => id === stolen.id)?.roles ?? [];
  const additions: RootChange[] = [];
  if (wishes.replacement !== undefined) {
    const { id, der } = await findOrMakeKey(wishes.replacement, root, administration, context);
    additions.push(withKey({ id, der, roles }));
  }
  const floor = withFloor(await readCounter(places));
  const change = inOrder(...additions, withoutKey(stolen.id), floor);
  const isDone = await administration.change(change);
  await administration.print(await whatIsLeft(isDone, root, administration, context));
}

async function whatIsLeft(
  isDone: boolean,
  before: Root,
  { places }: TrustAdministration,
  context: CommandContext,
): Promise<string> {
  const standings = await listStandings(places, context.clock);
  const behind = standings.filter(({ rootVersion = 0 }) => rootVersion <= before.version);
  const names = behind.slice(0, 10).map(({ host }) => host);
  const more = behind.length > names.length ? ', …' : '';
  const steps = [
    ...(isDone ? [] : ['collect the missing signatures: `cmk-courier updates root sign`']),
    'sign everything anew: `cmk-courier updates sign`, then `cmk-courier updates publish`',
    behind.length === 0
      ? 'no host is left that believes the old root'
      : `until they ask again, ${behind.length} still believe it: ${names.join(', ')}${more}`,
    'look for what it signed: hosts whose counter or hash is none of yours (`cmk-courier updates status`)',
    ...(before.thresholds.root === 1
      ? ['one key decided over roots: whoever has it could have made a root of their own as well']
      : []),
    'destroy the file of the key, and find out how it was stolen',
  ];
  return `what is left to do:\n${steps.map((step, index) => `  ${index + 1}. ${step}\n`).join('')}`;
}
