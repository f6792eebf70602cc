/** Packages in the layout of releases, and archives that nobody should make. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../../peers/update-documents.ts';

const scripts = new URL('../../../../agents/host/', import.meta.url);

export const updaterFile = fileURLToPath(new URL('courier-update', scripts));
export const launcherFile = fileURLToPath(new URL('courier-launch', scripts));

export interface Package {
  readonly bytes: Buffer;
  /** First 16 digits of the digest of its list. */
  readonly hash: string;
  readonly list: string;
}

export interface PackedFile {
  readonly path: string;
  readonly mode?: number;
  readonly content: string | Buffer;
}

/** An agent that prints what it is told. */
export function agentThatPrints(...lines: readonly string[]): string {
  return `#!/bin/sh\nprintf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}\n`;
}

/** A release whose agent prints its version; `more` adds files, or takes the place of some. */
export function makeRelease(version: string, more: readonly PackedFile[] = []): Package {
  const launcher = readFileSync(launcherFile);
  const files = [
    toProgram('bin/check_mk_agent', standardAgent(version)),
    toProgram('bin/courier-update', readFileSync(updaterFile)),
    toProgram('bin/courier-launch', launcher),
    toProgram('lib/plugins/courier-update-status', launcher),
  ];
  const replaced = new Set(more.map(({ path }) => path));
  return makePackage([...files.filter(({ path }) => !replaced.has(path)), ...more]);
}

function standardAgent(version: string): string {
  return agentThatPrints('<<<check_mk>>>', `Version: ${version}`, '<<<df>>>', 'x');
}

function toProgram(path: string, content: string | Buffer): PackedFile {
  return { path, mode: 0o755, content };
}

/** The list that a package carries. */
function makePackage(files: readonly PackedFile[]): Package {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const list = sorted.map(toLine).join('');
  const members = [{ path: 'FILES', content: list }, ...sorted].map((file) => ({
    ...file,
    path: `release/${file.path}`,
  }));
  return { bytes: gzipSync(makeTar(members)), hash: sha256(list).slice(0, 16), list };
}

function toLine({ path, mode = 0o644, content }: PackedFile): string {
  return `${mode.toString(8).padStart(4, '0')} ${sha256(content)} ${path}\n`;
}

export interface Member {
  readonly path: string;
  readonly mode?: number;
  readonly content?: string | Buffer;
  /** Of ustar: 0 a file, 1 a hard link, 2 a symbolic one, 3 a device, 5 a directory. */
  readonly type?: '0' | '1' | '2' | '3' | '5';
  readonly link?: string;
}

/** A ustar archive of whatever is asked for. */
export function makeTar(members: readonly Member[]): Buffer {
  return Buffer.concat([...members.flatMap(toBlocks), Buffer.alloc(1024)]);
}

function toBlocks(member: Member): readonly Buffer[] {
  const { path, mode = 0o644, content = '', type = '0', link = '' } = member;
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  header.write('0000000\0'.repeat(2), 108);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write(link, 157);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
