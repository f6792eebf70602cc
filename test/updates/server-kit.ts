/** `cmk-courier updates` on a state directory of the test's own. */

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from '../../src/main.ts';
import { Secret } from '../../src/secrets/secrets.ts';
import { lockKey } from '../../src/updates/keys/key-file.ts';
import { keepKey } from '../../src/updates/keys/key-ring.ts';
import { type UpdatePlaces, updatePlaces } from '../../src/updates/repository/places.ts';
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
