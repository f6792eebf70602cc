/** dist/cmk-courier and the family of plug-ins → two packages in dist. */

import { globSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyPackage } from '../../src/setup/packages/verify.ts';
import { makeManPages } from '../man-pages/pages.ts';
import { pluginPackage, programPackage } from './contents.ts';
import { type Package, type PackedFile, toFileName, writePackage } from './mkp.ts';

const family = 'agents/checkmk/cmk_courier';

/** More than twice what the program takes unpacked. */
const maxBytes = 512 * 1024 * 1024;

/**
 * Writes both packages into a folder, in place of those that are there.
 *
 * @returns their paths and sizes
 */
export async function buildPackages(folder: string) {
  for (const old of globSync('*.mkp', { cwd: folder })) rmSync(join(folder, old));
  const program = programPackage(join(folder, 'cmk-courier'), await makeManuals());
  return [pluginPackage(family), program].map((content) => write(content, folder));
}

async function makeManuals(): Promise<readonly PackedFile[]> {
  const pages = await makeManPages();
  return pages.map(({ file, text }) => {
    return { path: `man1/${file}`, bytes: Buffer.from(text), isProgram: false };
  });
}

/** What is written is read again by the verifier, which shares nothing with the writer. */
function write(content: Package, folder: string) {
  const fileName = toFileName(content);
  const bytes = writePackage(content);
  const { problems } = verifyPackage({ bytes, fileName, maxBytes });
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`${fileName}: ${problem.message} (${problem.rule})`);
  const path = join(folder, fileName);
  writeFileSync(path, bytes);
  return { path, bytes: bytes.length };
}
