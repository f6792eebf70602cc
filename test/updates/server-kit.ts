/** `cmk-courier updates` on a state directory of the test's own. */

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from '../../src/main.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { readTarget, type Target } from '../../src/updates/documents/target.ts';
import { openDocument } from '../../src/updates/documents/verifying.ts';
import { lockKey } from '../../src/updates/keys/key-file.ts';
import { keepKey } from '../../src/updates/keys/key-ring.ts';
import { keepBytes, readKept } from '../../src/updates/repository/by-digest.ts';
import { readHostTargets } from '../../src/updates/repository/host-targets.ts';
import { type UpdatePlaces, updatePlaces } from '../../src/updates/repository/places.ts';
import { writePlan } from '../../src/updates/repository/plan.ts';
import { requireNewestRoot } from '../../src/updates/repository/root-files.ts';
import { Contacts } from '../../src/updates/server/contacts.ts';
import { Identities } from '../../src/updates/server/identities.ts';
import { makeCommandContext } from '../helpers/command-context.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { fixtureKey } from './update-kit.ts';

export const passphrase = 'correct horse battery staple';

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export interface UpdateServer {
  readonly places: UpdatePlaces;
  readonly clock: FakeClock;
  /** A file with {@link passphrase}. */
  readonly passphraseFile: string;
  /** Runs `cmk-courier updates …` with the directory. */
  run(...words: readonly string[]): Promise<Ran>;
  /** The same with the passphrase of every key. */
  runSigning(...words: readonly string[]): Promise<Ran>;
  /** The same, and fails unless it succeeds. */
  must(...words: readonly string[]): Promise<string>;
}

/** @param directory one that is there already, as for a copy */
export async function makeUpdateServer(
  t: { after(cleanUp: () => Promise<void>): void },
  directory?: string,
): Promise<UpdateServer> {
  const parent = await makeTempDir(t);
  await chmod(parent, 0o700);
  const places = updatePlaces({}, directory ?? join(parent, 'updates'));
  const passphraseFile = join(parent, 'passphrase');
  await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 });
  const clock = new FakeClock(Date.UTC(2026, 10, 28, 9, 30));
  const run = async (...words: readonly string[]): Promise<Ran> => {
    const { said, ...context } = makeCommandContext();
    const line = ['updates', ...words, `--dir=${places.directory}`];
    const code = await main(line, { ...context, clock });
    return { code, ...said };
  };
  const runSigning = (...words: readonly string[]) =>
    run(...words, `--passphrase-file=${passphraseFile}`);
  const must = async (...words: readonly string[]) => {
    const { code, output, errors } = await runSigning(...words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${errors}`);
    return output;
  };
  return { places, clock, passphraseFile, run, runSigning, must };
}

/** Keeps a key of the fixtures under an alias, since making one takes long. */
export async function plantKey(
  { places }: UpdateServer,
  alias: string,
  fixture: string,
): Promise<void> {
  const { key, trusted } = fixtureKey(fixture);
  const about = { alias, created: '20261101000000', replaceBy: '20281101000000' };
  const file = await lockKey({ ...trusted, key, bits: 3072 }, about, new Secret(passphrase));
  await mkdir(places.directory, { recursive: true, mode: 0o700 });
  await keepKey(places, file, true);
}

/** Makes a key of the fixtures the stamp key. */
export async function plantStampKey({ places }: UpdateServer, fixture: string): Promise<void> {
  await mkdir(places.directory, { recursive: true, mode: 0o700 });
  const pem = fixtureKey(fixture).key.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(places.stampKey, pem, { mode: 0o600 });
}

/** What `updates bake` would leave: one package, and the hosts it is for. */
export async function plantPlan(
  { places }: UpdateServer,
  hosts: readonly string[],
  content = 'a package',
): Promise<void> {
  const bytes = Buffer.from(content);
  await mkdir(places.packages, { recursive: true, mode: 0o700 });
  const packageSha256 = await keepBytes(places.packages, bytes);
  await writePlan(places, {
    bakedAt: '2026-11-28T09:00:00.000Z',
    offers: [
      {
        action: 'install',
        platform: 'linux-tgz',
        updaterMin: 1,
        selfTestSeconds: 300,
        agentHash: packageSha256.slice(0, 16),
        agentVersion: '2.3.0p34',
        packageSize: bytes.length,
        packageSha256,
        hosts: hosts.map(parseHostName),
      },
    ],
  });
}

/** A server whose root is there, with the key `main` of the fixtures. */
export async function makeReadyServer(t: {
  after(cleanUp: () => Promise<void>): void;
}): Promise<UpdateServer> {
  const server = await makeUpdateServer(t);
  await plantKey(server, 'main', 'root1');
  await plantStampKey(server, 'stamp1');
  await server.must('root', 'init', '--server=https://site.example:8444', '--key=main');
  return server;
}

/** The published target of a host, as a host would believe it; undefined where there is none. */
export async function publishedTarget(
  { places }: UpdateServer,
  host: string,
): Promise<Target | undefined> {
  const line = (await readHostTargets(places.published)).get(parseHostName(host));
  const { root } = await requireNewestRoot(places);
  const bytes = line && (await readKept(places.targets, line.targetSha256));
  return bytes && readTarget(await openDocument(bytes, 'target', root));
}

/** A registered host that last asked with that root and counter. */
export async function plantHost(
  { places, clock }: UpdateServer,
  name: string,
  told: { readonly rootVersion: number; readonly counter: number },
): Promise<void> {
  const host = parseHostName(name);
  const registeredAt = new Date(clock.now()).toISOString();
  const identities = await Identities.open(places);
  await identities.update(host, () => ({
    ...{ host, rotate: false, registeredAt, registeredFrom: '192.0.2.1' },
  }));
  const contacts = await Contacts.open(places, clock);
  await contacts.update(host, (before) => ({
    ...before,
    standing: {
      ...{ platform: 'linux-tgz', installedHash: '0123456789abcdef', state: 'committed' },
      ...{ installedCounter: told.counter, rootVersion: told.rootVersion, updater: 1 },
      ...{ hostTime: '20261128093000', transport: 'curl', refused: '-', code: '-', error: '' },
    },
  }));
}
