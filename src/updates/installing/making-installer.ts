/** Puts together what the script for a host holds. */

import type { CommandContext } from '../../cli/command.ts';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError, errorCode } from '../../faults/system-errors.ts';
import { writeWholeFile } from '../../files/file-calls.ts';
import type { HostName } from '../../names/host-name.ts';

import type { UpdatePlaces } from '../repository/places.ts';
import { readPlan } from '../repository/plan.ts';
import { requireNewestRoot } from '../repository/root-files.ts';
import { makeToken } from '../server/administration.ts';
import { writeInstaller } from './installer.ts';

export interface InstallerWish {
  readonly host: HostName;
  readonly server: string | undefined;
  readonly fingerprint: string | undefined;
  readonly allowHttp: boolean;
  readonly validFor: number;
  readonly output: string | undefined;
}

/**
 * Makes a token for the host, and the script with it.
 *
 * @returns the script; nothing where it was written to a file
 * @throws CourierError USAGE when the file is there already, or plain http is neither allowed nor
 * avoidable; CONFIG without a root; LOCAL
 */
export async function makeInstaller(
  places: UpdatePlaces,
  wish: InstallerWish,
  actor: Pick<CommandContext, 'clock' | 'env'>,
): Promise<string> {
  const { allowHttp, fingerprint, host, output } = wish;
  const { root, bytes } = await requireNewestRoot(places);
  const server = wish.server ?? root.servers[0] ?? '';
  if (server.startsWith('http:') && !allowHttp) {
    const how = 'is plain http: --allow-http where that is meant';
    throw new CourierError('USAGE', `${server} ${how}`);
  }
  if (server.startsWith('http:') && fingerprint !== undefined) {
    throw new CourierError('USAGE', `--fingerprint: ${server} has no certificate`);
  }
  const plan = await readPlan(places);
  const offer = plan?.offers.find(({ hosts }) => hosts.includes(host));
  const { token, expiresAt } = await makeToken(places, { host, validMs: wish.validFor }, actor);
  const script = writeInstaller({
    host,
    server,
    root: bytes,
    token,
    expiresAt,
    platform: offer?.platform ?? 'linux-tgz',
    fingerprint,
    allowHttp,
  });
  if (output === undefined) return script;
  await writeNew(output, script);
  return '';
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeWholeFile(path, text, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw asCourierError(error, `writing ${path}`);
    throw new CourierError('USAGE', `${path} is there already, and stays as it is`);
  }
}
