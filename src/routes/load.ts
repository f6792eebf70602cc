/** Reads routes.yaml into routes; every mistake is told with its line. */

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Scalar } from 'yaml';
import type { Environment } from '../cli/environment.ts';
import { toFlag } from '../cli/options.ts';
import { CourierError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { pathStatus, readWholeFile } from '../files/file-calls.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import type { Layout, Problem } from './problems.ts';
import type { Routes } from './route.ts';

/** The site's, else the user's if there is one, else the system's. */
export function defaultRoutesPath(env: Environment): string {
  const { OMD_ROOT: site, XDG_CONFIG_HOME: config, HOME: home } = env;
  if (site) return join(site, 'etc/cmk-courier/routes.yaml');
  // A relative path is to be ignored: XDG Base Directory Specification.
  const base = config && isAbsolute(config) ? config : home && join(home, '.config');
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
  const text = await readText(path);
  const [{ readYaml }, { isScalar, visit }, { routesFile }, { toProblems }, { toRoutes }] =
    await Promise.all([
      import('../cli/yaml-file.ts'),
      import('yaml'),
      import('./schema.ts'),
      import('./problems.ts'),
      import('./from-file.ts'),
    ]);
  const file = await readYaml(text, (document) => {
    visit(document, { Pair: (_, { key }) => (isScalar(key) ? unifyKey(key) : undefined) });
  });
  if ('problem' in file) return { problems: [file.problem] };
  const { layout } = file;
  const parsed = withinStack(path, () => routesFile.safeParse(file.content ?? {}));
  if (!parsed.success) return { problems: toProblems(parsed.error.issues, layout) };
  return { routes: toRoutes(parsed.data, resolve(path), layout), layout };
}

/**
 * The schema passes mistakes as arguments of one call, and the stack holds about a hundred
 * thousand.
 */
function withinStack<Result>(path: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CourierError('CONFIG', `${path}: too many mistakes to name them`, { cause: error });
  }
}

/** Keys may be written like flags: `max-age` means `maxAge`. */
function unifyKey(key: Scalar): void {
  if (typeof key.value !== 'string') return;
  const camel = key.value.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  if (toFlag(camel) === `--${key.value}`) key.value = camel;
}

const largestFile = 1024 * 1024;

async function readText(path: string): Promise<string> {
  await requireTrusted(path);
  try {
    const stats = await pathStatus(path);
    if (!stats.isFile()) throw new CourierError('CONFIG', `${path}: is not a file`);
    if (stats.size > largestFile) throw new CourierError('CONFIG', `${path}: larger than 1 MiB`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readWholeFile(path));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new CourierError(
        'CONFIG',
        `${path}: there is no such file; \`cmk-courier routes init\` makes one in ${dirname(path)}`,
        { cause: error },
      );
    }
    if (error instanceof TypeError) throw new CourierError('CONFIG', `${path}: is not UTF-8`);
    throw asCourierError(error, `reading the routes ${path}`);
  }
}
