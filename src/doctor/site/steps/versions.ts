/** Parts that are installed apart from each other, and have to fit. */

import { delimiter, join } from 'node:path';
import { askStatus } from '../../../collector/ask-status.ts';
import { readDirectory, readWholeFile, resolveLinks } from '../../../files/file-calls.ts';
import { hasSameContent } from '../../../files/same-content.ts';
import { toReadyScript } from '../../../service/ready-script.ts';
import { version } from '../../../version.ts';
import { doubtful, fine, type SiteFinding, type SiteScene, type SiteStep } from '../scene.ts';

export const versions: SiteStep = {
  id: 'versions',
  side: 'site',
  title: 'versions that fit each other',
  needs: [],
  run: async (scene, _learned, signal) => lookAtVersions(scene, signal),
};

async function lookAtVersions(scene: SiteScene, signal: AbortSignal): Promise<SiteFinding> {
  const { env, places } = scene;
  const directories = [
    ...(env['OMD_ROOT'] ? [join(env['OMD_ROOT'], 'local/bin')] : []),
    ...(env['PATH'] ?? '').split(delimiter),
  ].filter((path) => path.startsWith('/'));
  const others = await findOthers(directories, scene);
  const ready = await compareReadyScript(directories);
  const running = places.socket && (await askVersion(places.socket, signal));
  const packages = await findPackages(env['OMD_ROOT']);
  const facts = { program: version, collector: running, package: packages, others };
  const complaints = [
    ...(running && running !== version ? [`the collector that runs is ${running}`] : []),
    ...packages.filter((one) => one !== version).map((one) => `the package in Checkmk is ${one}`),
    ...(ready === 'other' ? ['cmk-courier-ready is of another version'] : []),
    ...others.map((path) => `there is another executable that differs, ${path}`),
  ];
  if (complaints.length === 0) return fine(`all is of version ${version}`, facts);
  return doubtful('own-versions-differ', {
    text: `this is ${version}; ${complaints.join('; ')}`,
    facts,
  });
}

/** Executables of our name that differ from the one that runs; a copy of it is none. */
async function findOthers(
  directories: readonly string[],
  { program, isExecutable }: SiteScene,
): Promise<readonly string[]> {
  if (!isExecutable) return [];
  const ours = await resolveLinks(program).catch(() => program);
  const found = directories.map((path) =>
    resolveLinks(join(path, 'cmk-courier')).catch(() => ours),
  );
  const others = [...new Set(await Promise.all(found))].filter((path) => path !== ours);
  const differ = await Promise.all(
    others.map(async (path) => !(await hasSameContent(path, ours).catch(() => false))),
  );
  return others.filter((_, at) => differ[at]);
}

/** The first one in the way of whoever calls it. */
async function compareReadyScript(
  directories: readonly string[],
): Promise<'same' | 'other' | 'none'> {
  for (const path of directories) {
    const text = await readWholeFile(join(path, 'cmk-courier-ready'), 'utf8').catch(
      () => undefined,
    );
    if (text === undefined) continue;
    const ours = toReadyScript();
    // By hand it is copied without the mark of `service install`.
    return stripMark(text) === stripMark(ours) ? 'same' : 'other';
  }
  return 'none';
}

function stripMark(script: string): string {
  return script.replace(/^# Written by cmk-courier service install.*\n/m, '');
}

async function askVersion(socket: string, signal: AbortSignal): Promise<string | undefined> {
  return askStatus(socket, signal).then(
    ({ version: theirs }) => theirs,
    () => undefined,
  );
}

/** Of our package, by its files in the site (`cmk_courier-0.1.0.mkp`). */
async function findPackages(site: string | undefined): Promise<readonly string[]> {
  if (!site) return [];
  const names = await readDirectory(join(site, 'var/check_mk/packages_local')).catch(() => []);
  return names.flatMap((name) => /^cmk_courier-(\d[\w.+-]*)\.mkp$/.exec(name)?.[1] ?? []);
}
