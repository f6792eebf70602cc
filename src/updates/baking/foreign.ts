/** Packages that somebody else made: known by their names and first bytes, kept as they are. */

import { basename, resolve } from 'node:path';
import { CourierError, quote } from '../../faults/errors.ts';
import { agentVersionText, mostPackageBytes } from '../documents/target.ts';
import { toAgentHash } from '../packages/release-files.ts';
import { type Actor, recordDecision } from '../repository/audit.ts';
import { changeState } from '../repository/opening.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { keepPackages } from './keeping.ts';
import { readSource } from './sources.ts';

interface Form {
  readonly name: RegExp;
  readonly platform: string;
  /** The bytes it begins with. */
  readonly magic: Buffer;
}

/** agent-packages.md#packages-of-others */
const forms: readonly Form[] = [
  { name: /\.deb$/, platform: 'linux-deb', magic: Buffer.from('!<arch>\ndebian-binary') },
  { name: /\.rpm$/, platform: 'linux-rpm', magic: Buffer.from('edabeedb', 'hex') },
  { name: /\.(tgz|tar\.gz)$/, platform: 'linux-foreigntgz', magic: Buffer.from('1f8b', 'hex') },
  { name: /\.pkg\.gz$/, platform: 'solaris-pkg', magic: Buffer.from('1f8b', 'hex') },
  { name: /\.pkg$/, platform: 'solaris-pkg', magic: Buffer.from('# PaCkAgE DaTaStReAm') },
  { name: /\.msi$/, platform: 'windows-msi', magic: Buffer.from('d0cf11e0a1b11ae1', 'hex') },
];

export interface ForeignFile {
  readonly path: string;
  readonly agentVersion: string | undefined;
  readonly confidential: boolean;
}

export interface Imported {
  readonly agentHash: string;
  readonly platform: string;
  readonly file: string;
  readonly version: string;
  readonly size: number;
}

/**
 * Takes one over; a second time nothing changes.
 *
 * @throws CourierError USAGE for a name that says no form, or a version that is none; MALFORMED for
 * bytes of another form; TOO_LARGE; CONFIG; LOCAL
 */
export async function importForeign(
  places: UpdatePlaces,
  given: ForeignFile,
  actor: Actor,
): Promise<Imported> {
  const file = basename(given.path);
  const { magic, platform } = requireForm(file);
  const sources = { directory: '.', agents: [], read: new Map() };
  const bytes = await readSource(resolve(given.path), sources);
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw new CourierError(
      'MALFORMED',
      `${given.path} is not what its name says: a package for ${platform}`,
    );
  }
  if (bytes.length > mostPackageBytes) {
    throw new CourierError('TOO_LARGE', `${given.path} is larger than 64 MiB`);
  }
  const version = given.agentVersion ?? readVersion(file);
  if (!agentVersionText.test(version)) {
    throw new CourierError('USAGE', `--agent-version must be a version, not ${quote(version)}`);
  }
  const agentHash = toAgentHash(bytes);
  const about = { agentHash, kind: 'foreign', version, scripts: [], list: undefined } as const;
  const keepable = { ...about, isConfidential: given.confidential };
  await changeState(places, async () => {
    await keepPackages(places, keepable, [{ platform, file, bytes }]);
    await recordDecision(places, { what: `package ${file}`, before: '-', after: agentHash }, actor);
  });
  return { agentHash, platform, file, version, size: bytes.length };
}

function requireForm(file: string): Form {
  if (!/^[\w.,:@%+=~-]{1,100}$/.test(file) || file.startsWith('-')) {
    throw new CourierError(
      'USAGE',
      `a package has a name of letters, digits and .-_, not ${quote(file)}`,
    );
  }
  const form = forms.find(({ name }) => name.test(file));
  if (form !== undefined) return form;
  throw new CourierError('USAGE', `must end in .deb, .rpm, .tgz, .pkg or .msi: ${quote(file)}`);
}

/** `check-mk-agent_2.4.0p1-1_all.deb` and `check-mk-agent-2.4.0p1-1.noarch.rpm` say it. */
function readVersion(file: string): string {
  return (
    /[_-](\d[\w.+~]*)/.exec(file)?.[1]?.replace(/\.(tgz|tar\.gz|pkg|deb|rpm|msi)$/, '') ?? 'unknown'
  );
}
