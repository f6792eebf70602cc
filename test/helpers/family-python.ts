/** Python with our plug-in family, and what it imports: stand-ins, or Checkmk's own modules. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { makeTempDir } from './temp-dir.ts';

export const family = resolve('agents/checkmk/cmk_courier');
const standIns = resolve('test/setup/forms/stand-ins');

/** Where Checkmk's own modules are, when somebody has them. */
export const realApi: string | undefined = process.env['CMK_API'];

export interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/**
 * A folder of packages in which the family lies where Checkmk has it.
 *
 * @returns the search path of Python
 */
export async function placeFamily(t: TestContext, api: string = standIns): Promise<string> {
  const folder = await makeTempDir(t);
  mkdirSync(join(folder, 'cmk_addons/plugins'), { recursive: true });
  symlinkSync(family, join(folder, 'cmk_addons/plugins/cmk_courier'));
  return `${folder}:${api}`;
}

/**
 * The Python of the machine: Debian's, where there is a choice.
 *
 * @param minor of 3.x, at least
 */
export function findPython(minor = 11): string | undefined {
  const named = process.env['CMK_PYTHON'];
  const programs = ['/usr/bin/python3', 'python3', 'python3.13', 'python3.12'];
  const question = `import sys; sys.exit(sys.version_info < (3, ${minor}))`;
  return [...(named === undefined ? [] : [named]), ...programs].find(
    (program) => spawnSync(program, ['-c', question]).status === 0,
  );
}

/** Checkmk's own modules are written for the Python of a site. */
const minorOfSite = 12;

/** The Python for what is imported: stand-ins, or Checkmk's own modules. */
export function pythonFor(api: string | undefined): string {
  return findPython(api === undefined ? undefined : minorOfSite) ?? 'python3';
}

export function runPython(python: string, path: string, args: readonly string[], input = ''): Run {
  const { status, stdout, stderr } = spawnSync(python, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 512 * 1024 * 1024,
    env: { PATH: process.env['PATH'], PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' },
  });
  return { code: status, output: stdout, errors: stderr };
}

/** Why a test with Python cannot run here; false when it can. */
export const withoutPython =
  findPython() === undefined ? 'python3 of at least 3.11 is missing' : false;

/** Why a test with Checkmk's own modules cannot run here. */
export const withoutRealApi = saysWhyNot();

function saysWhyNot(): string | false {
  if (realApi === undefined || !existsSync(join(realApi, 'cmk'))) {
    return "CMK_API names no folder with Checkmk's own modules";
  }
  return findPython(minorOfSite) === undefined && `python3 of at least 3.${minorOfSite} is missing`;
}
