/** Files → a package for Checkmk: docs/protocol/checkmk-packages.md */

import { gzipSync } from 'node:zlib';
import { writeTar } from '../../src/setup/packages/tar-writer.ts';
import { writePythonLiteral } from '../../src/setup/python-literal/write.ts';

export interface PackedFile {
  /** Below the folder of its part. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Only for people who unpack it by hand; a site decides by the part. */
  readonly isProgram: boolean;
}

export interface Package {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly files: Readonly<Record<string, readonly PackedFile[]>>;
}

/** `cmk_courier-0.1.0.mkp` */
export function toFileName({ name, version }: Package): string {
  return `${name}-${version}.mkp`;
}

/** The same bytes for the same files, whenever and by whom it is built. */
export function writePackage(content: Package): Buffer {
  const parts = Object.entries(content.files)
    .filter(([, files]) => files.length > 0)
    .map(([part, files]) => [part, sortFiles(files)] as const)
    .sort(([a], [b]) => compare(a, b));
  const manifest = toManifest(content, parts);
  const outer = [
    { name: 'info', bytes: Buffer.from(writeInfo(manifest)) },
    { name: 'info.json', bytes: Buffer.from(JSON.stringify(manifest)) },
    ...parts.map(([part, files]) => ({ name: `${part}.tar`, bytes: writePart(files) })),
  ];
  return gzipSync(writeTar(outer.map((file) => ({ ...file, mode: 0o644 }))), { level: 9 });
}

type Parts = readonly (readonly [part: string, files: readonly PackedFile[]])[];

function sortFiles(files: readonly PackedFile[]): readonly PackedFile[] {
  return files.toSorted((a, b) => compare(a.path, b.path));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function writePart(files: readonly PackedFile[]): Buffer {
  return writeTar(
    files.map(({ path, bytes, isProgram }) => ({
      name: path,
      bytes,
      mode: isProgram ? 0o755 : 0o644,
    })),
  );
}

/** From 2.3 on a site knows the part for plug-ins of others. */
function toManifest({ name, title, description, version }: Package, parts: Parts) {
  return {
    title,
    name,
    description,
    version,
    'version.packaged': `cmk-courier ${version}`,
    'version.min_required': '2.3.0',
    'version.usable_until': null,
    author: 'the cmk-courier authors',
    download_url: '',
    files: Object.fromEntries(parts.map(([part, files]) => [part, files.map(({ path }) => path)])),
  };
}

/** A literal of Python, a line a field, as Checkmk's own tool writes it. */
function writeInfo(manifest: ReturnType<typeof toManifest>): string {
  const fields = Object.entries(manifest).sort(([a], [b]) => compare(a, b));
  const lines = fields.map(([key, value]) => {
    const literal =
      typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : value;
    return `${writePythonLiteral(key)}: ${writePythonLiteral(literal)}`;
  });
  return `{${lines.join(',\n ')}}\n`;
}
