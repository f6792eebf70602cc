/** The work of the commands that change what hosts trust. */

import type { CommandContext } from '../../cli/command.ts';
import { askLine } from '../../cli/terminal.ts';
import { CourierError } from '../../faults/errors.ts';
import type { KeyRole, Root } from '../documents/root.ts';
import { aliasText } from '../keys/key-file.ts';
import { findMeantKey, keepPublicKey, type NamedKey } from '../keys/key-names.ts';
import { findKey } from '../keys/key-ring.ts';
import { addKey, keyLifeMs } from '../keys/making.ts';
import { makeStampKey, nextStampKeyPath, takeNextStampKey } from '../keys/stamp-key.ts';
import { recordDecision } from '../repository/audit.ts';
import { listStandings } from '../server/host-facts.ts';
import { TrustAdministration, type TrustWishes } from './administration.ts';
import { describeDependents, findDependents, findUnbelieved } from './dependents.ts';
import {
  inOrder,
  type RootChange,
  withKey,
  withOnlyKey,
  withoutKey,
  withThresholds,
} from './root-changes.ts';
import { rootBefore } from './root-signatures.ts';

type WithRoles = TrustWishes & { readonly role: readonly KeyRole[] };

export interface Confirmation {
  readonly force: boolean;
  readonly confirm: string | undefined;
}

/** One change, and what is left to do after it. */
export async function changeRoot(
  change: RootChange,
  wishes: TrustWishes,
  context: CommandContext,
): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  if (await administration.change(change)) await tellTargets(administration);
}

export async function addTrustedKey(
  text: string,
  wishes: WithRoles,
  context: CommandContext,
): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  const key = await findMeantKey(administration.places, text, await administration.current());
  await keepPublicKey(administration.places, key);
  const { id, der } = key;
  await administration.change(withKey({ id, der, roles: wishes.role }));
}

/** @throws CourierError REFUSED while hosts depend on the key, unless that is confirmed */
export async function dropTrustedKey(
  text: string,
  wishes: WithRoles & Confirmation,
  context: CommandContext,
): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  const key = await findMeantKey(administration.places, text, await administration.current());
  const change = withoutKey(key.id, wishes.role);
  const next = await administration.preview(change);
  const reasons = await findReasons(administration, next, context);
  if (reasons.length > 0) await requireConfirmed(key.name ?? text, reasons, wishes, context);
  await administration.publish(next);
}

/** Why a root must not hold yet: hosts that would not follow, targets that would not be believed. */
export async function findReasons(
  { places }: TrustAdministration,
  next: Root,
  context: CommandContext,
): Promise<readonly string[]> {
  const standings = await listStandings(places, context.clock);
  const dependents = await findDependents(places, next, standings);
  const unbelieved = await findUnbelieved(places, next);
  return [
    ...(dependents.length === 0 ? [] : [describeDependents(dependents)]),
    ...(unbelieved.length === 0
      ? []
      : [
          `the published targets of ${unbelieved.length} hosts need it; \`cmk-courier updates sign --all\` and publish first`,
        ]),
  ];
}

async function requireConfirmed(
  name: string,
  reasons: readonly string[],
  { force, confirm }: Confirmation,
  context: CommandContext,
): Promise<void> {
  const why = reasons.join('; ');
  if (!force) throw new CourierError('REFUSED', `${name} is still needed: ${why}`);
  const question = `${why}\ntype ${name} to drop it all the same: `;
  const typed = confirm ?? (await askLine(question, '--confirm answers', context.shutdown));
  if (typed !== name) throw new CourierError('REFUSED', `nothing is changed: that is not ${name}`);
}

/** Keys that are named and not there are made; those with the roles are asked to sign. */
export async function setThreshold(
  threshold: number,
  names: readonly string[],
  wishes: WithRoles,
  context: CommandContext,
): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  const root = await administration.current();
  const keys: NamedKey[] = [];
  for (const name of names) keys.push(await findOrMakeKey(name, root, administration, context));
  const missing = keys.filter(({ id }) => {
    const roles = root.keys.find((key) => key.id === id)?.roles ?? [];
    return !wishes.role.every((role) => roles.includes(role));
  });
  const additions = missing.map(({ id, der }) => withKey({ id, der, roles: wishes.role }));
  const change = inOrder(...additions, withThresholds(threshold, wishes.role));
  if (await administration.change(change)) await tellTargets(administration);
}

/** The key of a name, made now if it is not there. */
export async function findOrMakeKey(
  name: string,
  root: Root,
  { places, passphrases }: TrustAdministration,
  context: CommandContext,
): Promise<NamedKey> {
  const isNew = aliasText.test(name) && (await findKey(places, name)) === undefined;
  try {
    const key = await findMeantKey(places, name, root);
    await keepPublicKey(places, key);
    return key;
  } catch (error) {
    if (!isNew || !(error instanceof CourierError && error.code === 'USAGE')) throw error;
  }
  const wanted = { alias: name, nowMs: context.clock.now(), lifeMs: keyLifeMs };
  const { id, der } = await addKey(places, wanted, passphrases);
  await recordDecision(places, { what: `key ${name}`, before: 'none', after: id }, context);
  return { name, id, der };
}

export async function replaceStampKey(wishes: TrustWishes, context: CommandContext): Promise<void> {
  const administration = new TrustAdministration(wishes, context);
  await administration.current();
  const before = await rootBefore(administration.places);
  // One that only a crash has kept from its place must not be lost.
  if (before !== undefined) await takeNextStampKey(administration.places, before);
  const { id, der } = await makeStampKey(nextStampKeyPath(administration.places));
  await administration.change(withOnlyKey({ id, der, roles: ['stamp'] }, 'stamp'));
}

/** Published targets that the newest root does not believe. */
async function tellTargets(administration: TrustAdministration): Promise<void> {
  const { places } = administration;
  const unbelieved = await findUnbelieved(places, await administration.current());
  if (unbelieved.length === 0) return;
  const how = '`cmk-courier updates sign` and `cmk-courier updates publish` mend that';
  await administration.print(
    `hosts refuse what is published until it is signed anew (${unbelieved.length} of them): ${how}\n`,
  );
}
