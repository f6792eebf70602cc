/**
 * A release → a package for dpkg, for hosts whose software is rolled out that way: deb(5). Two of
 * the same content are the same bytes.
 */

import { createHash } from 'node:crypto';
import { type TarFile, writeTar } from '../../setup/packages/tar-writer.ts';
import { writeAr } from './ar-writer.ts';
import { debPostinst, debPostrm } from './host-files.ts';
import { compress, withDirectories } from './release-package.ts';

export interface DebContent {
  readonly agentHash: string;
  /** Of the agent, such as `2.4.0p14`. */
  readonly version: string;
  /** The package of the release as it is. */
  readonly releasePackage: Uint8Array;
}

const packageName = 'cmk-courier-agent';
const folder = 'usr/lib/cmk-courier-agent';

/** `cmk-courier-agent_2.4.0p14+0123456789abcdef_all.deb` */
export function toDebName(content: Pick<DebContent, 'agentHash' | 'version'>): string {
  return `${packageName}_${toDebVersion(content)}_all.deb`;
}

/** @throws CourierError TOO_LARGE */
export function writeDeb(content: DebContent): Buffer {
  const { agentHash, releasePackage } = content;
  const files = [
    { name: `${folder}/agent-hash`, bytes: Buffer.from(`${agentHash}\n`), mode: 0o644 },
    // What is confidential in it stays so on the host.
    { name: `${folder}/package.tgz`, bytes: releasePackage, mode: 0o600 },
  ];
  return writeAr([
    { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
    { name: 'control.tar.gz', bytes: packTree(toControlFiles(content, files)) },
    { name: 'data.tar.gz', bytes: packTree(files) },
  ]);
}

/** A version of Debian begins with a digit and has no blanks; the hash tells two releases apart. */
function toDebVersion({ agentHash, version }: Pick<DebContent, 'agentHash' | 'version'>): string {
  const clean = version.replace(/[^A-Za-z0-9.+~]/g, '.');
  return `${/^\d/.test(clean) ? '' : '0'}${clean}+${agentHash}`;
}

function toControlFiles(content: DebContent, files: readonly TarFile[]): readonly TarFile[] {
  const kibibytes = Math.ceil(files.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1024);
  const control = [
    `Package: ${packageName}`,
    `Version: ${toDebVersion(content)}`,
    'Architecture: all',
    'Maintainer: cmk-courier <root@localhost>',
    `Installed-Size: ${kibibytes}`,
    'Recommends: openssl, curl | wget',
    'Conflicts: check-mk-agent',
    'Provides: check-mk-agent',
    'Section: admin',
    'Priority: optional',
    'Description: agent of Checkmk that is kept up to date by cmk-courier',
    ` Release ${content.agentHash}: the agent, its plug-ins, and the updater.`,
    '',
  ].join('\n');
  const sums = files.map(({ name, bytes }) => {
    return `${createHash('md5').update(bytes).digest('hex')}  ${name}\n`;
  });
  return [
    { name: 'control', bytes: Buffer.from(control), mode: 0o644 },
    { name: 'md5sums', bytes: Buffer.from(sums.join('')), mode: 0o644 },
    { name: 'postinst', bytes: Buffer.from(debPostinst()), mode: 0o755 },
    { name: 'postrm', bytes: Buffer.from(debPostrm()), mode: 0o755 },
  ];
}

/** dpkg wants `./` ahead of each name. */
function packTree(files: readonly TarFile[]): Buffer {
  return compress(
    writeTar(withDirectories(files.map((file) => ({ ...file, name: `./${file.name}` })))),
  );
}
