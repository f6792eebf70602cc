/** A release → the package that hosts install: agent-packages.md#package. */

import { gzipSync } from 'node:zlib';
import { CourierError } from '../../faults/errors.ts';
import { type TarFile, writeTar } from '../../setup/packages/tar-writer.ts';
import { compareBytes, directoriesOf, type Release } from './release-files.ts';

/** The one directory that all is in. */
const top = 'release';

/** A host fetches no larger one. */
const mostPackageBytes = 64 * 1024 ** 2;

/**
 * The same bytes for the same release, whenever and by whom they are made.
 *
 * @throws CourierError TOO_LARGE
 */
export function writeReleasePackage({ files, list }: Release): Buffer {
  const listed = [...files, { path: 'FILES', bytes: Buffer.from(list), mode: 0o644 }];
  const entries = listed.map(({ path, bytes, mode }) => ({ name: `${top}/${path}`, bytes, mode }));
  return compress(writeTar(withDirectories(entries)));
}

/** Each directory ahead of what is in it. */
export function withDirectories(files: readonly TarFile[]): readonly TarFile[] {
  const directories = new Set(files.flatMap(({ name }) => directoriesOf(name)));
  const entries = [...directories].map((path) => {
    return { name: `${path}/`, bytes: Buffer.alloc(0), mode: 0o755 };
  });
  return [...entries, ...files].sort((one, other) => compareBytes(one.name, other.name));
}

/** @throws CourierError TOO_LARGE */
export function compress(archive: Buffer): Buffer {
  const bytes = gzipSync(archive, { level: 9 });
  if (bytes.length <= mostPackageBytes) return bytes;
  throw new CourierError('TOO_LARGE', 'a package has at most 64 MiB');
}
