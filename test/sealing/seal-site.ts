/** A site with enrolments, for tests. */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changeEnrolment, withKey } from '../../src/sealing/changing.ts';
import type { EnrolledKey } from '../../src/sealing/enrolment.ts';
import { sealPlaces } from '../../src/sealing/places.ts';
import { SealBook } from '../../src/sealing/seal-book.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { idOf, type RsaPair, rsaPair, toPem } from './sealing-kit.ts';

interface Owner {
  after(cleanUp: () => Promise<void>): void;
}

export const secret = 'fedcba9876543210'.repeat(4);

export type SealSite = Awaited<ReturnType<typeof makeSealSite>>;

/** A site of its own with a key pair; `env` is what a program of it has. */
export async function makeSealSite(owner: Owner) {
  const root = await makeTempDir(owner);
  const env = { OMD_ROOT: root, PATH: process.env['PATH'] };
  const places = sealPlaces(env);
  for (const directory of [join(root, 'tmp'), places.hosts, places.siteKeys, places.secrets]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  const siteKey = rsaPair('site');
  const pem = toPem(siteKey.privateKey);
  await writeFile(join(places.siteKeys, '20260101000000.pem'), pem, { mode: 0o600 });
  return {
    env,
    places,
    book: new SealBook(places),
    publicKey: siteKey.publicKey,
    enroll: (name: string, pair: RsaPair, changes: Partial<EnrolledKey> = {}) =>
      changeEnrolment(places, name, enrolling(name, pair, changes)),
    enrollSecret: async (name: string) => {
      const id = createHash('sha256').update(`id:${secret}`).digest('hex');
      await writeFile(join(places.secrets, id), `${secret}\n`, { mode: 0o600 });
      const key = { ...plainKey, kind: 'mac', id, label: name, der: undefined } as const;
      await changeEnrolment(places, name, withKey(name, { key, optionalUntil: undefined }));
    },
    /** All that says what was accepted last, file by file. */
    readState: async (): Promise<Readonly<Record<string, string>>> => {
      const files = await readdir(places.accepted).catch(() => []);
      const seals = files.filter((file) => file.endsWith('.seal')).sort();
      const texts = seals.map(async (file) => [
        file,
        await readFile(join(places.accepted, file), 'utf8'),
      ]);
      return Object.fromEntries(await Promise.all(texts));
    },
  };
}

const plainKey = { since: '2026-01-01', until: undefined, revoked: undefined, piggyback: [] };

function enrolling(name: string, { publicKey }: RsaPair, changes: Partial<EnrolledKey>) {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const key = { ...plainKey, kind: 'key', id: idOf(publicKey), label: `${name} key`, der } as const;
  return withKey(name, { key: { ...key, ...changes }, optionalUntil: undefined });
}
