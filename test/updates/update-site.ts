/** The state of agent updates as an administrator leaves it, and a receiver that answers by it. */

import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawOptions } from '../../src/cli/options.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { toStamp } from '../../src/sealing/stamp.ts';
import { keepBytes } from '../../src/updates/repository/by-digest.ts';
import {
  type HostTarget,
  readHostTargets,
  writeHostTargets,
} from '../../src/updates/repository/host-targets.ts';
import { type UpdatePlaces, updatePlaces } from '../../src/updates/repository/places.ts';
import { keepRoot } from '../../src/updates/repository/root-files.ts';
import { writeSwitch } from '../../src/updates/repository/switch.ts';
import { makeMacKey } from '../../src/updates/server/authenticity.ts';
import { Tokens } from '../../src/updates/server/tokens.ts';
import { findFreePort } from '../helpers/free-port.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { makeRoot, sha256, signed, writeRoot, writeTarget } from '../peers/update-documents.ts';
import { SimulatedRepository } from '../peers/update-repository.ts';
import { type RunningReceiver, startReceiver } from '../receiver/running-receiver.ts';
import { UpdateClient } from './update-client.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export interface UpdateSite extends RunningReceiver {
  readonly places: UpdatePlaces;
  /** Base of the listener without TLS. */
  readonly plainUrl: string;
  readonly url: string;
  /** Publishes a package for a host. */
  publish(host: string, pack: Buffer, agentHash?: string): Promise<HostTarget>;
  turn(isOn: boolean): Promise<void>;
  /** A token for one registration of a host. */
  token(host: string, validMs?: number): Promise<string>;
  /** A host that has registered. */
  client(host: string, url?: string): Promise<UpdateClient>;
}

/** Root 1, a stamp key and the switch on: what `updates root init` and `updates on` leave. */
export async function makeUpdateState(places: UpdatePlaces, server: string): Promise<void> {
  await mkdir(places.directory, { mode: 0o700 });
  const root = makeRoot({ servers: [server] });
  await keepRoot(places, { root, bytes: signed(writeRoot(root), ['root-a']) });
  const key = new URL('../fixtures/updates/keys/stamp-a.pem', import.meta.url);
  await cp(key, places.stampKey);
  await chmod(places.stampKey, 0o600);
  await writeSwitch(places, { isOn: true, since: '20261128000000', by: 'somebody' });
}

export async function startUpdateSite(
  owner: Owner,
  options: RawOptions = {},
  clock: Clock = systemClock,
): Promise<UpdateSite> {
  const directory = join(await makeTempDir(owner), 'updates');
  const places = updatePlaces({}, directory);
  const plainUrl = `http://127.0.0.1:${await findFreePort()}`;
  await makeUpdateState(places, plainUrl);
  const running = await startReceiver(
    owner,
    { updates: [directory], updatesPlainListen: [plainUrl.slice('http://'.length)], ...options },
    clock,
  );
  const url = `https://127.0.0.1:${running.port}`;
  const repository = new SimulatedRepository();
  const tokens = await Tokens.open(places);
  const token = async (host: string, validMs = 3_600_000) => {
    const made = makeMacKey();
    const [madeAt, expiresAt] = [0, validMs].map((ms) => new Date(clock.now() + ms).toISOString());
    const rest = { madeBy: 'somebody', madeAt: madeAt ?? '', expiresAt: expiresAt ?? '' };
    await tokens.write(parseHostName(host), { host, token: made, ...rest });
    return made;
  };
  return {
    ...running,
    ...{ places, url, plainUrl, token },
    turn: (isOn) =>
      writeSwitch(places, { isOn, since: toStamp(new Date(clock.now())), by: 'somebody' }),
    publish: async (host, pack, agentHash = sha256(pack).slice(0, 16)) =>
      publish(places, repository, { host, pack, agentHash }),
    client: async (host, base = plainUrl) => {
      const client = new UpdateClient(base, host);
      await client.register('token', await token(host));
      return client;
    },
  };
}

async function publish(
  places: UpdatePlaces,
  repository: SimulatedRepository,
  {
    host,
    pack,
    agentHash,
  }: { readonly host: string; readonly pack: Buffer; readonly agentHash: string },
): Promise<HostTarget> {
  const made = repository.makeTarget(host, pack, { selfTestSeconds: 20 });
  const target = { ...made, package: made.package && { ...made.package, agentHash } };
  const bytes = signed(writeTarget(target), ['release-a']);
  for (const directory of [places.targets, places.packages]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  const published = {
    counter: target.counter,
    targetSha256: await keepBytes(places.targets, bytes),
    packageSha256: await keepBytes(places.packages, pack),
    agentHash,
    expires: target.expires,
    action: 'install',
  } as const;
  const all = new Map(await readHostTargets(places.published));
  await writeHostTargets(places.published, all.set(parseHostName(host), published));
  return published;
}

/** Marks a package as one that must not go over plain HTTP. */
export async function markConfidential(places: UpdatePlaces, digest: string): Promise<void> {
  await writeFile(join(places.packages, `${digest}.confidential`), '');
}
