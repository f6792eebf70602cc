/** Reads routes.yaml into routes; every mistake is told with its line. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from '../cli/environment.ts';
import { CourierError } from '../faults/errors.ts';
import { findUserConfiguration } from '../system/configuration-place.ts';
import { readYamlConfiguration, withinStack } from '../system/yaml-configuration.ts';
import type { Layout, Problem } from './problems.ts';
import type { Routes } from './route.ts';

/** The site's, else the user's if there is one, else the system's. */
export function defaultRoutesPath(env: Environment): string {
  const { OMD_ROOT: site } = env;
  if (site) return join(site, 'etc/cmk-courier/routes.yaml');
  const base = findUserConfiguration(env);
  const own = base && join(base, 'cmk-courier/routes.yaml');
  return own && existsSync(own) ? own : '/etc/cmk-courier/routes.yaml';
}

/**
 * Reads a routes file and checks all but the options of transports.
 *
 * @throws CourierError CONFIG naming file and line of the first mistake and how many more there
 * are; LOCAL when it cannot be read
 */
export async function loadRoutes(path: string): Promise<Routes> {
  const read = await readRoutes(path);
  if ('routes' in read) return read.routes;
  const [first, ...others] = read.problems;
  const more = others.length === 0 ? '' : `; and ${others.length} more`;
  throw new CourierError('CONFIG', `${path}:${first?.line ?? 1}: ${first?.message}${more}`);
}

/**
 * Reads a routes file and returns all of its mistakes instead of routes.
 *
 * @throws CourierError LOCAL when it cannot be read; CONFIG when it is not text or too long
 */
export async function readRoutes(
  path: string,
): Promise<
  { readonly routes: Routes; readonly layout: Layout } | { readonly problems: readonly Problem[] }
> {
  const file = await readYamlConfiguration(path, place);
  if ('problem' in file) return { problems: [file.problem] };
  const { layout } = file;
  const [{ routesFile }, { toProblems }, { toRoutes }] = await Promise.all([
    import('./schema.ts'),
    import('./problems.ts'),
    import('./from-file.ts'),
  ]);
  const parsed = withinStack(path, () => routesFile.safeParse(file.content ?? {}));
  if (!parsed.success) return { problems: toProblems(parsed.error.issues, layout) };
  return { routes: toRoutes(parsed.data, resolve(path), layout), layout };
}

const place = { what: 'the routes', maker: '`cmk-courier routes init`' };
