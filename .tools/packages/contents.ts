/** What is in the two packages. */

import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../src/version.ts';
import type { Package, PackedFile } from './mkp.ts';

/** Where what was packed stands on its own on a site, apart from what others have put there. */
const docFolder = 'cmk_courier';

/** The plug-ins: forms, their translation into command lines, services, graphs. */
export function pluginPackage(family: string): Package {
  return {
    name: 'cmk_courier',
    title: 'Agent output over any path: forms and services',
    description:
      'Rules in Setup for cmk-courier, and the service that tells how agent output came. ' +
      'The program itself is in the package cmk_courier_program, or in ~/local/bin.',
    version,
    files: {
      cmk_addons_plugins: readFamily(family),
      doc: [readDoc('LICENSE')],
    },
  };
}

/** The executable with its manuals. */
export function programPackage(executable: string, manuals: readonly PackedFile[]): Package {
  return {
    name: 'cmk_courier_program',
    title: 'Agent output over any path: the program',
    description:
      `cmk-courier for Linux (${process.arch}), in ~/local/bin. It needs libatomic and nothing else. ` +
      'Manuals are in ~/local/share/doc/check_mk/cmk_courier/man.',
    version,
    files: {
      bin: [{ path: 'cmk-courier', bytes: readFileSync(executable), isProgram: true }],
      doc: manuals.map((manual) => ({ ...manual, path: `${docFolder}/man/${manual.path}` })),
    },
  };
}

/** What Python, editors and tools leave behind. */
const leftBehind = /(?:^|\/)(?:\.|__pycache__\/)|~$/;

function readFamily(family: string): readonly PackedFile[] {
  return globSync('**/*', { cwd: family })
    .filter((path) => !leftBehind.test(path) && statSync(join(family, path)).isFile())
    .map((path) => ({
      path: `cmk_courier/${path}`,
      bytes: readFileSync(join(family, path)),
      isProgram: path.startsWith('libexec/'),
    }));
}

function readDoc(path: string): PackedFile {
  return { path: `${docFolder}/${path}`, bytes: readFileSync(path), isProgram: false };
}
