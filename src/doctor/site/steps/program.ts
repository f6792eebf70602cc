/** The executable that runs, and what it is linked with. */

import { asCourierError } from '../../../faults/system-errors.ts';
import { pathStatus, readWholeFile } from '../../../files/file-calls.ts';
import { requireTrusted } from '../../../system/trusted-path.ts';
import { version } from '../../../version.ts';
import { fine, type SiteFinding, type SiteScene, type SiteStep, unknown, wrong } from '../scene.ts';

export const program: SiteStep = {
  id: 'program',
  side: 'site',
  title: 'the executable',
  needs: [],
  run: lookAtProgram,
};

async function lookAtProgram({ program: path, isExecutable }: SiteScene): Promise<SiteFinding> {
  const facts = { path, version, node: process.version, executable: isExecutable };
  try {
    await requireTrusted(path);
  } catch (error) {
    return wrong('own-program-open', { text: 'others may change it', facts, error });
  }
  const bytes = await pathStatus(path).then(
    ({ size }) => size,
    () => undefined,
  );
  if (bytes === undefined) {
    return wrong('own-program-gone', { text: `${path} is not there any more`, facts });
  }
  const what = isExecutable ? 'one executable' : 'Node with a script';
  return fine(`version ${version}, ${what}`, { ...facts, bytes });
}

export const library: SiteStep = {
  id: 'library',
  side: 'site',
  title: 'libatomic',
  needs: [],
  run: lookAtLibrary,
};

/** That it runs shows that there is one: which, counts where a site is moved to another machine. */
async function lookAtLibrary(): Promise<SiteFinding> {
  const map = await readWholeFile('/proc/self/maps', 'latin1').catch((error: unknown) =>
    asCourierError(error, 'reading /proc/self/maps'),
  );
  if (typeof map !== 'string') return unknown(`the program runs; ${map.message}`);
  const [, path] = /\s(\/\S*libatomic\.so\S*)$/m.exec(map) ?? [];
  return path === undefined ? fine('this build needs none') : fine('it is there', { path });
}
