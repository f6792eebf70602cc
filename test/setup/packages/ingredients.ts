/** A good package in pieces, for tests to spoil one of them. */

import { gzipSync } from 'node:zlib';
import { type TarFile, writeTar } from '../../../src/setup/packages/tar-writer.ts';

export interface Ingredients {
  readonly info: string;
  readonly infoJson: string;
  /** Members behind the first two. */
  readonly parts: readonly TarFile[];
}

const manifest = {
  title: 'Röntgen 🚀',
  name: 'sample',
  description: '',
  version: '1.2.3',
  'version.packaged': 'by a test',
  'version.min_required': '2.3.0p1',
  'version.usable_until': null,
  author: 'me',
  download_url: '',
  files: {
    cmk_addons_plugins: ['sample/libexec/agent_sample', 'sample/rulesets/sample.py'],
    doc: ['sample/README'],
  },
};

export type Fields = typeof manifest;

export const file = (name: string, text: string): TarFile => ({
  name,
  bytes: Buffer.from(text),
  mode: 0o644,
});

export const plugins: readonly TarFile[] = [
  file('sample/libexec/agent_sample', '#!/bin/sh\n'),
  file('sample/rulesets/sample.py', ''),
];

export const docs: readonly TarFile[] = [file('sample/README', 'text')];

export function part(name: string, files: readonly TarFile[]): TarFile {
  return { name: `${name}.tar`, bytes: writeTar(files), mode: 0o644 };
}

/** A Python literal of what JSON can say. */
export function toInfo(fields: object): string {
  return JSON.stringify(fields).replaceAll(':null', ':None');
}

/** A good package with other fields in its manifest. */
export function withFields(fields: object): Ingredients {
  const all = { ...manifest, ...fields };
  return {
    info: toInfo(all),
    infoJson: JSON.stringify(all),
    parts: [part('cmk_addons_plugins', plugins), part('doc', docs)],
  };
}

/** One with these files in `doc` alone, in manifest and archive. */
export function withDocs(...paths: readonly string[]): Ingredients {
  return {
    ...withFields({ files: { doc: paths } }),
    parts: [
      part(
        'doc',
        [...new Set(paths)].map((path) => file(path, 'text')),
      ),
    ],
  };
}

export function membersOf({ info, infoJson, parts }: Ingredients): readonly TarFile[] {
  return [file('info', info), file('info.json', infoJson), ...parts];
}

export function pack(ingredients: Ingredients): Buffer {
  return gzipSync(writeTar(membersOf(ingredients)));
}
