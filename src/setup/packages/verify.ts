/**
 * Whether a package is what a site can install as it is told: bytes, archives, manifest, and each
 * file in its place. Nothing of how packages are built here is used.
 */

import { isDeepStrictEqual } from 'node:util';
import { CourierError, cleanText, quote } from '../../faults/errors.ts';
import { readPythonLiteral } from '../python-literal/read.ts';
import { isDict, type PythonDict, type PythonValue } from '../python-literal/values.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { findPart } from './parts.ts';
import { judgeFiles } from './paths.ts';
import { type Complain, type Problem, rules, Unreadable } from './problems.ts';
import { readTar, type TarMember } from './tar-reader.ts';
import { gunzip, isGzip } from './unpack.ts';

/** What is known of a package. */
export interface Verdict {
  /** Null where the manifest cannot be read. */
  readonly manifest: Manifest | null;
  /** Files that are there, by part. */
  readonly parts: readonly PartContent[];
  readonly problems: readonly Problem[];
}

export interface PartContent {
  readonly part: string;
  readonly files: number;
  readonly bytes: number;
}

export interface Given {
  readonly bytes: Buffer;
  /** How the file is called, where that is known. */
  readonly fileName: string | undefined;
  /** Most that may be unpacked. */
  readonly maxBytes: number;
}

/** @throws CourierError TOO_LARGE */
export function verifyPackage(given: Given): Verdict {
  const problems: Problem[] = [];
  const complain: Complain = (rule, message) => {
    problems.push({ rule, severity: rules[rule].severity, message: cleanText(message) });
  };
  const outer = readOuter(given, complain);
  if (outer === undefined) return { manifest: null, parts: [], problems };
  const info = readInfo(outer, complain);
  if (info !== undefined) compareJson(info, outer.get('info.json'), complain);
  const manifest = info === undefined ? undefined : readManifest(info, complain);
  if (manifest === undefined) return { manifest: null, parts: [], problems };
  judgeFiles(manifest, complain);
  judgeFileName(manifest, given.fileName, complain);
  const parts = readParts(manifest, outer, complain);
  return { manifest, parts, problems };
}

type Members = ReadonlyMap<string, Buffer>;

function readOuter({ bytes, maxBytes }: Given, complain: Complain): Members | undefined {
  if (!isGzip(bytes)) {
    complain('not-gzip', 'it does not begin as gzip does');
    return undefined;
  }
  const archive = refusing('gzip', complain, () => gunzip(bytes, maxBytes));
  const members = archive && refusing('the archive', complain, () => readTar(archive));
  return members && toFiles(members, 'the package', complain);
}

/** Tells what is malformed; anything else is not about the package. */
function refusing<Read>(what: string, complain: Complain, read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    complain(error.rule, `${what}: ${error.message}`);
    return undefined;
  }
}

/** By name: of a name that is there twice the first. */
function toFiles(members: readonly TarMember[], where: string, complain: Complain): Members {
  const files = new Map<string, Buffer>();
  for (const { name, isFile, bytes } of members) {
    if (!isFile) complain('irregular-member', `${quote(name)} of ${where} is no regular file`);
    if (files.has(name)) complain('double-member', `${quote(name)} is twice in ${where}`);
    else files.set(name, bytes);
  }
  return files;
}

/** Ours have less than 4 kB. */
const longestInfoBytes = 4_000_000;

function readInfo(outer: Members, complain: Complain): PythonDict | undefined {
  const bytes = outer.get('info');
  if (bytes === undefined) {
    complain('missing-member', '"info" is missing');
    return undefined;
  }
  const text = decode(bytes, '"info"', complain);
  if (text === undefined) return undefined;
  try {
    const value = readPythonLiteral(text);
    if (isDict(value)) return value;
    complain('wrong-type', '"info" is not a dict');
  } catch (error) {
    if (!(error instanceof CourierError)) throw error;
    complain('not-a-literal', `"info": ${error.message}`);
  }
  return undefined;
}

function decode(bytes: Buffer, what: string, complain: Complain): string | undefined {
  if (bytes.length > longestInfoBytes) {
    complain('wrong-type', `${what} has ${bytes.length} bytes`);
    return undefined;
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.startsWith('\ufeff')) return text;
    complain('not-utf-8', `${what} begins with a byte order mark`);
  } catch {
    complain('not-utf-8', `${what} is not UTF-8`);
  }
  return undefined;
}

function compareJson(info: PythonDict, bytes: Buffer | undefined, complain: Complain): void {
  if (bytes === undefined) {
    complain('no-info-json', '"info.json" is missing');
    return;
  }
  const text = decode(bytes, '"info.json"', complain);
  if (text === undefined) return;
  const read = parseJson(text);
  if (read === undefined) complain('info-json-differs', '"info.json" is no JSON');
  else if (!isDeepStrictEqual(toPlain(info), toMap(read))) {
    complain('info-json-differs', '"info.json" says something else than "info"');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON has lists for tuples, and no order of keys. */
function toPlain(value: PythonValue): unknown {
  if (isDict(value)) {
    return new Map([...value].map(([key, item]) => [String(key), toPlain(item)] as const));
  }
  if (typeof value !== 'object' || value === null) return value;
  const items = 'items' in value ? value.items : value;
  return [...items].map(toPlain);
}

/** Deeper than what a manifest may be is not looked at, and so is something else. */
function toMap(value: unknown, depth = 0): unknown {
  if (depth > 100) return undefined;
  if (Array.isArray(value)) return value.map((item) => toMap(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, toMap(item, depth + 1)]));
}

function judgeFileName(manifest: Manifest, fileName: string | undefined, complain: Complain): void {
  const due = `${manifest.name}-${manifest.version}.mkp`;
  if (fileName === undefined || fileName === due) return;
  complain('wrong-file-name', `${quote(fileName)} has to be ${quote(due)}`);
}

/** Archives of parts, as the manifest lists them. */
function readParts(manifest: Manifest, outer: Members, complain: Complain): readonly PartContent[] {
  const listed = [...manifest.files].filter(([, paths]) => paths.length > 0);
  const due = new Set(['info', 'info.json', ...listed.map(([part]) => `${part}.tar`)]);
  for (const name of outer.keys()) {
    if (!due.has(name)) complain('extra-member', `${quote(name)} does not belong into a package`);
  }
  return listed.flatMap(([part, paths]) => {
    const archive = outer.get(`${part}.tar`);
    if (archive === undefined) {
      complain('missing-member', `${quote(`${part}.tar`)} is missing`);
      return [];
    }
    const where = quote(`${part}.tar`);
    const members = refusing(where, complain, () => readTar(archive));
    return members === undefined
      ? []
      : [readPart(part, paths, toFiles(members, where, complain), complain)];
  });
}

function readPart(
  part: string,
  paths: readonly string[],
  files: Members,
  complain: Complain,
): PartContent {
  const listed = new Set(paths);
  for (const path of listed) {
    if (!files.has(path))
      complain('missing-file', `${quote(path)} is not in ${quote(`${part}.tar`)}`);
  }
  for (const [path, bytes] of files) {
    if (listed.has(path)) judgeProgram(part, path, bytes, complain);
    else
      complain('unlisted-file', `${quote(path)} of ${quote(`${part}.tar`)} is not in the manifest`);
  }
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  return { part, files: files.size, bytes };
}

/** What the site runs by its name. */
function judgeProgram(part: string, path: string, bytes: Buffer, complain: Complain): void {
  const programs = findPart(part)?.programs;
  const [name = '', folder] = path.split('/').reverse();
  const isInLibexec = programs === 'libexec' && folder === 'libexec';
  if (!isInLibexec && programs !== true) return;
  if (isInLibexec && !/^(agent|check)_/.test(name)) {
    complain('never-run', `${quote(path)} is not called agent_… or check_…`);
  }
  const start = bytes.toString('latin1', 0, 4);
  if (!start.startsWith('#!') && start !== '\x7fELF') {
    complain('no-program', `${quote(path)} begins neither with #! nor as an executable`);
  }
}
