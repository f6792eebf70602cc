/** `cmk-courier updates root show`. */

import type { CommandContext } from '../../cli/command.ts';
import { printJson } from '../../cli/json-document.ts';
import { CourierError } from '../../faults/errors.ts';
import { fingerprintOf } from '../../sealing/keys.ts';
import { fromStamp, toDay } from '../../sealing/stamp.ts';
import { keyRoles, type Root } from '../documents/root.ts';
import { keyNames } from '../keys/key-names.ts';
import { listKeys } from '../keys/key-ring.ts';
import { sha256Of } from '../repository/by-digest.ts';
import { type UpdatePlaces, updatePlaces } from '../repository/places.ts';
import { newestRootVersion, type RootFile, readRootFile } from '../repository/root-files.ts';
import { describeDifference } from './difference.ts';
import { readDraft } from './draft.ts';
import { describeEnding, findEndings } from './expiry.ts';
import { oneKeyLine } from './first-root.ts';
import { findMissing } from './root-signatures.ts';

interface ShowWishes {
  readonly dir: string | undefined;
  readonly version: number | undefined;
  readonly json: boolean;
}

/** @throws CourierError CONFIG where there is no root; USAGE for a version there is not */
export async function showRoot(wishes: ShowWishes, context: CommandContext): Promise<void> {
  const places = updatePlaces(context.env, wishes.dir);
  const newest = await newestRootVersion(places);
  const version = wishes.version ?? newest;
  const file = await readRootFile(places, version);
  if (file === undefined) {
    const how = '`cmk-courier updates root init --server=URL` makes the first one';
    if (newest === 0) throw new CourierError('CONFIG', `there is no root yet; ${how}`);
    throw new CourierError('USAGE', `there is no root ${version}; the newest is ${newest}`);
  }
  const shown = await toShown(places, file, context.clock.now());
  if (wishes.json) return printJson(shown, context);
  await context.writeOutput(Buffer.from(await toText(places, file.root, shown)));
}

async function toShown(places: UpdatePlaces, { root, bytes }: RootFile, nowMs: number) {
  const names = await keyNames(places);
  const here = new Set((await listKeys(places)).map(({ id }) => id));
  const endings = await findEndings(places, nowMs);
  return {
    version: root.version,
    sha256: sha256Of(bytes),
    issued: fromStamp(root.issued).toISOString(),
    expires: fromStamp(root.expires).toISOString(),
    floorCounter: root.floorCounter,
    thresholds: root.thresholds,
    servers: root.servers,
    authorities: root.authorities.map(sha256Of),
    keys: root.keys.map(({ id, roles }) => ({
      name: names.get(id) ?? null,
      id,
      fingerprint: fingerprintOf(id),
      roles,
      isHere: here.has(id) || roles.includes('stamp'),
    })),
    endings: endings.map(({ what, days, severity, remedy }) => ({ what, days, severity, remedy })),
  };
}

type Shown = Awaited<ReturnType<typeof toShown>>;

async function toText(places: UpdatePlaces, root: Root, shown: Shown): Promise<string> {
  const keys = shown.keys.map(
    ({ name, fingerprint, roles, isHere }) =>
      `  ${roles.join(',').padEnd(13)} ${fingerprint} ${name ?? ''}${isHere ? '' : ' (elsewhere)'}`,
  );
  const thresholds = keyRoles.map((role) => `${root.thresholds[role]} ${role}`).join(', ');
  const authorities =
    root.authorities.length === 0 ? "the host's own" : `${root.authorities.length} of our own`;
  return [
    `root ${root.version}, until ${toDay(root.expires)}`,
    `SHA-256      ${shown.sha256}`,
    `servers      ${root.servers.join(' ')}`,
    `authorities  ${authorities}`,
    `floor        ${root.floorCounter}`,
    `have to sign ${thresholds}`,
    'keys',
    ...keys.map((line) => line.trimEnd()),
    ...(await describeDraft(places, root)),
    ...shown.endings.map((ending) => `${ending.severity}: ${describeEnding(ending)}`),
    ...(root.thresholds.root === 1 ? [oneKeyLine] : []),
    '',
  ].join('\n');
}

async function describeDraft(places: UpdatePlaces, root: Root): Promise<readonly string[]> {
  const draft = await readDraft(places);
  if (draft === undefined) return [];
  const lines = describeDifference(root, draft.root, await keyNames(places));
  const missing = await findMissing(draft, root);
  return [
    `draft of root ${draft.root.version}, not signed by enough keys yet`,
    ...lines.map((line) => `  ${line}`),
    ...missing.map(
      ({ version, signed, needed }) => `  ${signed} of ${needed} signatures of root ${version}`,
    ),
  ];
}
