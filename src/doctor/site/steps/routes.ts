/** The routes file, and the secrets it names. */

import { toFlag } from '../../../cli/options.ts';
import { asCourierError } from '../../../faults/system-errors.ts';
import { linkStatus } from '../../../files/file-calls.ts';
import { counted } from '../../../names/counted.ts';
import { readRoutes } from '../../../routes/load.ts';
import type { Routes } from '../../../routes/route.ts';
import { fine, type SiteFinding, type SiteScene, type SiteStep, wrong } from '../scene.ts';

export const routes: SiteStep = {
  id: 'routes',
  side: 'site',
  title: 'the routes file',
  needs: [],
  run: lookAtRoutes,
};

async function lookAtRoutes({ places }: SiteScene): Promise<SiteFinding> {
  const path = places.routes;
  const facts = { path };
  const isThere = await linkStatus(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return fine(`there is no ${path}; sources stand in the rule then`);
  try {
    const read = await readRoutes(path);
    if ('routes' in read) {
      const count = read.routes.routes.length;
      return fine(counted(count, 'route'), { ...facts, routes: count });
    }
    const [first] = read.problems;
    const text = `${read.problems.length} mistakes, the first in line ${first?.line ?? 1}`;
    return wrong('own-routes-wrong', { text, facts, error: first?.message });
  } catch (error) {
    return wrong('own-routes-wrong', { text: 'it cannot be read', facts, error });
  }
}

export const passwords: SiteStep = {
  id: 'passwords',
  side: 'site',
  title: 'passwords and key files that routes name',
  needs: ['routes'],
  run: lookAtPasswords,
};

/** A secret that an option names: in a file, or in Checkmk's password store as `ID:FILE`. */
interface Reference {
  readonly option: string;
  readonly text: string;
  readonly isStored: boolean;
}

async function lookAtPasswords(around: SiteScene): Promise<SiteFinding> {
  const read = await readRoutes(around.places.routes).catch(() => undefined);
  if (read === undefined || !('routes' in read)) return fine('there are no routes');
  const all = listReferences(read.routes);
  if (all.length === 0) return fine('routes name no password');
  for (const one of all) {
    const error = await tryReference(one, around);
    if (error === undefined) continue;
    const text = `${one.option} of a route cannot be used`;
    return wrong('own-secret-unusable', { text, error });
  }
  return fine(`${all.length} can be read`, { secrets: all.length });
}

/** What takes a host's name is looked at when the host is fetched. */
function listReferences({ routes: list }: Routes): readonly Reference[] {
  const options = list.flatMap(({ sources, with: beside, settings }) =>
    [settings.secrets, ...[...sources, ...beside].map((one) => one.options)].flatMap((one) =>
      Object.entries(one),
    ),
  );
  const found = options.flatMap(([name, texts = []]) => {
    const isStored = /(?:password|token|passphrase|secret)Id$/i.test(name);
    if (!isStored && !/(?:password|token|passphrase|secret)File$/i.test(name)) return [];
    return texts.map((text) => ({ option: toFlag(name), text, isStored }));
  });
  const plain = found.filter(({ text }) => !text.includes('{'));
  return [...new Map(plain.map((one) => [`${one.option} ${one.text}`, one])).values()];
}

async function tryReference(
  { option, text, isStored }: Reference,
  { env, log }: SiteScene,
): Promise<unknown> {
  const [{ readStoredPassword }, { readSecretFile }] = await Promise.all([
    import('../../../secrets/password-store.ts'),
    import('../../../secrets/secrets.ts'),
  ]);
  try {
    // Whatever is read here is struck out of all that is printed.
    if (isStored) await readStoredPassword(text, option, { env, log });
    else await readSecretFile(text, option, log);
    return undefined;
  } catch (error) {
    return asCourierError(error, `reading ${option}`);
  }
}
